"""The notifier's side of one connection, sans I/O: what a subscriber says goes in, what it is told comes out.

    feed(text) ─► replies          take(now) ─► frames to send, replies first          due_s() ─► when to look again

`prepare` may be called before `take`: it does in small steps what `take` would do in one.

Nothing that a subscriber sends raises; everything is answered with the standard's own codes.
"""

import secrets
from collections import deque
from math import inf
from typing import Final

import trio

from gateways.eido import frames
from gateways.eido.config import Listen, count
from gateways.eido.documents import accepts
from gateways.eido.filters import BadFilter, Filter
from gateways.eido.frames import AnyBody, BadFrame, Subscribe, Unsubscribe
from gateways.eido.source import Source
from gateways.eido.subscription import Subscription, Terms

HONOURED_MS: Final = 300_000
"""A subscription to a single incident is honoured for so long after it has ended."""
REPLIES_MAX: Final = 64
ERRORS_MAX: Final = 20
"""Frames that could not be read before the connection ends."""


class Denied(Exception):
    """A request that is answered with another code than 200."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Notifier:
    """The rules of one connection. A listener of the source."""

    def __init__(self, source: Source, listen: Listen, principal: str, now_s: float) -> None:
        self._source = source
        self._listen = listen
        self._statistics = source.statistics
        self._callers = principal in listen.callers_for
        limit = listen.limits.get(principal)
        self._limit = None if limit is None else Filter(limit)
        self._subscriptions: dict[str, Subscription] = {}
        self._replies: deque[bytes] = deque()
        self._unanswered: dict[str, float] = {}
        """By transaction: since when."""
        self._idle_since_s = now_s
        """Since when it has had no subscription."""
        self._errors = 0
        self.end: tuple[int, str, str] | None = None
        """Close code, cause and reason, once it is over and everything has been taken."""

    @property
    def subscriptions(self) -> int:
        """How many stand."""
        return len(self._subscriptions)

    @property
    def crowded(self) -> bool:
        """As many replies wait as may: do not read on."""
        return len(self._replies) >= REPLIES_MAX

    # ── what comes in ───────────────────────────────────────────────────────────────────────────────────────

    def feed(self, text: str | bytes, now_s: float) -> None:
        """Take one message."""
        if self.end is not None:
            return
        size = len(text.encode()) if isinstance(text, str) else len(text)
        if size > self._listen.message_bytes:
            reason = f"A request has at most {self._listen.message_bytes} bytes; this one has {size}."
            self._answer_bad(BadFrame(reason, "subscribe"), frames.TOO_LARGE)
            return
        try:
            said = frames.read(text)
        except BadFrame as bad:
            self._answer_bad(bad, frames.BAD_REQUEST)
            return
        if isinstance(said, Subscribe):
            self._subscribe(said, now_s)
        elif isinstance(said, Unsubscribe):
            self._unsubscribe(said, now_s)
        elif isinstance(said, frames.EventResponse):
            if self._unanswered.pop(said.transaction_id, None) is not None:
                count(
                    self._statistics.event_answers, str(said.status_code) if 100 <= said.status_code < 700 else "other"
                )
        elif not isinstance(said, frames.TerminateResponse):
            self._answer_bad(BadFrame(f"A subscriber does not say {frames.NAMES[type(said)]}."), frames.BAD_REQUEST)

    def _subscribe(self, said: Subscribe, now_s: float) -> None:
        try:
            subscription = self._known(said) if said.subscription_id else self._new(said)
        except Denied as denied:
            self._respond(said.request_id, said.subscription_id, denied.code, str(denied))
            return
        listen, terms = self._listen, subscription.terms
        lasts = min(max(said.expires or listen.expires_s, listen.min_expires_s), listen.max_expires_s)
        subscription.expires_s = now_s + lasts
        count(self._statistics.requests, "renew_200" if said.subscription_id else "subscribe_200")
        self._say(
            frames.SubscribeResponse(
                request_id=said.request_id,
                subscription_id=subscription.name,
                expires=lasts,
                min_rate=terms.min_rate or None,
                max_rate=terms.max_rate or None,
                qual_filter_eval_period=terms.eval_period or None,
                status_code=frames.OK,
                status_text="OK",
            )
        )
        if not said.subscription_id:
            self._subscriptions[subscription.name] = subscription
            self._statistics.subscriptions += 1
            subscription.begin(now_s)

    def _known(self, said: Subscribe) -> Subscription:
        """Return the subscription that is to last longer: nothing else of it may be changed."""
        subscription = self._subscriptions.get(said.subscription_id or "")
        if subscription is None:
            raise Denied(frames.NO_SUBSCRIPTION, "subscriptionId: there is no such subscription (any more).")
        terms = subscription.terms
        same = (
            said.qual_filter in (None, terms.filter and terms.filter.text)
            and said.min_rate in (None, terms.min_rate)
            and said.max_rate in (None, terms.max_rate)
            and said.qual_filter_eval_period in (None, terms.eval_period)
        )
        if not same:
            raise Denied(frames.BAD_REQUEST, "subscriptionId: only its expiry can be changed. Subscribe anew.")
        return subscription

    def _new(self, said: Subscribe) -> Subscription:
        if said.request_type.upper() != "EIDO":
            raise Denied(frames.BAD_REQUEST, "requestType: only EIDO is told here.")
        if not accepts(said.request_accepts):
            raise Denied(frames.NOT_ACCEPTABLE, "requestAccepts: only version 1 of EIDO-JSON is written here.")
        if len(self._subscriptions) >= self._listen.max_subscriptions:
            raise Denied(frames.UNAVAILABLE, f"There are {len(self._subscriptions)} on this connection. End one first.")
        kind = (said.request_sub_type or "new").lower()
        if kind not in ("new", "single"):
            raise Denied(frames.BAD_REQUEST, "requestSubType: there is new and single.")
        terms = self._single(said) if kind == "single" else self._every(said)
        name = secrets.token_hex(16)
        return Subscription(name, terms, self._source, self._limit, callers=self._callers)

    def _single(self, said: Subscribe) -> Terms:
        if said.incident_id is None:
            raise Denied(frames.BAD_REQUEST, "incidentId: say which one.")
        if said.qual_filter is not None:
            raise Denied(frames.BAD_REQUEST, "qualFilter: a single incident is not filtered.")
        incident = self._source.find(said.incident_id)
        if incident is None or not (incident.open or self._source.now() - incident.ended_ms <= HONOURED_MS):
            raise Denied(
                frames.NOT_FOUND, "incidentId: there is no such incident, or it ended more than 5 minutes ago."
            )
        document = self._source.document(incident.id, callers=self._callers)
        if document is None:
            raise Denied(frames.FAILED, "The incident cannot be told at this moment; that is our fault, and logged.")
        if self._limit is not None and not self._limit.passes(document.tree):
            raise Denied(frames.FORBIDDEN, "incidentId: you may not be told of this one.")
        return Terms(incident=incident.id, min_rate=said.min_rate or 0, max_rate=said.max_rate or 0)

    def _every(self, said: Subscribe) -> Terms:
        if said.incident_id is not None:
            raise Denied(frames.BAD_REQUEST, "incidentId: only with requestSubType single.")
        try:
            wanted = None if said.qual_filter is None else Filter(said.qual_filter)
        except BadFilter as bad:
            raise Denied(frames.BAD_REQUEST, f"qualFilter: {bad}") from None
        return Terms(
            filter=wanted,
            eval_period=(said.qual_filter_eval_period or 0) if wanted is not None else 0,
            min_rate=said.min_rate or 0,
            max_rate=said.max_rate or 0,
        )

    def _unsubscribe(self, said: Unsubscribe, now_s: float) -> None:
        code, reason = frames.OK, "OK"
        if said.subscription_id in self._subscriptions:
            self._drop(said.subscription_id, now_s)
        else:
            code, reason = frames.NO_SUBSCRIPTION, "subscriptionId: there is no such subscription (any more)."
        count(self._statistics.requests, f"unsubscribe_{code}")
        self._say(
            frames.UnsubscribeResponse(
                request_id=said.request_id, subscription_id=said.subscription_id, status_code=code, status_text=reason
            )
        )

    def _respond(self, request: str, subscription: str | None, code: int, reason: str) -> None:
        count(self._statistics.requests, f"subscribe_{code}")
        self._say(
            frames.SubscribeResponse(
                request_id=request, subscription_id=subscription, status_code=code, status_text=reason
            )
        )

    def _answer_bad(self, bad: BadFrame, code: int) -> None:
        self._errors += 1
        if bad.kind == "unsubscribe":
            count(self._statistics.requests, f"unsubscribe_{code}")
            self._say(
                frames.UnsubscribeResponse(
                    request_id=bad.request,
                    subscription_id=bad.subscription,
                    status_code=code,
                    status_text=str(bad),
                )
            )
        else:
            self._respond(bad.request, bad.subscription or None, code, str(bad))
        if self._errors >= ERRORS_MAX:
            self._close(1008, "too_many_errors", "Too many messages that could not be read.")

    # ── what goes out ───────────────────────────────────────────────────────────────────────────────────────

    def on_change(self, incidents: tuple[str, ...]) -> None:
        """Take that these incidents have changed."""
        for subscription in self._subscriptions.values():
            self._statistics.coalesced += subscription.change(incidents)

    def due_s(self) -> float:
        """Return when there is something to take; infinity: not before something comes in or changes."""
        if self._replies:
            return -inf
        due = [subscription.expires_s for subscription in self._subscriptions.values()]
        due += [since_s + self._listen.answer_s for since_s in list(self._unanswered.values())[:1]]
        if len(self._unanswered) < self._listen.unanswered_max:
            due += [subscription.due_s() for subscription in self._subscriptions.values()]
        if not self._subscriptions:
            due.append(self._idle_since_s + self._listen.first_s)
        return min(due)

    async def prepare(self, now_s: float) -> None:
        """Write the documents that `take` will send, one at a time: nobody else on the loop waits for all of them."""
        if self.end is not None or len(self._unanswered) >= self._listen.unanswered_max:
            return
        for subscription in list(self._subscriptions.values()):
            for name in subscription.wanted(now_s):
                self._source.document(name, callers=self._callers)
                await trio.lowlevel.checkpoint()

    def take(self, now_s: float) -> list[bytes]:
        """Return what is to be sent now, in order; nothing if nothing is due. After `end` nothing more will come."""
        if self.end is None:
            self._expire(now_s)
        if not self._replies and self.end is None:
            for subscription in list(self._subscriptions.values()):
                self._tell(subscription, now_s)
        taken = list(self._replies)
        self._replies.clear()
        return taken

    def _tell(self, subscription: Subscription, now_s: float) -> None:
        """Say one event of it, so that no subscription keeps another waiting."""
        if len(self._unanswered) >= self._listen.unanswered_max:
            return
        event = subscription.event(now_s)
        if event is not None:
            self._unanswered[event.transaction_id] = now_s
            self._statistics.events_out += 1
            self._statistics.documents_out += len(event.notification or ())
            self._say(event)

    def _expire(self, now_s: float) -> None:
        """End what has had its time; the connection, when the last subscription expires."""
        expired = [name for name, each in self._subscriptions.items() if each.expires_s <= now_s]
        for name in expired:
            self._drop(name, now_s)
            self._say(frames.Terminate(request_id=secrets.token_hex(16), subscription_id=name, status_text="Expired"))
        oldest_s = next(iter(self._unanswered.values()), inf)
        if expired and not self._subscriptions:
            self._close(1000, "expired", "The last subscription has expired.")
        elif oldest_s + self._listen.answer_s <= now_s:
            self._close(1008, "unanswered", f"An event was not answered within {self._listen.answer_s:g} s.")
        elif not self._subscriptions and self._idle_since_s + self._listen.first_s <= now_s:
            self._close(1000, "no_subscription", "There is no subscription on this connection.")

    def terminate(self) -> None:
        """End every subscription, because we are going down."""
        for name in list(self._subscriptions):
            self._drop(name, 0.0)
            self._say(frames.Terminate(request_id=secrets.token_hex(16), subscription_id=name, status_text="Restart"))
        self._close(1012, "restart", "The server is going down. Connect again in a moment and subscribe anew.")

    def drop_all(self) -> None:
        """Forget every subscription: the connection is gone."""
        for name in list(self._subscriptions):
            self._drop(name, 0.0)

    def _drop(self, name: str, now_s: float) -> None:
        del self._subscriptions[name]
        self._statistics.subscriptions -= 1
        self._idle_since_s = now_s
        for transaction in [each for each in self._unanswered if each.startswith(f"{name}-")]:
            del self._unanswered[transaction]

    def _say(self, body: AnyBody) -> None:
        self._replies.append(frames.frame(body))

    def _close(self, code: int, cause: str, reason: str) -> None:
        if self.end is None:
            self.end = (code, cause, reason)
