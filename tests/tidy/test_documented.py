"""Commands and configuration quoted in the Markdown hold: a reader who copies a line is not told that there is no such."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from gateways.cli import main
from gateways.clock_files import ClocksFile
from gateways.config import Config
from gateways.places.files import AlertsTable
from gateways.places.rule_files import RulesFile

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "engine", "gateways", "loadtests", "ops")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

CODE = re.compile(r"^ {4,}(.*)$|^(turnout .*)$|`([^`\n]+)`", re.MULTILINE)
"""An indented line, one between fences, or words in backticks."""
COMMAND = re.compile(r"(?:^|[|;&]\s*)turnout\s+([^|;&#]+)")
EXAMPLE = re.compile(r"(?:^ {4,}\[.*\n)(?:^ {4,}\S.*\n)*", re.MULTILINE)
"""Indented lines up to an empty one, beginning with the head of a table."""
UNSAID = {"report": "clocks", "sim": "run"}
"""What is meant where no command of the group is named."""
SHAPES = (Config, RulesFile, ClocksFile, msgspec.defstruct("PlaceFile", [("alerts", AlertsTable)]))
"""What an example can be a part of, told by its tables."""


def commands_of(text: str) -> Iterator[str]:
    """Yield each `turnout …` of a page without its first word."""
    for code in CODE.findall(text):
        for found in COMMAND.finditer("".join(code).strip()):
            yield found[1].strip()


def fault_of(said: str) -> str | None:
    """Say what of a command line does not exist, or None; `a, b, c` after a group names several of its commands."""
    words = re.sub(r"[\[\]]", "", said).split()
    command: click.Command = main
    options = {"--help", "--version"}
    while isinstance(command, click.Group) and words:
        listed = words[0].endswith(",")
        found = command.commands.get(words[0].rstrip(","))
        if found is not None:
            del words[0]
        elif command.name in UNSAID:
            found = command.commands[UNSAID[command.name]]
        elif words[0].startswith("-"):
            break
        else:
            return f"{command.name} has no {words[0]}"
        command = command if listed else found
        options |= {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in options]
    return f"{command.name} has no {' '.join(unknown)}" if unknown else None


@each_page
def test_each_command_exists_with_its_options(page: Path) -> None:
    faults = [f"{said}: {fault}" for said in commands_of(page.read_text()) if (fault := fault_of(said))]
    assert faults == []


@each_page
def test_each_example_of_configuration_holds(page: Path) -> None:
    text = "\n".join(EXAMPLE.findall(page.read_text())).replace("whsec_…", f"whsec_{'A' * 32}")
    tables = tomllib.loads(text)
    shape = next((each for each in SHAPES if tables.keys() <= set(each.__struct_fields__)), Config)
    msgspec.convert(tables, shape)


def test_a_command_that_does_not_exist_is_found() -> None:
    text = "    turnout sim out/city --polcy home   # a comment\n`turnout journal verfy DATA` and `turnout report DATA --json`\n"
    assert [fault_of(said) for said in commands_of(text)] == ["run has no --polcy", "journal has no verfy", None]
