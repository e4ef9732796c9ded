"""The scene of a demo: a place, a folder for its data, a pace, free ports, and the configuration that names them.

Rule: nothing is written outside the data folder, which is a temporary one unless somebody names another.
"""

import fcntl
import os
import socket
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from engine.live.clock import Pace
from engine.model.demand import Demand
from engine.model.place import Place
from gateways.auth import Role
from gateways.config import ACCESS_FILE, make_tokens
from gateways.demo import drill, voices
from gateways.demo.citytime import lively_start_ms, pace_from
from gateways.demo.desk import DESK
from gateways.demo.invitation import CODE_S
from gateways.demo.pagers import PATH
from gateways.places import Addresses, Streets, generate, load, save
from gateways.progress import Report

LADDER = ("pagers", "log")
"""The crews' pagers first; what does not reach them goes into a log file, and then to a person."""
PAGER_TIMEOUT_S = 2.0
MOVES_AT_ONCE = 3
LOOK_EVERY_MS = 60_000
"""City time after which the planner looks at the fleet although nothing has happened."""
LATER_MS = 1_000
"""A day that is taken up again goes on a second after its last turn."""


class DemoRefused(Exception):
    """The demo cannot be given. The message says why and what to do."""


class Scene(Struct, frozen=True):
    """Everything that stands before the curtain rises."""

    place: Place
    demand: Demand
    streets: Streets | None
    pace: Pace
    seed: int
    data: Path
    temporary: bool
    exercise: bool = False
    """Duty officers are to be told as well, and nobody real is (see `drill.py`)."""
    feed: str | None = None
    """What all trackers speak (see `voices.py`)."""
    addresses: Addresses | None = None
    """House numbers that callers read off the doors."""

    @property
    def journal(self) -> Path:
        """Where the journal is."""
        return self.data / "journal"

    @property
    def log(self) -> Path:
        """Where the engine's own log is."""
        return self.data / "engine.log"

    @property
    def folder(self) -> Path:
        """Where the demo's copy of the place is."""
        return self.data / "place"

    @property
    def config(self) -> Path:
        """The engine's configuration."""
        return self.data / "demo.toml"


class Ports(Struct, frozen=True):
    """Chosen once, so that everybody finds the engine where it was after a crash."""

    cad: int
    web: int
    lines: int
    feed: int
    """Of what `--feed` names, where that has a door or a broker of its own."""


def set_scene(
    source: Path | None,
    data: Path | None,
    units: int,
    seed: int,
    rate: float,
    progress: Report,
    *,
    straight: bool = False,
    exercise: bool = False,
) -> Scene:
    """Make or copy the place, and choose the time. Raises PlaceRefused, DemoRefused."""
    if not 0.01 <= rate <= 1000:
        raise DemoRefused(f"--pace {rate:g} is out of range: 0.01 to 1000 city seconds a second.")
    folder = data or Path(tempfile.mkdtemp(prefix="turnout-demo-"))
    _claim(folder)
    ladder = drill.LADDER if exercise else LADDER
    place, demand, streets, addresses = _stage(
        source, folder / "place", units, seed, progress, straight=straight, ladder=ladder
    )
    if exercise:
        drill.write_recipients(folder / drill.RECIPIENTS, place)
    real_ms = round(time.time() * 1000)
    start_ms = _start_ms(place, folder / "journal", rate, real_ms)
    pace = pace_from(rate, start_ms, real_ms)
    temporary = data is None
    return Scene(place, demand, streets, pace, seed, folder, temporary, exercise=exercise, addresses=addresses)


def _claim(folder: Path) -> None:
    """Keep other demos out of the folder for as long as this process lives: they would move the engine's doors."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "demo.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DemoRefused(f"Another demo plays in {folder}. Wait for its end, or name another --data folder.") from None


def _stage(
    source: Path | None, copy: Path, units: int, seed: int, progress: Report, *, straight: bool, ladder: tuple[str, ...]
) -> tuple[Place, Demand, Streets | None, Addresses | None]:
    """Write the demo's own copy of the place, whose crews carry pagers.

    The made city's neighbours want to be asked, and several of its idle crews may be on their way to a post at once.
    """
    if source is None:
        generate(copy, seed, units, progress)
    loaded = load(source or copy, straight=straight)
    if loaded.demand is None:
        raise DemoRefused(f"{source} has no demand.toml and zones.csv: nobody knows where its calls come from.")
    place = replace(loaded.place, alerts=replace(loaded.place.alerts, ladder=ladder))
    if source is None:
        agencies = tuple(replace(agency, automatic=False) for agency in place.agencies)
        place = replace(place, agencies=agencies, moves=replace(place.moves, at_once=MOVES_AT_ONCE))
    save(copy, place, loaded.demand, loaded.streets, loaded.addresses)
    return place, loaded.demand, loaded.streets, loaded.addresses


def _start_ms(place: Place, journal: Path, rate: float, real_ms: int) -> int:
    """Return the city's time at the start: five in the afternoon, or where an earlier demo has ended."""
    if not any(journal.glob("*.seg")):
        return lively_start_ms(place, real_ms)
    from engine.journal.recovery import recover_world

    last_ms = recover_world(journal).world.now
    if rate == 1.0 and last_ms > real_ms:
        raise DemoRefused(
            f"The journal in {journal} ends {(last_ms - real_ms) // 60_000} min ahead of the clock, because it was "
            "written at another pace. Go on at such a pace, or name another --data folder."
        )
    return max(last_ms + LATER_MS, real_ms)


def free_ports() -> Ports:
    """Return four ports that nobody listens on at this moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(4)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        cad, web, lines, feed = (each.getsockname()[1] for each in sockets)
    return Ports(cad, web, lines, feed)


def write_config(scene: Scene, ports: Ports, pagers: str, secret: str) -> None:
    """Write the engine's configuration; `pagers` is the host:port of the crews' pagers. Only its owner may read it.

    The demo's own desk gets a name of its own beside the usual roles: a person may sit down as the dispatcher.
    """
    make_tokens(scene.data / ACCESS_FILE, (*Role, DESK))
    scene.config.unlink(missing_ok=True)
    scene.config.touch(mode=0o600)
    scene.config.write_text(
        _CONFIG.format(
            ports=ports,
            code_s=CODE_S,
            look_s=max(0.5, LOOK_EVERY_MS / 1000 / scene.pace.rate),
            url=f"http://{pagers}{PATH}",
            secret=secret,
            wait=PAGER_TIMEOUT_S,
            exercise="true" if scene.exercise else "false",
            recipients=f'recipients = "{scene.data / drill.RECIPIENTS}"' if scene.exercise else "",
        )
        + (drill.CONFIG if scene.exercise else "")
        + voices.table(scene.feed, ports.feed)
    )


_CONFIG = """\
# Written by `turnout demo`. It holds a secret of this demo's pagers.

exercise = {exercise}
{recipients}

[cad]
port = {ports.cad}

[web]
port = {ports.web}

[console]
code_s = {code_s}

[journal]
segment_bytes = 16_777_216
track_step_bytes = 2_097_152
ballast_bytes = 4_194_304

[planner]
apart_s = 0.5
look_every_s = {look_s:.3f}

[[feeds]]
protocol = "OsmAnd"

[[feeds]]
protocol = "JsonLines"
port = {ports.lines}

[[endpoints]]
name = "pagers"
workers = 16
exercise = true

[endpoints.channel]
channel = "webhook"
url = "{url}"
secrets = ["{secret}"]
allow_private = true
timeout_s = {wait}

[[endpoints]]
name = "log"

[endpoints.channel]
channel = "logfile"
path = "alerts.log"
"""
