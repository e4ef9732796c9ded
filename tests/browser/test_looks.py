"""Pictures of every view in both themes, to be looked at; and what a machine can see of them: nothing cut off, nothing scrolls.

LOOKS=FOLDER python -m pytest -m slow -s tests/browser/test_looks.py
"""

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateways.config import ACCESS_FILE
from gateways.doors import NoDoors, find_doors
from tests.browser.desk_kit import expect, say
from tests.browser.kit import READ_MS, browsing

pytestmark = pytest.mark.slow
THEMES = ("dark", "light")
SCREENS = {"1280": (1280, 800), "1920": (1920, 1080), "4k": (3840, 2160)}
BLIND = ("protanopia", "deuteranopia", "tritanopia", "achromatopsia")
START_S = 240.0
SCREENFUL = """
() => {
  const faults = [];
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth || page.scrollHeight > innerHeight) faults.push("the page scrolls");
  for (const each of document.querySelectorAll(".desk *")) {
    const style = getComputedStyle(each);
    if (!each.checkVisibility() || each.closest("[aria-hidden='true'], .unseen")) continue;
    const box = each.getBoundingClientRect();
    const inside = box.left >= -1 && box.right <= innerWidth + 1 && box.top >= -1 && box.bottom <= innerHeight + 1;
    const scrolled = each.closest(".queue, .unit-grid, .timeline-list, .card-body, .attention, .sup-scroll");
    if (!inside && !scrolled && box.width && !each.closest(".assist")) faults.push(`out of sight: ${each.tagName} ${each.className} ${each.textContent.slice(0, 40)}`);
    const cut = each.scrollWidth > each.clientWidth + 1 && style.overflowX !== "visible" && style.textOverflow !== "ellipsis";
    if (cut && !each.matches(".panel, .assist, canvas, input")) faults.push(`cut: ${each.tagName} ${each.className} ${each.textContent.slice(0, 40)}`);
  }
  return faults;
}
"""
SMALLEST = """
() => Math.min(...[...document.querySelectorAll(".desk *")]
  .filter((each) => each.checkVisibility() && [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
  .map((each) => parseFloat(getComputedStyle(each).fontSize) * (each.currentCSSZoom ?? 1)))
"""
LATELY = "new Date(window.turnout.board.atMs - 30_000).toISOString().slice(0, 19) + 'Z'"
LETTERS_MIN_PX = {"1280": 10, "1920": 10, "4k": 18}
"""Of what is read on that screen; the last is a wall's, seen from across the room."""


