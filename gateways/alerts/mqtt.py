"""The MQTT channel: each alert as JSON on a topic of its unit, acknowledged on another topic.

Rule: delivered is what the broker has acknowledged (QoS 1) and, where it says so (MQTT 5), somebody is subscribed to:
an alert that nobody hears is a failed attempt. Acknowledgements come as `{"alert": "A7", "by": "E7", "at_ms": …}`; what is
over is said on the alert's own topic.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, ClassVar, Final

import msgspec
import trio
from msgspec import Meta, Struct

from engine.model.alert_facts import CopyState
from gateways.alerts.calling_off import CallingOff, Word
from gateways.alerts.channel import NOBODY, Copy, News, NotTold, Outcome, Tell
from gateways.alerts.message import Message, render
from gateways.alerts.wording import Tells, clean, redacted
from gateways.mqtt import Broker, Link, NotPublished
from gateways.mqtt import Message as Heard

FIELDS: Final = ("unit", "station", "agency")
"""What a topic may name, in braces."""
TOLD_MAX: Final = 10_000
_UNFIT: Final = str.maketrans({"+": "-", "#": "-", "/": "-", "\0": "-"})

Topic = Annotated[str, Meta(min_length=1, max_length=500)]


class Mqtt(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="channel", tag="mqtt"):
    """A broker as configured. Raises ValueError where a topic does not hold."""

    addressed: ClassVar[bool] = False
    leaves: ClassVar[bool] = True

    broker: Broker
    topic: Topic = "turnout/{agency}/alerts/{unit}"
    acknowledge: Topic | None = "turnout/{agency}/alerts/{unit}/acknowledge"
    """The topic of acknowledgements; None: nobody acknowledges here. What comes for another unit's alert is refused, so let each
    crew write to its own only. Without names in braces it may have wild cards, and lies below `topic`."""
    retain: bool = False
    """The broker keeps the latest alert of each unit for a device that comes later."""
    tells: Tells = Tells.ALL
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 5.0

    def __post_init__(self) -> None:
        if "+" in self.topic or "#" in self.topic:
            raise ValueError("topic: + and # stand for topics of others; an alert goes to one")
        _see_names("topic", self.topic)
        if self.acknowledge is not None:
            _see_names("acknowledge", self.acknowledge)
            _see_whose(self.acknowledge, self.topic)

    def __repr__(self) -> str:
        """Show where it goes and no password."""
        return f"Mqtt(host={self.broker.host!r})"

    @asynccontextmanager
    async def open(self, folder: Path) -> "AsyncIterator[_Sender]":
        """Open the connection, and keep it."""
        del folder
        topics = () if self.acknowledge is None else (_everybody(self.acknowledge),)
        link = Link(self.broker, topics=topics)
        async with trio.open_nursery() as nursery:
            await nursery.start(link.run)
            yield _Sender(self, link)
            nursery.cancel_scope.cancel()


def _see_names(field: str, topic: str) -> None:
    """Raise ValueError if there is anything else in braces than what may be."""
    rest = topic
    for name in FIELDS:
        rest = rest.replace(f"{{{name}}}", "")
    if "{" in rest or "}" in rest:
        raise ValueError(f"{field}: in braces it may name {', '.join(FIELDS)}")


def _see_whose(acknowledge: str, topic: str) -> None:
    """Raise ValueError if it could not be told from an acknowledgement's topic which unit it is for."""
    ours, theirs = _everybody(topic).split("/"), acknowledge.split("/")
    wild = [level for level in theirs if "+" in level or "#" in level]
    if "{" in acknowledge:
        if wild:
            raise ValueError("acknowledge: may have names in braces, or + and #: with both nobody's answer would count")
        told = "{unit}" in acknowledge or "{station}" in acknowledge
    else:
        if any(level not in ("+", "#") for level in wild) or "#" in theirs[:-1]:
            raise ValueError("acknowledge: + stands for a whole level, and # for all levels at the end")
        told = theirs[-1] == "#" or len(theirs) > len(ours)
        told = told and all(level in ("+", "#", our) for our, level in zip(ours, theirs, strict=False))
    if not told:
        raise ValueError("acknowledge: must name {unit} or {station}, or lie below `topic`: else anybody could answer")


