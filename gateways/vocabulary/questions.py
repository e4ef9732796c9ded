"""Questions: messages that are answered and change nothing. Part of the vocabulary that all gateways share."""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from engine.model.facts import Choice, Shortage
from engine.model.plans import Mode
from engine.model.response_facts import Suspect
from gateways.cover_views import LeftView, PictureView
from gateways.geocoding import MOST, Answer
from gateways.views import RouteView
from gateways.vocabulary.words import (
    FromClient,
    FromServer,
    Label,
    Latitude,
    Longitude,
    Most,
    Name,
    Priority,
    Text,
    Typed,
    Units,
    Whole,
)


class AskWhy(FromClient, frozen=True, gc=False, kw_only=True):
    """Why these units, and why not that one? Read from the journal, so it is answered days later as well."""

    id: Name
    incident: Name
    unit: Name | None = None
    """Judge this one, whether a decision named it or not."""
    at: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    """The decision that stood after this turn; None: all that there were."""


class AskSuspects(FromClient, frozen=True, gc=False, kw_only=True):
    """Is this call about something that is on the board already? Asked while the caller speaks."""

    id: Name
    lat: Latitude
    lon: Longitude
    incident_type: Label = ""
    address: Text = ""
    caller: Text = ""


class AskPreview(FromClient, frozen=True, gc=False, kw_only=True):
    """Who would be recommended for this call? Asked while it is typed: nothing is reported, kept or reserved by it.

    Asked again before the answer has come, only the later one is answered; the other is refused (`overtaken`).
    """

    id: Name
    lat: Latitude
    lon: Longitude
    incident_type: Label = ""
    """May be empty where `code` says it."""
    code: Label = ""
    priority: Priority | None = None
    """None: the code's, or the type's own."""


class AskAddress(FromClient, frozen=True, gc=False, kw_only=True):
    """Where is this address? Asked while it is typed; house numbers before or behind the street, loosely written."""

    id: Name
    text: Typed
    most: Most = MOST
    """Answers at most."""


class AskCover(FromClient, frozen=True, gc=False, kw_only=True):
    """How is one class of demand covered, zone by zone: now, and if something were done?"""

    id: Name
    layer: Label = ""
    """Name of the class; empty: the one that `unit` changes most, or the one with the largest share."""
    unit: Name | None = None
    """If this free unit were elsewhere; None: if all that is proposed were done."""
    post: Name | None = None
    """There; None: sent away, so that it covers nothing."""
    seen: Whole | None = None
    """`seq` of the last answer to the same question: where nothing was thought since, the picture is left out."""


class AskLeft(FromClient, frozen=True, gc=False, kw_only=True):
    """What would be covered by nobody in time if these units went?"""

    id: Name
    units: Units


class AskWay(FromClient, frozen=True, gc=False, kw_only=True):
    """Which way would a unit take now: to an incident, or to a station or post?"""

    id: Name
    unit: Name
    incident: Name | None = None
    post: Name | None = None
    """Only without an incident."""


class AddressTold(Answer, frozen=True, gc=False, kw_only=True, tag_field="type", tag="address_told"):
    """What the text may mean, the surest first."""

    id: Name


class WhyTold(FromServer, frozen=True, gc=False, kw_only=True):
    """The account of an incident: what happened to it, and under each decision what it rested on."""

    id: Name
    account: msgspec.Raw
    """What `turnout why INCIDENT --json` prints."""


class SuspectsTold(FromServer, frozen=True, gc=False, kw_only=True):
    """Open incidents that the call may be about, likeliest first."""

    id: Name
    suspects: tuple[Suspect, ...]


class Foreseen(Struct, frozen=True, gc=False, kw_only=True):
    """What the call would become, and get, were it reported now: advice of this moment, that nobody may accept."""

    seq: int
    """The turn after which it holds."""
    incident_type: str
    priority: int
    plan: str
    mode: Mode
    """What the plan would let the engine do by itself."""
    area: str | None
    choices: tuple[Choice, ...]
    short: tuple[Shortage, ...]
    option: str
    """Which of the plan's ways to answer; "" is its own."""
    travel: str
    """How the times are found, in words."""
    behind: bool
    """So many wait before it that it would not be looked at at once."""


class PreviewTold(Foreseen, frozen=True, gc=False, kw_only=True, tag_field="type", tag="preview_told"):
    """The answer to a preview: what the call would become, and get, were it reported now."""

    id: Name


class CoverTold(FromServer, frozen=True, gc=False, kw_only=True):
    """How a class of demand is covered, as the planner saw the city last."""

    id: Name
    seq: int
    """Of the turn that the planner thought about."""
    at_ms: int
    picture: PictureView | None
    """None: nothing was thought since `seen`."""


class LeftTold(FromServer, frozen=True, gc=False, kw_only=True):
    """What units would leave behind, in the order in which they were asked about; those that are not free are left out."""

    id: Name
    seq: int
    at_ms: int
    left: tuple[LeftView, ...]
    together_percent: float
    """If all of them went: two that cover the same alone leave it to nobody only together."""


class WayTold(FromServer, frozen=True, gc=False, kw_only=True):
    """The way as it would be driven now."""

    id: Name
    route: RouteView | None
    """None: over the streets there is none, or no streets are known."""


Question: TypeAlias = AskWhy | AskSuspects | AskPreview | AskAddress | AskCover | AskLeft | AskWay
Told: TypeAlias = WhyTold | SuspectsTold | PreviewTold | AddressTold | CoverTold | LeftTold | WayTold
