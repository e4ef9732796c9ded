"""Who was forgotten stays so, however old the record or the snapshot is that is read.

What is sealed reads as erased once its key is destroyed. Here the rest is seen to: journals from before people's data
were sealed, snapshots that another process is still rewriting, and incidents whose forgetting is under way.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.journal.codec import turn_of
from engine.journal.keys import Keyring, number_of
from engine.journal.reader import Reader
from engine.model.personal import ERASED, incident_of, texts_of
from engine.model.turn import Turn
from engine.state.erasure import erase, named_in
from engine.state.world import World


class Remaining(Keyring):
    """The keys beside a journal, without those that are about to be destroyed."""

    def __init__(self, journal: Path, gone: Iterable[str]) -> None:
        super().__init__(journal)
        self._gone = frozenset(number_of(name) for name in gone)

    def key(self, number: int) -> bytes | None:
        """Return the key; None if it was destroyed, is about to be, or is not here. Raises OSError."""
        return None if number in self._gone else super().key(number)


class Forgotten:
    """Knows which incidents' people are erased. `gone`: those too, whatever the disk says."""

    def __init__(self, journal: Path, gone: Iterable[str] = ()) -> None:
        self._journal = journal
        self._keys = Remaining(journal, gone)
        self._known: dict[str, bool] = {}

    def __contains__(self, incident: str) -> bool:
        """Tell whether the incident's people are forgotten."""
        if incident not in self._known:
            number = number_of(incident)
            self._known[incident] = number > 0 and self._keys.is_destroyed(number)
        return self._known[incident]

    def turns(self, from_seq: int) -> Iterator[Turn]:
        """Give the turns from there on, without the texts of who is forgotten. Raises JournalDamaged, JournalGap."""
        for record in Reader(self._journal).read(from_seq):
            yield self._bare(turn_of(record, self._keys))

    def clean(self, world: World) -> World:
        """Erase the same from a World, in place."""
        for name in named_in(world):
            if name in self:
                erase(world, name)
        return world

    def _bare(self, turn: Turn) -> Turn:
        """Return the turn without what was written unsealed, nor what quotes it."""
        items: tuple[Any, ...] = (turn.input, *turn.facts)
        said = {text for item in items if incident_of(item) in self for _, text in texts_of(item)} - {ERASED}
        return replace(turn, facts=tuple(_without(fact, said) for fact in turn.facts)) if said else turn


def _without(fact: Any, said: set[str]) -> Any:
    fields = ((name, getattr(fact, name)) for name in fact.__struct_fields__)
    return replace(fact, **{name: ERASED for name, value in fields if isinstance(value, str) and value in said})
