"""The pages' JavaScript fits together: a name is exported once, and what is imported is there. A merge can break both."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "gateways").rglob("static/*.js"))
each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parts[-3]}/{path.name}")

EXPORT = re.compile(r"^export (?:const|let|class|(?:async )?function\*?) (\w+)", re.MULTILINE)
IMPORT = re.compile(r"^import \{([^}]*)\} from \"(\./[\w-]+\.js)\"", re.MULTILINE)


def exported(path: Path) -> list[str]:
    return EXPORT.findall(path.read_text(encoding="utf-8"))


@each_module
def test_a_name_is_exported_once(path: Path) -> None:
    names = exported(path)
    assert len(names) == len(set(names)), sorted(names)


@each_module
def test_what_is_imported_is_there(path: Path) -> None:
    for given, other in IMPORT.findall(path.read_text(encoding="utf-8")):
        wanted = {name.split(" as ")[0].strip() for name in given.split(",") if name.strip()}
        assert wanted <= set(exported(path.parent / other)), f"{other}: {wanted}"
