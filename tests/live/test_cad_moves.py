"""Moves between posts over the wire: proposed, shown with their reasons, accepted, rejected by their crews, and over."""

from pathlib import Path
from typing import Any

from engine.model.moves import Cover, MoveWhy, OtherMove, ProposedMove, ProposeMoves
from tests.builders import Running, serve_place, token
from tests.live.cad_kit import HELLO, until, wire
from tests.live.response_kit import picture, place, refused

WHY = MoveWhy(
    policy="test",
    cover_now=612_000,
    cover_then=655_500,
    gain=43_500,
    price=6_000,
    hole_ms=1_500_000,
    fill="S3 has no ALS unit",
    choice="M1 leaves S1 to E1",
    others=(OtherMove("M2", "S3", 480_000, 21_000, 5_000),),
)


async def plan(running: Running, *pairs: tuple[str, str]) -> None:
    """Let the planner propose these moves, and wait until everybody may know of them."""
    moves = tuple(ProposedMove(unit, post, 300_000, WHY) for unit, post in pairs)
    seq = running.service.world.seq
    await running.service.tell(ProposeMoves(seq, "test", moves, (Cover("als", 612_000, 655_500),)))
    await until(lambda: running.board.world.seq > seq)


async def test_a_move_is_shown_accepted_and_driven(tmp_path: Path) -> None:
    """In percent and with both reasons; a deltas' reader and a newcomer see the same at every step."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        await plan(running, ("M1", "S3"))
        mirror = await picture(client)
        (view,) = mirror.moves.values()
        assert (view.unit, view.source, view.post, view.state, view.idle) == ("M1", "S1", "S3", "proposed", True)
        assert (view.gain_percent, view.price_percent, view.fill, view.choice) == (4.35, 0.6, WHY.fill, WHY.choice)
        assert [(other.unit, other.gain_percent) for other in view.others] == [("M2", 2.1)]
        assert [(each.layer, each.now_percent, each.then_percent) for each in mirror.coverage] == [("als", 61.2, 65.55)]
        assert mirror.units["M1"].post == "S1"
        assert (await client.say("accept_move", move=view.id))["type"] == "answer"
        for status in ("returning", "available"):
            async with wire(running) as fresh:
                for shown in (await picture(client), await picture(fresh)):
                    assert [(each.state, each.by) for each in shown.moves.values()] == [("ordered", "cad")]
                    assert (shown.units["M1"].post, shown.units["M1"].move) == ("S3", view.id)
            assert (await client.say("unit_status", unit="M1", status=status))["type"] == "answer"
        after = await picture(client)
        assert (after.moves, after.units["M1"].post, after.units["M1"].move) == ({}, "S3", None)
        assert after.units["M1"].station == "S1"


async def test_a_crew_rejects_its_own_move_and_no_other(tmp_path: Path) -> None:
    """It may neither accept nor order; and it cannot name its own unit to say no for another's."""
    async with serve_place(tmp_path, place=place()) as running:
        await plan(running, ("M1", "S3"), ("M2", "S3"))
        mine, other = running.service.world.moves
        async with wire(running, {**HELLO, "token": token("crew-m1")}) as crew:
            for kind, fields in ORDERS:
                assert refused(await crew.say(kind, **fields)) == ("unauthorised", "type")
            told = await crew.say("reject_move", move=other, unit="M2", reason="no")
            assert refused(told) == ("unauthorised", "unit")
            assert refused(await crew.say("reject_move", move=other, unit="M1", reason="no")) == (
                "unknown_move",
                "unit",
            )
            assert (await crew.say("reject_move", move=mine, unit="M1", reason="low on fuel"))["type"] == "answer"
        assert list(running.service.world.moves) == [other]


ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("accept_move", {"move": "M1"}),
    ("snooze_move", {"move": "M1", "for_ms": 60_000}),
    ("order_move", {"unit": "M1", "post": "S3", "reason": "x"}),
    ("recall_unit", {"unit": "M1", "reason": "x"}),
]

REFUSALS: list[tuple[str, dict[str, object], str, str]] = [
    ("accept_move", {"move": "M9"}, "unknown_move", "move"),
    ("reject_move", {"move": "M9", "unit": "M1", "reason": "x"}, "unknown_move", "move"),
    ("snooze_move", {"move": "M1", "for_ms": 0}, "out_of_range", "for_ms"),
    ("order_move", {"unit": "X1", "post": "S3", "reason": "x"}, "unknown_unit", "unit"),
    ("order_move", {"unit": "M1", "post": "S9", "reason": "x"}, "unknown_post", "post"),
    ("order_move", {"unit": "M1", "post": "S1", "reason": "x"}, "already_there", "post"),
    ("order_move", {"unit": "M1", "post": "S3", "reason": ""}, "missing", "reason"),
    ("order_move", {"unit": "E3", "post": "S1", "reason": "x"}, "not_ours", "unit"),
    ("recall_unit", {"unit": "M1", "reason": "x"}, "already_there", "post"),
]


async def test_refusals_name_the_field(tmp_path: Path) -> None:
    """Nothing was changed, and the answer says what to mend."""
    async with serve_place(tmp_path, place=place()) as running, wire(running) as client:
        await plan(running, ("M1", "S3"))
        for kind, fields, code, field in REFUSALS:
            assert refused(await client.say(kind, **fields)) == (code, field), kind
        assert list(running.service.world.moves) == ["M1"]
