"""Claims about machine code on the disk: two processes that start at once on an empty cache never run each other's code."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.kernels import keeping

ROOT = Path(__file__).parents[2]
KERNELS = 6
TYPES = ("int16", "float64")
SOURCE = """
from engine.kernels.accelerate import kernel
""" + "".join(f"@kernel\ndef k{n}(values): return values[0] * 1.5 + {n}\n" for n in range(KERNELS))
PROCESS = """
import sys, time
import numpy as np
from numba.core.caching import IndexDataCacheFile
from engine.kernels import keeping
import small

keeping.TURN_WITHIN_S = 100.0
write = IndexDataCacheFile._save_index
def slowly(file, overloads):
    time.sleep(0.1)  # the gap between reading an index and writing it, wider than it is
    write(file, overloads)
IndexDataCacheFile._save_index = slowly

values = np.array([2.0], sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
kernels = [getattr(small, f"k{n}") for n in range(int(sys.argv[2]))]
assert [each(values) for each in kernels] == [3.0 + n for n in range(len(kernels))]
print(sum(sum(each.stats.cache_hits.values()) for each in kernels))
"""


@pytest.fixture
def start(tmp_path: Path) -> Any:
    """Return what starts a process that calls the small kernels once with values of a type."""
    (tmp_path / "small.py").write_text(SOURCE)
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    running: list[subprocess.Popen[str]] = []

    def start(kind: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROCESS, kind, str(KERNELS)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=os.environ | environment, stdin=pipe, stdout=pipe, text=True)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def run_at_once(start: Callable[[str], subprocess.Popen[str]]) -> list[int]:
    """Let a process for each type loose at the same moment; return how many kernels each found in the cache."""
    processes = [start(kind) for kind in TYPES]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    found = [int(process.communicate(timeout=600)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    return found


def test_two_processes_on_an_empty_cache_keep_both_their_code(start: Any) -> None:
    assert run_at_once(start) == [0, 0]
    assert run_at_once(start) == [KERNELS, KERNELS], "what one kept, the other has overwritten"


def files_of(folder: Path, stamp: str = "source") -> keeping._InTurn:
    return keeping._InTurn(cache_path=str(folder), filename_base="kernel", source_stamp=stamp)


class Died(Exception):
    """The process, at this place."""


@pytest.mark.parametrize("at", ["_save_index", "_save_data", "after"])
def test_whoever_dies_while_it_keeps_its_code_leaves_no_name_of_other_code(
    tmp_path: Path, monkeypatch: Any, at: str
) -> None:
    old, new = files_of(tmp_path, "older"), files_of(tmp_path, "newer")
    old.save("types", "older code")

    def die(*_: Any) -> None:
        raise Died

    if at != "after":
        with monkeypatch.context() as patched:
            patched.setattr(keeping._InTurn, at, die)
            with pytest.raises(Died):
                new.save("types", "newer code")
    else:
        new.save("types", "newer code")
    assert new.load("types") == ("newer code" if at == "after" else None)
    assert old.load("types") in {None, "older code"}
    new.save("types", "newer code")
    new.save("others", "other code")
    assert (new.load("types"), new.load("others"), old.load("types")) == ("newer code", "other code", None)


@pytest.mark.parametrize("kind", [fcntl.LOCK_SH, fcntl.LOCK_EX])
def test_nothing_is_kept_while_another_has_its_turn_for_ever(tmp_path: Path, monkeypatch: Any, kind: int) -> None:
    monkeypatch.setattr(keeping, "TURN_WITHIN_S", 0.01)
    files = files_of(tmp_path)
    files.save("types", "code")
    with (tmp_path / keeping.LOCK).open("ab") as lock:
        fcntl.flock(lock, kind)
        files.save("others", "other code")
        assert files.load("types") == ("code" if kind == fcntl.LOCK_SH else None), (
            "who only reads may read beside others"
        )
    assert files.load("types") == "code"
    assert files.load("others") is None


def test_where_no_lock_can_be_had_nothing_is_kept_and_nothing_fails(tmp_path: Path, monkeypatch: Any) -> None:
    files = files_of(tmp_path / "folder")
    (tmp_path / "folder").touch()
    files.save("types", "code")
    assert files.load("types") is None
    locked = files_of(tmp_path / "other")

    def refuse(*_: Any) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr(keeping.fcntl, "flock", refuse)
    locked.save("types", "code")
    assert locked.load("types") is None
