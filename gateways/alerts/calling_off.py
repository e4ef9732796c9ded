"""What is still to be said over MQTT about alerts that are over: kept while the broker is away, said once it is back.

Rule: an alert that the broker keeps for latecomers is taken back, however long the broker was away and however much ended
meanwhile: that takes one entry a topic. What is said beside it, that an alert is over, is bounded; the oldest that has no
room is left out, counted and logged.
"""

from collections import deque
from typing import Final

import trio
from msgspec import Struct

from gateways.log import logger
from gateways.mqtt import Link, NotPublished

WORDS_MAX: Final = 1_000
"""Words that may wait for the broker."""
AGAIN_AFTER_S: Final = 10.0
"""Before a broker that is there and does not let an alert be taken back is asked again."""
_log = logger("alerts")


class Word(Struct, frozen=True):
    """Something to be said on a topic."""

    topic: str
    body: bytes
    alert: str = ""
    """Which is over with it, if one is."""


class CallingOff:
    """Says so, one word after the other. `run` does it; the rest never waits."""

    def __init__(self, link: Link, *, within_s: float, retain: bool) -> None:
        self.left_out = 0
        """Words that the broker was never told."""
        self._link = link
        self._within_s = within_s
        self._retain = retain
        self._words: deque[Word] = deque()
        self._kept: dict[str, str] = {}
        """By topic: the alert that the broker keeps there."""
        self._stale: dict[str, str] = {}
        """By topic: the alert that is over and that the broker still keeps."""
        self._refusing: set[str] = set()
        """Topics on which the broker has refused to have an alert taken back; that is logged once."""
        self._is_full = False
        self._news = trio.Event()

    def sent(self, topic: str, alert: str) -> None:
        """Take note that an alert goes to a topic: if the broker keeps it, then in the place of the one before."""
        if self._retain:
            self._kept[topic] = alert
            self._stale.pop(topic, None)

    def say(self, word: Word) -> None:
        """Have it said; the alert that is over with it is taken back."""
        if self._retain and word.alert and self._kept.get(word.topic) == word.alert:
            self._stale[word.topic] = word.alert
        if len(self._words) >= WORDS_MAX:
            self._words.popleft()
            self._leave_out(
                "the MQTT broker is away: not all that is over can be said when it is back", known=self._is_full
            )
            self._is_full = True
        self._words.append(word)
        self._news.set()

    async def run(self) -> None:
        """Say what there is, until cancelled."""
        try:
            while True:
                await self._news.wait()
                self._news = trio.Event()
                await self._say_all()
        finally:
            if self._stale:
                _log.warning(
                    "stopped before alerts that are over were taken back from the MQTT broker; clear what it keeps there",
                    broker=self._link.broker.address,
                    topics=list(self._stale)[:20],
                )

    async def _say_all(self) -> None:
        while self._words or self._stale:
            await self._link.online()
            self._is_full = False
            if self._words:
                word = self._words.popleft()
                if not await self._say(word):
                    self._words.appendleft(word)
                    continue
                if word.alert and self._stale.get(word.topic) == word.alert:
                    await self._take_back(word.topic)
                continue
            for topic in list(self._stale):
                await self._take_back(topic)
            if self._stale and self._link.is_online:
                self._news = trio.Event()
                with trio.move_on_after(AGAIN_AFTER_S):
                    await self._news.wait()

    async def _say(self, word: Word) -> bool:
        """Tell whether that is done with: said, or refused. A broker that has gone away is told later."""
        try:
            await self._link.publish(word.topic, word.body, within_s=self._within_s)
        except NotPublished as error:
            if not self._link.is_online:
                return False
            self._leave_out(f"the MQTT broker was not told that an alert is over: {error}", known=False)
        return True

    async def _take_back(self, topic: str) -> None:
        """Let the broker keep the alert no longer, unless another stands in its place."""
        alert = self._stale.get(topic)
        if alert is None:
            return
        try:
            await self._link.publish(topic, b"", within_s=self._within_s, retain=True)
        except NotPublished as error:
            if self._link.is_online and topic not in self._refusing:
                self._refusing.add(topic)
                _log.warning(
                    "the MQTT broker still keeps an alert that is over; it is tried again",
                    topic=topic,
                    detail=str(error),
                )
            return
        self._refusing.discard(topic)
        if self._stale.get(topic) == alert:
            del self._stale[topic], self._kept[topic]

    def _leave_out(self, what: str, *, known: bool) -> None:
        self.left_out += 1
        if not known:
            _log.warning(what, broker=self._link.broker.address, left_out=self.left_out)
