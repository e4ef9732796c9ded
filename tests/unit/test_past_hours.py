"""An hour of the journal: where it begins, what is left out, and what bounds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.journal import waymarks
from engine.journal.keys import Keyring, number_of
from engine.journal.recovery import scrub_snapshots
from engine.journal.snapshots import latest_snapshot
from engine.journal.waymarks import list_waymarks
from engine.model.fixes import Fixes
from engine.model.forgetting import ForgetIncident
from engine.model.inputs import (
    AddNote,
    AdoptPlace,
    CancelIncident,
    DeclareEmergency,
    DispatchUnits,
    ReportIncident,
    ReportPositions,
    Tick,
)
from engine.model.turn import Turn
from gateways.past import telling
from gateways.past.beginning import nearest_world
from gateways.past.forgotten import Forgotten
from gateways.past.reel import Reel, ReelFull
from gateways.past.showing import POSITIONS_MAX, step_of
from gateways.reels import Hour
from tests.builders import NOW, small_place
from tests.past_kit import told
from tests.property.test_forgetting import Town

HOUR_MS = 3_600_000


def hour(from_ms: int, to_ms: int, role: str = "supervisor", **more: object) -> Hour:
    return Hour(from_ms=from_ms, to_ms=to_ms, at_ms=from_ms, role=role, **more)  # type: ignore[arg-type]


def town(folder: Path) -> Town:
    """A place, a fire with a caller, an emergency, an override, and a unit that has moved; a second apart."""
    made = Town(folder)
    made.give(AdoptPlace(small_place()))
    made.say(ReportIncident, type="fire", x_m=0, y_m=0, address="PLANT Street", caller="PLANT", note="")
    made.say(DispatchUnits, incident="I1", units=("B1",), reason="PLANT nearer")
    made.say(DeclareEmergency, unit="P1", text="mayday")
    made.give(ReportPositions(Fixes([0, 1], [100, 200], [300, 400], [NOW, NOW], [50, 0], [90, -1])))
    return made


def begins(made: Town) -> int:
    del made
    return NOW + 1_000


def test_marks_are_where_urgent_calls_emergencies_and_overrides_were(tmp_path: Path) -> None:
    """Each once: the incident that an emergency makes is not another urgent call. They hold no text."""
    made = town(tmp_path)
    made.say(ReportIncident, type="sick", priority=3, x_m=0, y_m=0, address="", caller="", note="")
    made.say(DispatchUnits, incident="I3", units=("M3",), reason="knows the house")
    made.journal.close()
    past = told(tmp_path, hour(begins(made), NOW + 60_000))
    found = [(mark["kind"], mark["incident"], mark.get("unit")) for mark in past.of("m")]
    assert ("priority1", "I1", None) in found
    assert ("emergency", "I2", "P1") in found
    assert ("override", "I3", None) in found
    assert len(found) == 3
    assert not any(b"PLANT" in line.message for line in past.lines if line.what == "m")


def test_positions_over_time_are_there_and_those_that_have_expired_are_counted(tmp_path: Path) -> None:
    """A page is told how many turns of the hour have lost theirs."""
    made = town(tmp_path)
    made.journal.close()
    past = told(tmp_path, hour(begins(made), NOW + 60_000))
    units = {unit.id: unit for unit in past.view(NOW + 10_000).units}
    assert units["B1"].fix_ms == NOW
    assert not units["B1"].assumed
    assert units["M3"].assumed
    assert past.last["positions"] == {"every_ms": 1_000, "told": 2, "expired": 0}
    (tmp_path / "expired").write_bytes(b"99")
    for track in tmp_path.glob("*.track"):
        track.unlink()
    past = told(tmp_path, hour(begins(made), NOW + 60_000))
    assert all(unit.assumed for unit in past.view(NOW + 10_000).units)
    assert past.last["positions"] == {"every_ms": 1_000, "told": 0, "expired": 1}


def test_what_a_role_may_not_see_is_not_on_its_reel(tmp_path: Path) -> None:
    """The live edge's own redaction: an observer is told neither caller nor address nor reason."""
    made = town(tmp_path)
    made.journal.close()
    for role, seen in (("supervisor", True), ("observer", False)):
        past = told(tmp_path, hour(begins(made), NOW + 60_000, role))
        assert any(b"PLANT" in line.message for line in past.lines) is seen
        assert {each.id for each in past.view(NOW + 30_000).incidents} == {"I1", "I2"}


@pytest.mark.parametrize("late", [False, True])
def test_who_was_forgotten_is_not_on_any_reel(tmp_path: Path, late: bool) -> None:
    """Whether the key is destroyed already or not yet; an old snapshot that nobody has rewritten gives nothing away."""
    made = town(tmp_path)
    made.snapshot()
    held = latest_snapshot(tmp_path).snapshot
    assert held is not None
    made.say(CancelIncident, incident="I1", reason="PLANT")
    made.say(ForgetIncident, incident="I1", reason="asked for")
    made.journal.close()
    if not late:
        Keyring(tmp_path).destroy(number_of("I1"))
    past = told(tmp_path, hour(begins(made), NOW + 60_000, gone=("I1",) if late else ()))
    assert not any(b"PLANT" in line.message for line in past.lines)
    assert any(b"[erased]" in line.message for line in past.lines)
    scrub_snapshots(tmp_path)


