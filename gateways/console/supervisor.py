"""What the supervisor's desk is told: the shift so far, coverage through it, and the kept runs of the simulator.

Rule: the engine's process reads no journal. While a supervisor looks, a process of its own reads the shift off the disk, at
most once a minute and with a deadline. Only coverage is followed here, from released turns: a number a minute and class.
"""

import stat
from pathlib import Path
from typing import Any, Final

import msgspec
import trio
from msgspec import Struct

from engine.clocks.cover_course import Course, CoverCourse
from engine.live.service import Service
from engine.model.hours import clocks_showed_ms
from engine.model.place import Place
from gateways.board import Board
from gateways.browsers import Unwelcome
from gateways.console.config import ConsoleConfig
from gateways.console.following import NICE, ShiftProcess
from gateways.console.readings import Pages, Reading, RunPage
from gateways.inquiries import Inquiries, NoAnswer
from gateways.workers import Workers

FOLDER: Final = "simulations"
SUFFIX: Final = ".run"
SHIFT_APART_S: Final = 60.0
RUNS_APART_S: Final = 20.0
RECENT_MIN: Final = 60


class _Covered(Struct, frozen=True):
    """What of the report the server itself looks at."""

    cover: Course


class SupervisorDesk:
    """Knows what supervisors are shown. One per process; `run` is to run beside it."""

    def __init__(
        self, service: Service, board: Board, config: ConsoleConfig, data: Path, workers: Workers | None = None
    ) -> None:
        self._service = service
        self._shifts = config.shifts
        self._folder = Path(config.simulations) if config.simulations else data / FOLDER
        self._journal = ShiftProcess(data, RECENT_MIN, workers)
        self._simulator = Inquiries(data, nice=NICE, workers=workers)
        self._course = CoverCourse()
        self._earlier: Course | None = None
        """Coverage before this process began, off the journal."""
        self._shift = Reading(self._read_shift, SHIFT_APART_S)
        self._runs = Reading(self._list_runs, RUNS_APART_S)
        self._pages = Pages(self._make_page)
        board.on_turn.append(self._course.feed)
        service.on_forget.append(self._forget)

    async def run(self) -> None:
        """Have read what somebody looks at, until cancelled."""
        async with trio.open_nursery() as nursery:
            for each in (self._journal, self._shift, self._runs, self._pages):
                nursery.start_soon(each.run)

    # ── the shift ───────────────────────────────────────────────────────────────────────────────────────────

    def shift(self, seen: int) -> dict[str, Any]:
        """Return the shift as it was read last, and coverage until now; both left out where `seen` is that very reading."""
        reading = self._shift
        reading.look()
        fresh = seen != reading.number or not reading.content
        began_ms = self._began_ms()
        return {
            **_state(reading),
            "began_ms": began_ms,
            "now_ms": self._service.clock.now(),
            "report": msgspec.Raw(reading.content) if fresh and reading.content else None,
            "cover": self._course.course(began_ms, self._earlier) if fresh else None,
        }

    def _began_ms(self) -> int:
        return shift_began_ms(self._service.world.settled, self._shifts, self._service.clock.now())

    async def _read_shift(self) -> bytes:
        content = await self._journal.ask(self._began_ms(), self._service.clock.now())
        self._earlier = msgspec.json.decode(content, type=_Covered).cover
        return content

    def _forget(self, _: str) -> None:
        """Let go of reasons that people gave: they may be about the incident that is forgotten."""
        self._shift.drop()
        self._journal.drop()

    # ── kept runs ───────────────────────────────────────────────────────────────────────────────────────────

    def runs(self) -> dict[str, Any]:
        """Return the kept runs as they were listed last."""
        self._runs.look()
        return {
            **_state(self._runs),
            "folder": str(self._folder),
            "runs": msgspec.Raw(self._runs.content or b"[]"),
        }

    def page(self, name: str) -> RunPage | None:
        """Return the page of a kept run; None: it is being made. Raises Unwelcome."""
        try:
            return self._pages.get((name, self._written_ns(name)))
        except NoAnswer as none:
            raise Unwelcome(503 if none.code == "busy" else 422, none.code, none.reason) from none

    def _written_ns(self, name: str) -> int:
        """Return when the run was written. Raises Unwelcome for whatever is no file of the folder itself."""
        if not name.endswith(SUFFIX) or name.startswith(".") or any(each in name for each in "/\\\0"):
            raise _unknown(name)
        try:
            found = (self._folder / name).lstat()
        except OSError as error:
            raise _unknown(name) from error
        if not stat.S_ISREG(found.st_mode):
            raise _unknown(name)
        return found.st_mtime_ns

    async def _list_runs(self) -> bytes:
        if not self._folder.is_dir():
            return b"[]"
        return await self._simulator.ask(["sim", "runs", str(self._folder)], "unreadable", "", "They cannot be listed.")

    async def _make_page(self, name: str) -> bytes:
        command = ["sim", "page", str(self._folder / name)]
        return await self._simulator.ask(command, "unreadable", "", f"{name} cannot be read.")


def shift_began_ms(place: Place, starts: tuple[str, ...], now_ms: int) -> int:
    """Return when the desk's present shift began: at the latest of these times of day, local time."""
    minutes = [int(start[:2]) * 60 + int(start[3:]) for start in starts]
    return max(clocks_showed_ms(place, minute, now_ms) for minute in minutes)


def _state(reading: Reading) -> dict[str, Any]:
    return {
        "number": reading.number,
        "reading": reading.under_way,
        "age_s": round(reading.age_s, 1),
        "took_s": round(reading.took_s, 2),
        "reason": reading.reason,
    }


def _unknown(name: str) -> Unwelcome:
    return Unwelcome(404, "unknown_run", f"There is no kept run {name[:100]!r} in the folder of simulations.")
