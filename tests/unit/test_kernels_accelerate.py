"""When kernels are compiled, and what happens where they cannot be kept."""

import os
import shutil
import subprocess
import sys
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
        timeout=600,
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