@contextmanager
def city(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Run the demo; give the address and a token for each role."""
    command = [sys.executable, "-m", "gateways.cli", "demo", "--data", str(folder), "--pace", "10", "--seed", "7"]
    with (folder.parent / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_S
        while True:
            assert process.poll() is None, (folder.parent / "demo.log").read_text()[-2_000:]
            assert time.monotonic() < deadline
            try:
                web = find_doors(folder).web
                access = tomllib.loads((folder / ACCESS_FILE).read_text())
                break
            except (NoDoors, OSError):
                time.sleep(0.5)
        yield web, access
    finally:
        process.terminate()
        process.wait(60)


def signed_in(opened: Any, web: str, token: str, view: str = "") -> Any:
    """Open a page of its own, signed in by a link."""
    page = opened.new_page()
    code = httpx2.post(f"{web}/console/codes", headers={"Authorization": f"Bearer {token}"}, trust_env=False).json()[
        "code"
    ]
    page.goto(f"{web}/#code={code}")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    if view:
        page.goto(f"{web}/console?view={view}")
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
    return page


class Camera:
    """Takes pictures, and notes what is cut off on them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.faults: list[str] = []

    def take(self, page: Any, name: str, screen: str = "") -> None:
        """Take one in each theme."""
        for theme in THEMES:
            page.evaluate(
                "(theme) => { if (window.turnout) window.turnout.layout.theme = theme; else document.documentElement.dataset.theme = theme; }",
                theme,
            )
            page.emulate_media(color_scheme=theme)
            page.evaluate("new Promise((done) => setTimeout(() => requestAnimationFrame(done), 300))")
            page.screenshot(path=self._folder / f"{name}-{theme}.png")
        if screen:
            self.faults += [f"{name}: {fault}" for fault in page.evaluate(SCREENFUL)]
            smallest = page.evaluate(SMALLEST)
            if smallest < LETTERS_MIN_PX[screen]:
                self.faults.append(f"{name}: letters of {smallest} px")


def busy(page: Any) -> None:
    """Wait until the city is in motion, and open the call that is to be decided."""
    page.wait_for_selector("#queue .row", timeout=120_000)
    page.wait_for_selector(".tag-need", timeout=240_000)
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#card .card-id")).to_be_visible()


def test_every_view(tmp_path: Path) -> None:
    """The desk on three screens, its sheets, a lost link, the other windows, the phone, and the desk as the colour-blind see it."""
    folder = Path(os.environ.get("LOOKS", tmp_path / "looks"))
    folder.mkdir(parents=True, exist_ok=True)
    camera = Camera(folder)
    with city(tmp_path / "data") as (web, tokens):
        token = tokens["dispatcher"]
        for screen, (width, height) in SCREENS.items():
            with browsing(viewport={"width": width, "height": height}) as opened:
                page = signed_in(opened, web, token)
                if screen != "4k":
                    camera.take(page, f"desk-{screen}-calm", screen)
                    busy(page)
                    camera.take(page, f"desk-{screen}", screen)
                if screen == "1280":
                    sheets(camera, page)
                    blind(folder, page)
                for view in ("map", "wall"):
                    camera.take(
                        signed_in(opened, web, token, view), f"{view}-{screen}", screen if view == "wall" else ""
                    )
        for screen, (width, height) in SCREENS.items():
            with browsing(viewport={"width": width, "height": height}) as opened:
                supervising(camera, opened, web, tokens["supervisor"], screen)
        phone(camera, web, token, tmp_path / "data")
    print("\n".join(camera.faults))
    assert not camera.faults


def supervising(camera: Camera, opened: Any, web: str, token: str, screen: str) -> None:
    """The supervisor's desk once the shift has been read; the past, with an incident, its cover, and while it says no."""
    page = signed_in(opened, web, token, "supervisor")
    expect(page.get_by_role("region", name="Work and fairness").get_by_role("row").nth(1)).to_be_visible(
        timeout=READ_MS
    )
    camera.take(page, f"supervisor-{screen}", screen)
    lately = page.evaluate(LATELY)
    page.goto(f"{web}/console?view=replay&at=half past two")
    expect(page.locator("#past-said")).to_contain_text("is no time", timeout=READ_MS)
    camera.take(page, f"replay-{screen}-refused", screen)
    page.goto(f"{web}/console?view=replay&at={lately}")
    expect(page.locator("#queue .row").first).to_be_visible(timeout=READ_MS)
    expect(page.locator("#past-progress")).to_be_hidden(timeout=READ_MS)
    camera.take(page, f"replay-{screen}", screen)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#card .card-id")).to_be_visible()
    camera.take(page, f"replay-{screen}-incident", screen)
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator("#cover")).to_be_visible()
    camera.take(page, f"replay-{screen}-cover", screen)


def sheets(camera: Camera, page: Any) -> None:
    """What opens over the desk, a refusal, an answer, a line being typed, a lost link."""
    for button, sheet in (("help-open", "help"), ("who", "people"), ("settings-open", "settings")):
        page.locator(f"#{button}").click()
        expect(page.locator(f"#{sheet}")).to_be_visible()
        camera.take(page, sheet)
        page.keyboard.press("Escape")
    say(page, "D E999")
    page.keyboard.press("Escape")
    camera.take(page, "refused", "1280")
    incident = page.locator("#card .card-id").inner_text()
    say(page, f"W {incident}")
    expect(page.locator("#card .why")).to_be_visible()
    camera.take(page, "why", "1280")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("N sick")
    camera.take(page, "typing", "1280")
    page.keyboard.press("Escape")
    page.evaluate("window.turnout.link.drop(3000)")
    expect(page.locator("#lost")).to_be_visible()
    camera.take(page, "lost", "1280")
    expect(page.locator("#lost")).to_be_hidden()


def blind(folder: Path, page: Any) -> None:
    """The desk as it is seen where a kind of cone is missing, or all of them."""
    devtools = page.context.new_cdp_session(page)
    for kind in (*BLIND, "none"):
        devtools.send("Emulation.setEmulatedVisionDeficiency", {"type": kind})
        if kind != "none":
            page.screenshot(path=folder / f"desk-{kind}.png")


def phone(camera: Camera, web: str, token: str, data: Path) -> None:
    """The crews' page on a phone, at its door and with a job on it; the door of the console."""
    with browsing() as opened:
        page = opened.new_page()
        page.goto(f"{web}/crew")
        expect(page.get_by_label("Code or token")).to_be_visible()
        camera.take(page, "crew-door")
        told = httpx2.get(f"{web}/v1/incidents", headers={"Authorization": f"Bearer {token}"}, trust_env=False).json()
        unit = next(crew["unit"] for each in told["items"] for crew in each["assigned"])
        command = [sys.executable, "-m", "gateways.cli", "crew", "code", unit, "--data", str(data)]
        code = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout.split()[0]
        page.get_by_label("Code or token").fill(code)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#actions")).to_be_visible()
        camera.take(page, "crew")
    with browsing(viewport={"width": 1280, "height": 800}) as opened:
        page = opened.new_page()
        page.goto(web)
        expect(page.get_by_label("Token")).to_be_visible()
        camera.take(page, "door")
