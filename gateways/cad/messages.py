"""The vocabulary "turnout.cad.v1": every message between a CAD client and this server. JSON, one object a text frame.

Rule: what we receive is strict (an unknown field is refused), what we send may grow: a client passes over fields that
it does not know. The field `type` names the message. The generated JSON Schema is in `gateways/schema/`.
"""

from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from engine.live.clock import Pace
from gateways import board
from gateways.auth import Role
from gateways.cad.wire import frame
from gateways.views import PositionView
from gateways.vocabulary.incident_messages import AnyCommand
from gateways.vocabulary.questions import Question, Told
from gateways.vocabulary.words import FromClient, FromServer, Latitude, Longitude, Name, Whole

VERSION: Final = "turnout.cad.v1"
"""Also the name of the WebSocket subprotocol."""


# ── client to server ────────────────────────────────────────────────────────────────────────────────────────


class Hello(FromClient, frozen=True, gc=False, kw_only=True):
    """The first message of a connection."""

    version: Annotated[str, Meta(max_length=64)]
    token: Annotated[str, Meta(max_length=512)]
    resume_from: Whole | None = None
    """Seq of the last update that was seen: go on behind it, without a snapshot if possible."""
    positions: bool = True
    """Send where units are as they move."""

    def __repr__(self) -> str:
        return f"Hello(version={self.version!r}, token hidden)"


class Look(FromClient, frozen=True, gc=False, kw_only=True):
    """Look at a part of the map from now on: positions elsewhere are not sent. Statuses always are, wherever the unit is."""

    id: Name
    box: tuple[Longitude, Latitude, Longitude, Latitude] | None = None
    """West, south, east, north; None: everywhere, as it is without this message."""


class Ping(FromClient, frozen=True, gc=False, kw_only=True):
    """Are you there? For clients that cannot send WebSocket pings."""

    id: Name


ClientMessage: TypeAlias = Hello | Look | Ping | Question | AnyCommand


# ── server to client ────────────────────────────────────────────────────────────────────────────────────────


class Limits(Struct, frozen=True, gc=False, kw_only=True):
    """What one connection may do."""

    message_bytes: int
    commands_per_s: float
    burst: int
    in_flight: int
    """Commands without an answer; beyond it the server reads on only when one has been answered."""


class Welcome(FromServer, frozen=True, gc=False, kw_only=True):
    """The answer to a hello. A snapshot follows, or (`resumed`) the deltas that were missed."""

    version: str
    session: str
    """The server's name for this connection, in its logs."""
    principal: str
    role: Role
    now_ms: int
    pace: Pace
    """Of the server's clock: 1 second for 1 except in demonstrations."""
    resumed: bool
    seq: int
    """Of the last update at this moment: a client that has folded it has caught up."""
    limits: Limits


class Snapshot(board.Snapshot, frozen=True, gc=False, kw_only=True, tag_field="type", tag="snapshot"):
    """Everything on the board after `seq`."""


class Delta(board.Update, frozen=True, gc=False, kw_only=True, tag_field="type", tag="delta"):
    """What one turn changed. `prev` is the seq of the delta or snapshot it follows on."""


class Positions(FromServer, frozen=True, gc=False, kw_only=True):
    """Where units are that have moved. For a slow client only the latest of each unit waits.

    One may follow right after a snapshot: units that have moved since that was made.
    """

    at_ms: int
    units: tuple[PositionView, ...]


class Answer(FromServer, frozen=True, gc=False, kw_only=True):
    """The command happened, and is durable. Comes before or after the delta that shows what it changed."""

    id: str
    seq: int
    incident: str | None = None
    """The incident that the command created."""
    road: str | None = None
    """The closure or slowing that the command made or replaced."""
    caution: str | None = None
    """The caution that the command made or replaced."""


class Refused(FromServer, frozen=True, gc=False, kw_only=True):
    """The message changed nothing."""

    id: str | None = None
    """Of the command; None where it could not be read."""
    code: str
    field: str
    """Path of the field at fault; empty where it is the message as a whole."""
    reason: str
    retry_after_ms: int | None = None


class Resync(FromServer, frozen=True, gc=False, kw_only=True):
    """Deltas were left out because they were not read in time; a snapshot follows."""

    reason: str


class Looked(FromServer, frozen=True, gc=False, kw_only=True):
    """The answer to a look. Positions follow of units that are in the box, or that the client would draw there."""

    id: str
    units: int


class Pong(FromServer, frozen=True, gc=False, kw_only=True):
    """The answer to a ping."""

    id: str


class Bye(FromServer, frozen=True, gc=False, kw_only=True):
    """The last message; `code` is the WebSocket's close code."""

    code: int
    reason: str
    retry_after_ms: int | None = None
    """Come back after so long: each client is told another time, so that not all come at once."""


ServerMessage: TypeAlias = (
    Welcome | Snapshot | Delta | Positions | Answer | Refused | Resync | Looked | Pong | Bye | Told
)


# ── on the wire ─────────────────────────────────────────────────────────────────────────────────────────────

_encoder: Final = msgspec.json.Encoder()
decode_client: Final = msgspec.json.Decoder[ClientMessage](ClientMessage).decode
"""Text to message. Raises what `refusals.UNREADABLE` lists."""
decode_server: Final = msgspec.json.Decoder[ServerMessage](ServerMessage).decode


def encode(message: ClientMessage) -> str:
    """Return the text that a client sends."""
    return _encoder.encode(message).decode()


def frame_of(message: ServerMessage) -> bytes:
    """Return the frame that the server sends."""
    return frame(_encoder.encode(message))


def frame_as(word: str, content: board.Snapshot | board.Update) -> bytes:
    """Return what the board gives as a frame with the message of that type, without copying it into one first."""
    return frame(b'{"type":"%s",%s' % (word.encode(), _encoder.encode(content)[1:]))
