"""The one place that knows the compiler's flags.

A kernel runs without the interpreter lock (`nogil`), so that a planner's thread never holds up the engine. It
adds in the order it was written (no `fastmath`) and on one thread (no `parallel`, which loses below a million
elements), so the same arrays give the same bits on every run. Machine code is kept beside the source or in
the user's cache folder (NUMBA_CACHE_DIR moves it). Where no such place can be written, kernels are compiled
again at every start: slower to open, never a failure to open. `CACHED` says which of the two it is.

The cache of a file is renewed when that file changes, not when a file it calls changes. So a kernel calls
only kernels of its own file.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from numba import njit

from engine.kernels.keeping import KernelCache

Function = TypeVar("Function", bound=Callable[..., object])

KERNELS: Final[list[Any]] = []
"""Every kernel that has been imported, in order of import."""


def _cache_is_writable() -> bool:
    """Ask the compiler, by the one function it needs no time for, whether it finds a place to write to."""

    def probe() -> None: ...

    try:
        KernelCache(probe)
    except RuntimeError:  # "no locator available": a read-only install without a writable home
        return False
    return True


CACHED: Final = _cache_is_writable()
"""True where compiled kernels outlive the process."""


def kernel(function: Function) -> Function:
    """Compile `function` at its first call with each new set of argument types. Nothing is compiled here."""
    compiled: Any = njit(nogil=True, fastmath=False, parallel=False)(function)
    if CACHED:
        compiled._cache = KernelCache(function)  # noqa: SLF001  # what `cache=True` does, with Numba's own
    KERNELS.append(compiled)
    return cast("Function", compiled)


def helper(function: Function) -> Function:
    """Compile `function` as a part of the kernels of its own file, which alone may call it.

    It cannot be called from Python and has no cache of its own: the two take a third of what compiling takes.
    """
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # Numba's stubs know neither
    return cast("Function", njit(nogil=True, fastmath=False, parallel=False, **options)(function))


def specialisations() -> int:
    """Return how many sets of argument types have been compiled or loaded so far.

    It must not grow once the doors are open: a call with a type that `warm` did not use stands still to
    compile.
    """
    return sum(len(each.signatures) for each in KERNELS)
