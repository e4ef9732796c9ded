"""What must hold of the surroundings after every turn, as sentences about what does not."""

from collections.abc import Iterator, Mapping

from engine.core.surroundings import AREA_MAX_M, CAUTIONS_MAX, RADIUS_MAX_M
from engine.model.surroundings import Severity
from engine.policy.cautions import circle_of, holds_at
from engine.policy.duplicates import MOST_PERMILLE
from engine.state.deadlines import Reminder
from engine.state.points import Circle
from engine.state.records import Incident
from engine.state.world import World

Reminded = Mapping[tuple[Reminder, str, str, int], int]


def surroundings_violations(world: World, reminded: Reminded) -> Iterator[str]:
    """Give a sentence for each thing about cautions, hospitals and suspects that is not as it must be."""
    yield from _trees(world)
    yield from _cautions(world, reminded)
    yield from _hospitals(world, reminded)
    for incident in world.open.values():
        yield from _suspects(incident)


def endangered(world: World, incident_id: str) -> bool:
    """Tell, without the tree, whether a danger stands where an open incident is."""
    incident = world.open.get(incident_id)
    return incident is not None and any(
        caution.severity is Severity.DANGER and holds_at(caution, incident.x_m, incident.y_m)
        for caution in world.cautions.values()
    )


def _trees(world: World) -> Iterator[str]:
    """The trees hold exactly what there is, where it is."""
    if world.scenes is not None:
        scenes = sorted((name, Circle(each.x_m, each.y_m)) for name, each in world.open.items())
        if world.scenes.everything() != scenes:
            yield f"the tree holds {len(world.scenes)} open incidents, and not the {len(scenes)} that there are"
    if world.hazards is not None:
        hazards = sorted((name, circle_of(each)) for name, each in world.cautions.items())
        if world.hazards.everything() != hazards:
            yield f"the tree holds {len(world.hazards)} cautions, and not the {len(hazards)} that there are"


def _cautions(world: World, reminded: Reminded) -> Iterator[str]:
    """What has an end is looked at then."""
    for name, caution in world.cautions.items():
        most_m = RADIUS_MAX_M if caution.polygon is None else AREA_MAX_M
        if name != caution.id or not caution.text.strip() or not 0 <= caution.radius_m <= most_m:
            yield f"{caution.id} stands as {name}: {caution}"
        if caution.until_ms is not None and (Reminder.CAUTION_OVER, name, "", caution.until_ms) not in reminded:
            yield f"{name} ends at {caution.until_ms}, and nobody would look"
    if len(world.cautions) > CAUTIONS_MAX:
        yield f"{len(world.cautions)} cautions are in force"


def _hospitals(world: World, reminded: Reminded) -> Iterator[str]:
    """Only the place's hospitals have their say, and not for longer than they said."""
    known = [hospital.id for hospital in world.settled.hospitals]
    for name, report in world.hospitals.items():
        if name != report.hospital or name not in known:
            yield f"{report.hospital} reports as {name}, and the place knows {known}"
        if report.until_ms is not None and (Reminder.HOSPITAL_OVER, name, "", report.until_ms) not in reminded:
            yield f"what {name} says ends at {report.until_ms}, and nobody would look"


def _suspects(incident: Incident) -> Iterator[str]:
    """Suspects are other incidents, likeliest first."""
    order = [-suspect.permille for suspect in incident.suspects]
    if order != sorted(order) or any(not 0 <= -each <= MOST_PERMILLE for each in order):
        yield f"the suspects of {incident.id} score {order}"
    names = [suspect.incident for suspect in incident.suspects]
    if incident.id in names or len(set(names)) != len(names):
        yield f"{incident.id} is suspected to be {names}"
