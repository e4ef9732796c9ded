"""What reading operations take and give: queries, pages, and the few shapes that no view has."""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from engine.model.facts import Choice, Shortage
from engine.model.lifecycle import Phase, Status
from engine.model.response_facts import Suspect
from gateways.auth import Right, Role
from gateways.geocoding import MOST
from gateways.move_views import CoverageView, MoveView
from gateways.surroundings_views import CautionView, HospitalView
from gateways.views import AlarmView, IncidentView, UnitView
from gateways.vocabulary.words import Latitude, Longitude, Most, Name, Text, Typed, Whole

PAGE_MAX = 500
Item = TypeVar("Item")


class Page(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a list."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = 100
    cursor: Annotated[str, Meta(max_length=64)] = ""
    """`next` of the page before; empty: the first page."""


class IncidentsQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which incidents, newest first. What is left out does not matter."""

    open: bool | None = None
    """true: on the board; false: ended, as far as they are still in memory."""
    phase: Phase | None = None
    type: Name | None = None
    priority: Annotated[int, Meta(ge=1, le=5)] | None = None
    area: Name | None = None
    unit: Name | None = None
    """The unit is assigned to it now."""
    external: Annotated[str, Meta(max_length=4_000)] | None = None
    """Your own number for it."""
    since_ms: Whole | None = None
    """Reported then or later."""


class UnitsQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which units, in the order in which the place lists them."""

    status: Status | None = None
    station: Name | None = None
    kind: Name | None = None
    capability: Name | None = None
    incident: Name | None = None


class WhyQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which account."""

    unit: Name | None = None
    """Judge this one, whether a decision named it or not."""
    at: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    """The decision that stood after this turn; None: all that there were."""


class SpanQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which time."""

    from_ms: Annotated[int, Meta(ge=0, le=4_102_444_800_000)] | None = None
    to_ms: Annotated[int, Meta(ge=0, le=4_102_444_800_000)] | None = None
    """Before this time."""


class ClocksQuery(SpanQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which time, and which profile."""

    profile: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")] | None = None
    """As nfpa-1710; None: all."""


class SuspectsBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a call that has not been reported yet."""

    lat: Latitude
    lon: Longitude
    incident_type: Annotated[str, Meta(max_length=128)] = ""
    address: Text = ""
    caller: Text = ""


class PreviewBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a call that has not been reported yet."""

    lat: Latitude
    lon: Longitude
    incident_type: Annotated[str, Meta(max_length=128)] = ""
    code: Annotated[str, Meta(max_length=128)] = ""
    priority: Annotated[int, Meta(ge=1, le=5)] | None = None
    """None: the code's, or the type's own."""


class AddressQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address as it is said."""

    text: Typed
    most: Most = MOST
    """Answers at most."""


class Listed(Struct, Generic[Item], frozen=True, kw_only=True):
    """A page of a list."""

    seq: int
    """The list is as it was after this turn."""
    items: tuple[Item, ...]
    next: str | None = None
    """Cursor of the next page; None: this was the last."""


class Incidents(Listed[IncidentView], frozen=True, kw_only=True):
    """Incidents, newest first."""


class Units(Listed[UnitView], frozen=True, kw_only=True):
    """Units."""


class Moves(Listed[MoveView], frozen=True, kw_only=True):
    """Moves between posts, proposed or under way."""


class Alarms(Listed[AlarmView], frozen=True, kw_only=True):
    """Matters for a person."""


class Cautions(Listed[CautionView], frozen=True, kw_only=True):
    """Dangers of places."""


class Hospitals(Listed[HospitalView], frozen=True, kw_only=True):
    """Hospitals, as they say they are."""


class Coverage(Listed[CoverageView], frozen=True, kw_only=True):
    """How well demand is covered, by layer."""


class Manned(Struct, frozen=True, kw_only=True):
    """A unit with its people."""

    unit: str
    kind: str
    station: str
    post: str
    crew: str | None
    """Shared with other units of the same crew."""
    status: Status
    staff: int | None
    """People on board; None: its full crew."""
    staff_full: int
    """0: people are not counted."""
    staff_min: int
    """With fewer it is not sent."""
    brings: tuple[str, ...]
    """Capabilities that its crew adds to the vehicle's."""
    understaffed: bool
    duty_since_ms: int | None
    jobs: int
    """Incidents that it has come home from since its duty began."""


class Roster(Listed[Manned], frozen=True, kw_only=True):
    """Units with their people."""


class Recommendation(Struct, frozen=True, kw_only=True):
    """The best known answer for what the incident still lacks. `accept` it by its `decision`."""

    incident: str
    decision: int
    """0: there is none."""
    choices: tuple[Choice, ...]
    short: tuple[Shortage, ...]
    option: str
    """Which of the plan's ways to answer; "" is its own."""
    held_until_ms: int | None
    held_reason: str


class Suspects(Struct, frozen=True, kw_only=True):
    """Open incidents that the call may be about, likeliest first."""

    suspects: tuple[Suspect, ...]


class Me(Struct, frozen=True, kw_only=True):
    """Who the token says you are, and what you may do."""

    principal: str
    role: Role
    rights: tuple[Right, ...]
    units: tuple[str, ...] | None
    """Bound to these; None: to none in particular."""
    requests_per_s: float
    burst: int
    now_ms: int
    """By the server's clock."""
    seq: int


Told = msgspec.Raw
"""An account or a report, as the command line prints it with --json."""
