"""Finding what a command speaks of, or refusing it in words that help."""

from engine.core.recorder import Refused
from engine.model.alert_facts import AlarmKind
from engine.model.place import Place
from engine.state.records import Incident, UnitRecord
from engine.state.world import World

TEXT_MAX = 4_000
"""Characters of any text a command carries."""
DIGITS_MAX = 16
"""No journal counts that many incidents."""


def open_incident(world: World, incident_id: str, field: str = "incident") -> Incident:
    """Return the open incident, or refuse."""
    incident = known_incident(world, incident_id, field)
    if not incident.open:
        more = f" It was merged into {incident.merged_into}: use that one." if incident.merged_into else ""
        raise Refused("incident_ended", field, f"{incident_id} is {incident.phase} and takes no more orders.{more}")
    return incident


def was_reported(world: World, incident_id: str) -> bool:
    """Tell whether there has ever been an incident of this name."""
    number = incident_id.removeprefix("I")
    if not number.isdecimal() or len(number) > DIGITS_MAX:
        return False
    return 0 < int(number) <= world.incident_number and incident_id == f"I{int(number)}"


def not_forgotten(world: World, incident_id: str) -> None:
    """Refuse to say more of an incident whose people have been forgotten: there is no key any more to seal it under."""
    if incident_id in world.forgotten:
        reason = f"The people of {incident_id} have been forgotten; nothing more is written about it. Report a new one."
        raise Refused("incident_forgotten", "incident", reason)


def known_incident(world: World, incident_id: str, field: str = "incident") -> Incident:
    """Return the incident, open or lately ended, or refuse."""
    incident = world.incidents.get(incident_id)
    if incident is None:
        raise Refused("unknown_incident", field, f"There is no incident {incident_id!r} on the board.")
    return incident


def known_unit(world: World, unit_id: str, field: str = "unit") -> UnitRecord:
    """Return the unit, or refuse."""
    unit = world.unit(unit_id)
    if unit is None:
        raise Refused("unknown_unit", field, f"The place has no unit {unit_id!r}.")
    return unit


def nobody_in_need(world: World, incident: Incident) -> None:
    """Refuse: a unit's emergency ends by somebody's word that it is safe, never by paperwork about its incident."""
    for alarm in world.alarms.about(incident.id):
        if alarm.about is AlarmKind.UNIT_EMERGENCY:
            raise Refused(
                "unit_emergency",
                "incident",
                f"{alarm.unit} has not been declared safe. Resolve its emergency first; until then {incident.id} is "
                "nobody's to end, to put off or to make less urgent.",
            )


def check_position(place: Place, x_m: int, y_m: int) -> None:
    """Refuse a position outside the place."""
    x_min, y_min, x_max, y_max = place.bounds
    if not (x_min <= x_m <= x_max and y_min <= y_m <= y_max):
        lat, lon = place.projection.to_degrees(x_m, y_m)
        raise Refused(
            "out_of_range",
            "position",
            f"{lat}, {lon} lies outside {place.name}. Check latitude and longitude.",
        )


def check_text(**texts: str | None) -> None:
    """Refuse a text that is longer than the journal should carry."""
    for field, text in texts.items():
        if text is not None and len(text) > TEXT_MAX:
            raise Refused("too_long", field, f"{field} has {len(text)} characters; at most {TEXT_MAX} are kept.")


def check_given(**texts: str) -> None:
    """Refuse an empty text where somebody will ask why later."""
    for field, text in texts.items():
        if not text.strip():
            raise Refused("missing", field, f"{field} is empty; say it in a word or two, it goes into the record.")
    check_text(**texts)
