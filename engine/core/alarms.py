"""Raising and finding alarms: one cause is one alarm, however often it is found."""

from engine.core.recorder import Recorder
from engine.model.alert_facts import AlarmKind, AlarmRaised
from engine.state.records import Alarm


def standing(turn: Recorder, about: AlarmKind, incident_id: str, unit_id: str | None) -> Alarm | None:
    """Return the alarm about this, if one stands."""
    for alarm in turn.world.alarms.about(incident_id):
        if (alarm.about, alarm.unit) == (about, unit_id):
            return alarm
    return None


def raise_alarm(turn: Recorder, about: AlarmKind, incident_id: str, unit_id: str | None, text: str) -> None:
    """Ask a person to look, unless one has been asked already."""
    if standing(turn, about, incident_id, unit_id) is None:
        name = f"W{turn.world.alarm_number + 1}"
        turn.record(AlarmRaised(alarm=name, about=about, incident=incident_id, unit=unit_id, text=text))
