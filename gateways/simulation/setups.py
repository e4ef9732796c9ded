"""From what a person asks for to what is simulated: a place, a kind of days, and policies by their names.

A policy is `DISPATCH/REDEPLOY`, as in `nearest+divert/compliance:q=300`; either may be left out. Everything is checked
before the first day begins.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.model.demand import CareTimes, Demand, TypeShare
from engine.model.moves import MILLION, MoveRules
from engine.model.place import Place
from engine.model.plans import Mode
from engine.policy import Quiet, dispatch_named
from engine.policy.dispatch.named import NEAREST
from engine.policy.redeploy import Demand as CoverDemand
from engine.policy.redeploy import Points, PolicyRefused, policy_named, rules_of
from engine.sim.given import UNKNOWN, Given, days_of
from engine.sim.nature import Nature
from engine.sim.replicate import Setup
from engine.streets.network import Network
from engine.streets.roads import Roads
from gateways.places import Loaded, import_jemss, load
from gateways.simulation.presets import PRESETS

NO_RULES = MoveRules(
    mode=Mode.AUTO,
    at_once=1_000_000,
    gain_min=-MILLION,
    drive_ms_max=86_400_000,
    budget=1_000_000_000,
    cool_down_ms=0,
    shift_end_ms=0,
    refused_ms=0,
)
"""Crews that can be moved at any time, as often as anybody likes: how the models in the literature have it."""
JEMSS_FILE = "gen_config.xml"


class NotSimulated(Exception):
    """What was asked for cannot be simulated; the message says what is wrong, and what to do."""


class Scene(Struct, frozen=True):
    """A place made ready: everything that its policies share."""

    place: Place
    roads: Roads | None
    demand: Demand | None
    """None: the calls are given."""
    nature: Nature
    preset: str
    cover: CoverDemand
    given: Given | None = None
    """Recorded calls, in the place of drawn ones."""


class Named(Struct, frozen=True):
    """A policy as it was asked for."""

    name: str
    dispatch: str
    redeploy: str


def loaded(folder: Path) -> Loaded:
    """Return the place in the folder; a city of JEMSS is imported on the way. Raises PlaceRefused."""
    if (folder / JEMSS_FILE).is_file() and not (folder / "place.toml").is_file():
        with tempfile.TemporaryDirectory() as out:
            import_jemss(folder, Path(out) / folder.resolve().name, lambda *_: None)
            return load(Path(out) / folder.resolve().name)
    return load(folder)


def scene_of(found: Loaded, preset: str, *, units: int | None = None, given: Given | None = None) -> Scene:
    """Return the place made ready for its kind of days. Raises NotSimulated, PolicyRefused."""
    if found.demand is None and given is None:
        raise NotSimulated(
            f"{found.place.name} has no demand.toml and demand.csv, so nobody knows who would call. Write them, or replay "
            "recorded days:  turnout replay JOURNAL --policy NAME"
        )
    made = PRESETS[preset](found.place)
    roads = None if found.graph is None else Roads(Network(found.graph), made.place.travel)
    scene = Scene(made.place, roads, found.demand, made.nature, preset, CoverDemand(), given)
    return ready(scene, units=units)


def ready(scene: Scene, *, units: int | None = None) -> Scene:
    """Return the scene with its fleet and with what policies reckon with. Raises NotSimulated."""
    place = scene.place if units is None else _manned(scene.place, units)
    _check_shifts(place)
    demand, given = scene.demand, scene.given
    if demand is not None:
        cover = _cover(place, demand, scene.nature)
    else:
        assert given is not None, "calls are drawn or given"
        cover = _cover_of_calls(place, given, scene.nature)
    return replace(scene, place=place, cover=cover)


def setup_of(scene: Scene, policy: Named, *, days: int, seed: int, warm_days: int = 1) -> Setup:
    """Return what is simulated for one policy. Raises NotSimulated."""
    try:
        dispatch, changes = dispatch_named(policy.dispatch)
    except ValueError as error:
        raise NotSimulated(str(error)) from None
    moves = NO_RULES if scene.preset == "jemss" else replace(scene.place.moves, mode=Mode.AUTO)
    place = replace(scene.place, moves=moves, matching=replace(scene.place.matching, **changes))
    try:
        redeploy = policy_named(policy.redeploy)
    except PolicyRefused as refused:
        dispatches = f". Dispatch stands alone or before a slash: {', '.join(NEAREST)}, joint, matching"
        raise NotSimulated(f"{refused}{dispatches if refused.field == 'policy' else ''}") from None
    return Setup(
        name=policy.name,
        place=place,
        roads=scene.roads,
        demand=scene.demand,
        nature=scene.nature,
        dispatch=Quiet(dispatch),
        redeploy=redeploy,
        cover=scene.cover,
        days=days,
        warm_days=warm_days,
        seed=seed,
        given=scene.given,
    )


def policies_of(texts: Sequence[str], default: str) -> list[Named]:
    """Return the policies that people name; `default` is the dispatch policy where none is named."""
    return [_policy(text, default) for text in texts or ("home",)]


def _policy(text: str, default: str) -> Named:
    first, slash, second = (part.strip() for part in text.partition("/"))
    if slash:
        return Named(f"{first}/{second}", first, second)
    try:
        dispatch_named(first.partition(":")[0])
    except ValueError:
        return Named(f"{default}/{first}", default, first)
    return Named(f"{first}/home", first, "home")


def _cover(place: Place, demand: Demand, nature: Nature) -> CoverDemand:
    """Return what the policies reckon with: the place's own demand, in full detail."""
    zones = demand.zones
    points = Points(
        np.array([zone.x_m for zone in zones], np.int32),
        np.array([zone.y_m for zone in zones], np.int32),
        np.rint(np.array([zone.weight for zone in zones]) * _scale(demand)).astype(np.int64),
    )
    rules = rules_of(place, demand.shares, nature.taking_ms + _turnout_ms(place))
    return CoverDemand(rules, points, None, round(demand.calls_per_day), demand.care.service_ms)


