"""What the demo's trackers speak where `--feed` says so: one protocol for all, to the engine's real sockets.

Rule: here is the other side of `gateways/telematics`: what a table of the configuration listens to, how a connection
begins, and how positions look on it. The broker for MQTT is a mosquitto of the demo's own; without one it is refused.
"""

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL
from typing import Final

import msgspec
import trio
from msgspec import Struct

from gateways.telematics.batch import encode_fixes, encode_names
from gateways.telematics.fix import Fix
from gateways.telematics.taip import MPS_PER_MPH

NAMES: Final = ("taip", "mqtt", "osmand", "binary", "lines")
"""What `--feed` may say; without it half of the devices speak JSON lines and half OsmAnd."""
PROTOCOLS: Final = {"taip": "Taip", "mqtt": "MqttJson", "binary": "Batch"}
"""Those with a door of their own in the demo, as the configuration names them."""
_TABLES: Final = {
    "taip": '\n[[feeds]]\nprotocol = "Taip"\nport = {port}\nprincipal = "feed"\n',
    "mqtt": '\n[[feeds]]\nprotocol = "MqttJson"\nprincipal = "feed"\n'
    'broker = {{ host = "127.0.0.1", port = {port}, retry_s = 0.1 }}\n',
    "binary": '\n[[feeds]]\nprotocol = "Batch"\nport = {port}\n',
}
_PATHS: Final = ":/usr/sbin:/usr/local/sbin"
_STOP_S: Final = 5.0


class Voice(Struct, frozen=True):
    """How a stream of positions looks."""

    hello: bytes
    """What a connection begins with."""
    encode: Callable[[Sequence[Fix]], bytes]


def table(feed: str | None, port: int) -> str:
    """Return what the engine's configuration says of the feed, besides what it always says."""
    return _TABLES[feed].format(port=port) if feed in _TABLES else ""


def broker_program() -> str | None:
    """Return where mosquitto is; None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_PATHS)


def voice_of(feed: str | None, token: str, devices: Sequence[str]) -> Voice:
    """Return how the devices speak over a stream."""
    hello = msgspec.json.encode({"token": token}) + b"\n"
    if feed == "taip":
        return Voice(b"", lambda fixes: b"".join(taip(fix) for fix in fixes))
    if feed == "binary":
        places = {name: place for place, name in enumerate(devices)}
        return Voice(
            hello + encode_names(devices), lambda fixes: encode_fixes([places[fix.device] for fix in fixes], fixes)
        )
    return Voice(hello, lambda fixes: b"".join(msgspec.json.encode(fix) + b"\n" for fix in fixes))


def taip(fix: Fix) -> bytes:
    """Return a position as TAIP has it: the second of the day, miles an hour, whole degrees, a checksum."""
    second = fix.fix_ms // 1_000 % 86_400
    mph = min(999, round((fix.speed_mps or 0.0) / MPS_PER_MPH))
    heading = round(fix.heading_deg or 0.0) % 360
    frame = (
        f">RPV{second:05}{round(fix.lat * 1e5):+08}{round(fix.lon * 1e5):+09}{mph:03}{heading:03}12;ID={fix.device};*"
    )
    total = 0
    for byte in frame.encode():
        total ^= byte
    return f"{frame}{total:02X}<".encode()


def mqtt(fix: Fix) -> tuple[str, bytes]:
    """Return a position as topic and payload."""
    told = {"lat": fix.lat, "lon": fix.lon, "time": fix.fix_ms, "speed": fix.speed_mps, "heading": fix.heading_deg}
    return f"turnout/{fix.device}/position", msgspec.json.encode(told)


@asynccontextmanager
async def broker(feed: str | None, folder: Path, port: int) -> AsyncIterator[None]:
    """Run a broker for as long as the block lasts, if the feed needs one."""
    program = broker_program()
    if feed != "mqtt" or program is None:
        yield
        return
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = await trio.lowlevel.open_process([program, "-c", str(config)], stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        with trio.CancelScope(shield=True), trio.move_on_after(_STOP_S):
            await process.wait()
        if process.poll() is None:
            process.kill()
