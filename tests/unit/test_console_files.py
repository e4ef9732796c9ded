"""The page's files: small, each opening with its rule, and nothing in them that comes from elsewhere."""

import re
from pathlib import Path

import pytest

from gateways.console.routes import FOLDER

LINES_MAX = 400
FILES = sorted(FOLDER.iterdir())
ELSEWHERE = re.compile(r"""(?:https?:)?//(?!www\.w3\.org/)[a-z0-9-]+\.[a-z]{2,}""")
IMPORT = re.compile(r"""^import .* from "\./([a-z]+\.js)";""", re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_small_and_fetches_nothing_from_elsewhere(path: Path) -> None:
    """At most 400 lines; no address of another server; a module says first what it is."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_MAX
    assert not ELSEWHERE.search(text)
    if path.suffix == ".js":
        assert text.startswith("// ")
    if path.suffix == ".css":
        assert text.startswith("/* ")


def test_every_module_is_used_and_every_import_is_there() -> None:
    """From `main.js` all modules are reached, and nothing that is not there is asked for."""
    there = {path.name: path.read_text(encoding="utf-8") for path in FILES if path.suffix == ".js"}
    reached, ahead = set(), ["main.js"]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += IMPORT.findall(there[name])
    assert reached == set(there)
