"""When kernels are compiled, and what happens where they cannot be kept."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from engine.kernels import accelerate
from engine.kernels.warm import warm

ROOT = Path(__file__).parents[2]
ignore_caches = shutil.ignore_patterns("__pycache__")


def run_python(program: str, folder: Path = ROOT, **environment: str) -> str:
    """Run a program in a fresh interpreter and return what it printed."""
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_importing_the_room_compiles_nothing() -> None:
    """The import of every kernel file leaves no compiled signature behind."""
    program = (
        "import engine.kernels.warm; from engine.kernels import accelerate;"
        "print(len(accelerate.KERNELS) > 10, accelerate.specialisations())"
    )
    assert run_python(program) == "True 0"


def test_warming_twice_compiles_nothing_more() -> None:
    """After `warm` the same types find their kernels ready."""
    warm()
    before = accelerate.specialisations()
    assert before >= 6
    warm()
    assert accelerate.specialisations() == before


def test_kernels_work_where_no_cache_can_be_written(tmp_path: Path) -> None:
    """An install that cannot be written to, and a user without a home: compiled at every start, and said so."""
    shutil.copytree(ROOT / "engine" / "kernels", tmp_path / "engine" / "kernels", ignore=ignore_caches)
    (tmp_path / "engine" / "__init__.py").touch()
    (tmp_path / "engine" / "kernels" / "__pycache__").touch()  # a file: no folder can be made there, even by root
    program = (
        "import numpy as np\n"
        "from engine.kernels import accelerate\n"
        "from engine.kernels.eligible import tally\n"
        "print(accelerate.CACHED, tally(np.array([0, 2, 2], np.uint8)).tolist())"
    )
    nowhere = os.devnull + "/nowhere"
    printed = run_python(program, tmp_path, HOME=nowhere, XDG_CACHE_HOME=nowhere, NUMBA_CACHE_DIR="")
    assert printed == "False [1, 0, 2, 0, 0, 0, 0]"


def test_who_writes_machine_code_at_the_same_time_waits_and_both_find_their_own(tmp_path: Path) -> None:
    """The second begins while the first has read the index and not yet written it."""
    reading, written = threading.Event(), threading.Event()

    class Slow(accelerate._Shared):
        def _save_index(self, overloads: object) -> None:
            reading.set()
            written.wait(0.5)  # nobody can: the second is kept out until this one is done
            super()._save_index(overloads)

    first, second = Slow(str(tmp_path), "twice", "1"), accelerate._Shared(str(tmp_path), "twice", "1")
    writer = threading.Thread(target=first.save, args=("int32", "code for int32"))
    writer.start()
    assert reading.wait(60)
    second.save("float64", "code for float64")
    written.set()
    writer.join(60)
    for file in (first, second):
        assert [file.load(types) for types in ("int32", "float64")] == ["code for int32", "code for float64"]
