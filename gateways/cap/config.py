"""What an agency makes of alerts: configuration, as the objects that judge.

Rule: nothing happens that no rule says. The first rule that fits an alert's info counts, as with response plans.
"""

from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Meta, Struct

from engine.model.roads import PERCENT_MAX, PERCENT_MIN
from engine.model.surroundings import Severity as CautionSeverity
from gateways.cap.alert import Category, Certainty, Info, Severity, Urgency
from gateways.cap.byrule import PublishRule
from gateways.outward.carrier import check_url
from gateways.outward.feed import Receiver

Percent = Annotated[int, Meta(ge=PERCENT_MIN, le=PERCENT_MAX)]
Meant = str | Annotated[tuple[str | tuple[float, float], ...], Meta(min_length=1, max_length=1_000)]
EVERYWHERE = "*"


class CapRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which alerts, and what they do here. What is left out is not asked for, and not done."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    events: tuple[str, ...] = ()
    """Patterns of the event's name, as "*snow*"; case does not matter, any of them fits."""
    codes: tuple[str, ...] = ()
    """Event codes as name:value, as "SAME:WSW"; patterns, any of them fits."""
    categories: tuple[Category, ...] = ()
    severity: Severity | None = None
    """At least as grave."""
    certainty: Certainty | None = None
    """At least as sure."""
    urgencies: tuple[Urgency, ...] = ()
    senders: tuple[str, ...] = ()
    """Patterns of the alert's sender."""

    caution: CautionSeverity | None = None
    """Crews are told of it within the area, this gravely."""
    text: str = "{event}: {headline}"
    """What they are told: {event}, {headline}, {instruction}, {area}, {sender}."""
    weather: str = ""
    """The whole place drives slower, by `weather_percent`, for this reason. Of several alerts the slowest counts."""
    weather_percent: Percent = 100
    traffic_percent: Percent = 100
    """Streets within the area take this part of their usual time."""
    traffic_classes: tuple[str, ...] = ()
    """Only these classes; none: all."""
    closes: bool = False
    """Streets within the area are closed …"""
    closed_classes: tuple[str, ...] = ()
    """… only these classes; none: all."""

    def __post_init__(self) -> None:
        """Raise ValueError where fields do not fit together."""
        if bool(self.weather) != (self.weather_percent != 100):
            raise ValueError(f"rule {self.name!r}: weather and weather_percent are given together, or not at all")
        try:
            self.text.format(event="", headline="", instruction="", area="", sender="")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"rule {self.name!r}: text: {error!r} is not one of its fields") from None

    def fits(self, info: Info, sender: str) -> bool:
        """Tell whether the rule is about this info."""
        event = info.event.casefold()
        return (
            (not self.events or any(fnmatchcase(event, pattern.casefold()) for pattern in self.events))
            and (not self.codes or any(fnmatchcase(code.key, each) for code in info.codes for each in self.codes))
            and (not self.categories or any(each in self.categories for each in info.categories))
            and (self.severity is None or _at_least(Severity, info.severity, self.severity))
            and (self.certainty is None or _at_least(Certainty, info.certainty, self.certainty))
            and (not self.urgencies or info.urgency in self.urgencies)
            and (not self.senders or any(fnmatchcase(sender, pattern) for pattern in self.senders))
        )


def _at_least(kind: type[Severity] | type[Certainty], found: str, wanted: str) -> bool:
    order = list(kind)
    return order.index(kind(found)) <= order.index(kind(wanted))


class Poll(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A source that is asked. Raises ValueError where the url does not hold."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    url: str
    """Of an alert, or of an Atom feed with a link to one in each entry; https, http only together with `allow_private`."""
    every_s: Annotated[float, Meta(gt=0)] = 60.0
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0
    allow_private: bool = False

    def __post_init__(self) -> None:
        check_url(self.url, allow_private=self.allow_private)


class Outgoing(Receiver, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody to whom every alert of ours is posted."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]


class PublishConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """CAP out."""

    sender: Annotated[str, Meta(pattern=r"^[^\s<&,]{1,200}$")]
    """Who we are, unique among all senders: an address or a domain."""
    sender_name: Annotated[str, Meta(max_length=200)] = ""
    language: Annotated[str, Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en-US"
    lasts_h: Annotated[float, Meta(ge=0.5, le=168)] = 12.0
    """An alert about something without an end of its own is for so long, and renewed before it is over."""
    kept_days: Annotated[float, Meta(ge=1, le=3_650)] = 30.0
    """What is over is kept for so long after that: until then it can be looked up, and its order given again does nothing."""
    receivers: tuple[Outgoing, ...] = ()
    rules: tuple[PublishRule, ...] = ()
    """What goes out without anybody's order; none: nothing does. The first rule that means something counts."""


class CapConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """CAP in. Without rules nothing is listened to."""

    rules: tuple[CapRule, ...] = ()
    geocodes: dict[str, Meant] = {}
    """What codes stand for: "SAME:019163" = "*" (all of the place), ids of response areas, or corners [lat, lon]."""
    languages: tuple[str, ...] = ("en",)
    """Of several infos those in the first of these languages count; without a match those in the first info's."""
    body_bytes: Annotated[int, Meta(ge=1_024, le=4_194_304)] = 262_144
    lasts_h: Annotated[float, Meta(gt=0, le=8_760)] = 24.0
    """An alert that names no end is over by then."""
    polls: tuple[Poll, ...] = ()
    """Sources that are asked again and again."""
    folder: str | None = None
    """Files *.xml put here are read as if they had been posted, and moved to its folders `taken` and `refused`."""
    folder_every_s: Annotated[float, Meta(gt=0)] = 2.0
    publish: PublishConfig | None = None
    """Alerts of ours; None: none are published."""
    kept: Annotated[int, Meta(ge=100, le=100_000)] = 10_000
    """Alerts that are remembered, so that a repeated one does nothing."""

    @property
    def is_off(self) -> bool:
        """Tell whether nobody listens."""
        return not self.rules
