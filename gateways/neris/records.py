"""The shapes that leave: field names are those of NERIS `core_mod_dispatch` and `mod_unit_response`.

Moments are ISO 8601 in UTC to the millisecond, computed times are seconds. What nobody told us is null, never a guess.
"""

from enum import StrEnum

from msgspec import Struct


class AidType(StrEnum):
    """How a neighbour's units stand to ours (NERIS `aid_type`)."""

    SUPPORT_AID = "SUPPORT_AID"
    """Beside units of our own."""
    IN_LIEU_AID = "IN_LIEU_AID"
    """Instead of units of our own: none was sent."""
    ACTING_AS_AID = "ACTING_AS_AID"
    """The neighbour answers in our name by agreement, whoever else comes."""


class Mode(StrEnum):
    """How a unit drives (NERIS `unit_response_mode`)."""

    EMERGENT = "EMERGENT"
    NON_EMERGENT = "NON_EMERGENT"


class Comment(Struct, frozen=True, kw_only=True):
    """A remark of the dispatch log."""

    comment_timestamp: str
    comment: str


class Dispatch(Struct, frozen=True, kw_only=True):
    """NERIS `core_mod_dispatch`."""

    dispatch_internal_id: str
    """Our own number of the incident."""
    dispatch_time_call_arrival: str | None
    """When the telephone rang: a matter of the telephone system, null here."""
    dispatch_time_call_answering: str | None
    """When it was answered: likewise."""
    dispatch_time_call_create: str
    """When the incident was put on the board."""
    dispatch_time_alarm_answering: float | None
    """Computed, seconds: null with the two above."""
    dispatch_time_alarm_processing: float | None
    """Computed, seconds: from `call_create` to the first unit dispatched."""
    dispatch_determinate_code: str | None
    """At most eight characters."""
    dispatch_incident_code: str
    """The agency's own type."""
    dispatch_final_disposition: str | None
    dispatch_automatic_alarm: bool
    dispatch_comments: tuple[Comment, ...]
    time_incident_clear: str | None
    """Null while it is open."""


class UnitResponse(Struct, frozen=True, kw_only=True):
    """NERIS `mod_unit_response`: one for each time that a unit was sent."""

    unit_id_reported: str
    unit_type_reported: str
    unit_staffing_reported: int | None
    """People on board when it was dispatched; null where people are not counted."""
    unit_unable_to_dispatch: bool
    """It was asked for, or told, and could not go."""
    unit_response_mode: Mode
    unit_dispatch_point: tuple[float, float] | None
    """[longitude, latitude] where it stood when it was dispatched; null where its position is not kept any more."""
    time_dispatch: str | None
    time_enroute_to_scene: str | None
    time_staging: str | None
    time_on_scene: str | None
    time_at_patient: str | None
    time_enroute_hospital: str | None
    time_arrived_hospital: str | None
    time_transfer_to_facility: str | None
    """No status of ours says it: null."""
    time_hospital_clear: str | None
    time_canceled_enroute: str | None
    """It was called off before it had arrived."""
    time_unit_clear: str | None
    time_turnout: float | None
    """Computed, seconds: dispatch to en route."""
    time_travel: float | None
    """Computed, seconds: en route to on scene."""


class Aid(Struct, frozen=True, kw_only=True):
    """A neighbour's part in the incident."""

    aid_agency: str
    aid_type: AidType
    aid_direction: str = "RECEIVED"
    aid_units: tuple[str, ...]


class IncidentLadder(Struct, frozen=True, kw_only=True):
    """Everything of one incident."""

    incident: str
    external: str
    """The reporting system's own number."""
    complete: bool
    """False: it was open when the journal ended."""
    address: str
    point: tuple[float, float]
    """[longitude, latitude]."""
    core_mod_dispatch: Dispatch
    mod_unit_response: tuple[UnitResponse, ...]
    aid: tuple[Aid, ...]
