"""Move-ups thought about beside the engine: a survey of the World, a policy in a thread, and its plan told as an input.

Rule: one plan at a time, and none blocks the loop. The engine's guard holds each plan against the World of the moment
when it is taken; and whatever goes wrong in here is counted, said and tried again later, and stops nobody.
"""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
import trio
from msgspec import Struct, field

from engine.live.release import Follower, Lagged
from engine.live.service import Service
from engine.model.demand import Demand as Calls
from engine.model.facts import CommandRefused
from engine.model.moves import ProposeMoves
from engine.model.paper import decode_as, encode
from engine.model.place import Place
from engine.policy.redeploy import (
    Expected,
    Learned,
    Look,
    Planning,
    PolicyRefused,
    Survey,
    complete,
    policy_named,
    without_times,
)

FOLLOW_TURNS_MAX = 16_384
TURNS_AT_A_STRETCH = 128
HOUR_MS = 3_600_000
REST_LONGEST_S = 60.0
SHARE = 5
"""A planner thinks for one part of its time in so many: the processors are there for dispatch first."""
OFF = "none"
"""Of policies: no planner at all."""

T = TypeVar("T")


class PlannerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How the planner thinks. What it may ask of crews is the place's to say (`MoveRules`)."""

    policy: str = "priced:q=learned,move_price=2000,budget_permille=300,drive_ms_max=1200000"
    """By name and settings; `home` only tells how well the city is covered, `none` switches the planner off."""
    apart_s: float = 1.0
    """Between the beginnings of two plans at least."""
    look_every_s: float = 60.0
    """A plan is made so often although nothing has happened: units drive, shifts end."""
    within_s: float = 30.0
    """A plan that takes longer is given up."""

    def __post_init__(self) -> None:
        for name in ("apart_s", "look_every_s", "within_s"):
            if not 0.01 <= getattr(self, name) <= 3_600:
                raise ValueError(f"{name} must lie between 0.01 and 3600 seconds")
        if self.policy != OFF:
            policy_named(self.policy)

    @property
    def is_off(self) -> bool:
        """Whether nobody plans."""
        return self.policy == OFF


class PlannerMeasures(Struct):
    """Plain numbers; metrics read them when they are scraped."""

    plans: int = 0
    """Thought through, whether or not there was anything to tell."""
    told: int = 0
    failures: Counter[str] = field(default_factory=lambda: Counter(fault=0, late=0, refused=0, memory=0))
    """By cause: its own fault, out of time, the engine or the policy refused, its memory could not be read or kept."""
    last_fault: str = ""
    last_plan_monotonic_s: float = field(default_factory=time.monotonic)
    survey_longest_s: float = 0.0
    """The part of a plan that the loop waits for."""


class Thought(Struct, frozen=True, eq=False):
    """What the last plan rests on, and what it proposes. Columns that nobody changes: any thread may read them."""

    survey: Survey
    """Without its times to posts: in a metropolis they are most of it, and nobody is shown them."""
    plan: ProposeMoves


