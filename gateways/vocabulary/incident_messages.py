"""Messages about incidents, their units and what people are asked to look at; and the union of all commands.

Rule: a command means the same whoever carries it: the WebSocket and the HTTP API decode these types and no others.
"""

from typing import TypeAlias

from engine.model.lifecycle import Status
from gateways.vocabulary.crew_messages import AnyCrewMessage
from gateways.vocabulary.move_messages import AnyMoveMessage
from gateways.vocabulary.response_messages import AnyResponseMessage
from gateways.vocabulary.road_messages import CloseRoad, OpenRoad, ReportTraffic, ReportWeather
from gateways.vocabulary.surroundings_messages import AnySurroundingsMessage
from gateways.vocabulary.words import Command, Label, Latitude, Longitude, Name, Priority, Said, Text, Units, Whole


class ReportIncident(Command, frozen=True, gc=False, kw_only=True):
    """A call has come in."""

    lat: Latitude
    lon: Longitude
    incident_type: Label = ""
    """May be empty where `code` says it."""
    code: Label = ""
    """Determinant code, as in 9-E-1."""
    priority: Priority | None = None
    """None: the code's, or the type's own."""
    due_ms: Whole | None = None
    """A scheduled incident: nobody is sent before then."""
    address: Text = ""
    caller: Text = ""
    note: Text = ""
    external: Text = ""
    """Your own number for it."""


class AmendIncident(Command, frozen=True, gc=False, kw_only=True):
    """More, or better, is known. What is left out stays as it was."""

    incident: Name
    incident_type: Name | None = None
    code: Label | None = None
    priority: Priority | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    address: Text | None = None
    caller: Text | None = None


class CancelIncident(Command, frozen=True, gc=False, kw_only=True):
    """Nobody is needed after all; units on their way are released."""

    incident: Name
    reason: Said


class CloseIncident(Command, frozen=True, gc=False, kw_only=True):
    """The work is done and every unit is clear."""

    incident: Name
    disposition: Said


class LinkIncidents(Command, frozen=True, gc=False, kw_only=True):
    """Two incidents belong together, each with its own response."""

    incident: Name
    other: Name


class MergeIncident(Command, frozen=True, gc=False, kw_only=True):
    """One occurrence was reported twice: `incident` goes on as part of `into`."""

    incident: Name
    into: Name


class Note(Command, frozen=True, gc=False, kw_only=True):
    """Something worth writing down."""

    incident: Name
    text: Said


class ForgetIncident(Command, frozen=True, gc=False, kw_only=True):
    """Erase who called, what they said and where they live. The incident must be over; what was decided stays."""

    incident: Name
    reason: Said
    """Kept: do not name people in it."""


class Recommend(Command, frozen=True, gc=False, kw_only=True):
    """Look again, and say why."""

    incident: Name


class Reserve(Command, frozen=True, gc=False, kw_only=True):
    """Keep these units for the incident without telling them yet."""

    incident: Name
    units: Units
    reason: Text = ""


class Dispatch(Command, frozen=True, gc=False, kw_only=True):
    """Tell these units to go: all of them, or none."""

    incident: Name
    units: Units
    reason: Text = ""
    """Asked for where a unit is not the recommended one."""


class Divert(Command, frozen=True, gc=False, kw_only=True):
    """Send a unit that is under way to one incident to a more urgent one."""

    unit: Name
    incident: Name
    reason: Said


class Release(Command, frozen=True, gc=False, kw_only=True):
    """The incident no longer needs this unit."""

    unit: Name
    incident: Name
    reason: Said


class UnitStatus(Command, frozen=True, gc=False, kw_only=True):
    """A unit's own word, or a dispatcher's on its behalf."""

    unit: Name
    status: Status
    at_ms: Whole | None = None
    """When it became true, by the reporter's clock; None is now."""
    incident: Name | None = None
    """The incident that the reporter has in mind: a report about an assignment that has ended is refused."""


class UnitEmergency(Command, frozen=True, gc=False, kw_only=True):
    """The unit itself needs help, now. Never refused for the pace of its sender."""

    unit: Name
    text: Text = ""


class ResolveEmergency(Command, frozen=True, gc=False, kw_only=True):
    """A person says that the unit is safe."""

    unit: Name
    reason: Said


class AcknowledgeAlarm(Command, frozen=True, gc=False, kw_only=True):
    """A person has seen the alarm and owns it."""

    alarm: Name


class AcknowledgeAlert(Command, frozen=True, gc=False, kw_only=True):
    """A person says that the recipient has been told."""

    alert: Name


AnyCommand: TypeAlias = (
    ReportIncident
    | AmendIncident
    | CancelIncident
    | CloseIncident
    | LinkIncidents
    | MergeIncident
    | Note
    | ForgetIncident
    | Recommend
    | Reserve
    | Dispatch
    | Divert
    | Release
    | UnitStatus
    | UnitEmergency
    | ResolveEmergency
    | AcknowledgeAlarm
    | AcknowledgeAlert
    | CloseRoad
    | OpenRoad
    | ReportTraffic
    | ReportWeather
    | AnyResponseMessage
    | AnyCrewMessage
    | AnySurroundingsMessage
    | AnyMoveMessage
)
