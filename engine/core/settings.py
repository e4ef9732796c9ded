"""Decisions about configuration: a place may change while its incidents run, but not under their feet."""

from engine.core import sending
from engine.core.destinations import lapse_with_hospitals
from engine.core.move_ends import lapse_with_posts
from engine.core.recorder import Recorder, Refused
from engine.core.roads import lapse_with_streets
from engine.model.facts import PlaceAdopted
from engine.model.inputs import AdoptPlace
from engine.model.place import Place


def adopt_place(turn: Recorder, given: AdoptPlace) -> None:
    """Take the place over, unless open incidents rest on something that it no longer has."""
    _keeps_what_is_in_use(turn, given.place)
    _has_its_streets(turn, given.place)
    lapse_with_streets(turn, given.place)
    lapse_with_hospitals(turn, given.place)
    lapse_with_posts(turn, given.place)
    turn.record(PlaceAdopted(given.place))
    for incident in turn.world.open.values():
        sending.wait_over(turn, incident)
    turn.match = turn.look_at_all = True


def _has_its_streets(turn: Recorder, place: Place) -> None:
    if place.streets and turn.world.roads_of(place) is None:
        raise Refused(
            "unknown_streets",
            "streets",
            f"The streets {place.streets[:12]} that the place rests on are neither given nor kept beside the journal. "
            "Start with the place's folder, which holds them.",
        )


def _keeps_what_is_in_use(turn: Recorder, place: Place) -> None:
    plans = {plan.id for plan in place.plans}
    types = {kind.id for kind in place.types}
    units = {unit.id: unit for unit in place.units}
    out: dict[str, str] = {}
    for incident in turn.world.open.values():
        for what, name, known in (("plan", incident.plan, plans), ("incident type", incident.type, types)):
            if name not in known:
                raise Refused("in_use", what, f"The new place has no {what} {name!r}, which {incident.id} still needs.")
        for unit in sorted(incident.assigned):
            if unit not in units:
                raise Refused("in_use", "units", f"The new place has no unit {unit!r}, which is on {incident.id}.")
            crew = units[unit].crew
            if crew is not None and out.setdefault(crew, unit) != unit:
                raise Refused(
                    "in_use", "crews", f"The new place has one crew for {out[crew]} and {unit}; both are out."
                )
    if turn.world.place is not None and turn.world.place.projection != place.projection:
        raise Refused(
            "in_use",
            "centre",
            "The new place has another centre, so positions in the journal would mean other spots. "
            "Keep the centre, or start a new journal.",
        )
