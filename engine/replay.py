"""Deciding recorded days again: the same inputs at the same times must give the same bytes."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from engine.core.engine import Engine
from engine.journal.codec import has_expired
from engine.journal.keys import Keyring, number_of
from engine.journal.library import library_of
from engine.journal.reader import Reader
from engine.journal.recovery import turns
from engine.journal.shelf import Shelf
from engine.journal.snapshots import latest_snapshot
from engine.model.facts import AnyFact, UnitsRecommended
from engine.model.inputs import AnyInput
from engine.model.paper import encode
from engine.model.personal import ERASED, erased, incident_of, texts_of
from engine.model.response_facts import DuplicatesSuspected, Suspect
from engine.model.turn import Turn
from engine.model.why import Why
from engine.policy import DispatchPolicy, Solution, policy_of
from engine.state.image import restore, state_hash
from engine.state.records import Incident
from engine.state.world import Library, World, no_streets


class Difference(Struct, frozen=True):
    """The first turn that came out otherwise than recorded."""

    seq: int
    recorded: tuple[AnyFact, ...]
    replayed: tuple[AnyFact, ...]


class Replayed(Struct, frozen=True):
    """What a replay found."""

    first_seq: int
    last_seq: int
    turns: int
    state_hash: str
    difference: Difference | None
    skipped_to: int
    """Turns before this seq could not be decided again, as their positions have expired: 0 for none."""


def replay(directory: Path, dispatch: DispatchPolicy | None = None, streets: Library | None = None) -> Replayed:
    """Decide every turn of a journal again and compare byte for byte; stops at the first difference.

    Where early positions have expired, it starts from the first snapshot behind them. The `streets` are those kept
    beside the journal, where no others are given.
    Raises JournalDamaged, JournalGap; StreetsMissing, StreetsDamaged where they are asked for and cannot be had.
    """
    start = _first_whole_seq(directory)
    world = _world_before(directory, start, streets or kept_streets(directory))
    engine = Engine(world, dispatch)
    gone = Gone(Keyring(directory))
    first = world.seq + 1
    count = 0
    difference = None
    for turn in turns(directory, first):
        known = gone.suspects(world)
        difference = gone.compare(engine.step(turn.input, turn.now), turn, world, known)
        count += 1
        if difference is not None:
            break
    skipped = first if first > 1 else 0
    return Replayed(first, world.seq, count, state_hash(world), difference, skipped)


class Gone:
    """What cannot be decided again letter by letter, because the people of some incidents have been erased.

    Texts that quote them differ, and whether two calls were alike can no longer be told, which only people are told of:
    suspicions are taken as recorded. All else must be the same bytes.
    """

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys
        self._seen: dict[str, bool] = {}
        self._any = False

    def suspects(self, world: World) -> dict[str, tuple[Suspect, ...]]:
        """Return the suspicions that stand before a turn, once something is known to be gone."""
        return {name: incident.suspects for name, incident in world.open.items()} if self._any else {}

    def compare(
        self, replayed: Turn, recorded: Turn, world: World, known: dict[str, tuple[Suspect, ...]]
    ) -> Difference | None:
        """Return how the two differ, beyond what is gone; the World goes on with the recorded suspicions."""
        self._any = self._any or any(map(self._is_gone, (recorded.input, *recorded.facts)))
        if not self._any:
            return compare(replayed, recorded)
        for fact in replayed.facts:
            if isinstance(fact, DuplicatesSuspected):
                world.incidents[fact.incident].suspects = known.get(fact.incident, ())
                world.tally["duplicates_suspected"] -= 1
                if not world.tally["duplicates_suspected"]:
                    del world.tally["duplicates_suspected"]
        for fact in recorded.facts:
            if isinstance(fact, DuplicatesSuspected):
                world.apply(fact)
        return compare(self._masked(replayed), self._masked(recorded))

    def _masked(self, turn: Turn) -> Turn:
        facts = tuple(
            erased(fact) if self._is_gone(fact) else fact
            for fact in turn.facts
            if not isinstance(fact, DuplicatesSuspected)
        )
        return Turn(turn.seq, turn.now, turn.input, facts)

    def _is_gone(self, item: AnyFact | AnyInput) -> bool:
        if any(ERASED in text for _, text in texts_of(item)):
            return True
        name = incident_of(item)
        if name not in self._seen:
            self._seen[name] = bool(name) and self._keys.is_destroyed(number_of(name))
        return self._seen[name]


def compare(replayed: Turn, recorded: Turn) -> Difference | None:
    """Return how two turns differ on paper; None if they do not."""
    if encode(replayed) == encode(recorded):
        return None
    return Difference(recorded.seq, recorded.facts, replayed.facts)


def kept_streets(directory: Path) -> Library:
    """Return the streets kept beside the journal; asked for others, it raises StreetsMissing."""
    return library_of(Shelf(directory))


def world_at(directory: Path, seq: int, streets: Library = no_streets) -> World:
    """Return the World as it was after turn `seq`, from the snapshot before it. Raises JournalGap, JournalDamaged.

    To judge in it again, give it the `kept_streets` of its journal.
    """
    world = _world_from_snapshot(directory, seq, streets)
    for turn in turns(directory, world.seq + 1):
        if turn.seq > seq:
            break
        world.fold(turn)
    return world


def why_then(
    directory: Path, turn: Turn, decision: UnitsRecommended, unit_id: str, streets: Library | None = None
) -> Why:
    """Judge one unit at the very moment of a recorded decision, whether the decision names it or not.

    The turn is decided again, and the policy asked about that unit where it was asked to explain the decision.
    `decision` is one of the turn's facts. Raises KeyError if the place had no such unit then; ValueError if a policy
    decided that is not known here; StreetsMissing.
    """
    world = world_at(directory, turn.seq - 1, streets or kept_streets(directory))
    witness = _Witness(policy_of(decision.why.policy), decision.incident, world.fleet.rows[unit_id])
    Engine(world, witness).step(turn.input, turn.now)
    decisions = [f for f in turn.facts if isinstance(f, UnitsRecommended) and f.incident == decision.incident]
    return witness.told[decisions.index(decision)]


class _Witness:
    """Decides as the policy does, and notes what it would have said of one unit."""

    def __init__(self, policy: DispatchPolicy, incident: str, row: int) -> None:
        self.told: list[Why] = []
        self.name = policy.name
        self.relieves = policy.relieves
        self.solve = policy.solve
        self.estimate = policy.estimate
        self._policy = policy
        self._incident = incident
        self._row = row

    def explain(self, world: World, incident: Incident, solution: Solution, row: int | None = None) -> Why:
        """Explain, and ask about the unit as well."""
        if incident.id == self._incident:
            self.told.append(self._policy.explain(world, incident, solution, self._row))
        return self._policy.explain(world, incident, solution, row)


def _first_whole_seq(directory: Path) -> int:
    last_expired = 0
    for record in Reader(directory).read(_first_seq(directory)):
        if has_expired(record):
            last_expired = record.seq
    return last_expired + 1


def _first_seq(directory: Path) -> int:
    return min((int(path.stem) for path in directory.glob("*.seg") if path.stem.isdecimal()), default=1)


def _world_before(directory: Path, seq: int, streets: Library) -> World:
    if seq == 1 and _first_seq(directory) == 1:
        return World(streets=streets)
    # The World at the end of what cannot be decided again can still be folded from a snapshot behind it.
    for candidate in _snapshots_from(directory, seq - 1, streets):
        return candidate
    return World(streets=streets)


def _snapshots_from(directory: Path, seq: int, streets: Library) -> Iterable[World]:
    at_most: int | None = None
    found = []
    while True:
        snapshot = latest_snapshot(directory, at_most_seq=at_most).snapshot
        if snapshot is None or snapshot.seq < seq:
            break
        found.append(snapshot)
        at_most = snapshot.seq - 1
    return (restore(snapshot.payload, streets=streets) for snapshot in reversed(found))


def _world_from_snapshot(directory: Path, seq: int, streets: Library) -> World:
    snapshot = latest_snapshot(directory, at_most_seq=seq).snapshot
    return World(streets=streets) if snapshot is None else restore(snapshot.payload, streets=streets)
