"""Opening telematics: the roster and its file, the intake, where its positions go, and a door for each feed.

Rule: what the configuration says is checked before anything starts. The file of devices is looked at again while we
run: a device that is put into another vehicle there moves that one from then on; a file that does not hold changes
nothing, and is complained of once.
"""

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import trio
from msgspec import Struct
from starlette.routing import Route

from engine.live.service import Service
from engine.model.fixes import UNKNOWN
from engine.model.place import Place
from gateways.arrivals import Arrivals
from gateways.auth import Gatekeeper, Principal, Right
from gateways.config import Config, ConfigRefused, read_devices
from gateways.devices import Devices, MovedDamaged
from gateways.log import logger
from gateways.telematics import OsmAnd, Traccar
from gateways.telematics.columns import Moves
from gateways.telematics.http import http_routes
from gateways.telematics.httpdoor import serve_trackers
from gateways.telematics.intake import Intake, Sink
from gateways.telematics.mqtt import serve_mqtt
from gateways.telematics.roster import Roster
from gateways.telematics.tcp import serve_stream
from gateways.telematics.topics import MqttFeed
from gateways.telematics.udp import serve_datagrams

LOOK_EVERY_S: Final = 2.0
"""The file of devices is looked at this often."""
_SPEED_MAX: Final = 32_767
_log = logger("telematics")


class Feed(Struct, frozen=True):
    """An open door: the protocol as the configuration names it, and host:port (a broker's, for MQTT)."""

    protocol: str
    transport: str
    address: str


class Feeds:
    """The intake, and the doors in front of it."""

    def __init__(self, place: Place, config: Config, keeper: Gatekeeper, data: Path | None = None) -> None:
        """Check what the configuration says; what operators have said of devices lies in `data`. Raises ConfigRefused."""
        self._place = place
        self._config = config
        self._keeper = keeper
        self._units = frozenset(unit.id for unit in place.units)
        self._file = Path(config.devices) if config.devices else None
        self._taken = None if self._file is None else _changed(self._file)
        listed = read_devices(self._file, self._units) if self._file else {unit.id: unit.id for unit in place.units}
        try:
            self.devices = Devices(listed, self._units, data)
        except (MovedDamaged, OSError) as error:
            raise ConfigRefused(str(error)) from error
        self._roster = Roster(self.devices.units_of(), units=[unit.id for unit in place.units])
        for protocol in config.feeds:
            name = getattr(protocol, "principal", None)
            if name is not None and self._named(name) is None:
                kind = type(protocol).__name__
                raise ConfigRefused(f"feeds: {kind}: principal {name!r} is not one that may feed positions.")

    def intake(self, service: Service, arrivals: Arrivals) -> Intake:
        """Make the intake; its positions go to the engine's lane, and past the geofences."""
        sink = _sink(self._place, self._roster, service, arrivals)
        intake = Intake(self._roster, self._config.hygiene, sink, service.clock.now)
        self.devices.bind(intake)
        self.devices.on_changed.append(arrivals.begin_anew)
        return intake

    async def open(self, nursery: trio.Nursery, intake: Intake) -> tuple[list[Feed], list[Route]]:
        """Open a door for each feed; return those of their own, and the routes of the common listener."""
        feeds: list[Feed] = []
        routes: list[Route] = []
        by_token = self._by_token
        for protocol in self._config.feeds:
            kind = type(protocol).__name__
            if isinstance(protocol, MqttFeed):
                principal = self._named(protocol.principal)
                assert principal is not None, "it was checked at construction"
                address = await nursery.start(partial(serve_mqtt, protocol, intake, principal))
                feeds.append(Feed(kind, "mqtt", address))
            elif isinstance(protocol, OsmAnd | Traccar) and protocol.port is None:
                routes += http_routes(protocol, intake, by_token)
            elif isinstance(protocol, OsmAnd | Traccar):
                listeners = await nursery.start(partial(serve_trackers, protocol, intake, by_token))
                feeds += [Feed(kind, "http", _address(listener)) for listener in listeners]
            elif protocol.transport == "udp":
                host, port = await nursery.start(partial(serve_datagrams, protocol, intake, by_token, self._named))
                feeds.append(Feed(kind, "udp", f"{host}:{port}"))
            else:
                listeners = await nursery.start(partial(serve_stream, protocol, intake, by_token, self._named))
                feeds += [Feed(kind, "tcp", _address(listener)) for listener in listeners]
        if self._file is not None:
            nursery.start_soon(self._follow_file, self._file, intake)
        return feeds, routes

    def _by_token(self, token: str | None) -> Principal | None:
        return _feeding(self._keeper.authenticate(token))

    def _named(self, name: str) -> Principal | None:
        return _feeding(self._keeper.named(name))

    async def _follow_file(self, path: Path, intake: Intake) -> None:
        """Take the list of devices again whenever its file has changed, until cancelled."""
        while True:
            await trio.sleep(LOOK_EVERY_S)
            now = await trio.to_thread.run_sync(_changed, path)
            if now == self._taken:
                continue
            self._taken = now
            try:
                changes = await self.devices.take_list(await trio.to_thread.run_sync(read_devices, path, self._units))
            except (ConfigRefused, OSError) as refused:
                intake.count("devices_refused")
                _log.warning("the new list of devices does not hold; the old one stands", reason=str(refused))
            else:
                numbers = {"added": len(changes.added), "moved": len(changes.moved), "removed": len(changes.removed)}
                _log.info("the list of devices was read again", **numbers)


def _changed(path: Path) -> tuple[int, int] | None:
    """Return when the file was changed and how long it is; None while it cannot be seen."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def _feeding(principal: Principal | None) -> Principal | None:
    return principal if principal is not None and principal.may(Right.POSITION) else None


def _address(listener: trio.SocketListener) -> str:
    host, port = listener.socket.getsockname()[:2]
    return f"{host}:{port}"


def _sink(place: Place, roster: Roster, service: Service, arrivals: Arrivals) -> Sink:
    """Put positions into the engine's lane, in local metres and by the row of the unit in the World."""
    rows = np.array([service.world.fleet.rows[unit] for unit in roster.units], np.int32)
    to_metres = place.projection.columns_to_metres
    put = service.positions.put_columns

    def sink(moves: Moves) -> None:
        x_m, y_m = to_metres(moves.lat, moves.lon)
        speed = np.where(np.isnan(moves.speed_mps), UNKNOWN, np.minimum(np.rint(moves.speed_mps * 10), _SPEED_MAX))
        heading = np.where(np.isnan(moves.heading_deg), UNKNOWN, np.rint(moves.heading_deg) % 360)
        units = rows[moves.unit]
        put(units, x_m, y_m, moves.fix_ms, speed.astype(np.int16), heading.astype(np.int16))
        arrivals.see(units, x_m, y_m, moves)

    return sink
