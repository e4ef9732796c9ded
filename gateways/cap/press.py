"""The press: publishes what a person or a rule has ordered, and follows it: an Update when it changes, a Cancel when it is over.

Rule: a publication is compared with the durable World, at every turn that may touch one and after a restart, so none is ever
forgotten: no alert stays out for a danger that is over. Each message is on the disk before anybody can see it.
"""

import re
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import trio
from msgspec.structs import replace

from engine.journal.disk import Disk
from engine.live.service import Service
from engine.model.facts import (
    IncidentAmended,
    IncidentCancelled,
    IncidentClosed,
    IncidentMerged,
    IncidentReported,
    PlaceAdopted,
)
from engine.model.response_facts import IncidentReopened
from engine.model.road_facts import ConditionsLapsed, RoadClosed, RoadOpened
from engine.model.surroundings import CautionEnded, CautionRecorded
from engine.model.turn import Turn
from gateways.board import Board
from gateways.cap.alert import CapAlert, Status
from gateways.cap.archive import FILE, Archive, Publication, load, without
from gateways.cap.byrule import BY, PublishRule, order_of, ordered, still_meant
from gateways.cap.config import PublishConfig
from gateways.cap.orders import Order, Subject, info_of, kind_of, subject_of
from gateways.log import logger

RENEW_S: Final = 600.0
"""An alert whose subject has no end of its own is renewed so long before it would expire."""
LOOK_S: Final = 60.0
RETRY_S: Final = 2.0
DAY_MS: Final = 86_400_000
EXERCISE: Final = "An exercise: nothing of this has happened."
TOUCHING: Final = (
    CautionRecorded, CautionEnded, RoadClosed, RoadOpened, ConditionsLapsed, IncidentAmended, IncidentClosed,
    IncidentCancelled, IncidentMerged, PlaceAdopted, IncidentReported, IncidentReopened,
)  # fmt: skip
"""Facts after which a publication may stand otherwise, or be due by a rule."""
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]")
"""What the identifier of an alert cannot hold (CAP 1.2, 3.2.1), nor a header or a path."""
_log = logger("cap")


class NoSubject(Exception):
    """What is to be published about is not there."""


