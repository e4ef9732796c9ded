"""What alarm companies say, and are told: the message flow of APCO/CSAA ANS 2.101 (ASAP), as JSON.

Rule: bounds are in the types, unknown fields are refused, and every message names the alarm by the company's own id.
"""

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Short = Annotated[str, Meta(max_length=200)]
Long = Annotated[str, Meta(max_length=2_000)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class Premise(StrEnum):
    """What kind of place."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    PUBLIC = "public"
    OTHER = "other"


class Location(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where: a position, or a premise or an address that the agency's table knows."""

    address: Short = ""
    premise: Short = ""
    """The premise's number or name in that table."""
    lat: Latitude | None = None
    lon: Longitude | None = None
    kind: Premise = Premise.OTHER
    detail: Short = ""
    """Which door, floor, gate code."""


class KeyHolder(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who can open."""

    name: Short
    telephone: Short = ""
    eta_minutes: Annotated[int, Meta(ge=0, le=1_440)] | None = None
    """When they will be there; None: not known, or they do not come."""
    vehicle: Short = ""


class _Message(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """The base."""

    alarm_id: Id
    """The company's own, unique for ever among its own."""
    operator: Short = ""
    """Who speaks for the company."""


class NewAlarm(_Message, frozen=True, kw_only=True, tag="new_alarm"):
    """An alarm has gone off."""

    event: Short
    """Kind of event in the company's words: burglary, fire, medical, hold-up …"""
    alarm_time: Annotated[str, Meta(max_length=40)]
    """ISO 8601 with its zone."""
    location: Location
    details: Long = ""
    """Which sensor, which zone, what was heard."""
    verified: bool = False
    """By sound, image or a person."""
    callback: Short = ""
    """Telephone of the company's operator about this alarm."""
    subscriber: Short = ""
    """Whose alarm it is."""
    permit: Short = ""
    key_holder: KeyHolder | None = None


class Cancel(_Message, frozen=True, kw_only=True, tag="cancel"):
    """Nobody is needed, the company says."""

    reason: Short


class Update(_Message, frozen=True, kw_only=True, tag="update"):
    """More is known: a key-holder, another sensor, an answer to a question."""

    text: Long = ""
    key_holder: KeyHolder | None = None
    message_id: Id
    """The company's own for this message: the same one again says nothing new."""


class Query(_Message, frozen=True, kw_only=True, tag="query"):
    """How does it stand?"""


AnyMessage: TypeAlias = NewAlarm | Cancel | Update | Query


class Result(StrEnum):
    """What has become of a message."""

    ACCEPTED = "accepted"
    """There is an incident."""
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    NOTED = "noted"
    """Written down; a dispatcher sees it and decides."""
    STATUS = "status"


class Reason(StrEnum):
    """Why an alarm is rejected, as ANS 2.101 has it."""

    BAD_ADDRESS = "bad_address"
    EVENT_TYPE = "unknown_event_type"
    TOO_OLD = "too_old"
    UNKNOWN_ALARM = "unknown_alarm"
    OTHER = "other"


class Answer(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the company is answered."""

    alarm_id: str
    result: Result
    incident: str = ""
    reason: Reason | None = None
    detail: str = ""
    status: str = ""
    """Of a query: waiting, assigned, en_route, on_scene, closed, cancelled, merged."""
    units: tuple[str, ...] = ()
    disposition: str = ""
    repeated: bool = False
    """It was accepted before."""


class Notice(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the company is told without asking."""

    notice: str
    """dispatched, arrived, closed, reopened, operator_query."""
    alarm_id: str
    incident: str
    time: str
    disposition: str = ""
    text: str = ""
    """Of an operator_query: what the dispatcher or the crew asks."""
