"""What the facts about cautions, hospitals and suspected duplicates do to the World."""

from engine.model.response_facts import DuplicatesSuspected
from engine.model.surroundings import (
    CautionEnded,
    CautionRecorded,
    DestinationChosen,
    DestinationsRanked,
    HospitalReported,
    HospitalReportLapsed,
)
from engine.state.deadlines import Reminder
from engine.state.world import World, folds


@folds(CautionRecorded)
def recorded(world: World, fact: CautionRecorded) -> None:
    """Write the caution down, or over the one of its name."""
    caution = fact.caution
    world.caution_number += 1
    world.cautions[caution.id] = caution
    world.track_caution(caution.id)
    if caution.until_ms is not None:
        world.deadlines.set(caution.until_ms, Reminder.CAUTION_OVER, caution.id, since_ms=caution.until_ms)
    world.count("cautions_recorded")


@folds(CautionEnded)
def ended(world: World, fact: CautionEnded) -> None:
    """Strike the caution out."""
    del world.cautions[fact.caution]
    world.track_caution(fact.caution)


@folds(HospitalReported)
def hospital_reported(world: World, fact: HospitalReported) -> None:
    """Keep what the hospital said last."""
    report = fact.report
    world.hospitals[report.hospital] = report
    if report.until_ms is not None:
        world.deadlines.set(report.until_ms, Reminder.HOSPITAL_OVER, report.hospital, since_ms=report.until_ms)
    world.count("hospitals_reported")


@folds(HospitalReportLapsed)
def hospital_lapsed(world: World, fact: HospitalReportLapsed) -> None:
    """Go by what the place says of it."""
    del world.hospitals[fact.hospital]


@folds(DestinationsRanked)
def ranked(world: World, fact: DestinationsRanked) -> None:
    """Keep what came first: another choice will need a reason."""
    assignment = world.open[fact.incident].assigned[fact.unit]
    first = fact.ranked[0] if fact.ranked else None
    assignment.ranked, assignment.needs = True, fact.needs
    assignment.advised = first.hospital if first is not None and not first.reason else None
    world.count("destinations_ranked")


@folds(DestinationChosen)
def chosen(world: World, fact: DestinationChosen) -> None:
    """Keep where the unit brings its patient."""
    world.open[fact.incident].assigned[fact.unit].destination = fact.hospital


@folds(DuplicatesSuspected)
def suspected(world: World, fact: DuplicatesSuspected) -> None:
    """Keep what was told last."""
    world.open[fact.incident].suspects = fact.suspects
    world.count("duplicates_suspected")