class Press:
    """Publishes. One per process."""

    def __init__(
        self, service: Service, board: Board, config: PublishConfig, data: Path, *, exercise: bool = False
    ) -> None:
        """Take over what has been published. In an exercise every alert says that it is one. Raises LedgerDamaged, OSError."""
        self.counts: Counter[str] = Counter()
        self.config = config
        self.news = trio.Event()
        """Set, and replaced, when there is another message."""
        self._service = service
        self._exercise = exercise
        self._board = board
        self._path = data / FILE
        self._held = load(self._path)
        self._turn = trio.Lock()
        self._look_now = trio.Event()
        board.on_turn.append(self._on_turn)

    async def publish(self, order: Order, by: str) -> tuple[Publication, bool]:
        """Publish it, and tell whether it is new. Raises NoSubject, OSError: then nothing was published."""
        async with self._turn:
            known = self._held.publications.get(_name_of(order, by))
            return (await self._publish(order, by), True) if known is None else (known, False)

    def find(self, identifier: str) -> CapAlert | None:
        """Return a message that was published; None also for one that is kept no longer."""
        every = (alert for each in self._held.publications.values() for alert in each.messages)
        return next((alert for alert in every if alert.identifier == identifier), None)

    def messages(self, start: int = 0) -> list[CapAlert]:
        """Return every message from that number on that not all receivers have taken, in the order in which they were made."""
        publications, first = self._held.publications, max(0, start - self._held.gone)
        return [publications[name].messages[index] for name, index in self._held.numbers[first:]]

    def message(self, number: int) -> CapAlert | None:
        """Return the message of that number; None if there is none yet."""
        if not self._held.gone <= number < self._held.end:
            return None
        name, index = self._held.numbers[number - self._held.gone]
        return self._held.publications[name].messages[index]

    def in_force(self) -> list[CapAlert]:
        """Return the message that counts of each publication that is not over."""
        return [each.messages[-1] for each in self._held.publications.values() if not each.over]

    def sent(self, receiver: str) -> int:
        """Return how many messages the receiver has taken; one that is new begins with the next."""
        return max(self._held.gone, self._held.sent.setdefault(receiver, self._held.end))

    async def take_sent(self, receiver: str, number: int) -> None:
        """Write down how many it has taken. Raises OSError."""
        async with self._turn:
            self._held.sent[receiver] = number
            await self._save(self._held)

    async def run(self) -> None:
        """Follow what has been published, until cancelled."""
        while True:
            self._look_now = trio.Event()
            wait_s = RETRY_S
            try:
                async with self._turn:
                    wait_s = await self._look()
            except OSError as error:
                self.counts["unwritten"] += 1
                _log.warning("what is published cannot be written down; it is tried again", detail=str(error))
            with trio.move_on_after(wait_s):
                await self._look_now.wait()

    def forget(self, incident: str) -> None:
        """Erase what was said about the incident. Called in a thread of trio's; raises OSError."""
        trio.from_thread.run(self._forget, incident)

    async def _forget(self, incident: str) -> None:
        async with self._turn:
            held = without(self._held, incident)
            await self._save(held)
            self._held = held

    def recent(self) -> list[CapAlert]:
        """Return the same, and the cancels of those that would not be over yet: whoever polls has to hear of them."""
        now = self._service.clock.now()
        last = [(each.over, each.messages[-1]) for each in self._held.publications.values()]
        return [alert for over, alert in last if not over or (alert.infos[0].expires_ms or 0) > now]

    def statistics(self) -> dict[str, int]:
        """Return what has happened since the start, by name."""
        return dict(self.counts)

    # ── following ───────────────────────────────────────────────────────────────────────────────────────────

    async def _publish(self, order: Order, by: str) -> Publication:
        subject = self._subject(order)
        if subject is None:
            raise NoSubject
        return await self._add(_name_of(order, by), Publication(order, by, ()), subject)

    async def _publish_by_rule(self) -> None:
        """Publish what a rule means and what is not out yet by that rule."""
        out = {
            (each.by, each.order.incident or each.order.caution)
            for each in self._held.publications.values()
            if each.by.startswith(BY) and not each.over
        }
        for _, subject, rule in list(ordered(self.config.rules, self._board.world)):
            if (BY + rule.name, subject) not in out:
                await self._publish(self._next_order(rule, subject), BY + rule.name)
                self.counts["published_by_rule"] += 1

    def _next_order(self, rule: PublishRule, subject: str) -> Order:
        """Return the rule's order about it; another one each time that it was over and is there again."""
        number = 1
        while _name_of(order_of(rule, subject, number), BY + rule.name) in self._held.publications:
            number += 1
        return order_of(rule, subject, number)

    def _on_turn(self, turn: Turn) -> None:
        if any(isinstance(fact, TOUCHING) for fact in turn.facts):
            self._look_now.set()

    async def _look(self) -> float:
        """Bring every publication to where its subject stands; return for how many seconds nothing is due."""
        soonest_s = LOOK_S
        await self._trim()
        await self._publish_by_rule()
        for name, each in list(self._held.publications.items()):
            if each.over:
                continue
            subject = self._subject(each.order) if self._is_meant(each) else None
            last = each.messages[-1].infos[0]
            renew_s = self._service.clock.seconds_until(last.expires_ms or 0) - RENEW_S
            if subject is None:
                await self._add(name, each, None)
            elif (
                subject.area != last.areas[0]
                or self._end_has_moved(subject, last.expires_ms)
                or (subject.until_ms is None and renew_s <= 0)
            ):
                await self._add(name, each, subject)
            elif subject.until_ms is None:
                soonest_s = min(soonest_s, max(0.0, renew_s) + 0.001)
        return soonest_s

    async def _trim(self) -> None:
        """Let go of what is kept no longer."""
        before_ms = self._service.clock.now() - round(self.config.kept_days * DAY_MS)
        held = self._held.trimmed([each.name for each in self.config.receivers], before_ms)
        if len(held.publications) < len(self._held.publications):
            await self._save(held)
            self.counts["let_go"] += len(self._held.publications) - len(held.publications)
            self._held = held

    def _is_meant(self, publication: Publication) -> bool:
        return still_meant(self.config.rules, publication.order, publication.by, self._board.world)

    def _end_has_moved(self, subject: Subject, expires_ms: int | None) -> bool:
        return subject.until_ms is not None and subject.until_ms // 1_000 * 1_000 != expires_ms

    async def _add(self, name: str, publication: Publication, subject: Subject | None) -> Publication:
        """Make the next message of the publication; without a subject it is over."""
        now = self._service.clock.now()
        before = publication.messages
        # Two messages of one second would be one for those who know them by their time.
        sent_ms = max(now, before[-1].sent_ms + 1_000 if before else 0) // 1_000 * 1_000
        if not before:
            publication = replace(publication, mark=f"-{sent_ms // 1_000:x}")
        alert = self._alert(f"{name}{publication.mark}.{len(before) + 1}", publication, subject, sent_ms)
        changed = replace(publication, messages=(*before, alert), over=subject is None)
        held = replace(
            self._held,
            publications={**self._held.publications, name: changed},
            numbers=[*self._held.numbers, (name, len(before))],
        )
        await self._save(held)
        self._held = held
        self.counts[f"published_{alert.kind.lower()}"] += 1
        self.news.set()
        self.news = trio.Event()
        return changed

    def _alert(self, name: str, publication: Publication, subject: Subject | None, sent_ms: int) -> CapAlert:
        order, config, before = publication.order, self.config, publication.messages
        infos = before[-1].infos if before else ()
        if subject is not None:
            ends_ms = subject.until_ms or sent_ms + round(config.lasts_h * 3_600_000)
            infos = (info_of(order, subject, config.language, config.sender_name, ends_ms // 1_000 * 1_000),)
        return CapAlert(
            identifier=f"{_UNFIT.sub('-', self._board.world.settled.id)}.{name}",
            sender=config.sender,
            sent_ms=sent_ms,
            status=Status.EXERCISE if self._exercise else order.status,
            kind=kind_of(len(before) + 1, over=subject is None),
            source=publication.by,
            scope=order.scope,
            restriction=order.restriction,
            addresses=order.addresses,
            note=f"{EXERCISE} {order.note}".strip() if self._exercise else order.note,
            references=tuple(message.reference for message in before),
            infos=infos,
        )

    def _subject(self, order: Order) -> Subject | None:
        roads = self._service.world.roads
        return subject_of(order, self._board.world, None if roads is None else roads.graph)

    async def _save(self, held: Archive) -> None:
        data = msgspec.msgpack.encode(held)
        await trio.to_thread.run_sync(Disk().replace, self._path, data)


def _name_of(order: Order, by: str) -> str:
    return sha256(f"{by}\n{order.id}".encode()).hexdigest()[:16]
