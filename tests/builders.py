"""What tests of several rooms build on: a small place, who may do what in it, and a server that runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio
from msgspec import Struct
from wsproto.frame_protocol import FrameProtocol, Opcode

from engine.journal import Settings
from engine.live.clock import Clock
from engine.live.service import Service, serve
from engine.live.watchdog import Watchdog
from engine.model.geometry import Projection
from engine.model.place import Crew, IncidentType, Place, Station, Unit
from engine.model.plans import Alternative, Mode, Plan, Slot
from engine.model.rules import Limits
from engine.state.image import restore, save
from engine.streets.graph import Graph
from gateways.auth import Credential, Gatekeeper, Role, digest_of_secret
from gateways.board import Board
from gateways.cad import CadConfig, Hub, serve_cad
from gateways.cad.config import Statistics

NOW = 1_770_000_000_000
PROJECTION = Projection(41.5, -90.5)
CAPABILITIES = ("als", "bls", "transport", "pump", "ladder", "patrol")
SMALL_JOURNAL = Settings(segment_bytes=1 << 20, track_step_bytes=1 << 16, ballast_bytes=1 << 16)

SECRET = "secret-of-tests"
CREDENTIALS = (
    Credential(name="cad", role=Role.DISPATCHER, secret_sha256=(digest_of_secret(SECRET),)),
    Credential(name="desk", role=Role.SUPERVISOR, secret_sha256=(digest_of_secret(SECRET),)),
    Credential(name="calls", role=Role.CALL_TAKER, secret_sha256=(digest_of_secret(SECRET),)),
    Credential(name="wall", role=Role.OBSERVER, secret_sha256=(digest_of_secret(SECRET),)),
    Credential(name="gps", role=Role.FEED, secret_sha256=(digest_of_secret(SECRET),)),
    Credential(name="met", role=Role.PARTNER, secret_sha256=(digest_of_secret(SECRET),)),
    Credential(name="crew-m1", role=Role.CREW, secret_sha256=(digest_of_secret(SECRET),), units=("M1",)),
)


def mask(*names: str) -> int:
    """Return the capability mask of the names."""
    return sum(1 << CAPABILITIES.index(name) for name in names)


def small_place(**changes: object) -> Place:
    """Return a place of twelve units at three stations; with plans of every mode, and a crew shared by two units.

    Fields of `Place` can be replaced by name.
    """
    fields: dict[str, object] = {
        "id": "smallville",
        "name": "Smallville",
        "projection": PROJECTION,
        "timezone": "UTC",
        "utc_offsets": ((0, 0),),
        "bounds": (-10_000, -10_000, 10_000, 10_000),
        "capabilities": CAPABILITIES,
        "types": TYPES,
        "plans": PLANS,
        "stations": STATIONS,
        "units": UNITS,
        "crews": (Crew("C7"),),
        "limits": Limits(resume_grace_ms=0),
    }
    return Place(**{**fields, **changes})  # type: ignore[arg-type]  # checked when the engine adopts it


TYPES = (
    IncidentType("cardiac", "Cardiac arrest", 1),
    IncidentType("sick", "Sick person", 3),
    IncidentType("fire", "Building on fire", 1),
    IncidentType("alarm", "Automatic alarm", 3),
    IncidentType("theft", "Theft", 4),
    IncidentType("unit_emergency", "Unit in distress", 1),
)

PLANS = (
    Plan("distress", ("unit_emergency",), (1, 2, 3, 4, 5), Mode.AUTO, (Slot("help", (Alternative(mask("patrol")),)),)),
    Plan(
        "medical",
        ("cardiac", "sick"),
        (1, 2),
        Mode.AUTO,
        (Slot("medic", (Alternative(mask("als")), Alternative(mask("bls"), 180_000))),),
    ),
    Plan("routine", ("cardiac", "sick"), (3, 4, 5), Mode.ADVISE, (Slot("medic", (Alternative(mask("bls")),)),)),
    Plan(
        "fire",
        ("fire",),
        (1, 2, 3, 4, 5),
        Mode.AUTO,
        (Slot("engine", (Alternative(mask("pump")),), 2), Slot("ladder", (Alternative(mask("ladder")),))),
    ),
    Plan("alarm", ("alarm",), (1, 2, 3, 4, 5), Mode.SHADOW, (Slot("engine", (Alternative(mask("pump")),)),)),
    Plan("rest", ("*",), (1, 2, 3, 4, 5), Mode.ADVISE, (Slot("patrol", (Alternative(mask("patrol")),)),)),
)

STATIONS = (
    Station("S1", "North", 0, 4_000),
    Station("S2", "Middle", 0, 0),
    Station("S3", "South", 1_000, -4_000),
)


def _unit(name: str, kind: str, station: str, *capabilities: str, crew: str | None = None) -> Unit:
    return Unit(name, kind, mask(*capabilities), station, crew=crew, tracked=False)


UNITS = (
    _unit("M1", "medic", "S1", "als", "bls", "transport"),
    _unit("M2", "medic", "S2", "als", "bls", "transport"),
    _unit("M3", "medic", "S3", "als", "bls", "transport"),
    _unit("B1", "ambulance", "S2", "bls", "transport"),
    _unit("B2", "ambulance", "S3", "bls", "transport"),
    _unit("E1", "engine", "S1", "pump", "bls"),
    _unit("E2", "engine", "S2", "pump", "bls"),
    _unit("E3", "engine", "S3", "pump"),
    _unit("E7", "engine", "S2", "pump", crew="C7"),
    _unit("L7", "ladder", "S2", "ladder", crew="C7"),
    _unit("P1", "patrol", "S1", "patrol"),
    _unit("P2", "patrol", "S3", "patrol"),
)


def token(name: str) -> str:
    """Return the token of one of the CREDENTIALS."""
    return f"{name}.{SECRET}"


def unframed(frame: bytes) -> bytes:
    """Return the payload of an unmasked text frame, decoded by the library's own hand."""
    protocol = FrameProtocol(client=True, extensions=[])
    protocol.receive_bytes(frame)
    (received,) = protocol.received_frames()
    assert (received.opcode, received.message_finished) == (Opcode.TEXT, True)
    return str(received.payload).encode()


class Running(Struct):
    """A server in the test's own loop."""

    service: Service
    board: Board
    hub: Hub
    url: str
    """Of its CAD listener."""

    @property
    def statistics(self) -> Statistics:
        """Of its CAD listener."""
        return self.hub.statistics


@asynccontextmanager
async def serve_place(
    directory: Path,
    *,
    place: Place | None = None,
    cad: CadConfig | None = None,
    clock: Clock | None = None,
    streets: Graph | None = None,
) -> AsyncIterator[Running]:
    """Serve a place with its board and CAD listener on a free port, for as long as the block lasts."""
    config = CadConfig(port=0) if cad is None else cad
    watchdog = Watchdog(hopeless_s=60.0)
    async with serve(
        place or small_place(), directory, clock=clock, settings=SMALL_JOURNAL, watchdog=watchdog, streets=streets
    ) as service:
        board = Board(restore(save(service.world), indexed=False))
        follower = service.release.follow("board", 100_000)
        hub = Hub(service, board, config)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(board.run, follower)
            nursery.start_soon(board.publish_positions)
            address = await nursery.start(partial(serve_cad, hub, Gatekeeper(CREDENTIALS), config))
            try:
                yield Running(service, board, hub, f"ws://{address}")
            finally:
                nursery.cancel_scope.cancel()