def test_an_hour_begins_at_the_nearest_snapshot_and_shows_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folded from there, from a waymark or from the first turn: the same incidents and units; and less is read."""
    made = town(tmp_path)
    made.snapshot()
    snapshot = latest_snapshot(tmp_path).snapshot
    assert snapshot is not None
    made.number += 600
    made.say(AddNote, incident="I1", text="later")
    made.journal.close()
    monkeypatch.setattr(telling, "LEAD_MS", 60_000)
    wanted = hour(NOW + 300_000, NOW + 900_000)
    started: list[int] = []

    def counted(forgotten: Forgotten, from_seq: int) -> Iterator[Turn]:
        started.append(from_seq)
        return read(forgotten, from_seq)

    read = Forgotten.turns
    monkeypatch.setattr(Forgotten, "turns", counted)
    ways = []
    for folder in ("snapshots", "waymarks", "nothing"):
        ways.append(told(tmp_path, wanted))
        for path in (tmp_path / folder).glob("*"):
            path.unlink()
    assert started == [snapshot.seq + 1, snapshot.seq + 1, 1]
    for at_ms in (NOW + 300_000, NOW + 700_000):
        shown = [way.view(at_ms) for way in ways]
        assert shown[0].incidents == shown[1].incidents == shown[2].incidents
        assert shown[0].units == shown[1].units == shown[2].units


def test_who_reads_far_leaves_waymarks_for_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was folded once need not be folded again."""
    for module in (telling, waymarks):
        monkeypatch.setattr(module, "APART", 5)
    monkeypatch.setattr(waymarks, "FREE_PERCENT", 0)
    made = town(tmp_path)
    for number in range(12):
        made.say(AddNote, incident="I1", text=f"{number}")
    made.journal.close()
    wanted = hour(NOW + 5 * HOUR_MS, NOW + 6 * HOUR_MS)
    assert told(tmp_path, wanted).last["type"] == "end"
    assert [mark.seq for mark in list_waymarks(tmp_path)] == [5, 10, 15]
    assert nearest_world(tmp_path, wanted.from_ms, Forgotten(tmp_path)).seq == 15


def test_before_the_journal_there_is_nothing_and_it_says_since_when(tmp_path: Path) -> None:
    """With the time of the place; and nothing is told beside it."""
    made = town(tmp_path)
    made.journal.close()
    past = told(tmp_path, hour(NOW - HOUR_MS, NOW))
    assert past.last["code"] == "before_journal"
    assert "The journal begins at 02:40:01 on 2 Feb 2026" in past.last["reason"]
    assert not past.lines


def test_a_busy_hour_ends_early_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much as is held at once, whole up to there; the rest is another reel."""
    made = town(tmp_path)
    for number in range(200):
        made.say(AddNote, incident="I1", text=f"note {number} " + "x" * 300)
    made.journal.close()
    whole = told(tmp_path, hour(begins(made), NOW + 300_000))
    monkeypatch.setattr(telling, "Reel", lambda write: Reel(write, most=400_000))
    part = told(tmp_path, hour(begins(made), NOW + 300_000))
    assert not part.last["whole"]
    assert begins(made) < part.last["to_ms"] < NOW + 300_000
    at_ms = part.last["to_ms"] - 1
    assert part.view(at_ms).incidents == whole.view(at_ms).incidents
    rest = told(tmp_path, hour(part.last["to_ms"] - 1_000, NOW + 30_000))
    assert rest.last["type"] == "end"


def test_a_large_fleet_is_told_less_often() -> None:
    """The rows of an hour stay within what a page holds, as far as steps of a minute allow."""
    assert [step_of(units) for units in (12, 111, 112, 300, 1_000, 10_000)] == [
        1_000,
        1_000,
        2_000,
        5_000,
        10_000,
        60_000,
    ]
    assert all(units * HOUR_MS // step_of(units) <= POSITIONS_MAX for units in range(1, 6_000, 7))
    with pytest.raises(ReelFull):
        Reel(lambda _: None, most=10).line(0, b"d", b"{}" * 20)


def test_a_quiet_hour_after_the_last_turn_is_shown_as_it_stood(tmp_path: Path) -> None:
    """The engine was stopped: what stood then stands, and nothing is made up."""
    made = town(tmp_path)
    made.give(Tick())
    made.journal.close()
    past = told(tmp_path, hour(NOW + 5 * HOUR_MS, NOW + 6 * HOUR_MS))
    assert {each.id for each in past.view(NOW + 6 * HOUR_MS).incidents} == {"I1", "I2"}
    assert past.of("d") == []
