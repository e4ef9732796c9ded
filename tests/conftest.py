"""What holds for every test of the project, and for tests side by side (`python -m pytest -n auto`)."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from numba.core.caching import IndexDataCacheFile

# How long an example takes says something about the machine and what runs beside it, nothing about what is tested.
settings.register_profile("turnout", settings.default, deadline=None)
settings.load_profile("turnout")

PROCESSES_MAX = 4
"""Tests of sockets and of the browser start servers of their own beside each of them."""
WARM = "from engine.kernels.warm import warm; warm()"


def _in_turn(access: Callable[..., Any]) -> Callable[..., Any]:
    """Let one process at a time at the machine code on the disk.

    Numba reads the index of a kernel, writes it and then writes the code with nothing to keep others out: two processes that
    compile for other types at the same time give both the same file, and one of them would run the other's code.
    """

    @wraps(access)
    def alone(file: Any, *given: Any) -> Any:
        folder = Path(file._cache_path)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "kernels.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return access(file, *given)

    return alone


IndexDataCacheFile.save = _in_turn(IndexDataCacheFile.save)
IndexDataCacheFile.load = _in_turn(IndexDataCacheFile.load)


def pytest_xdist_auto_num_workers() -> int:
    """Return what `-n auto` means: the processors that this process may use, not all that the machine has."""
    return min(len(os.sched_getaffinity(0)), PROCESSES_MAX)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the kernels once, where they are not yet: else every process, and every server of a test, would for itself."""
    if session.config.getoption("numprocesses", None):
        subprocess.run([sys.executable, "-c", WARM], cwd=Path(__file__).parents[1], check=True, timeout=600)