class Planner:
    """One per service. `load` and `keep` read and write its memory; `keep` runs in a thread and may raise OSError."""

    def __init__(
        self,
        service: Service,
        settings: PlannerSettings | None = None,
        calls: Calls | None = None,
        *,
        load: Callable[[], bytes | None] = lambda: None,
        keep: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        """Take what the place says of its calls, if it does. Raises PolicyRefused for a policy that there is not."""
        self.service = service
        self.settings = settings or PlannerSettings()
        self.planning = Planning(policy_named(self.settings.policy), tells_cover=True)
        self.measures = PlannerMeasures()
        self.on_plan: Callable[[float], None] | None = None
        """Told the seconds that each plan took, from the survey to the last move."""
        self.on_fault: Callable[[str, str], None] | None = None
        """Told the cause and the detail of each failure."""
        self.learned = Learned()
        self.thought: Thought | None = None
        """None before the first plan."""
        self._calls = calls
        self._expected: Expected | None = None
        self._hour = -1
        self._failed = 0
        """Plans that have failed in a row."""
        self._news = trio.Event()
        self._thread = trio.CapacityLimiter(1)
        self._load, self._keep = load, keep

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Plan until cancelled; started once it follows."""
        await self._remember()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._follow, self._join())
                task_status.started()
                await self._plan()
        finally:
            self._write()

    # ── what happens ────────────────────────────────────────────────────────────────────────────────────────

    def _join(self) -> Follower:
        return self.service.release.follow("planner", FOLLOW_TURNS_MAX)

    async def _follow(self, follower: Follower) -> None:
        """Take in what is released. Who falls behind misses a few calls of many, and thinks about the World as it is."""
        while True:
            try:
                await self._take(follower)
            except Lagged:
                self._fail("fault", "fell behind the released turns")
            except Exception as error:  # noqa: BLE001  planning is a help: no fault of it may stop a dispatcher
                self._fail("fault", repr(error))
            finally:
                self.service.release.leave(follower)
            await trio.sleep(self.settings.apart_s)
            follower = self._join()
            self._news.set()

    async def _take(self, follower: Follower) -> None:
        while True:
            for number, turn in enumerate(await follower.batch(), 1):
                if self._expected is not None:
                    self._expected.saw(turn)
                if self.planning.saw(turn):
                    self._news.set()
                if number % TURNS_AT_A_STRETCH == 0:
                    await trio.lowlevel.checkpoint()

    # ── one plan after the other ────────────────────────────────────────────────────────────────────────────

    async def _plan(self) -> None:
        while True:
            self._news = trio.Event()
            began_s = trio.current_time()
            if await self._try():
                self._failed = 0
                took_s = trio.current_time() - began_s
                await trio.sleep_until(began_s + max(self.settings.apart_s, took_s * SHARE))
                with trio.move_on_after(self.settings.look_every_s):
                    await self._news.wait()
            else:
                self._failed += 1
                await trio.sleep(min(REST_LONGEST_S, self.settings.apart_s * 2.0 ** min(self._failed, 12)))

    async def _try(self) -> bool:
        """Make a plan and tell it; return whether that went well."""
        try:
            with trio.fail_after(self.settings.within_s):
                plan = await self._think()
            if plan is not None:
                await self._tell(plan)
        except trio.TooSlowError:
            return self._fail("late", f"a plan was not ready within {self.settings.within_s:g} s")
        except PolicyRefused as error:
            return self._fail("refused", str(error))
        except Exception as error:  # noqa: BLE001  as above
            return self._fail("fault", repr(error))
        self.measures.plans += 1
        self.measures.last_plan_monotonic_s = time.monotonic()
        return True

    async def _think(self) -> ProposeMoves | None:
        world, planning = self.service.world, self.planning
        await self._get_ready()
        started_s = time.perf_counter()
        look = planning.look(world)
        self.measures.survey_longest_s = max(self.measures.survey_longest_s, time.perf_counter() - started_s)
        thought = await self._aside(lambda: _thought(planning, look), given_up=True)
        self.thought, plan = thought, thought.plan
        if self.on_plan is not None:
            self.on_plan(time.perf_counter() - started_s)
        return planning.unless_told(world, plan)

    async def _get_ready(self) -> None:
        """Find what an epoch and an hour give, and again if there is another by then: a look must not, as the loop waits."""
        world, surveyor = self.service.world, self.planning.surveyor
        await self._look_ahead()
        while not surveyor.is_ready(world):
            basis = world.settled, world.roads, world.road_book.current
            await self._aside(partial(surveyor.make_ready, *basis))
            await self._look_ahead()

    async def _tell(self, plan: ProposeMoves) -> None:
        turn = await self.service.tell(plan)
        self.measures.told += 1
        for fact in turn.facts:
            if isinstance(fact, CommandRefused):
                raise PolicyRefused("plan", fact.reason)

    async def _aside(self, work: Callable[[], T], *, given_up: bool = False) -> T:
        """Do it in a thread, one at a time. What may be given up at the deadline goes on by itself and is forgotten."""
        return await trio.to_thread.run_sync(work, abandon_on_cancel=given_up, limiter=self._thread)

    def _fail(self, cause: str, detail: str) -> bool:
        self.measures.failures[cause] += 1
        self.measures.last_fault = detail
        if self.on_fault is not None:
            self.on_fault(cause, detail)
        return False

    # ── what is expected, and memory ────────────────────────────────────────────────────────────────────────

    async def _look_ahead(self) -> None:
        """See how busy units are; once an hour reckon with what the next one will probably bring."""
        world, now = self.service.world, self.service.clock.now()
        if self._expected is None or self._expected.place is not world.settled:
            self._expected, self._hour = _expected(world.settled, self._calls, self.learned), -1
        expected = self._expected
        expected.learn()
        expected.sample(world, now)
        if now // HOUR_MS != self._hour:
            demand = await self._aside(lambda: expected.expect(now))
            self.planning.surveyor.expect(demand)
            self._hour = now // HOUR_MS
            await self._aside(self._write)

    async def _remember(self) -> None:
        try:
            data = await self._aside(self._load)
            self.learned = Learned() if data is None else decode_as(Learned, data)
        except (OSError, msgspec.DecodeError) as error:
            self._fail("memory", f"what was learned about calls could not be read and is learned anew: {error}")
        price = self.planning.price
        if price is not None and self.learned.policy == self.settings.policy and self.learned.price >= 0:
            price.fine = self.learned.price

    def _write(self) -> None:
        if self._expected is not None:
            self._expected.learn()
        price = self.planning.price
        self.learned.policy, self.learned.price = self.settings.policy, -1 if price is None else price.fine
        try:
            self._keep(encode(self.learned))
        except OSError as error:
            self._fail("memory", f"what was learned about calls could not be kept: {error}")


def _thought(planning: Planning, look: Look) -> Thought:
    survey = complete(look)
    return Thought(without_times(survey), planning.propose(survey))


def _expected(place: Place, calls: Calls | None, learned: Learned) -> Expected:
    try:
        return Expected(place, calls, learned)
    except ValueError as error:
        raise PolicyRefused("demand", str(error)) from error
