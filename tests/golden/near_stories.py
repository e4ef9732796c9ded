"""Stories of what is near: two calls about one thing, a danger on the way, a hospital with a bed."""

from engine.model.inputs import MergeIncident, ReportIncident
from engine.model.lifecycle import Status
from engine.model.place import Hospital
from engine.model.response_inputs import SplitIncident
from engine.model.surroundings import (
    ChooseDestination,
    EndCaution,
    HospitalState,
    RankDestinations,
    RecordCaution,
    ReportHospital,
    Severity,
)
from tests.unit.engine_place import Town

HOSPITALS = (
    Hospital("General", "General Hospital", 1_000, 0, ("stroke",), beds=2),
    Hospital("Trauma", "Trauma Centre", 4_000, 0, ("stroke", "trauma"), beds=2),
    Hospital("Uni", "University", 9_000, 0, ("trauma", "burns"), beds=2),
)


def called_twice(town: Town) -> None:
    """Two callers see one crash: both calls stand, a person is told why they are alike, merges, and parts them again."""
    call = {"type": "rescue", "priority": 2}
    town.command(ReportIncident, **call, x_m=400, y_m=0, address="5 Elm Street", caller="0231 555 1234")
    town.command(ReportIncident, **call, x_m=430, y_m=40, address="Elm Street, 5", caller="Bob", after_s=20)
    town.command(MergeIncident, incident="I2", into="I1", after_s=15)
    town.command(SplitIncident, incident="I2", reason="a second car, round the corner", after_s=60)
    town.command(ReportIncident, type="crime", x_m=700, y_m=0, after_s=30)


def gas_on_the_way(town: Town) -> None:
    """What is known of a place goes with the dispatch; a danger that comes up later is told to the crew on its way."""
    where = {"x_m": -500, "y_m": 0, "radius_m": 150}
    town.command(RecordCaution, **where, severity=Severity.CAUTION, text="aggressive dog", caution="premise-12")
    town.report("medical", 2, at=(-500, 0), after_s=60)
    town.says("A1", Status.EN_ROUTE, after_s=40)
    town.command(
        RecordCaution,
        **(where | {"radius_m": 300}),
        severity=Severity.DANGER,
        text="gas leak reported",
        until_ms=town.now + 3_600_000,
        after_s=30,
    )
    town.report("medical", 2, at=(-480, 20), after_s=20)
    town.command(EndCaution, caution="H2", reason="main shut off", after_s=600)


def bed_for_a_patient(town: Town) -> None:
    """A crew asks where to go; the nearest lacks the service, the next one diverts, and another choice has a reason."""
    town.report("medical", 1, at=(500, 0))
    town.says("A1", Status.EN_ROUTE, after_s=40)
    town.says("A1", Status.ON_SCENE, after_s=60)
    town.command(ReportHospital, hospital="Trauma", state=HospitalState.DIVERTING, until_ms=town.now + 900_000)
    town.command(RankDestinations, unit="A1", needs=("trauma",), after_s=120)
    town.command(ReportHospital, hospital="Trauma", state=HospitalState.BUSY, waiting=1, after_s=60)
    town.says("A1", Status.TRANSPORTING, after_s=300)
    town.command(ChooseDestination, unit="A1", hospital="Trauma", after_s=10)
    town.command(
        ChooseDestination, unit="A1", hospital="Trauma", reason="it has taken the patient by phone", after_s=10
    )
