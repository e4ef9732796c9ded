"""`turnout roads …`: tell a running server what is closed, slow or icy, as any CAD client would.

Rule: this is a client like every other. On one machine the data folder says where the server listens and with which
token; elsewhere both are named.
"""

import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import trio
from msgspec import Struct
from trio_websocket import ConnectionRejected, HandshakeError

from gateways.cad.client import CadClient, Disconnected, Refused, connect, new_id
from gateways.cad.messages import Answer
from gateways.config import ACCESS_FILE
from gateways.doors import NoDoors, find_doors
from gateways.road_views import RoadsView, StretchView
from gateways.vocabulary.road_messages import CloseRoad, OpenRoad, ReportTraffic, ReportWeather, Ring, Stretch

WITHIN_S: Final = 10.0
"""For the server to answer, and for an epoch to be published."""
MINUTE_MS: Final = 60_000
USUAL_PERCENT: Final = 100
"""Ends what was reported."""
ROLE: Final = "dispatcher"
"""Whose token of the data folder is used."""

Work = Callable[[CadClient], Awaitable[list[str]]]
"""Something to do with a server; what to print of it."""


class Server(Struct, frozen=True):
    """Which server is meant."""

    data: Path
    url: str | None = None
    token: str | None = None


class PolygonRefused(Exception):
    """The file holds no polygon. The message says what is expected."""


# ── the commands ────────────────────────────────────────────────────────────────────────────────────────────


def close_road(server: Server, stretch: Stretch, reason: str, minutes: float | None, name: str) -> int:
    """Close a stretch; return the exit status."""

    async def work(client: CadClient) -> list[str]:
        until_ms = None if minutes is None else _in(client, minutes)
        message = CloseRoad(id=new_id(), stretch=stretch, reason=reason, until_ms=until_ms, closure=name)
        answer = await client.ask(message)
        told = f"{answer.road}: closed. {await _in_force(client, answer)}"
        return [told, f"Open it again:  turnout roads open {answer.road}"]

    return _talk(server, work)


def open_road(server: Server, closure: str, reason: str) -> int:
    """Open what was closed; return the exit status."""

    async def work(client: CadClient) -> list[str]:
        answer = await client.ask(OpenRoad(id=new_id(), closure=closure, reason=reason))
        return [f"{closure}: open. {await _in_force(client, answer)}"]

    return _talk(server, work)


def report_traffic(server: Server, stretch: Stretch, percent: int, minutes: float, name: str) -> int:
    """Slow a stretch down; return the exit status."""

    async def work(client: CadClient) -> list[str]:
        until_ms = _in(client, minutes)
        message = ReportTraffic(id=new_id(), stretch=stretch, percent=percent, until_ms=until_ms, slowing=name)
        answer = await client.ask(message)
        told = "ended." if percent == USUAL_PERCENT else f"{percent} % of the usual travel time{_where(stretch)}."
        return [f"{answer.road or name}: {told} {await _in_force(client, answer)}"]

    return _talk(server, work)


def _where(stretch: Stretch) -> str:
    return "" if stretch != Stretch() else " everywhere"


def report_weather(server: Server, weather: str, percent: int, minutes: float) -> int:
    """Let the weather slow all driving; return the exit status."""

    async def work(client: CadClient) -> list[str]:
        until_ms = _in(client, minutes)
        answer = await client.ask(ReportWeather(id=new_id(), weather=weather, percent=percent, until_ms=until_ms))
        told = "ended." if percent == USUAL_PERCENT else f"{percent} % of the usual travel time."
        return [f"{weather}: {told} {await _in_force(client, answer)}"]

    return _talk(server, work)


def list_roads(server: Server) -> int:
    """Print what is in force; return the exit status."""

    async def work(client: CadClient) -> list[str]:
        assert client.welcome is not None
        last = client.welcome.seq
        await _until(client, lambda: client.mirror.seq is not None and client.mirror.seq >= last)
        return _lines(client.mirror.roads, _now_ms(client))

    return _talk(server, work)


def _lines(roads: RoadsView, now_ms: int) -> list[str]:
    if not roads.streets:
        return ["This place has no street graph: travel times go by straight lines, and nothing changes them."]
    works = "" if roads.making is None else f"; {roads.making} is in the works"
    lines = [f"epoch {roads.epoch}{works}"]
    if roads.weather is not None:
        left = _left(roads.weather.until_ms, now_ms)
        lines.append(f"{'weather':<10} {roads.weather.percent:>4} %  {roads.weather.weather}  {left}")
    for closure in roads.closures:
        reason = f"  ({closure.reason})" if closure.reason else ""
        lines.append(f"{closure.id:<10} closed  {_words(closure.stretch)}{reason}  {_left(closure.until_ms, now_ms)}")
    lines += [
        f"{slow.id:<10} {slow.percent:>4} %  {_words(slow.stretch)}  {_left(slow.until_ms, now_ms)}"
        for slow in roads.slowings
    ]
    return lines if len(lines) > 1 else [*lines, "Nothing is closed or slow."]


def _words(stretch: StretchView) -> str:
    parts = [", ".join(stretch.streets), *(f"class {name}" for name in stretch.classes)]
    parts.append("within a polygon" if stretch.polygon else "")
    parts.append(f"{len(stretch.arcs)} arcs" if stretch.arcs else "")
    return "; ".join(part for part in parts if part) or "everywhere"


