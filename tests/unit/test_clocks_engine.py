"""The clocks against what the engine itself decides: diverted, held, scheduled, reopened, merged and split."""

from engine.clocks import STANDARDS, Clocks
from engine.model.inputs import CancelIncident, CloseIncident, DivertUnit, MergeIncident, ReportIncident
from engine.model.lifecycle import Status
from engine.model.response_inputs import HoldIncident, ReopenIncident, SplitIncident
from tests.unit.engine_place import MORNING, Town


def seconds(town: Town, name: str) -> list[float]:
    """Return the readings of one standard measure over the town's whole history, rising."""
    clocks = Clocks(STANDARDS, keep=True)
    for turn in town.turns:
        clocks.feed(turn)
    clocks.finish()
    index = [measure.name for measure in clocks.measures].index(name)
    return sorted(value / 1000 for value in clocks.tallies[index].values)


def test_a_diversion_by_a_person() -> None:
    """A1 goes from I1 to I2 at 100 s: I1 waits on for A2, and each clock runs from its own report."""
    town = Town()
    first = town.report("medical", 2, (100, 0))
    assert list(first.assigned) == ["A1"]
    town.says("A2", Status.OUT_OF_SERVICE)
    second = town.report("crime", 1, (200, 0), after_s=60)
    town.command(DivertUnit, 40, unit="A1", incident=second.id, reason="an officer is down")
    town.says("A2", Status.AVAILABLE)
    if "A2" not in first.assigned:
        town.send(first, "A2", reason="paramedics")
    town.says("A1", Status.ON_SCENE, after_s=50)
    assert seconds(town, "c2") == []
    town.says("A2", Status.ON_SCENE, after_s=150)
    assert seconds(town, "c2") == [300]


def test_a_scheduled_and_a_held_incident() -> None:
    """The scheduled one starts when it is due, the held one at its report."""
    town = Town()
    due_ms = MORNING + 3_600_000
    town.command(ReportIncident, type="medical", priority=4, x_m=100, y_m=0, due_ms=due_ms)
    held = town.report("medical", 3, (100, 0), after_s=60)
    for unit in list(held.assigned):
        town.says(unit, Status.OUT_OF_SERVICE)
    town.command(HoldIncident, incident=held.id, until_ms=town.now + 600_000, reason="storm")
    town.wait(590)
    town.see()
    town.wait(110)
    (unit,) = held.assigned
    town.says(unit, Status.ON_SCENE)
    assert seconds(town, "c3") == [700]
    town.wait((due_ms - town.now) // 1000 - 1)
    town.see()
    town.wait(2)
    (planned,) = [incident for incident in town.world.open.values() if incident.priority == 4]
    (unit,) = planned.assigned
    town.says(unit, Status.ON_SCENE, after_s=99)
    assert seconds(town, "c4") == [100]


def test_a_cancellation_taken_back() -> None:
    """Reopened after two minutes and served after 200 s: the caller has waited since the call."""
    town = Town()
    incident = town.report("medical", 2, (100, 0))
    town.command(CancelIncident, 60, incident=incident.id, reason="hung up")
    town.command(ReopenIncident, 60, incident=incident.id, reason="called again")
    (unit,) = incident.assigned
    town.says(unit, Status.ON_SCENE, after_s=80)
    town.says(unit, Status.AVAILABLE, after_s=300)
    town.command(CloseIncident, incident=incident.id, disposition="done")
    assert seconds(town, "c2") == [200]


def test_a_merge_undone() -> None:
    """I2 went on as part of I1 and took A2 there; split off again it waits from its own report for paramedics."""
    town = Town()
    town.says("B1", Status.OUT_OF_SERVICE)
    first = town.report("medical", 2, (100, 0))
    second = town.report("medical", 2, (150, 0), after_s=10)
    assert (list(first.assigned), list(second.assigned)) == (["A1"], ["A2"])
    town.command(MergeIncident, 10, incident=second.id, into=first.id)
    town.says("A2", Status.ON_SCENE, after_s=30)
    assert seconds(town, "c2") == [50]
    town.command(SplitIncident, 50, incident=second.id, reason="two people")
    town.says("A1", Status.ON_SCENE)
    town.says("A1", Status.AVAILABLE, after_s=10)
    if "A1" not in second.assigned:
        town.send(second, "A1", reason="paramedics")
    town.says("A1", Status.ON_SCENE, after_s=80)
    assert seconds(town, "c2") == [50, 180]
