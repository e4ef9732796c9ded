"""Move-ups in the make-believe city: what the desk makes of a proposal, what the board says, what the audit adds up."""

from collections import Counter

import pytest

from engine.core.recorder import ENGINE
from engine.model.facts import AnyFact, UnitDispatched
from engine.model.inputs import Tick
from engine.model.moves import MoveEnded, MoveOrdered, MoveOutcome, MoveProposed, MoveRefused, MoveWhy, MoveWithdrawn
from engine.model.plans import Mode
from engine.model.turn import Turn
from gateways.cad.mirror import Mirror
from gateways.demo.cover_lines import cover_words, move_counts, move_lines, short
from gateways.demo.judgement import MOVE_REFUSED_SHARE, Judgement
from gateways.demo.move_tallies import Moves
from gateways.demo.summary import _moves
from gateways.move_views import CoverageView, MoveState, MoveView
from gateways.vocabulary.move_messages import AcceptMove, RejectMove
from tests.builders import NOW, small_place

WHY = MoveWhy("priced", 0, 0, 30_000, 10_000, -1, "fill", "choice")
ASKED = MoveProposed(
    move="M1", unit="B1", source="S2", post="S3", travel_ms=60_000, mode=Mode.ADVISE, idle=True, why=WHY
)
SENT = UnitDispatched(unit="B1", incident="I1", slot="medic", eta_ms=1, by="engine")


def ordered(move: str = "M1", unit: str = "B1", by: str = "desk") -> MoveOrdered:
    return MoveOrdered(move=move, unit=unit, source="S2", post="S3", travel_ms=60_000, idle=True, by=by)


def ended(outcome: MoveOutcome, move: str = "M1", unit: str = "B1") -> MoveEnded:
    return MoveEnded(move, unit, outcome, "S3", ENGINE)


def tallied(*turns: tuple[AnyFact, ...]) -> Moves:
    moves = Moves()
    for number, facts in enumerate(turns, 1):
        moves.take(Turn(number, NOW, Tick(), facts))
    return moves


def view(move: str = "M1", state: MoveState = MoveState.PROPOSED, **changes: object) -> MoveView:
    fields: dict[str, object] = {
        "id": move,
        "unit": "B1",
        "source": "S2",
        "post": "S3",
        "state": state,
        "travel_ms": 400_000,
        "since_ms": NOW - 65_000,
        "idle": True,
        "policy": "priced",
        "gain_percent": 3.04,
        "price_percent": 1.0,
        "fill": "29.6 % of demand is within reach of South and of no other free unit; nobody comes.",
        "choice": "B1 is idle and would be there in 6.7 min; 1 unit stays at Middle.",
    }
    return MoveView(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("turns", "proposals", "under_way"),
    [
        (((ASKED,),), (1, 0, 0, 0, 0, 1), 0),
        (((ASKED,), (MoveWithdrawn("M1", "x"),)), (1, 0, 0, 0, 1, 0), 0),
        (((ASKED,), (MoveRefused("M1", "B1", "S3", "x", 1, "desk"),)), (1, 0, 0, 1, 0, 0), 0),
        (((ASKED,), (ordered(),)), (1, 1, 0, 0, 0, 0), 1),
        (((ASKED, ordered(by=ENGINE)),), (1, 0, 1, 0, 0, 0), 1),
        (((ASKED,), (ordered(),), (ended(MoveOutcome.ARRIVED),)), (1, 1, 0, 0, 0, 0), 0),
        (((ordered(),), (ended(MoveOutcome.REPLACED), ordered("M2"))), (0, 0, 0, 0, 0, 0), 1),
        (((ordered(),), (SENT, ended(MoveOutcome.DISPATCHED))), (0, 0, 0, 0, 0, 0), 0),
        (
            ((ordered(),), (MoveRefused("M1", "B1", "S3", "x", 1, "B1"), ended(MoveOutcome.REFUSED))),
            (0, 0, 0, 0, 0, 0),
            0,
        ),
    ],
)
def test_every_move_is_accounted_for(
    turns: tuple[tuple[AnyFact, ...], ...], proposals: tuple[int, ...], under_way: int
) -> None:
    """Proposals = accepted + automatic + refused + withdrawn + open, orders = ended + under way."""
    moves = tallied(*turns)
    assert moves.wrong == []
    assert moves.proposals == proposals
    assert proposals[0] == sum(proposals[1:])
    assert len(moves.under_way) == under_way
    assert moves.counts["ordered"] == sum(moves.ends.values()) + under_way


