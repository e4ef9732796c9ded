"""What of a fleet stays the same from decision to decision, as columns: crews, neighbours, hands.

All of it follows from the place and the columns alone; it is kept only so that it is not worked out anew each turn.
"""

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from engine.model.place import Place
from engine.state.fleet import Fleet
from engine.state.world import World

Rows = npt.NDArray[np.int32]


class Layout(NamedTuple):
    """Columns of N units: crew: lowest row of its crew; agency: number in the place's list, -1 = none.

    neighbours: by agency, the rows of its units; asked: the rows of those that have to be asked for; everyone: all rows.
    """

    place: Place
    crew: Rows
    agency: Rows
    neighbours: tuple[tuple[int, ...], ...]
    asked: tuple[int, ...]
    everyone: Rows


class Classes(NamedTuple):
    """Units with the same capabilities are one class, in order of the mask.

    masks: by class; number: int32[N], the class of each row; order: int32[N], all rows class by class.
    """

    capability: npt.NDArray[np.uint64]
    masks: tuple[int, ...]
    number: Rows
    order: Rows


_LAYOUTS: "WeakKeyDictionary[Fleet, Layout]" = WeakKeyDictionary()
_CLASSES: "WeakKeyDictionary[Fleet, Classes]" = WeakKeyDictionary()


def layout_of(world: World) -> Layout:
    """Return the columns of this World's fleet under the place in force."""
    known = _LAYOUTS.get(world.fleet)
    if known is None or known.place is not world.place:
        known = _LAYOUTS[world.fleet] = _layout(world.settled, world.fleet)
    return known


def classes_of(fleet: Fleet) -> Classes:
    """Return the fleet's classes as its columns are now: a crew may bring what its vehicle has not."""
    known = _CLASSES.get(fleet)
    if known is None or not np.array_equal(known.capability, fleet.capability):
        masks, number = np.unique(fleet.capability, return_inverse=True)
        order = np.argsort(number, kind="stable").astype(np.int32)
        known = Classes(fleet.capability.copy(), tuple(masks.tolist()), number.astype(np.int32), order)
        _CLASSES[fleet] = known
    return known


def _layout(place: Place, fleet: Fleet) -> Layout:
    agencies = {agency.id: number for number, agency in enumerate(place.agencies)}
    crew = [min((row, *siblings)) for row, siblings in enumerate(fleet.siblings)]
    agency = [agencies.get(unit.agency, -1) if unit.agency else -1 for unit in fleet.units]
    neighbours = tuple(
        tuple(row for row, number in enumerate(agency) if number == wanted) for wanted in range(len(place.agencies))
    )
    asked = [row for each, rows in zip(place.agencies, neighbours, strict=True) if not each.automatic for row in rows]
    return Layout(
        place,
        crew=np.array(crew, np.int32),
        agency=np.array(agency, np.int32),
        neighbours=neighbours,
        asked=tuple(asked),
        everyone=np.arange(len(fleet), dtype=np.int32),
    )
