"""Machine code on the disk, for one process at a time: two that start on an empty cache never run each other's code.

Numba reads the index of a kernel, writes it and then writes the code, with nothing to keep others out: two processes that
compile for other types at the same moment give both the same file. A process that dies in between leaves an index that
names the code of an older source. So access is in turn here, and the index comes last.

Whoever cannot have its turn (a file system without locks, a process that was stopped with the lock in its hand) compiles
for itself and keeps nothing: slower to open, never a failure to open.
"""

import fcntl
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from numba.core.caching import FunctionCache, IndexDataCacheFile

LOCK: Final = "kernels.lock"
TURN_WITHIN_S: Final = 10.0
"""What is done in a turn takes a millisecond."""
_AGAIN_AFTER_S: Final = 0.002


class NoTurn(Exception):
    """The lock could not be had."""


class KernelCache(FunctionCache):
    """The cache of one kernel. Its folder is the one that Numba finds."""

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _InTurn(self._cache_path, self._impl.filename_base, stamp)


class _InTurn(IndexDataCacheFile):
    """The files of one kernel: an index of argument types, and machine code for each."""

    def load(self, key: Any) -> Any:
        """Return the code for these types; None: it is to be compiled."""
        with suppress(NoTurn), _turn(Path(self._cache_path), fcntl.LOCK_SH):
            return super().load(key)
        return None

    def save(self, key: Any, data: Any) -> None:
        """Keep the code for these types. What the index names is always there, and always of this source."""
        with suppress(NoTurn), _turn(Path(self._cache_path), fcntl.LOCK_EX):
            names = self._load_index()
            if not names:
                self.flush()  # the index of an older source would name the file that is written next
            if key not in names:
                numbered = map(self._data_name, itertools.count(1))
                names[key] = next(name for name in numbered if name not in names.values())
            self._save_data(names[key], data)
            self._save_index(names)


@contextmanager
def _turn(folder: Path, kind: int) -> Iterator[None]:
    """Hold the lock of the folder. Raises NoTurn."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        raise NoTurn from error
    with lock:
        _take(lock.fileno(), kind)
        yield


def _take(lock: int, kind: int) -> None:
    until = time.monotonic() + TURN_WITHIN_S
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise NoTurn from error
            time.sleep(_AGAIN_AFTER_S)
        except OSError as error:  # a file system without locks
            raise NoTurn from error
        else:
            return
