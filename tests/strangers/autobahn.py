"""Autobahn|Testsuite against our WebSocket: RFC 6455 as somebody else reads it.

    python -m tests.strangers.autobahn [--keep FOLDER] [--cases 1.* 2.*]

The suite is a program for Python 2.7, which is looked for in $PYTHON27, on the path and among pyenv's; the suite itself
is installed from PyPI into the folder (by default a temporary one; with `--keep` it is there the next time). Left out
are 9.* (how fast), 12.* and 13.* (compression, which we do not offer). The exit status is 0 if no case failed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = "autobahntestsuite==25.10.1"
LEFT_OUT: Final = ("9.*", "12.*", "13.*")
RUN: Final = "import site, sys; site.addsitedir(sys.argv.pop(1)); from autobahntestsuite.wstest import run; run()"
INSTALL_S: Final = 600
SUITE_S: Final = 900
FAILED: Final = ("FAILED", "UNCLEAN", "WRONG CODE", "UNIMPLEMENTED")

Verdict = dict[str, Any]
"""Of one case: `behavior` and `behaviorClose`, in the suite's words."""


class NoSuite(Exception):
    """The suite cannot be had on this machine; the text says why."""


def find_python() -> str:
    """Return a Python 2.7 that runs. Raises NoSuite."""
    pyenv = sorted(Path.home().glob(".pyenv/versions/2.7*/bin/python2.7"))
    for name in (os.environ.get("PYTHON27"), shutil.which("python2.7"), *map(str, pyenv)):
        if name and subprocess.run([name, "-c", "import sys, pip"], capture_output=True, check=False).returncode == 0:
            return name
    raise NoSuite("there is no Python 2.7 with pip; set PYTHON27 to one")


def install(python: str, folder: Path) -> None:
    """Install the suite into the folder, if it is not there. Raises NoSuite."""
    if (folder / "autobahntestsuite").exists():
        return
    command = [python, "-m", "pip", "install", "--quiet", "--target", str(folder), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode != 0:
        raise NoSuite(f"{PACKAGE} could not be installed: {done.stderr.strip()[-500:]}")


@contextmanager
def echo_server() -> Iterator[str]:
    """Serve the echo in a process of its own and say where."""
    command = [sys.executable, "-m", "tests.strangers.echo_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate(timeout=30)
    assert process.returncode == 0, "the server did not end well"


def run_suite(folder: Path, cases: tuple[str, ...] = ("*",)) -> dict[str, Verdict]:
    """Run the suite against the echo, and return its verdicts by case. Raises NoSuite."""
    python = find_python()
    install(python, folder)
    with tempfile.TemporaryDirectory() as name, echo_server() as url:
        reports = Path(name)
        spec = {
            "outdir": str(reports),
            "servers": [{"agent": "turnout", "url": url}],
            "cases": list(cases),
            "exclude-cases": list(LEFT_OUT),
            "exclude-agent-cases": {},
        }
        (reports / "fuzz.json").write_text(json.dumps(spec))
        done = subprocess.run(
            [python, "-c", RUN, str(folder), "-m", "fuzzingclient", "-s", str(reports / "fuzz.json")],
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            timeout=SUITE_S,
            check=False,
        )
        index = reports / "index.json"
        if done.returncode != 0 or not index.exists():
            raise NoSuite(f"the suite did not run: {(done.stderr or done.stdout).strip()[-500:]}")
        verdicts: dict[str, dict[str, Verdict]] = json.loads(index.read_text())
    return verdicts["turnout"]


def failures(verdicts: dict[str, Verdict]) -> dict[str, Verdict]:
    """Return the cases that failed, in what was said or in how it ended."""
    return {name: each for name, each in verdicts.items() if {each["behavior"], each["behaviorClose"]} & set(FAILED)}


def main() -> None:
    """Run it all and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="a folder for the suite")
    parser.add_argument("--cases", nargs="+", default=["*"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name) / "suite"
        try:
            verdicts = run_suite(folder, tuple(options.cases))
        except NoSuite as reason:
            sys.exit(str(reason))
    failed = failures(verdicts)
    for name, each in failed.items():
        print(f"{name}: {each['behavior']}, closing {each['behaviorClose']}")
    counts = Counter(each["behavior"] for each in verdicts.values())
    print(f"{len(verdicts)} cases: " + ", ".join(f"{count} {word}" for word, count in counts.most_common()))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
