"""What the process does to itself before it serves."""

import subprocess
import sys

RAISE = """
import resource
from gateways.running import OPEN_FILES, _open_many_files
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
_open_many_files()
soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
print(soft == (OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)))
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
_open_many_files()
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_as_many_files_may_be_open_as_the_system_allows() -> None:
    """Up to the hard limit, and never beyond it."""
    done = subprocess.run([sys.executable, "-c", RAISE], capture_output=True, text=True, check=True, timeout=600)
    assert done.stdout.split("\n")[:2] == ["True", "(200, 200)"]
