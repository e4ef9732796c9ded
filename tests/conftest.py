"""What holds for every test of the project, and for tests side by side (`python -m pytest -n auto`)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says something about the machine and what runs beside it, nothing about what is tested.
settings.register_profile("turnout", settings.default, deadline=None)
settings.load_profile("turnout")

PROCESSES_MAX = 4
"""Tests of sockets and of the browser start servers of their own beside each of them."""
WARM = "from engine.kernels.warm import warm; warm()"


def pytest_xdist_auto_num_workers() -> int:
    """Return what `-n auto` means: the processors that this process may use, not all that the machine has."""
    return min(len(os.sched_getaffinity(0)), PROCESSES_MAX)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the kernels once, where they are not yet: else every process, and every server of a test, would for itself."""
    if session.config.getoption("numprocesses", None):
        subprocess.run([sys.executable, "-c", WARM], cwd=Path(__file__).parents[1], check=True, timeout=600)
