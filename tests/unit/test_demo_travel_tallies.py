"""What the audit adds up about travel: arrivals against what was foretold, decisions by epoch."""

from msgspec.structs import replace

from engine.model.facts import (
    AnyFact,
    AssignmentAdvanced,
    AssignmentEnded,
    Choice,
    IncidentCancelled,
    PlaceAdopted,
    UnitDispatched,
    UnitsRecommended,
)
from engine.model.lifecycle import Outcome, Status
from engine.model.plans import Mode
from engine.model.road_facts import EpochPublished
from engine.model.why import Why
from gateways.demo.travel_tallies import Arrivals, Epochs, OnEpoch
from tests.builders import NOW, small_place


def sent(unit: str, incident: str = "I1", eta_ms: int = 100_000) -> UnitDispatched:
    return UnitDispatched(unit=unit, incident=incident, slot=None, eta_ms=eta_ms, by="engine")


def there(unit: str, at_ms: int) -> AssignmentAdvanced:
    return AssignmentAdvanced(unit, "I1", Status.ON_SCENE, at_ms, "crew")


def test_arrivals_are_compared_with_what_was_said_when_units_were_sent() -> None:
    """Ten seconds late and thirty early: off by twenty in the median, ten early on average."""
    arrivals = Arrivals()
    facts: tuple[AnyFact, ...] = (sent("M1"), sent("M2"), there("M1", NOW + 110_000), there("M2", NOW + 70_000))
    for fact in facts:
        arrivals.take(fact, NOW)
    figures = arrivals.punctuality("over streets")
    assert (figures.arrivals, figures.eta_median_s) == (2, 100.0)
    assert (figures.error_median_s, figures.error_p90_s, figures.bias_s) == (20.0, 30.0, -10.0)


def test_who_was_called_off_does_not_count() -> None:
    """Nor who arrives twice; of nobody there are no figures."""
    arrivals = Arrivals()
    ended = AssignmentEnded("M1", "I1", Outcome.RELEASED, Status.RETURNING, NOW, "x")
    facts: tuple[AnyFact, ...] = (sent("M1"), ended, there("M1", NOW))
    for fact in facts:
        arrivals.take(fact, NOW)
    assert arrivals.punctuality("in straight lines").error_median_s is None
    again = Arrivals()
    for fact in (sent("M1"), there("M1", NOW + 5), there("M1", NOW + 9)):
        again.take(fact, NOW)
    assert again.punctuality("over streets").arrivals == 1


def advised(incident: str, epoch: int, *units: str) -> UnitsRecommended:
    choices = tuple(Choice("medic", unit, 1) for unit in units)
    why = Why("nearest", f"streets, normal driving, epoch {epoch}", "plan", ())
    return UnitsRecommended(incident, Mode.ADVISE, choices, (), why)


def counted(*turns: tuple[AnyFact, ...]) -> Epochs:
    epochs = Epochs()
    adopted = PlaceAdopted(replace(small_place(), streets="digest"))
    for seq, facts in enumerate(((adopted,), *turns), start=1):
        for fact in facts:
            epochs.take(fact, seq)
    return epochs


def test_what_is_open_is_worked_out_again_on_a_new_epoch() -> None:
    """Of three recommendations one is acted on, one is over, one stays open and is changed by the epoch's turn."""
    epochs = counted(
        (advised("I1", 1, "M1"), advised("I2", 1, "M2"), advised("I3", 1, "M3"), advised("I4", 1, "M5")),
        (sent("M1", "I1"), IncidentCancelled("I2", "x", "by")),
        (EpochPublished(2), advised("I3", 2, "M4")),
        (advised("I5", 2, "M6"), sent("M6", "I5")),
        (EpochPublished(3),),
    )
    assert epochs.current == 3
    assert epochs.on(1) == OnEpoch(0, 0, 4, 1)
    assert epochs.on(2) == OnEpoch(2, 1, 2, 1)
    assert epochs.on(3) == OnEpoch(2, 0, 0, 0)
    assert epochs.on(9) == OnEpoch()
    assert epochs.named == 6
    assert epochs.unnamed == []


def test_a_decision_that_names_another_epoch_is_found() -> None:
    """Whether an older one or a newer one."""
    assert counted((advised("I1", 2, "M1"),), (EpochPublished(2), advised("I2", 1, "M2"))).unnamed == [
        "I1 at turn 2",
        "I2 at turn 3",
    ]
