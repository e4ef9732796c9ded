"""Questions: messages that are answered and change nothing. Part of the vocabulary that all gateways share."""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from engine.model.response_facts import Suspect
from gateways.vocabulary.words import FromClient, FromServer, Label, Latitude, Longitude, Name, Text


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


class WhyTold(FromServer, frozen=True, gc=False, kw_only=True):
    """The account of an incident: what happened to it, and under each decision what it rested on."""

    id: Name
    account: msgspec.Raw
    """What `turnout why INCIDENT --json` prints."""


class SuspectsTold(FromServer, frozen=True, gc=False, kw_only=True):
    """Open incidents that the call may be about, likeliest first."""

    id: Name
    suspects: tuple[Suspect, ...]


Question: TypeAlias = AskWhy | AskSuspects
Told: TypeAlias = WhyTold | SuspectsTold