def _cover_of_calls(place: Place, given: Given, nature: Nature) -> CoverDemand:
    """Return what the policies reckon with where nobody wrote down a demand: the place's own points of cover.

    How many calls come in a day, of which kinds, and how long they take, is told by the calls themselves.
    """
    calls = given.calls
    kinds = Counter(zip(calls.kind.tolist(), calls.priority.tolist(), strict=True))
    shares = tuple(TypeShare(calls.type[kind], priority, number) for (kind, priority), number in sorted(kinds.items()))
    known_ms = calls.work_ms[calls.work_ms != UNKNOWN]
    scene_ms = int((known_ms if len(known_ms) else given.scene_ms).mean())
    service_ms = CareTimes(scene_ms, given.transport_share, given.handover_ms).service_ms
    per_day = max(1, round(len(given) / max(1, days_of(place, calls))))
    return CoverDemand(rules_of(place, shares, nature.taking_ms + _turnout_ms(place)), None, None, per_day, service_ms)


def _turnout_ms(place: Place) -> int:
    return round(sum(unit.turnout_ms for unit in place.units) / max(1, len(place.units)))


def _scale(demand: Demand) -> float:
    """Return what makes whole numbers of weights that may be small."""
    return 1e9 / max(1e-9, sum(zone.weight for zone in demand.zones))


def _manned(place: Place, count: int) -> Place:
    """Return the place with its first `count` units, or with more like its last ones, in turn over the stations."""
    room = sum(station.capacity for station in place.stations)
    if all(station.capacity for station in place.stations) and count > room:
        raise NotSimulated(f"--units {count}: all stations together have room for {room} units (`capacity`).")
    units = list(place.units[:count])
    stations = [station.id for station in place.stations]
    for number in range(len(units), count):
        like = place.units[number % len(place.units)]
        units.append(replace(like, id=f"X{number + 1:02}", station=stations[number % len(stations)], crew=None))
    return replace(place, units=tuple(units))


def _check_shifts(place: Place) -> None:
    """Refuse a shift in which nobody ever works, where somebody is meant to."""
    of_crew = {crew.id: crew.shift for crew in place.crews}
    used = {unit.shift or (of_crew[unit.crew] if unit.crew else None) for unit in place.units}
    empty = [shift.id for shift in place.shifts if shift.id in used and not shift.windows]
    if empty:
        raise NotSimulated(f"shift {empty[0]} has no hours, so its units would never be on duty. Correct shifts.toml.")
