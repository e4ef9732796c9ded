"""Messages about roads: what is closed, what is slow, what the weather does. Part of the vocabulary that all gateways share."""

from typing import Annotated

from msgspec import Meta, Struct

from engine.model.roads import PERCENT_MAX, PERCENT_MIN
from gateways.vocabulary.words import Command, Label, Latitude, Longitude, Name, Text, Whole

Percent = Annotated[int, Meta(ge=PERCENT_MIN, le=PERCENT_MAX)]
"""Of the usual travel time: 150 is half as long again; 100 is the usual, and ends what was reported."""
Names = Annotated[tuple[Name, ...], Meta(max_length=64)]
Ring = Annotated[tuple[tuple[Latitude, Longitude], ...], Meta(min_length=3, max_length=1_000)]
"""Corners [lat, lon] of a polygon; the last corner joins the first."""
Arc = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Stretch(Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Which streets are meant: those that fit everything named here. Naming nothing means the whole place."""

    streets: Names = ()
    """Names of streets, as on the map; any of them fits."""
    classes: Names = ()
    """Street classes; any of them fits."""
    polygon: Ring | None = None
    """Streets that touch it."""
    arcs: Annotated[tuple[Arc, ...], Meta(max_length=10_000)] = ()
    """Rows of the street graph."""


class CloseRoad(Command, frozen=True, gc=False, kw_only=True):
    """Nobody can drive through there. The answer's `road` is the name to open it by."""

    stretch: Stretch
    reason: Text = ""
    until_ms: Whole | None = None
    """None: until it is opened."""
    closure: Label = ""
    """Your own name for it; the same name again replaces it. Empty: it is given one."""


class OpenRoad(Command, frozen=True, gc=False, kw_only=True):
    """A closure is over."""

    closure: Name
    reason: Text = ""


class ReportTraffic(Command, frozen=True, gc=False, kw_only=True):
    """Driving there takes this part of its usual time, until then."""

    stretch: Stretch
    percent: Percent
    until_ms: Whole
    slowing: Label = ""
    """Your own name for it; the same name again replaces it, and with 100 percent ends it. Empty: it is given one."""


class ReportWeather(Command, frozen=True, gc=False, kw_only=True):
    """All driving takes this part of its usual time, until then. 100 percent ends what was reported before."""

    weather: Name
    """In words: snow, ice, heavy rain."""
    percent: Percent
    until_ms: Whole
