"""The subscriber's side of one connection, sans I/O: what a notifier says goes in, what is to be done comes out."""

import secrets
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


class Say(Struct, frozen=True):
    """Send this."""

    frame: bytes


class Take(Struct, frozen=True):
    """Take these documents, then answer the event."""

    transaction: str
    documents: tuple[Raw, ...]


class Following(Struct, frozen=True):
    """The notifier has taken the subscription."""


class Lost(Struct, frozen=True):
    """Begin anew, on another connection."""

    cause: str
    detail: str = ""


Effect: TypeAlias = Say | Take | Following | Lost


class Subscriber:
    """The rules of one connection."""

    def __init__(self, peer: Peer, now_s: float) -> None:
        self._peer = peer
        self._subscription: str | None = None
        self._waiting_since_s: float | None = None
        """Since when a request of ours waits for its answer."""
        self._renew_s = 0.0
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

    def due_s(self) -> float:
        """Return when to call `tick`."""
        due = self._heard_s + self._silence_s
        if self._waiting_since_s is not None:
            return min(due, self._waiting_since_s + ANSWER_S)
        return min(due, self._renew_s)

    def tick(self, now_s: float) -> list[Effect]:
        """Return what is due: a renewal, or that the line is dead."""
        if now_s >= self._heard_s + self._silence_s:
            return [Lost("silent", f"nothing was heard for {now_s - self._heard_s:.0f} s")]
        if self._waiting_since_s is not None:
            unanswered = now_s >= self._waiting_since_s + ANSWER_S
            return [Lost("unanswered", "a request was not answered")] if unanswered else []
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
            if said.subscription_id != self._subscription:
                reason = "subscriptionId: this is not a subscription of ours."
                return [self.answer(said.transaction_id, frames.NO_SUBSCRIPTION, reason)]
            return [Take(said.transaction_id, said.notification or ())]
        if isinstance(said, frames.Terminate):
            response = frames.TerminateResponse(
                request_id=said.request_id, subscription_id=said.subscription_id, status_text="OK"
            )
            return [self._say(response), Lost("terminated", said.status_text or "")]
        return []

    def answer(self, transaction: str, code: int, reason: str = "OK") -> Say:
        """Return the answer to an event."""
        return self._say(frames.EventResponse(transaction_id=transaction, status_code=code, status_text=reason[:500]))

    def _subscribed(self, said: frames.SubscribeResponse, now_s: float) -> list[Effect]:
        self._waiting_since_s = None
        if said.status_code != frames.OK:
            return [Lost(f"refused_{said.status_code}", said.status_text)]
        first = self._subscription is None
        self._subscription = said.subscription_id or self._subscription
        if self._subscription is None:
            return [Lost("unreadable", "$.subscribeResponse: names no subscriptionId.")]
        self._renew_s = now_s + max(1.0, (said.expires or self._peer.expires_s) / 2)
        self._silence_s = (said.min_rate or self._peer.min_rate_s) * 1.5 + SLACK_S
        return [Following()] if first else []

    def _say(self, body: AnyBody) -> Say:
        return Say(frames.frame(body))