def _left(until_ms: int | None, now_ms: int) -> str:
    return "until opened" if until_ms is None else f"{max(0, until_ms - now_ms) / MINUTE_MS:.0f} min left"


# ── the conversation ────────────────────────────────────────────────────────────────────────────────────────


def _talk(server: Server, work: Work) -> int:
    """Connect, do the work, and say in words what went wrong."""
    try:
        url, token = _door(server)
        lines = trio.run(_converse, url, token, work)
    except NoDoors as error:
        click.echo(str(error), err=True)
    except Refused as error:
        field = f" ({error.refusal.field})" if error.refusal.field else ""
        click.echo(f"refused{field}: {error.refusal.reason}", err=True)
    except (OSError, HandshakeError) as error:
        click.echo(f"{url}: no CAD listener answers there ({_said(error)}). Is the server running?", err=True)
    except (Disconnected, trio.TooSlowError):
        click.echo("The server did not answer in time. `turnout roads list` shows what became of it.", err=True)
    else:
        for line in lines:
            click.echo(line)
        return 0
    return 1


def _said(error: OSError | HandshakeError) -> str:
    """Return what went wrong on the line: trio keeps the system's own words in the cause, a refusal has only a number."""
    if isinstance(error, ConnectionRejected):
        return f"HTTP status {error.status_code}"
    return str(error) or str(error.__cause__ or "") or type(error).__name__


def _door(server: Server) -> tuple[str, str]:
    url = server.url or find_doors(server.data).cad
    if not url.startswith(("ws://", "wss://")):
        raise NoDoors(
            f"--server {url}: is no address of a CAD listener. It is written ws://host:port, or wss://host:port."
        )
    if server.token is not None:
        return url, server.token
    try:
        tokens = tomllib.loads((server.data / ACCESS_FILE).read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        raise NoDoors(f"{server.data / ACCESS_FILE}: cannot be read ({words}). Name a token with --token.") from error
    if ROLE not in tokens:
        raise NoDoors(f"{server.data / ACCESS_FILE}: holds no token of a {ROLE}. Name one with --token.")
    return url, str(tokens[ROLE])


async def _converse(url: str, token: str, work: Work) -> list[str]:
    failed: Exception | None = None
    lines: list[str] = []
    async with connect(url, token, positions=False) as client:
        try:
            lines = await work(client)
        except (Refused, Disconnected, trio.TooSlowError) as error:
            failed = error  # told behind the block: within it, the nursery would wrap it into a group
    if failed is not None:
        raise failed
    return lines


async def _in_force(client: CadClient, answer: Answer) -> str:
    """Wait for the epoch that rests on what was answered, and say so."""
    with trio.move_on_after(WITHIN_S):
        await _until(client, lambda: (client.mirror.seq or 0) >= answer.seq and client.mirror.roads.making is None)
        return f"Decisions rest on it (epoch {client.mirror.roads.epoch})."
    return "Its travel times are still being worked out; it will count within moments."


async def _until(client: CadClient, holds: Callable[[], bool]) -> None:
    """Wait for something to hold in the client's mirror. Raises Disconnected, trio.TooSlowError."""
    with trio.fail_after(WITHIN_S):
        while not holds():
            await client.changed()


def _now_ms(client: CadClient) -> int:
    """Return the time by the server's own clock, which a demonstration may let run fast."""
    assert client.welcome is not None
    return client.welcome.now_ms


def _in(client: CadClient, minutes: float) -> int:
    return _now_ms(client) + round(minutes * MINUTE_MS)


# ── polygons ────────────────────────────────────────────────────────────────────────────────────────────────


def read_polygon(path: Path) -> Ring:
    """Return the corners (lat, lon) of the one polygon in a GeoJSON file. Raises PolygonRefused."""
    expected = "A GeoJSON file with one Polygon is expected (positions are [longitude, latitude])."
    try:
        ring = [(float(lat), float(lon)) for lon, lat, *_ in _outline(msgspec.json.decode(path.read_bytes()))]
        return msgspec.convert(ring[:-1] if ring[:1] == ring[-1:] else ring, Ring)
    except OSError as error:
        raise PolygonRefused(f"{path}: cannot be read ({error.strerror}).") from error
    except (msgspec.MsgspecError, PolygonRefused) as error:
        raise PolygonRefused(f"{path}: {str(error).rstrip('.')}. {expected}") from error
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise PolygonRefused(f"{path}: holds something else. {expected}") from error


def _outline(found: Any) -> Any:
    """Return the outer ring of what a GeoJSON file holds. Raises what a file of another form makes it raise."""
    if found["type"] == "FeatureCollection":
        if len(found["features"]) != 1:
            raise PolygonRefused(f"holds {len(found['features'])} features")
        (found,) = found["features"]
    if found["type"] == "Feature":
        found = found["geometry"]
    if found["type"] != "Polygon":
        raise PolygonRefused(f"holds a {found['type']}")
    if len(found["coordinates"]) > 1:
        raise PolygonRefused("holds a polygon with holes")
    return found["coordinates"][0]
