"""Events as sentences, for the board's timeline. What nobody needs to hear of has no sentence."""

from gateways.board import Event
from gateways.cad.mirror import Mirror

SENTENCES = {
    "incident_reported": "{incident} {what} reported{where}",
    "incident_amended": "{incident} amended",
    "incident_closed": "{incident} closed{because}",
    "incident_cancelled": "{incident} cancelled: {text}",
    "incident_merged": "{incident} merged",
    "unit_dispatched": "{unit} sent to {incident} by {by}",
    "incident_split": "{incident} goes on by itself again: {text}",
    "incident_reopened": "{incident} opened again: {text}",
    "places_reopened": "{incident} has nobody any more: {by} released {unit}",
    "incident_held": "{incident} is held: {text}",
    "hold_ended": "{incident} is served now",
    "incident_stacked": "{unit} goes to {incident} next{because}",
    "incident_unstacked": "{incident} no longer waits for {unit}{because}",
    "alarm_struck": "{incident}: further alarm struck by {by}{because}",
    "duplicates_suspected": "{incident} may have been reported before",
    "unit_diverted": "{unit} diverted{because}",
    "unit_superseded": "{unit} superseded on {incident}{because}",
    "assignment_delayed": "{unit} will be late at {incident}",
    "units_bypassed": "{by} sends others than recommended to {incident}{because}",
    "recommendation_stale": "{incident}: what was accepted no longer holds{because}",
    "auto_withheld": "{incident} waits for a person{because}",
    "aid_requested": "a neighbour is asked for {unit}, for {incident}",
    "aid_committed": "the neighbour sends {unit} to {incident}",
    "aid_declined": "no {unit} for {incident}{because}",
    "staffing_changed": "{unit} says who is on board",
    "roll_called": "{incident}: is everybody well?",
    "roll_answered": "{unit}: everybody is well",
    "caution_recorded": "a caution is written down",
    "caution_ended": "a caution is over{because}",
    "hospital_reported": "a hospital says how full it is",
    "assignment_ended": "{unit} is off {incident}{because}",
    "alert_attempt_failed": "a page was not taken; it will be tried again",
    "alert_escalated": "an alert goes one rung up the ladder: {text}",
    "alert_handed_over": "an alert is handed to a person: {text}",
    "alarm_raised": "alarm: {text}",
    "emergency_declared": "{unit} CALLS FOR HELP, {incident}",
    "emergency_resolved": "{unit} is safe: {text}",
    "road_closed": "closed, {text}",
    "road_opened": "open again, {text}",
    "traffic_reported": "traffic, {text}",
    "weather_reported": "weather, {text}",
    "conditions_lapsed": "over by itself on the roads: {text}",
    "speeds_learned": "learned from {text}",
    "turnouts_learned": "turnout times learned: {text}",
    "epoch_published": "travel times follow: {text}",
    "move_proposed": "{unit} should move from {text}",
    "move_ordered": "{by} moves {unit} from {text}",
    "move_refused": "{unit} does not move: {text}",
    "resumed": "the engine is back; alarms stay quiet for a moment",
}
ADVANCES = {
    "en_route": "{unit} is on its way to {incident}",
    "on_scene": "{unit} has arrived at {incident}",
    "transporting": "{unit} leaves {incident} for a hospital",
    "at_hospital": "{unit} is at the hospital",
}
MOVE_ENDS = {
    "arrived": "{unit} is at its new post",
    "dispatched": "{unit} is sent out on its way to its new post",
}
BY_TEXT = {"assignment_advanced": ADVANCES, "move_ended": MOVE_ENDS}
"""Events whose sentence depends on what is said in them."""


def told(event: Event, mirror: Mirror) -> str:
    """Return the sentence; empty where there is none."""
    by_text = BY_TEXT.get(event.kind)
    sentence = SENTENCES.get(event.kind, "") if by_text is None else by_text.get(event.text, "")
    incident = mirror.incidents.get(event.incident or "")
    return sentence.format(
        incident=event.incident,
        unit=event.unit,
        by=event.by,
        text=event.text,
        what=f"P{incident.priority} {incident.type.replace('_', ' ')}" if incident else "",
        where=f", {incident.address}" if incident and incident.address else "",
        because=f": {event.text}" if event.text else "",
    )
