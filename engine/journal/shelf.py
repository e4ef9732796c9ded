"""Street graphs beside the journal, each under the digest of its contents: streets/<digest>.npz.

A journal names the streets that its decisions rested on; here they are, so that a day can be decided again years
later. With them lies their order, which takes longest to find, so that a start finds it. Recovery needs neither: it
folds what was decided.
"""

import io
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from engine.journal.disk import Disk
from engine.journal.errors import JournalError
from engine.streets.graph import Graph, Ints

FOLDER: Final = "streets"
_UNREADABLE: Final = (BadZipFile, zlib.error, ValueError, KeyError, EOFError, NotImplementedError)
"""All that reading a damaged .npz file raises."""


class StreetsDamaged(JournalError):
    """A file of the shelf does not read as it was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: damaged: {reason}. The journal itself is whole; only decisions that rested on these streets "
            "cannot be made again. Put the file back from a copy, or move it away and start with the place's folder: "
            "a start writes it anew."
        )


class StreetsMissing(JournalError):
    """The shelf does not hold the streets that recorded decisions rested on."""

    def __init__(self, directory: Path, digest: str) -> None:
        super().__init__(
            f"{directory / FOLDER / digest}.npz: not there. Decisions of this journal rested on these streets, so they "
            "cannot be made again or explained further; what was recorded reads as ever. Put the file back from a copy "
            "of the journal's folder."
        )


class Shelf:
    """The street graphs of one journal."""

    def __init__(self, directory: Path, disk: Disk | None = None) -> None:
        self.directory = directory
        self._disk = disk or Disk()

    def keep(self, graph: Graph, order: Ints) -> Path:
        """Write the graph and its order: beside, synced, then renamed. Raises OSError."""
        folder = self.directory / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        path = self._path(graph.digest)
        self._disk.replace(path, _encode(graph, order))
        return path

    def load(self, digest: str) -> tuple[Graph, Ints] | None:
        """Return the graph of that digest and its order; None if it is not here. Raises StreetsDamaged, OSError."""
        path = self._path(digest)
        if not path.exists():
            return None
        try:
            graph, order = _decode(path.read_bytes())
        except _UNREADABLE as error:
            raise StreetsDamaged(path, str(error) or type(error).__name__) from error
        if graph.digest != digest:
            raise StreetsDamaged(path, f"it holds other streets ({graph.digest[:12]})")
        return graph, order

    def _path(self, digest: str) -> Path:
        return self.directory / FOLDER / f"{digest}.npz"


def _encode(graph: Graph, order: Ints) -> bytes:
    columns: dict[str, npt.NDArray[Any]] = {name: getattr(graph, name) for name, _ in Graph.COLUMNS}
    columns |= {"classes": _packed(graph.classes), "names": _packed(graph.names)}
    columns |= {"order": np.ascontiguousarray(order, np.int32)}
    columns |= {"order_sha256": np.frombuffer(sha256(columns["order"].tobytes()).digest(), np.uint8)}
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **columns)
    return out.getvalue()


def _decode(data: bytes) -> tuple[Graph, Ints]:
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        columns = {name: held[name] for name, _ in Graph.COLUMNS}
        graph = Graph(**columns, classes=_unpacked(held["classes"]), names=_unpacked(held["names"]))
        order = held["order"]
        if sha256(order.tobytes()).digest() != held["order_sha256"].tobytes():
            raise ValueError("the order of its junctions is not the one that was written")
    return graph, order


def _packed(texts: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\0".join(texts).encode(), np.uint8)


def _unpacked(column: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    return tuple(column.tobytes().decode().split("\0"))
