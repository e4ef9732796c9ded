"""Response plans (run cards): what an incident needs, by its type or code, its priority, where it is and when.

The first plan that covers an incident counts, so an agency reads its plans from the top like a list of rules.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace


class Mode(StrEnum):
    """How far the engine goes by itself, per plan."""

    SHADOW = "shadow"
    """Only record what we would do."""
    ADVISE = "advise"
    """Recommend to a person."""
    AUTO = "auto"
    """Dispatch."""


class Order(StrEnum):
    """Who goes first among those that fit."""

    CLOSEST = "closest"
    """Whoever arrives first."""
    STATION = "station"
    """The stations of the response area in their order; within a station whoever arrives first."""
    BLENDED = "blended"
    """The stations' order, unless another unit saves more than `blend_ms`."""


class Alternative(Struct, frozen=True):
    """A unit that may fill a slot, and what it costs to accept it instead of the first choice."""

    needs: int
    """Capability mask: a unit fits if it has all of these bits."""
    penalty_ms: int = 0


class Slot(Struct, frozen=True):
    """One kind of place in a plan, wanted `count` times."""

    id: str
    choices: tuple[Alternative, ...]
    """In order of preference; the first is what the plan really asks for, the others are its substitutions."""
    count: int = 1
    target_ms: int = 480_000
    """Call to arrival: beyond it a second counts more; used by clocks and shown to people."""
    weight_percent: int = 100
    """What a second counts here: the first-due engine's full weight, less for the rest of the alarm."""

    def fits(self, capabilities: int) -> bool:
        """Tell whether a unit with this mask may fill it."""
        return any(capabilities & choice.needs == choice.needs for choice in self.choices)


class Option(Struct, frozen=True):
    """Another way to answer: an engine and a quint instead of two engines and a ladder.

    A slot's id means the same slot in all options of a plan, though it may be wanted more or less often.
    """

    id: str
    slots: tuple[Slot, ...]
    penalty_ms: int = 0
    """What it costs to answer in this way instead of the plan's own."""


class AlarmLevel(Struct, frozen=True):
    """What the second, third … alarm adds to all before it."""

    level: int
    slots: tuple[Slot, ...]


class Gate(Struct, frozen=True):
    """What an automatic dispatch must be sure of; where it is not, a person is asked."""

    spread_ms: int | None = None
    """No ETA may be more uncertain than this."""
    fix_age_ms: int | None = None
    """No position of a moving unit may be older than this."""
    complete: bool = False
    """Every slot must have its unit."""


class Plan(Struct, frozen=True):
    """A response plan."""

    id: str
    types: tuple[str, ...]
    """Incident type ids; "*" stands for any."""
    priorities: tuple[int, ...]
    mode: Mode
    slots: tuple[Slot, ...]
    """The plan's own way to answer."""
    acknowledge_within_ms: int = 60_000
    """A dispatched unit that has not acknowledged by then raises an alarm."""
    codes: tuple[str, ...] = ()
    """Patterns of determinant codes (see `determinants.py`); none means any code, or no code."""
    areas: tuple[str, ...] = ()
    """Response area ids; none means anywhere."""
    windows: tuple[tuple[int, int], ...] = ()
    """Half-open spans in minutes of the local week; none means always."""
    options: tuple[Option, ...] = ()
    """Other ways to answer than by `slots`, in order of preference."""
    alarms: tuple[AlarmLevel, ...] = ()
    """By level, from the second."""
    order: Order = Order.CLOSEST
    blend_ms: int = 60_000
    gate: Gate = Gate()
    par_every_ms: int = 0
    """Units on scene are asked this often whether they are well; 0: never."""

    def wanted(self, option: str, alarm: int) -> tuple[Slot, ...]:
        """Return the slots of this option ("" is the plan's own way) at this alarm level.

        A slot that several levels name is one slot, wanted as often as all of them together.
        """
        own = self.slots
        if self.options:
            own = next((other.slots for other in self.options if other.id == option), self.slots)
        if not self.alarms:
            return own
        added = [slot for level in self.alarms if level.level <= alarm for slot in level.slots]
        return _together((*own, *added)) if added else own

    def ways(self) -> tuple[Option, ...]:
        """Return all ways to answer, the plan's own first."""
        return (Option("", self.slots), *self.options)

    def ways_from(self, option: str, alarm: int) -> Iterator[tuple[str, tuple[Slot, ...]]]:
        """Yield each way with its slots at this alarm level: this option first, then the others in their order."""
        for name in (option, *(way.id for way in self.ways() if way.id != option)):
            yield name, self.wanted(name, alarm)

    def level_at_most(self, alarm: int) -> int:
        """Return the highest alarm level that the plan has up to this one; 1 is the first alarm, which each has."""
        return max((level.level for level in self.alarms if level.level <= alarm), default=1)


def holds(slots: tuple[Slot, ...], filled: Mapping[str, int]) -> bool:
    """Tell whether the slots have room for so many filled places, by slot."""
    places = {slot.id: slot.count for slot in slots}
    return all(count <= places.get(slot, 0) for slot, count in filled.items())


def _together(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    by_id: dict[str, Slot] = {}
    for slot in slots:
        known = by_id.get(slot.id)
        by_id[slot.id] = slot if known is None else replace(known, count=known.count + slot.count)
    return tuple(by_id.values())
