"""Decisions about cautions: what crews should know of a place, told before they go and while they are under way.

The alert of a dispatch bears what is known at that moment. Of a danger that comes up later every crew that was told
to go is told by an alert of its own; unlike a dispatch, no status report shows that a crew knows it, so only a receipt
or a person's word ends it.
"""

from collections.abc import Iterable

from engine.core import sending
from engine.core.lookup import check_given, check_position, check_text
from engine.core.recorder import ENGINE, Recorder, Refused
from engine.model.alert_facts import AlarmCleared, AlarmKind, AlertWithdrawn, Purpose
from engine.model.lifecycle import UNTOLD, Status
from engine.model.surroundings import Caution, CautionEnded, CautionRecorded, EndCaution, RecordCaution
from engine.policy.cautions import dangers_at, word_of
from engine.policy.duplicates import open_near
from engine.state.deadlines import Deadline
from engine.state.points import Circle
from engine.state.records import Incident
from engine.state.world import World

NAME_MAX = 128
"""Characters of a sender's own name for a caution."""
CAUTION_MAX = 200
"""Characters of its text: it is read at the wheel."""
RADIUS_MAX_M = 20_000
AREA_MAX_M = 500_000
"""Radius about a polygon: a storm warning may be wider than any place."""
CAUTIONS_MAX = 20_000
"""In force at once."""
CORNERS_MAX = 1_000
ROUNDING_M = 2
"""Degrees become whole metres, of the middle and of the corner."""
DAYS_AHEAD_MAX = 3_660
DAY_MS = 86_400_000

Known = dict[str, tuple[str, ...]]
"""By incident: the dangers of its place, as crews are told them."""


def record_caution(turn: Recorder, given: RecordCaution) -> None:
    """Write a caution down, or replace it, and tell the crews that go there if it is a danger."""
    _check(turn, given)
    caution = Caution(
        _name(turn.world, given.caution),
        given.x_m,
        given.y_m,
        given.radius_m,
        given.severity,
        given.text.strip(),
        given.until_ms,
        given.polygon,
    )
    known = _known_within(turn.world, turn.world.cautions.get(caution.id), caution)
    turn.record(CautionRecorded(caution, given.by))
    tell_crews(turn, known)


def end_caution(turn: Recorder, given: EndCaution) -> None:
    """Take a caution back."""
    check_text(reason=given.reason)
    if given.caution not in turn.world.cautions:
        raise Refused(
            "unknown_caution", "caution", f"There is no caution {given.caution!r}: it has ended, or never was."
        )
    _end(turn, given.caution, given.reason, given.by)


def lapse(turn: Recorder, entry: Deadline) -> None:
    """End a caution that has had its time."""
    caution = turn.world.cautions.get(entry.subject)
    if caution is not None and caution.until_ms == entry.since_ms:
        _end(turn, caution.id, "its time is over", ENGINE)


def _end(turn: Recorder, name: str, reason: str, by: str) -> None:
    known = _known_within(turn.world, turn.world.cautions[name])
    turn.record(CautionEnded(name, reason, by))
    tell_crews(turn, known)


# ── crews under way ─────────────────────────────────────────────────────────────────────────────────────────


def dangers_known(world: World, incidents: Iterable[Incident]) -> Known:
    """Return the dangers of these incidents' places; to be compared with, after something has changed."""
    return {each.id: tuple(word_of(caution) for caution in dangers_at(world, each.x_m, each.y_m)) for each in incidents}


def tell_crews(turn: Recorder, known: Known) -> None:
    """Tell the crews of these incidents what was not known before, and call off what is over."""
    for name, before in known.items():
        incident = turn.world.open[name]
        now = dangers_known(turn.world, [incident])[name]
        tell_units(turn, incident, sorted(incident.assigned), [word for word in now if word not in before])
        if before and not now:
            _call_off(turn, incident)


