"""The quiet map under the units: every street once, its bends kept, nothing that does not show."""

import gzip

import msgspec
import numpy as np
import pytest

from gateways.console.basemap import TOLERANCE_M, Basemap, lines_of, simplified
from tests import lattice_town, river_town


@pytest.mark.parametrize("graph", [river_town.graph(), lattice_town.lattice()], ids=["river", "lattice"])
def test_every_stretch_of_street_is_drawn_once(graph: river_town.Graph) -> None:
    """The length of what is drawn is that of the streets, each counted once whichever way it may be driven."""
    drawn = 0.0
    for _, _, *points in lines_of(graph):
        steps = np.array(points[2:]).reshape(-1, 2)
        drawn += float(np.hypot(steps[:, 0], steps[:, 1]).sum())
    ends = {(min(a, b), max(a, b)) for a, b in zip(graph.tail.tolist(), graph.head.tolist(), strict=True)}
    true = sum(float(np.hypot(graph.x_dm[a] - graph.x_dm[b], graph.y_dm[a] - graph.y_dm[b])) / 10 for a, b in ends)
    assert drawn == pytest.approx(true, rel=0.02)


def test_a_line_is_simplified_within_the_tolerance() -> None:
    """Small wobbles go, corners stay."""
    line = np.array([[0, 0], [10, 1], [20, 0], [30, -1], [40, 0], [40, 50]])
    assert simplified(line).tolist() == [[0, 0], [40, 0], [40, 50]]
    bent = np.array([[0, 0], [20, int(TOLERANCE_M) + 1], [40, 0]])
    assert simplified(bent).tolist() == bent.tolist()


async def test_the_map_is_packed_once_under_its_digest() -> None:
    """What a browser keeps under a digest is what the place's streets are."""
    graph = river_town.graph()
    basemap = Basemap(graph)
    packed = await basemap.packed()
    assert packed is await basemap.packed()
    told = msgspec.json.decode(gzip.decompress(packed))
    assert told["lines"] == lines_of(graph)
    assert tuple(told["names"]) == graph.names
    assert basemap.digest == graph.digest[:32]
    assert (await Basemap(None).packed(), Basemap(None).digest) == (b"", "")
