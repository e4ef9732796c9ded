"""One connection without its socket: text in, effects out. Says who may do what; knows no I/O and no clock.

    awaiting hello ──hello──► live ──► closed

Rule: nothing but a good hello leads out of the first state, and nothing raises: whatever a client sends is answered.
"""

from enum import Enum
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from engine.model.geometry import Projection
from engine.model.inputs import AnyCommand
from gateways.auth import Principal, Right
from gateways.cad import messages
from gateways.cad.config import CadConfig
from gateways.cad.messages import VERSION, Hello, Look, Ping, Pong, Refused
from gateways.cad.refusals import explain, wrong_version
from gateways.vocabulary.bucket import Bucket
from gateways.vocabulary.commands import NotAllowed, Unfit, admitted, may_ask
from gateways.vocabulary.incident_messages import AnyCommand as AnyMessage
from gateways.vocabulary.incident_messages import UnitEmergency
from gateways.vocabulary.questions import AskPreview, Question
from gateways.vocabulary.unreadable import UNREADABLE

POLICY_VIOLATION: Final = 1008
"""The WebSocket's close code for a client that does not keep to the rules."""
ERRORS_FORGIVEN_PER_S: Final = 1 / 60


class Send(Struct, frozen=True, gc=False):
    """Tell the client."""

    message: Refused | Pong


class Ask(Struct, frozen=True, gc=False):
    """Give a command to the engine, and its answer to the client."""

    command: AnyCommand


class Inquire(Struct, frozen=True, gc=False):
    """Find the answer to a question, and give it to the client."""

    question: Question


class Watch(Struct, frozen=True, gc=False):
    """From now on tell the client of positions in that part of the map only."""

    look: Look


class Join(Struct, frozen=True, gc=False):
    """The client has shown who it is: welcome it and let it follow the board."""

    principal: Principal
    hello: Hello


class Close(Struct, frozen=True, gc=False):
    """End the connection. `cause` is what is counted, `reason` what the client is told."""

    code: int
    cause: str
    reason: str


Effect: TypeAlias = Send | Ask | Inquire | Watch | Join | Close


class State(Enum):
    """Where a session stands."""

    AWAITING_HELLO = 0
    LIVE = 1
    CLOSED = 2


class Keeper(Protocol):
    """Knows whose a token is, or what is shown in its place."""

    def authenticate(self, token: str | None) -> Principal | None:
        """Return whose it is; None if nobody's."""


class Session:
    """The rules of one connection."""

    def __init__(self, gatekeeper: Keeper, projection: Projection, config: CadConfig) -> None:
        self.state = State.AWAITING_HELLO
        self.principal: Principal | None = None
        self._gatekeeper = gatekeeper
        self._projection = projection
        self._pace = Bucket(config.commands_per_s, config.burst)
        self._previews = Bucket(config.previews_per_s, config.previews_burst)
        self._patience = Bucket(ERRORS_FORGIVEN_PER_S, config.max_errors - 1)

    def feed(self, text: str | bytes, now_s: float) -> list[Effect]:
        """Return what one message leads to, at a time in seconds of any steady clock. Never raises."""
        if self.state is State.CLOSED:
            return []
        if isinstance(text, bytes):
            return self._mistake(Refused(code="malformed", field="", reason="Send text frames, not binary."), now_s)
        try:
            message = messages.decode_client(text)
        except UNREADABLE as error:
            return self._mistake(explain(text, error), now_s)
        if self.principal is None:
            return self._greet(message, now_s)
        if isinstance(message, Hello):
            reason = "This connection has been greeted already. Open another one to begin anew."
            return self._mistake(Refused(code="already_greeted", field="type", reason=reason), now_s)
        return [self._take(message, self.principal, now_s)]

    def close(self) -> None:
        """Answer nothing from now on."""
        self.state = State.CLOSED

    def _greet(self, message: messages.ClientMessage, now_s: float) -> list[Effect]:
        if not isinstance(message, Hello):
            reason = "The first message of a connection must be a hello with your token."
            return self._mistake(Refused(id=message.id, code="hello_first", field="type", reason=reason), now_s)
        if message.version != VERSION:
            return self._mistake(wrong_version(message.version), now_s)
        principal = self._gatekeeper.authenticate(message.token)
        if principal is None:
            reason = "Nobody has this token. Ask for a new one; tokens look like `name.secret`."
            return self._mistake(Refused(code="unauthenticated", field="token", reason=reason), now_s)
        if not principal.may(Right.WATCH):
            reason = f"A {principal.role} may not follow the board."
            return self._mistake(Refused(code="unauthorised", field="token", reason=reason), now_s)
        self.principal = principal
        self.state = State.LIVE
        return [Join(principal, message)]

    def _take(
        self, message: Look | Ping | Question | AnyMessage, principal: Principal, now_s: float
    ) -> Send | Ask | Inquire | Watch:
        wait_s = self._pace.take(now_s)
        if wait_s > 0 and not isinstance(message, UnitEmergency):
            reason = "Messages come faster than this connection may send them. Send it again later, under the same id."
            return _too_fast(message, wait_s, reason)
        if isinstance(message, Ping):
            return Send(Pong(id=message.id))
        if isinstance(message, Look):
            return _watch(message)
        if isinstance(message, AskPreview):
            wait_s = self._previews.take(now_s)
            if wait_s > 0:
                return _too_fast(
                    message, wait_s, "Previews are asked for faster than one may. Ask when the typing pauses."
                )
        return self._asked(message, principal)

    def _asked(self, message: Question | AnyMessage, principal: Principal) -> Send | Ask | Inquire:
        try:
            if isinstance(message, Question):
                may_ask(message, principal)
                return Inquire(message)
            return Ask(admitted(message, principal, self._projection))
        except NotAllowed as refused:
            return Send(Refused(id=message.id, code="unauthorised", field=refused.field, reason=refused.reason))
        except Unfit as unfit:
            return Send(Refused(id=message.id, code="missing", field=unfit.field, reason=unfit.reason))

    def _mistake(self, refused: Refused, now_s: float) -> list[Effect]:
        """Refuse, and end a connection that has not been greeted or makes too many mistakes."""
        effects: list[Effect] = [Send(refused)]
        if self.state is State.AWAITING_HELLO:
            effects.append(self._end(refused.code, refused.reason))
        elif self._patience.take(now_s) > 0:
            effects.append(self._end("too_many_errors", "Too many messages that could not be read."))
        return effects

    def _end(self, cause: str, reason: str) -> Close:
        self.state = State.CLOSED
        return Close(POLICY_VIOLATION, cause, reason)


def _too_fast(message: Look | Ping | Question | AnyMessage, wait_s: float, reason: str) -> Send:
    wait_ms = int(wait_s * 1000) + 1
    return Send(Refused(id=message.id, code="rate_limited", field="", reason=reason, retry_after_ms=wait_ms))


def _watch(look: Look) -> Send | Watch:
    if look.box is not None:
        west, south, east, north = look.box
        if west > east or south > north:
            reason = "The box is west, south, east, north: west is not east of east, south not north of north."
            return Send(Refused(id=look.id, code="out_of_range", field="box", reason=reason))
    return Watch(look)