def tell_units(turn: Recorder, incident: Incident, units: list[str], words: Iterable[str]) -> None:
    """Owe these units, as far as their crews were told to go, a word about each of the dangers."""
    for word in words:
        for unit_id in units:
            if incident.assigned[unit_id].status not in UNTOLD:
                text = f"{unit_id} TAKE CARE AT {incident.id}, {incident.address or 'see map'}. {word}"
                sending.request_alert(turn, Purpose.CAUTION, unit_id, incident.id, text)


def tell_moved(turn: Recorder, incident: Incident, units: list[str]) -> None:
    """Tell units that came here with a merged incident of the dangers here, unless their new dispatch says them."""
    told = [unit_id for unit_id in units if incident.assigned[unit_id].status is not Status.DISPATCHED]
    tell_units(turn, incident, told, dangers_known(turn.world, [incident])[incident.id])


def _call_off(turn: Recorder, incident: Incident) -> None:
    reason = "the danger is over"
    for alert in turn.world.alerts.about(incident.id):
        if alert.purpose is Purpose.CAUTION:
            turn.record(AlertWithdrawn(alert.id, reason))
    for alarm in turn.world.alarms.about(incident.id):
        if alarm.about is AlarmKind.CAUTION_UNTOLD:
            turn.record(AlarmCleared(alarm.id, reason))


def _known_within(world: World, *cautions: Caution | None) -> Known:
    """Return what is known at the open incidents that one of these reaches, by number."""
    found = {
        incident.number: incident
        for caution in cautions
        if caution is not None
        for incident in open_near(world, caution.x_m, caution.y_m, caution.radius_m)
    }
    return dangers_known(world, (found[number] for number in sorted(found)))


# ── checks ──────────────────────────────────────────────────────────────────────────────────────────────────


def _check(turn: Recorder, given: RecordCaution) -> None:
    check_given(text=given.text)
    check_position(turn.world.settled, given.x_m, given.y_m)
    if len(given.text) > CAUTION_MAX:
        reason = f"text has {len(given.text)} characters; a crew reads at most {CAUTION_MAX} on its way."
        raise Refused("too_long", "text", reason)
    most_m = RADIUS_MAX_M if given.polygon is None else AREA_MAX_M
    if not 0 <= given.radius_m <= most_m:
        reason = f"{given.radius_m} is not a radius between 0 and {most_m} metres."
        raise Refused("out_of_range", "radius_m", reason)
    _check_ring(given)
    if len(given.caution) > NAME_MAX:
        raise Refused("too_long", "caution", f"A name has at most {NAME_MAX} characters.")
    if given.caution not in turn.world.cautions and len(turn.world.cautions) >= CAUTIONS_MAX:
        raise Refused("too_many", "caution", f"{CAUTIONS_MAX} cautions are in force already. End some.")
    check_end(turn.now, given.until_ms)


def _check_ring(given: RecordCaution) -> None:
    """Refuse a ring that is none, or that leaves the circle in which it is looked for."""
    if given.polygon is None:
        return
    if not 3 <= len(given.polygon) <= CORNERS_MAX:
        reason = f"A polygon has 3 to {CORNERS_MAX} corners, this one has {len(given.polygon)}."
        raise Refused("out_of_range", "polygon", reason)
    reach = Circle(given.x_m, given.y_m, given.radius_m)
    if not all(reach.reaches(x_m, y_m, ROUNDING_M) for x_m, y_m in given.polygon):
        reason = (
            f"A corner lies farther than {given.radius_m} m from the middle. Give the circle that holds the polygon."
        )
        raise Refused("out_of_range", "radius_m", reason)


def check_end(now: int, until_ms: int | None) -> None:
    """Refuse an end that is over, or so far ahead that it is no time in ms."""
    if until_ms is not None and not now < until_ms <= now + DAYS_AHEAD_MAX * DAY_MS:
        raise Refused(
            "out_of_range",
            "until_ms",
            f"{until_ms} is not a time in the next {DAYS_AHEAD_MAX} days (it is {now} now, in ms since 1970 UTC).",
        )


def _name(world: World, given: str) -> str:
    """Return the sender's name, or the next one of ours."""
    if given.strip():
        return given
    number = world.caution_number + 1
    while f"H{number}" in world.cautions:
        number += 1
    return f"H{number}"
