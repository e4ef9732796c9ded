"""Street graphs beside the journal: the same ones come back, damage is said, what is missing keeps nobody waiting."""

from pathlib import Path

import numpy as np
import pytest

from engine.journal.disk import Disk
from engine.journal.library import library_of
from engine.journal.shelf import Shelf, StreetsDamaged, StreetsMissing
from engine.streets.graph import Graph
from engine.streets.network import Network
from tests import river_town
from tests.builders import small_place

GRAPH = river_town.graph()
PLACE = small_place(streets=GRAPH.digest)


def kept(directory: Path) -> Path:
    return Shelf(directory).keep(GRAPH, river_town.network().order)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    """Every column, every name, and the order."""
    path = kept(tmp_path)
    assert path == tmp_path / "streets" / f"{GRAPH.digest}.npz"
    found = Shelf(tmp_path).load(GRAPH.digest)
    assert found is not None
    assert found[0].digest == GRAPH.digest
    assert (found[0].names, found[0].classes) == (GRAPH.names, GRAPH.classes)
    assert np.array_equal(found[1], river_town.network().order)
    assert Shelf(tmp_path).load("0" * 64) is None


def test_a_graph_without_names_or_arcs_comes_back_too(tmp_path: Path) -> None:
    """One street class with the empty name is not no class."""
    bare = Graph([0, 10], [0, 0], [], [], [], [], [], [], [])
    Shelf(tmp_path).keep(bare, Network(bare).order)
    found = Shelf(tmp_path).load(bare.digest)
    assert found is not None
    assert found[0].digest == bare.digest


def _reads_as_kept(path: Path, whole: bytes, at: int) -> bool:
    """Flip one bit: False if that is noticed. Else it was one of the archive's own fields that nothing rests on."""
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
    try:
        found = Shelf(path.parents[1]).load(GRAPH.digest)
    except StreetsDamaged:
        return False
    assert found is not None
    assert found[0].digest == GRAPH.digest
    assert np.array_equal(found[1], river_town.network().order)
    return True


def test_any_changed_byte_of_content_is_found(tmp_path: Path) -> None:
    """A flipped bit, a cut, an exchange with other streets: an error that says which file and what to do."""
    path = kept(tmp_path)
    whole = path.read_bytes()
    harmless = sum(_reads_as_kept(path, whole, at) for at in range(0, len(whole), 7))
    assert harmless < len(whole) // 7 // 2
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(StreetsDamaged, match="damaged"):
            Shelf(tmp_path).load(GRAPH.digest)
    path.write_bytes(whole)
    path.rename(path.with_name("1" * 64 + ".npz"))
    with pytest.raises(StreetsDamaged, match="other streets"):
        Shelf(tmp_path).load("1" * 64)


class Full(Disk):
    """A disk with no room left."""

    def pwrite(self, fd: int, data: bytes, offset: int) -> None:
        super().pwrite(fd, data[:10], offset)
        raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """Nothing half written is ever found under a digest."""
    kept(tmp_path)
    with pytest.raises(OSError, match="No space"):
        Shelf(tmp_path, Full()).keep(GRAPH, river_town.network().order)
    assert Shelf(tmp_path).load(GRAPH.digest) is not None
    assert [path.suffix for path in (tmp_path / "streets").iterdir()] == [".npz"]


def test_the_library_builds_once_and_finds_its_order_again(tmp_path: Path) -> None:
    """The second start is given the order of the first; a damaged file is written anew, and said."""
    first = library_of(Shelf(tmp_path))
    assert first.ready(PLACE) is None
    assert first.add(GRAPH) == ()
    assert first.ready(PLACE) is first(PLACE) is not None
    again = library_of(Shelf(tmp_path))
    assert np.array_equal(again(PLACE).network.order, first(PLACE).network.order)
    path = tmp_path / "streets" / f"{GRAPH.digest}.npz"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(StreetsDamaged):
        library_of(Shelf(tmp_path))(PLACE)
    (note,) = library_of(Shelf(tmp_path)).add(GRAPH)
    assert "written anew" in note
    assert Shelf(tmp_path).load(GRAPH.digest) is not None


def test_an_order_of_another_version_is_found_anew(tmp_path: Path) -> None:
    """It only costs time."""
    Shelf(tmp_path).keep(GRAPH, np.arange(3, dtype=np.int32))
    library = library_of(Shelf(tmp_path))
    assert library(PLACE).network.size == river_town.network().size


def test_missing_streets_are_missed_only_by_who_decides(tmp_path: Path) -> None:
    """The error names the file and says what still works."""
    with pytest.raises(StreetsMissing, match="what was recorded reads as ever"):
        library_of(Shelf(tmp_path))(PLACE)