@pytest.mark.parametrize(
    "turns",
    [
        ((ended(MoveOutcome.ARRIVED),),),
        ((ordered(),), (ended(MoveOutcome.ARRIVED),), (ended(MoveOutcome.ARRIVED),)),
        ((ordered(),), (ended(MoveOutcome.ARRIVED, unit="B2"),)),
        ((ordered(),), (ordered("M2"),)),
        ((ordered(),), (SENT,)),
        ((MoveWithdrawn("M1", "x"),),),
        ((ASKED,), (MoveWithdrawn("M1", "x"),), (MoveRefused("M1", "B1", "S3", "x", 1, "desk"),)),
    ],
    ids=[
        "never ordered",
        "twice there",
        "another unit",
        "two posts at once",
        "out and moving",
        "never asked",
        "late no",
    ],
)
def test_what_does_not_follow_is_named(turns: tuple[tuple[AnyFact, ...], ...]) -> None:
    """The audit would show it."""
    assert tallied(*turns).wrong != []


def test_the_desk_accepts_most_moves_and_gives_a_reason_for_the_rest() -> None:
    """The same move of the same seed is judged alike; one that is under way is nobody's to answer."""
    mirror = Mirror()
    mirror.moves = {f"M{number}": view(f"M{number}", since_ms=NOW + number) for number in range(400)}
    mirror.moves["M999"] = view("M999", MoveState.ORDERED)

    def judged() -> dict[str, object]:
        return {matter[1]: command for matter, (_, command) in Judgement(small_place(), mirror, 7).things(NOW)}

    first, again = judged(), judged()
    assert "M999" not in first
    refused = {name: command for name, command in first.items() if isinstance(command, RejectMove)}
    assert all(isinstance(command, AcceptMove) for name, command in first.items() if name not in refused)
    assert 0.5 * MOVE_REFUSED_SHARE < len(refused) / 400 < 1.5 * MOVE_REFUSED_SHARE
    assert {type(command) for command in again.values()} == {AcceptMove, RejectMove}
    assert {name for name, command in again.items() if isinstance(command, RejectMove)} == set(refused)
    assert all(command.reason and command.unit == "B1" for command in refused.values())


def test_the_board_tells_both_reasons() -> None:
    """What waits for a person stands first; the post is named once."""
    mirror = Mirror()
    mirror.moves = {"M1": view("M1", MoveState.ORDERED, unit="M2"), "M2": view("M2")}
    lines = [line.plain for line in move_lines(small_place(), mirror, NOW, 6)]
    assert lines[0] == "        ? B1  S2 → S3 South · 7 min · gains 3.0 %, costs 1.0 % · proposed 1:05"
    assert lines[1].strip() == "post: 29.6 % of demand is within reach of it alone; nobody comes"
    assert lines[2].strip() == "unit: B1 is idle and would be there in 6.7 min; 1 unit stays at Middle"
    assert lines[3].startswith("        ▷ M2")
    assert lines[3].endswith("under way 1:05")


@pytest.mark.parametrize("rows", [0, 1, 3, 6])
@pytest.mark.parametrize("moves", [0, 1, 9])
def test_the_lines_are_always_as_many(rows: int, moves: int) -> None:
    """So that nothing on the board jumps; a person's own order has no reasons of a planner's."""
    mirror = Mirror()
    mirror.moves = {f"M{n}": view(f"M{n}", policy="" if n == 1 else "priced") for n in range(moves)}
    assert len(move_lines(small_place(), mirror, NOW, rows)) == rows


def test_cover_is_told_in_one_line() -> None:
    """The mean, what the proposals would change, and what is covered worst."""
    layers = (("als, lights, 6 min 00 s", 60, 60), ("ladder, lights, 5 min 30 s", 40, 50), ("pump, normal driving, 8 min 00 s", 95, 95))  # fmt: skip
    coverage = tuple(CoverageView(layer=name, now_percent=now, then_percent=then) for name, now, then in layers)
    assert cover_words(coverage) == (
        "mean of 3 classes 65 → 68 %",
        "ladder in 5 min 30 s 40 → 50 %",
        "als in 6 min 60 %",
        "pump unhurried in 8 min 95 %",
    )
    assert cover_words(()) == ("not worked out yet",)
    assert short("any unit, lights, 12 min 30 s") == "any unit in 12 min 30 s"
    assert move_counts(Counter(move_proposed=3, move_ordered=2)) == ("3 proposed", "2 ordered", "0 refused")


def test_the_summary_says_what_became_of_moves() -> None:
    """What did not happen is left out, but for the first three."""
    done = tallied((ASKED,), (ordered(),), (ended(MoveOutcome.ARRIVED),), (ordered("M2"),))
    assert _moves(done.figures()) == "1 proposed, 1 accepted, 1 arrived, 1 unasked, 1 under way"
    assert _moves(tallied().figures()) == "none proposed"
