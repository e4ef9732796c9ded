"""Waymarks: Worlds along the journal. A cache that holds people's data no longer than the journal does."""

from itertools import pairwise
from pathlib import Path

import pytest

from engine.journal import waymarks
from engine.journal.keys import Keyring, number_of
from engine.journal.recovery import recover_world, scrub_snapshots
from engine.journal.waymarks import expire_positions, leave_waymark, list_waymarks
from engine.model.fixes import Fixes
from engine.model.inputs import AddNote, AdoptPlace, CancelIncident, ReportIncident, ReportPositions
from engine.state.image import state_hash
from tests.builders import NOW, small_place
from tests.property.test_forgetting import Town, bytes_of


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A place, and an incident with planted words."""
    monkeypatch.setattr(waymarks, "APART", 5)
    monkeypatch.setattr(waymarks, "FREE_PERCENT", 0)
    town = Town(tmp_path)
    town.give(AdoptPlace(small_place()))
    town.say(ReportIncident, type="theft", x_m=0, y_m=0, address="PLANT", caller="PLANT", note="")
    return town


def notes(town: Town, count: int, incident: str = "I1") -> None:
    for number in range(count):
        town.say(AddNote, incident=incident, text=f"{number}")


def test_whoever_takes_a_snapshot_leaves_a_waymark_apart_from_the_next(made: Town) -> None:
    """It bears its turn, its time and its incidents, reads as the World that it was, and is not left twice."""
    made.snapshot()
    notes(made, 2)
    made.snapshot()
    (mark,) = list_waymarks(made.folder)
    assert (mark.seq, mark.lowest, mark.highest) == (2, 1, 1)
    notes(made, 3)
    made.snapshot()
    assert [each.seq for each in list_waymarks(made.folder)] == [2, 7]
    world = list_waymarks(made.folder)[1].world()
    assert world is not None
    assert state_hash(world) == state_hash(recover_world(made.folder).world)
    mark.path.write_bytes(mark.path.read_bytes()[:-1])
    assert mark.world() is None
    (made.folder / "waymarks" / "1-2-x-4-0.way").write_bytes(b"")
    assert len(list_waymarks(made.folder)) == 2
    made.journal.close()


def test_who_is_forgotten_is_in_no_waymark(made: Town) -> None:
    """The ones that hold texts of them go; those of others stay; none is left by whoever read them a moment ago."""
    made.snapshot()
    stale = recover_world(made.folder).world
    (mark,) = list_waymarks(made.folder)
    mark.path.with_suffix(".new").write_bytes(mark.path.read_bytes())  # as a crash in the midst of writing leaves it
    made.say(CancelIncident, incident="I1", reason="PLANT")
    made.say(ReportIncident, type="theft", x_m=0, y_m=0, address="other", caller="", note="")
    notes(made, 9, "I2")
    made.journal.close()
    world = recover_world(made.folder).world
    Keyring(made.folder).destroy(number_of("I1"))
    scrub_snapshots(made.folder)
    assert list_waymarks(made.folder) == []
    assert list((made.folder / "waymarks").iterdir()) == []
    assert not leave_waymark(made.folder, world)
    assert not leave_waymark(made.folder, stale)
    assert b"PLANT" not in bytes_of(made.folder)
    assert leave_waymark(made.folder, recover_world(made.folder).world)
    scrub_snapshots(made.folder)
    assert len(list_waymarks(made.folder)) == 1


def test_too_many_are_thinned_where_they_stand_closest(made: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first and the last stay, and what is between them stays spread; nobody leaves one on a disk that is nearly full."""
    monkeypatch.setattr(waymarks, "MOST", 4)
    for _ in range(9):
        notes(made, 6)
        assert leave_waymark(made.folder, made.engine.world)
    seqs = [mark.seq for mark in list_waymarks(made.folder)]
    assert len(seqs) == 4
    assert (seqs[0], seqs[-1]) == (8, 56)
    assert min(after - before for before, after in pairwise(seqs)) >= 6
    monkeypatch.setattr(waymarks, "FREE_PERCENT", 101)
    notes(made, 6)
    assert not leave_waymark(made.folder, made.engine.world)
    made.journal.close()


def test_positions_expire_from_waymarks_as_from_tracks(made: Town) -> None:
    """Those of turns whose positions are gone say no longer where units were, nor do those that are left of them later."""
    made.give(ReportPositions(Fixes([0], [100], [300], [NOW], [50], [90])))
    made.snapshot()
    made.journal.close()
    (mark,) = list_waymarks(made.folder)
    world = mark.world()
    assert world is not None
    assert (world.fleet.fix_ms[0], mark.bare) == (NOW, 0)
    (made.folder / "expired").write_bytes(b"%d" % mark.seq)
    expire_positions(made.folder, 1)
    (stripped,) = list_waymarks(made.folder)
    bare = stripped.world()
    assert bare is not None
    assert (bare.fleet.fix_ms[0], bare.fleet.assumed[0], stripped.bare) == (-1, 1, 1)
    assert bare.incidents == world.incidents
    stripped.path.unlink()
    assert leave_waymark(made.folder, world)
    (again,) = list_waymarks(made.folder)
    assert again.bare == 1
    late = again.world()
    assert late is not None
    assert late.fleet.fix_ms[0] == -1
