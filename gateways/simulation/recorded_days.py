"""A journal read for a what-if: its recorded days, and the place ready to be simulated again with its own streets.

Every refusal comes before the first simulated day, as a sentence.
"""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import msgspec
from msgspec.structs import replace

from engine.journal import JournalError
from engine.journal.reader import Reader
from engine.journal.recovery import turns
from engine.journal.snapshots import latest_snapshot
from engine.model.place import Place
from engine.model.plans import Mode
from engine.model.turn import Turn
from engine.policy import dispatch_named
from engine.policy.dispatch.named import NEAREST
from engine.policy.redeploy import Demand as CoverDemand
from engine.policy.redeploy import PolicyRefused, policy_named
from engine.replay import kept_streets
from engine.sim.callers import CallList
from engine.sim.given import given_of
from engine.sim.nature import Nature
from engine.sim.recorded import NothingRecorded, Recorded, read_recorded, unfit
from engine.state.image import restore
from gateways.progress import Report
from gateways.simulation.setups import Named, NotSimulated, Scene, loaded, ready, scene_of

PROGRESS_TURNS = 2_000
NAMED_MAX = 3
"""Calls named of those that do not fit a place."""
PARTS = ("divert", "soon-free", "supersede")


def read_days(directory: Path, progress: Report | None = None) -> tuple[Path, Recorded]:
    """Return the journal's folder (the one given, or `journal` in it) and its days. Raises NotSimulated."""
    journal = next((each for each in (directory, directory / "journal") if any(each.glob("*.seg"))), None)
    if journal is None:
        raise NotSimulated(f"{directory}: there is no journal here, and none in a folder `journal` in it.")
    try:
        first = _segments(journal)[0]
        place, units = _before(journal, first)
        return journal, read_recorded(_counted(journal, first, progress), place, units)
    except JournalError as error:
        raise NotSimulated(str(error)) from None
    except msgspec.ValidationError as error:
        raise NotSimulated(
            f"{journal} was written by another version of the model ({error}). Replay it with the version that wrote it."
        ) from None
    except NothingRecorded as refused:
        raise NotSimulated(f"{journal}: {refused}") from None


def scene_as_recorded(journal: Path, days: Recorded) -> Scene:
    """Return the journal's own place with the streets kept beside it. Raises NotSimulated."""
    place = served_at_once(days.place)
    try:
        roads = kept_streets(journal)(place) if place.streets else None
    except JournalError as error:
        raise NotSimulated(str(error)) from None
    given = given_of(days.calls, place)
    return ready(Scene(place, roads, None, Nature(), "city", CoverDemand(), given))


def scene_instead(folder: Path, days: Recorded) -> Scene:
    """Return another place for the same calls: other units, posts, plans or streets. Raises NotSimulated, PlaceRefused."""
    found = loaded(folder)
    _check_fit(found.place, days.calls)
    given = given_of(days.calls, found.place, None if found.demand is None else found.demand.care)
    return scene_of(replace(found, place=served_at_once(found.place)), "city", given=given)


def served_at_once(place: Place) -> Place:
    """Return the place with every plan in auto mode: nobody sits there to accept, and shadow plans would send nobody."""
    return replace(place, plans=tuple(replace(plan, mode=Mode.AUTO) for plan in place.plans))


def policy_then(days: Recorded) -> Named:
    """Return the policy that decided in the journal: who was sent, and who was moved. Raises NotSimulated."""
    told = max(days.dispatch, key=lambda name: (days.dispatch[name], name), default="")
    names = [*NEAREST]
    names += [
        "joint" + "".join(f"-{part}" for part in parts) for count in range(4) for parts in combinations(PARTS, count)
    ]
    dispatch = next((name for name in names if dispatch_named(name)[0].name == told), None)
    if told and dispatch is None:
        raise NotSimulated(f"The journal's decisions were made by a policy {told!r} that this version does not know.")
    return Named(f"{dispatch or 'joint'}/{_moves_of(days)}", dispatch or "joint", _moves_of(days))


def _moves_of(days: Recorded) -> str:
    try:
        policy_named(days.moves or "home")
    except PolicyRefused:
        return "home"
    return days.moves or "home"


def _check_fit(place: Place, calls: CallList) -> None:
    reasons: dict[str, int] = {}
    for row in range(len(calls)):
        reason = unfit(place, calls, row)
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        told = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
        lines = [f"  {number} of {len(calls)} calls: {reason}" for reason, number in told[:NAMED_MAX]]
        more = [f"  and {len(told) - NAMED_MAX} more reasons"] if len(told) > NAMED_MAX else []
        raise NotSimulated("\n".join([f"The recorded calls do not fit {place.name}:", *lines, *more]))


def _before(journal: Path, first: int) -> tuple[Place | None, list[str]]:
    """Return the place and the fleet of a journal that no longer holds its first turns; a whole one says so itself.

    Units keep their rows for the life of a journal, so any later snapshot knows those of before.
    """
    if first == 1:
        return None, []
    snapshot = latest_snapshot(journal).snapshot
    if snapshot is None:
        raise NotSimulated(f"{journal} begins in the middle and has no snapshot that names the place.")
    try:
        world = restore(snapshot.payload, indexed=False)
    except (msgspec.DecodeError, ValueError) as error:
        raise NotSimulated(
            f"{journal} begins in the middle, and its snapshot was written by another version ({error}). "
            "Start the engine on it once, so that it writes a new one."
        ) from None
    return world.place, world.fleet.ids


def _counted(journal: Path, first: int, progress: Report | None) -> Iterator[Turn]:
    last_seq = _last_seq(journal) if progress else 0
    for turn in turns(journal, first):
        if progress and turn.seq % PROGRESS_TURNS == 0:
            progress("turns read", turn.seq, last_seq)
        yield turn


def _segments(journal: Path) -> list[int]:
    return sorted(int(path.stem) for path in journal.glob("*.seg") if path.stem.isdecimal())


def _last_seq(journal: Path) -> int:
    reader = Reader(journal)
    for _ in reader.read(_segments(journal)[-1]):
        pass
    return reader.last_seq
