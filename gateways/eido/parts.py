"""The components of an EIDO (NENA-STA-021.1b, JSON) that are sent and read here, under the names of the standard.

Each component bears the same prologue and may be referenced by its `$id`. What is required by the schema is required
here; fields that nothing here means anything by are left out, and are not refused where a neighbour sends them.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

DateTime = Annotated[
    str,
    Meta(pattern=r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$"),
]
"""RFC 3339, section 5.6."""
Name = Annotated[str, Meta(min_length=1)]
Texts = tuple[str, ...]
Level = Literal["highest", "high", "normal", "low", "lowest"]

_ON_THE_WIRE = {"id": "$id", "ref": "$ref"}


def wire_name(field: str) -> str:
    """Return the standard's name of a field."""
    first, *others = field.split("_")
    return _ON_THE_WIRE.get(field, first + "".join(word.capitalize() for word in others))


class Ref(Struct, frozen=True, gc=False, rename=wire_name):
    """Names another component."""

    ref: Name


Refs = tuple[Ref, ...]


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True, rename=wire_name):
    """The prologue of every component."""

    id: Name
    last_update_time_stamp: DateTime
    updated_by_agency_reference: Ref
    updated_by_agent_reference: Ref | None = None


class Agency(Part, frozen=True, kw_only=True):
    """An organisation that owns the incident, or has to do with it."""

    agency_role_description_registry_text: Texts
    agency_type: Texts
    incident_owning_agency_indicator: bool | None = None


class Agent(Part, frozen=True, kw_only=True):
    """A person or an automaton who acts for an agency."""

    agent_role_registry_text: Texts
    agency_reference: Ref


class Disposition(Part, frozen=True, kw_only=True):
    """How it ended."""

    disposition_common_registry_code: str
    disposition_description_text: str | None = None


class Incident(Part, frozen=True, kw_only=True):
    """What has happened, how urgent it is and where it stands."""

    incident_type_common_registry_text: str
    incident_type_internal_code: str | None = None
    incident_type_internal_text: str | None = None
    incident_status_common_registry_text: Texts = ()
    incident_status_internal_text: Texts = ()
    internal_incident_id: str | None = None
    incident_common_priority_number: Annotated[int, Meta(ge=0, le=10)] | None = None
    """10 is the most urgent."""
    incident_priority_internal_text: str | None = None
    beat_or_dispatch_group_text: str | None = None
    location_reference: Refs = ()
    disposition_component: tuple[Disposition, ...] = ()
    notes_reference: Refs = ()


class Call(Part, frozen=True, kw_only=True):
    """A call about the incident."""

    call_state_registry_text: str
    standard_primary_call_type: str
    direction: Literal["incoming", "outgoing", "internal"]
    call_start_timestamp: DateTime
    answer_date: DateTime | None = None
    call_back_reference: Ref | None = None
    location_reference: Refs = ()


class Callback(Part, frozen=True, kw_only=True):
    """How whoever called can be reached."""

    call_back_information_uri: Texts = ()


class Unit(Part, frozen=True, kw_only=True):
    """An emergency resource: a vehicle or team that can be sent. Its `$id` is unit@agency."""

    emergency_resource_type_common_registry_text: str
    primary_unit_status_registry_text: str
    secondary_unit_status_registry_text: Texts
    resource_attribute_registry_text: Texts
    agent_reference: Refs
    emergency_resource_type_internal_text: str | None = None
    resource_attribute_internal_text: Texts = ()
    emergency_resource_name: str | None = None
    unit_status_internal: Texts = ()
    unit_location_reference: Ref | None = None
    unit_destination_reference: Ref | None = None
    eta: DateTime | None = None
    active_on_incident_id: str | None = None
    stacked_on_incident_id: Texts = ()


class Dispatch(Part, frozen=True, kw_only=True):
    """Somebody has sent units of an agency, or asked it for some."""

    agency_reference: Ref | None = None
    agent_reference: Ref | None = None
    emergency_resource_reference: Refs = ()


class Location(Part, frozen=True, kw_only=True):
    """A place: a PIDF-LO by value, or where one is to be had."""

    location_type_description_registry_text: str
    location_by_value: str | None = None
    location_by_reference_url: str | None = None
    location_description_text: str | None = None


class Note(Part, frozen=True, kw_only=True):
    """A remark, in HTML5."""

    notes_action_comments: str
    agent_reference: Ref | None = None


class Merge(Part, frozen=True, kw_only=True):
    """One occurrence was reported twice."""

    incident_tracking_identifier: Name
    incident_merge_direction_code: Literal["REPLACING", "REPLACED", "SPLIT"]


class Link(Part, frozen=True, kw_only=True):
    """Two incidents belong together."""

    incident_tracking_identifier: Name
    link_direction_code: Literal["PARENT", "CHILD", "RELATED", "UNLINK"]
    involved_agency_reference: Ref | None = None


class Caution(Part, frozen=True, kw_only=True):
    """What threatens people or property there."""

    caution_type_internal_text: str
    caution_type_common_registry_text: str
    caution_severity: Level
    caution_source: str | None = None


class UnitEmergency(Part, frozen=True, kw_only=True):
    """A unit itself needs help."""

    severity: Level
    start_timestamp: DateTime
    acknowledgement_timestamp: DateTime | None = None
    stop_timestamp: DateTime | None = None
    originating_device: str | None = None
    reporting_agent_reference: Ref | None = None


class Eido(Part, frozen=True, kw_only=True):
    """An emergency incident data object: one incident, as one agency sees it. Its `$id` is the tracking identifier."""

    eido_version: Literal["1.0"]
    issuing_element_identification: Name
    agency_component: tuple[Agency, ...]
    incident_component: Incident | None = None
    call_component: tuple[Call, ...] = ()
    callback_component: tuple[Callback, ...] = ()
    dispatch_component: tuple[Dispatch, ...] = ()
    notes_component: tuple[Note, ...] = ()
    emergency_resource_component: tuple[Unit, ...] = ()
    agent_component: tuple[Agent, ...] = ()
    location_component: tuple[Location, ...] = ()
    merge_component: tuple[Merge, ...] = ()
    link_component: tuple[Link, ...] = ()
    caution_component: tuple[Caution, ...] = ()
    unit_emergency_state_component: tuple[UnitEmergency, ...] = ()
    """Of the draft 1.1: its type is in the schema, the root's property is not yet. Readers of 1.0 pass over it."""
    additional_data_component: tuple[Part, ...] = ()
    alarms_sensors_component: tuple[Part, ...] = ()
    person_component: tuple[Part, ...] = ()
    vehicle_component: tuple[Part, ...] = ()
    media_component: tuple[Part, ...] = ()
    shared_communication_resource_component: tuple[Part, ...] = ()
    external_information_source_component: tuple[Part, ...] = ()


UNREAD = (
    "additional_data_component",
    "alarms_sensors_component",
    "person_component",
    "vehicle_component",
    "media_component",
    "shared_communication_resource_component",
    "external_information_source_component",
)
"""Components of a neighbour's EIDO that have no counterpart here: they are kept as received, and counted."""


def prologue(part: Part) -> dict[str, Any]:
    """Return the fields of the prologue, to make another component of the same moment and hand."""
    return {name: getattr(part, name) for name in Part.__struct_fields__}
