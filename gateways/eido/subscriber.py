"""The subscriber's side of one connection, sans I/O: what a notifier says goes in, what is to be done comes out."""

import secrets
from math import inf
from typing import Final, TypeAlias

from msgspec import Raw, Struct

from gateways.eido import frames
from gateways.eido.config import Peer
from gateways.eido.documents import MEDIA_TYPE
from gateways.eido.frames import AnyBody, BadFrame, Subscribe

SLACK_S: Final = 10.0
"""Beyond one and a half minRate, before silence means that the line is dead."""
ANSWER_S: Final = 20.0
"""A request that is not answered by then is not going to be."""
CATCH_UP_S: Final = 15.0
"""After the first event: what it has not told of by then that we know as open has ended meanwhile, or was forgotten."""


class Say(Struct, frozen=True):
    """Send this."""

    frame: bytes


class Take(Struct, frozen=True):
    """Take these documents, then answer the event."""

    transaction: str
    documents: tuple[Raw, ...]


class Following(Struct, frozen=True):
    """The notifier has taken the subscription."""


class Unknown(Struct, frozen=True):
    """The notifier knows nothing (any more) of an incident that it once told of."""

    tracking: str


class Lost(Struct, frozen=True):
    """Begin anew, on another connection."""

    cause: str
    detail: str = ""


Effect: TypeAlias = Say | Take | Following | Unknown | Lost


class Subscriber:
    """The rules of one connection."""

    def __init__(self, peer: Peer, now_s: float) -> None:
        self._peer = peer
        self._subscription: str | None = None
        self._waiting_since_s: float | None = None
        """Since when a request of ours waits for its answer."""
        self._renew_s = 0.0
        self._missed: dict[str, None] = {}
        """Incidents that we know as open, and that have not been told since the connection began."""
        self._catch_up_s = inf
        self._inquiry: tuple[str, str, str] | None = None
        """What is being asked about one of them: its identifier, the request and the subscription."""
        self._heard_s = now_s
        self._silence_s = peer.min_rate_s * 1.5 + SLACK_S

    def begin(self, now_s: float) -> list[Effect]:
        """Return what to say first."""
        self._waiting_since_s = now_s
        peer = self._peer
        return [
            self._say(
                Subscribe(
                    request_id=secrets.token_hex(16),
                    request_type="EIDO",
                    request_sub_type="new",
                    request_accepts=MEDIA_TYPE,
                    qual_filter=peer.filter,
                    min_rate=peer.min_rate_s,
                    max_rate=peer.max_rate_s or None,
                    expires=peer.expires_s,
                )
            )
        ]

    def catch_up(self, open_ones: list[str], now_s: float) -> None:
        """Ask after these one by one, unless they are told of soon: what ends while nobody listens is told to nobody."""
        self._missed = dict.fromkeys(open_ones)
        self._catch_up_s = now_s + CATCH_UP_S

    def seen(self, tracking: str) -> None:
        """Take that it has been told."""
        self._missed.pop(tracking, None)

    def due_s(self) -> float:
        """Return when to call `tick`."""
        due = self._heard_s + self._silence_s
        if self._waiting_since_s is not None:
            return min(due, self._waiting_since_s + ANSWER_S)
        return min(due, self._renew_s, self._catch_up_s if self._may_inquire else inf)

    @property
    def _may_inquire(self) -> bool:
        return bool(self._missed) and self._inquiry is None and self._subscription is not None

    def tick(self, now_s: float) -> list[Effect]:
        """Return what is due: a renewal, or that the line is dead."""
        if now_s >= self._heard_s + self._silence_s:
            return [Lost("silent", f"nothing was heard for {now_s - self._heard_s:.0f} s")]
        if self._waiting_since_s is not None:
            unanswered = now_s >= self._waiting_since_s + ANSWER_S
            return [Lost("unanswered", "a request was not answered")] if unanswered else []
        if self._may_inquire and now_s >= self._catch_up_s:
            return [self._inquire(now_s)]
        if self._subscription is None or now_s < self._renew_s:
            return []
        self._waiting_since_s = now_s
        return [
            self._say(
                Subscribe(
                    request_id=secrets.token_hex(16),
                    request_type="EIDO",
                    subscription_id=self._subscription,
                    expires=self._peer.expires_s,
                )
            )
        ]

    def feed(self, text: str | bytes, now_s: float) -> list[Effect]:
        """Return what one message leads to. Never raises."""
        self._heard_s = now_s
        try:
            said = frames.read(text)
        except BadFrame as bad:
            if bad.kind == "event" and bad.request:
                return [self.answer(bad.request, frames.BAD_REQUEST, str(bad))]
            return [Lost("unreadable", str(bad))]
        if isinstance(said, frames.SubscribeResponse):
            return self._subscribed(said, now_s)
        if isinstance(said, frames.Event):
            if self._inquiry is not None and said.subscription_id == self._inquiry[2]:
                self._inquiry = None
                done = frames.Unsubscribe(request_id=secrets.token_hex(16), subscription_id=said.subscription_id)
                return [Take(said.transaction_id, said.notification or ()), self._say(done)]
            if said.subscription_id != self._subscription:
                reason = "subscriptionId: this is not a subscription of ours."
                return [self.answer(said.transaction_id, frames.NO_SUBSCRIPTION, reason)]
            return [Take(said.transaction_id, said.notification or ())]
        if isinstance(said, frames.Terminate):
            response = frames.TerminateResponse(
                request_id=said.request_id, subscription_id=said.subscription_id, status_text="OK"
            )
            ours = said.subscription_id == self._subscription
            return [self._say(response), *([Lost("terminated", said.status_text or "")] if ours else [])]
        return []

    def answer(self, transaction: str, code: int, reason: str = "OK") -> Say:
        """Return the answer to an event."""
        return self._say(frames.EventResponse(transaction_id=transaction, status_code=code, status_text=reason[:500]))

    def _subscribed(self, said: frames.SubscribeResponse, now_s: float) -> list[Effect]:
        self._waiting_since_s = None
        if self._inquiry is not None and said.request_id == self._inquiry[1]:
            return self._inquired(said, self._inquiry[0])
        if said.status_code != frames.OK:
            return [Lost(f"refused_{said.status_code}", said.status_text)]
        first = self._subscription is None
        self._subscription = said.subscription_id or self._subscription
        if self._subscription is None:
            return [Lost("unreadable", "$.subscribeResponse: names no subscriptionId.")]
        self._renew_s = now_s + max(1.0, (said.expires or self._peer.expires_s) / 2)
        self._silence_s = (said.min_rate or self._peer.min_rate_s) * 1.5 + SLACK_S
        return [Following()] if first else []

    def _inquire(self, now_s: float) -> Say:
        """Ask after one incident: it is still told of within five minutes of its end."""
        tracking = next(iter(self._missed))
        del self._missed[tracking]
        request = secrets.token_hex(16)
        self._inquiry = (tracking, request, "")
        self._waiting_since_s = now_s
        return self._say(
            Subscribe(
                request_id=request,
                request_type="EIDO",
                request_sub_type="single",
                incident_id=tracking,
                request_accepts=MEDIA_TYPE,
                expires=60,
            )
        )

    def _inquired(self, said: frames.SubscribeResponse, tracking: str) -> list[Effect]:
        if said.status_code == frames.OK and said.subscription_id is not None:
            self._inquiry = (tracking, said.request_id, said.subscription_id)
            return []
        self._inquiry = None
        return [Unknown(tracking)]

    def _say(self, body: AnyBody) -> Say:
        return Say(frames.frame(body))