def _everybody(topic: str) -> str:
    """Return the topic with a wild card for each level that has a name in braces: a broker knows none for less."""
    return "/".join("+" if "{" in level else level for level in topic.split("/"))


class OnTopic(Struct, frozen=True):
    """Who writes to a topic, in the terms of the configuration."""

    topic: str
    acknowledge: str
    heard_on: str

    def may_answer(self, message: Message) -> bool:
        """Tell whether it is the topic for acknowledgements of that message."""
        if "{" in self.acknowledge:
            return self.heard_on == _topic(self.acknowledge, message)
        return self.heard_on.startswith(_topic(self.topic, message) + "/")


class _Receipt(Struct, frozen=True):
    """What comes on the topic of acknowledgements."""

    alert: Annotated[str, Meta(pattern=r"^A[1-9][0-9]{0,17}$")]
    by: Annotated[str, Meta(max_length=100)] = ""
    at_ms: Annotated[int, Meta(ge=0, le=9_999_999_999_999)] = 0


def read_receipt(payload: bytes, speaker: OnTopic | None = None) -> News | None:
    """Return what an acknowledgement says, and who says it; None if it is none."""
    try:
        receipt = msgspec.json.decode(payload, type=_Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return News(
        alert=receipt.alert, state=CopyState.ACKNOWLEDGED, by=clean(receipt.by), at_ms=receipt.at_ms, speaker=speaker
    )


class _Sender:
    """An open connection."""

    def __init__(self, config: Mqtt, link: Link) -> None:
        self._config = config
        self._link = link
        self._told: dict[str, str] = {}
        """By alert: the topic that it went to."""
        self._calling_off = CallingOff(link, within_s=config.timeout_s, retain=config.retain)
        self.misunderstood = 0
        """Messages on the topic of acknowledgements that were none."""

    async def send(self, message: Message, copy: Copy = NOBODY) -> Outcome:
        """Publish the alert, and wait for the broker."""
        del copy
        topic = _topic(self._config.topic, message)
        while len(self._told) >= TOLD_MAX:
            del self._told[next(iter(self._told))]
        self._told[message.alert] = topic
        self._calling_off.sent(topic, message.alert)
        try:
            heard = await self._link.publish(
                topic,
                render(redacted(message, self._config.tells)),
                within_s=self._config.timeout_s,
                retain=self._config.retain,
            )
        except NotPublished as error:
            return Outcome(delivered=False, detail=str(error))
        if not heard and not self._config.retain:
            detail = f"nobody is subscribed to {topic}; is the crew's device connected?"
            return Outcome(delivered=False, detail=detail, only_this=True)
        return Outcome(delivered=True)

    async def listen(self, tell: Tell) -> None:
        """Take acknowledgements, and say what is over."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._calling_off.run)
            while True:
                for message in await self._link.receive():
                    await self._heard(message, tell)

    async def _heard(self, message: Heard, tell: Tell) -> None:
        """Take one acknowledgement; whoever may not give it is told so beside it."""
        config = self._config
        news = read_receipt(message.payload, OnTopic(config.topic, config.acknowledge or "", message.topic))
        if news is None or message.retained:
            self.misunderstood += 1
            return
        try:
            await tell(news)
        except NotTold as stranger:
            said = {"type": "acknowledgement.refused", "data": {"alert": news.alert, "reason": str(stranger)}}
            self._calling_off.say(Word(f"{message.topic}/refused", msgspec.json.encode(said)))

    def over(self, alert: str, reason: str) -> None:
        """Say that it is over, where it was told; a retained one is taken back."""
        topic = self._told.pop(alert, None)
        if topic is not None:
            said = {"type": "alert.over", "data": {"alert": alert, "reason": reason}}
            self._calling_off.say(Word(topic, msgspec.json.encode(said), alert))


def _topic(template: str, message: Message) -> str:
    named = {"unit": message.unit, "station": message.station or "none", "agency": message.place}
    for name in FIELDS:
        template = template.replace(f"{{{name}}}", named[name].translate(_UNFIT))
    return template
