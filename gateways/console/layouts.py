"""How each user has arranged the desk, the map's window and the wall: sizes, what is shown, theme, view, choices.

Rule: it is a convenience and never in the way. Content that does not fit is refused by its field and changes nothing;
what is kept is on the disk before it is answered; a file that cannot be read means the arrangement that we ship.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import trio
from msgspec import Meta, Struct

from engine.journal.disk import Disk
from gateways.log import logger
from gateways.vocabulary.bucket import Bucket

FILE: Final = "console-layouts.json"
WINDOWS_MAX: Final = 8
"""Of one user."""
CHOICES_MAX: Final = 40
"""Of one window."""
SIDES_MAX_PERCENT: Final = 80
"""Left and right column together: the rest is the map's."""
PUTS_PER_S: Final = 2.0
PUTS_BURST: Final = 20.0

Word = Annotated[str, Meta(pattern="^[a-z0-9_-]{1,32}$")]
Side = Annotated[float, Meta(ge=12, le=60)]
"""Per cent of the window's width."""
Foot = Annotated[float, Meta(ge=12, le=70)]
"""Per cent of the window's height."""
Metres = Annotated[float, Meta(ge=-1e7, le=1e7)]

_log = logger("console")


class MapView(Struct, frozen=True, forbid_unknown_fields=True):
    """What the map shows: its middle in metres of the place, and pixels for a metre."""

    x: Metres
    y: Metres
    scale: Annotated[float, Meta(ge=0.001, le=10)]


class Window(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One window as its user has arranged it; what is not said is as we ship it."""

    theme: Literal["", "dark", "light"] = ""
    left_percent: Side | None = None
    right_percent: Side | None = None
    foot_percent: Foot | None = None
    """Height of the card and the timeline."""
    hidden: Annotated[tuple[Literal["map", "units", "timeline"], ...], Meta(max_length=3)] = ()
    """Incidents, the card and the command line cannot be hidden."""
    map: MapView | None = None
    """None: all of the city."""
    choices: Annotated[dict[Word, Word], Meta(max_length=CHOICES_MAX)] = {}
    """Filters, layers and the like, by the names that the page has for them."""

    def __post_init__(self) -> None:
        """Raise ValueError where nothing would be left between the columns."""
        if (self.left_percent or 0) + (self.right_percent or 0) > SIDES_MAX_PERCENT:
            raise ValueError(f"left_percent and right_percent together are more than {SIDES_MAX_PERCENT}")


class NotKept(Exception):
    """It was not kept, and nothing has changed. The message says why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Layouts:
    """The windows of every user, by name, in one file of the data folder. One per process."""

    def __init__(self, data: Path, disk: Disk | None = None) -> None:
        self._file = data / FILE
        self._disk = disk or Disk()
        self._users: dict[str, dict[Word, Window]] = self._load()
        self._puts: dict[str, Bucket] = {}
        self._writing = trio.Lock()

    def of(self, user: str) -> dict[Word, Window]:
        """Return the user's windows by their names."""
        return dict(self._users.get(user, {}))

    async def put(self, user: str, name: Word, window: Window) -> None:
        """Keep the window; it is on the disk then. Users come from the configuration, so they are bounded. Raises NotKept."""
        if self._puts.setdefault(user, Bucket(PUTS_PER_S, PUTS_BURST)).take(trio.current_time()) > 0:
            raise NotKept("rate_limited", "The layout changes too often. Wait a moment.")
        async with self._writing:
            mine = self.of(user) | {name: window}
            if len(mine) > WINDOWS_MAX:
                raise NotKept("too_many", f"A user has at most {WINDOWS_MAX} windows; `{name}` would be one more.")
            users = {**self._users, user: mine}
            try:
                await trio.to_thread.run_sync(self._disk.replace, self._file, msgspec.json.encode(users))
            except OSError as error:
                _log.warning(f"{FILE}: a layout could not be kept", detail=str(error))
                raise NotKept("not_kept", f"The layout lasts as long as this page: {error.strerror}.") from None
            self._users = users

    def _load(self) -> dict[str, dict[Word, Window]]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, dict[Word, Window]])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            _log.warning(f"{FILE}: cannot be read; every desk is as it was shipped", detail=str(error))
            return {}
