"""A dispatcher at the console, in Debian's Chromium: sitting down, and saying something on the command line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.kit import PLACE, Server, browsing, serving, token

expect: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
expect.set_options(timeout=120_000)
DESK = {"width": 1280, "height": 800}
Seat = tuple[Server, Any]
"""A server, and a page before it at which a dispatcher sits."""


@contextmanager
def desk(folder: Path, more: str = "", place: Path = PLACE, **context: Any) -> Iterator[tuple[Server, Any]]:
    """Serve, and sit down at the console."""
    with serving(folder, "E1", more, place) as server, browsing(**{"viewport": DESK, **context}) as opened:
        page = opened.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
        sit_down(page, server)
        yield server, page
        assert not faults


def sit_down(page: Any, server: Server, name: str = "desk") -> None:
    """Open the console and sign in with a token."""
    page.goto(server.url)
    page.get_by_label("Token").fill(token(name))
    page.keyboard.press("Enter")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")


def say(page: Any, line: str) -> None:
    """Say it on the command line, from wherever the focus is, by keyboard alone."""
    page.keyboard.press("/")
    page.keyboard.press("Control+A")
    page.keyboard.type(line)
    page.keyboard.press("Enter")


def typing(page: Any, line: str) -> None:
    """Type it on an empty line, and send nothing."""
    page.keyboard.press("/")
    page.keyboard.press("Control+A")
    page.keyboard.type(line)


def accepted(page: Any, words: str) -> None:
    expect(page.locator("#result")).to_have_text(re.compile(f"✓.*{words}"))


def refused(page: Any, words: str) -> None:
    expect(page.locator("#result")).to_have_text(re.compile(f"✕ Refused.*{words}"))


def call(page: Any, kind: str, more: str = "") -> str:
    """Enter a call; return its incident, which is selected then."""
    known = "|".join(page.evaluate("[...window.turnout.board.incidents.keys()]")) or "none"
    say(page, f"N {kind} 41.497,-90.512 {more}")
    # Not what the line said of the call before, nor the card of that one.
    accepted(page, rf"\b(?!(?:{known}):)I\d+:")
    incident = str(page.locator("#result").inner_text()).split(":")[0].split()[-1]
    expect(page.locator("#card .card-id")).to_have_text(incident)
    return incident
