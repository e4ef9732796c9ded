"""The past is what the live board showed: written down while it happened, and read again from the journal."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, example, given, settings

from engine.core.engine import Engine
from engine.journal import Journal
from engine.journal.codec import record_of
from engine.journal.keys import Keyring
from engine.model.input import Command
from engine.model.inputs import AdoptPlace, AnyInput, Tick
from engine.model.turn import Turn
from engine.state.world import World
from gateways.board import Board, Snapshot
from gateways.cad.messages import Positions
from gateways.cad.mirror import Mirror
from gateways.reels import Hour
from tests import river_town
from tests.builders import SMALL_JOURNAL
from tests.past_kit import told
from tests.property.days_kit import Steps, days, random_steps
from tests.property.step_kit import Commands, time_of
from tests.unit.engine_place import MORNING, engine_place

LONG_MS = 4 * 3_600_000
"""Longer than the hour that a page asks for: random days are in no hurry."""
STEP_MS = 1_000
"""Positions of so small a fleet are told every second."""


class Day:
    """An engine, its journal, and a live screen, whose view is written down now and then."""

    def __init__(self, folder: Path) -> None:
        self.seen: dict[int, Snapshot] = {}
        self._engine = Engine(World(streets=river_town.library))
        self._commands = Commands(self._engine.world)
        self._keys = Keyring(folder)
        self._journal = Journal.open(folder, on_durable=lambda _: None, on_failure=print, settings=SMALL_JOURNAL)
        follower = World(indexed=False)
        follower.fold(self._decided(AdoptPlace(engine_place()), MORNING))
        self._board = Board(follower)
        self._screen = Mirror()
        self._screen.take(self._board.snapshot())
        self._board.on_update.append(self._screen.take)
        self._board.on_positions.append(lambda at_ms, units: self._screen.take(Positions(at_ms=at_ms, units=units)))

    def live(self, steps: Steps) -> None:
        """Let it all happen, as far as it fits in."""
        world = self._engine.world
        for numbers, when in steps:
            given_ = self._commands.input_of(numbers)
            if isinstance(given_, Command) and world.answer(given_) is not None:
                continue
            now = max(world.now, time_of(world, when))
            self._look(now - 1)
            if now > MORNING + LONG_MS:
                break
            self._give(given_, now)
        self._give(Tick(), world.now + 3 * STEP_MS)
        self._look(world.now)
        self._journal.close()

    def _give(self, given_: AnyInput, now: int) -> None:
        self._board.fold(self._decided(given_, now))

    def _decided(self, given_: AnyInput, now: int) -> Turn:
        turn = self._engine.step(given_, now)
        self._journal.submit(record_of(turn, self._keys))
        return turn

    def _look(self, until_ms: int) -> None:
        """Write down what is on the screen at the last whole second, if nothing has happened since."""
        at_ms = until_ms - (until_ms - MORNING) % STEP_MS
        if at_ms >= self._engine.world.now:
            self._board.tell_positions(1_000)
            self._screen.settle()
            self.seen[at_ms] = self._screen.snapshot()


@given(days(60))
@example(random_steps(7, 400))
@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
def test_replay_at_any_time_is_what_the_live_screen_showed_then(steps: Steps) -> None:
    """Incidents, units with their positions, alarms, roads, cautions, moves, cover, alerts: all of it, to the letter."""
    with TemporaryDirectory() as folder:
        day = Day(Path(folder))
        day.live(steps)
        moments = sorted(at_ms for at_ms in day.seen if at_ms <= MORNING + LONG_MS)
        past = told(Path(folder), Hour(MORNING, moments[-1], MORNING, "supervisor"))
        assert past.last["type"] == "end"
        assert past.last["whole"]
        for at_ms in moments:
            shown, seen = past.view(at_ms), day.seen[at_ms]
            assert shown == seen, f"{at_ms - MORNING} ms after the beginning"
