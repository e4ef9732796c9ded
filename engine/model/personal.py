"""Which fields of inputs and facts hold people's data: what was said, by whom, and where they live.

Rule: no dispatch decision rests on the wording of such a field, only on whether it is empty, so a turn whose personal
fields have been erased is decided again the same. The one exception are suspected duplicates, which people are told
of: callers and addresses are compared for them.

Beyond an incident's own life stand cautions, closures and emergencies' ends: they name no incident and are kept apart.
"""

from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from engine.model import (
    alert_facts,
    crew_facts,
    crew_inputs,
    facts,
    inputs,
    response_facts,
    response_inputs,
    surroundings,
)
from engine.model.input import Command

ERASED: Final = "[erased]"
"""Stands where a personal text was. What was empty stays empty."""

PERSONAL: Final[dict[type[Struct], tuple[str, ...]]] = {
    inputs.ReportIncident: ("address", "caller", "note"),
    inputs.AmendIncident: ("address", "caller"),
    inputs.CancelIncident: ("reason",),
    inputs.CloseIncident: ("disposition",),
    inputs.AddNote: ("text",),
    inputs.ReserveUnits: ("reason",),
    inputs.DispatchUnits: ("reason",),
    inputs.DivertUnit: ("reason",),
    inputs.ReleaseUnit: ("reason",),
    inputs.DeclareEmergency: ("text",),
    response_inputs.StrikeAlarm: ("reason",),
    response_inputs.HoldIncident: ("reason",),
    response_inputs.StackIncident: ("reason",),
    response_inputs.UnstackIncident: ("reason",),
    response_inputs.ReopenIncident: ("reason",),
    response_inputs.SplitIncident: ("reason",),
    response_inputs.SupersedeUnit: ("reason",),
    crew_inputs.AnswerAid: ("reason",),
    crew_inputs.DeclineDispatch: ("reason",),
    crew_inputs.ReportDelay: ("reason",),
    crew_inputs.RequestHelp: ("text",),
    crew_inputs.TellUnit: ("text",),
    crew_inputs.TellDispatch: ("text",),
    surroundings.ChooseDestination: ("reason",),
    inputs.ReportCopy: ("detail",),
    facts.IncidentReported: ("address", "caller", "note"),
    facts.IncidentAmended: ("address", "caller"),
    facts.IncidentClosed: ("disposition",),
    facts.IncidentCancelled: ("reason",),
    facts.NoteAdded: ("text",),
    facts.UnitReserved: ("deviation",),
    facts.UnitDispatched: ("deviation",),
    facts.UnitDiverted: ("reason",),
    facts.AssignmentEnded: ("reason",),
    facts.EmergencyDeclared: ("text",),
    alert_facts.AlertRequested: ("text",),
    alert_facts.AlarmRaised: ("text",),
    alert_facts.CopyMarked: ("detail",),
    response_facts.AlarmStruck: ("reason",),
    response_facts.IncidentHeld: ("reason",),
    response_facts.IncidentStacked: ("reason",),
    response_facts.IncidentUnstacked: ("reason",),
    response_facts.IncidentReopened: ("reason",),
    response_facts.IncidentSplit: ("reason",),
    response_facts.UnitSuperseded: ("reason",),
    response_facts.UnitsBypassed: ("reason",),
    crew_facts.AidRequested: ("deviation",),
    crew_facts.AidDeclined: ("reason",),
    crew_facts.DispatchDeclined: ("reason",),
    crew_facts.DelayReported: ("reason",),
    crew_facts.HelpRequested: ("text",),
    crew_facts.UnitTold: ("text",),
    crew_facts.UnitSaid: ("text",),
    surroundings.DestinationChosen: ("reason",),
}
"""By type: its personal fields, each a text or None."""

QUOTING: Final = ("deviation", "detail", "disposition", "note", "reason", "text")
"""Fields in which another fact of the same turn may quote such a text."""

Item = TypeVar("Item", bound=Struct)


def incident_of(item: Any) -> str:
    """Return the id of the incident whose people the item is about; "" where it names none."""
    return getattr(item, "incident", None) or getattr(item, "target", None) or ""


def texts_of(item: Struct) -> list[tuple[str, str]]:
    """Return the personal fields that hold something, with their texts. A line that was typed may name anybody."""
    found = []
    names = PERSONAL.get(type(item), ())
    for name in (*names, "line") if isinstance(item, Command) else names:
        text = getattr(item, name)
        if text:
            found.append((name, text))
    return found


def erased(item: Item) -> Item:
    """Return the item without people's data."""
    texts = texts_of(item)
    return replace(item, **dict.fromkeys((name for name, _ in texts), ERASED)) if texts else item
