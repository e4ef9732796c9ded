"""The console's map in a real browser: cover as a layer, what-ifs, very many units, and a server that sends what is seen."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_console import call, desk

expect: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
expect.set_options(timeout=120_000)

PAINTED = """
() => {
  const canvas = document.getElementById("map-heat");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((each, at) => at % 4 === 3 && each > 0);
}
"""
CROWD = """
() => {
  const { board } = window.turnout;
  const [like] = board.units.values();
  for (let at = 0; at < 3000; at += 1) {
    const [lat, lon] = [like.lat + 0.05 * Math.sin(at), like.lon + 0.05 * Math.cos(at * 1.7)];
    board.units.set(`X${at}`, { ...like, id: `X${at}`, status: at % 3 ? "available" : "off_duty", lat, lon });
  }
  board.select("nothing");
}
"""


def until(page: Any, holds: str) -> None:
    """Wait until it holds in the page. The page's policy forbids playwright to look by itself."""
    deadline = time.monotonic() + 60
    while not page.evaluate(holds):
        assert time.monotonic() < deadline, holds
        page.wait_for_timeout(50)


def test_cover_is_shown_in_words_and_colours_now_and_if_moves_are_taken(tmp_path: Path) -> None:
    """By key: the layer, its legend with shares, the other class, "then", and away with it; nothing is asked while it is off."""
    with desk(tmp_path) as (_, page):
        assert not page.evaluate(PAINTED)
        page.keyboard.press("c")
        legend = page.locator("#cover")
        expect(legend).to_contain_text("in time")
        expect(legend.locator(".cover-bands li")).to_have_count(6)
        expect(legend).to_contain_text(re.compile(r"nobody\s*\d"))
        until(page, PAINTED)
        page.keyboard.press("t")
        expect(legend.get_by_role("button", name="If moves are taken")).to_have_attribute("aria-pressed", "true")
        expect(legend).to_contain_text(re.compile("→|No move is proposed|change nothing for this class"))
        select = legend.get_by_role("combobox")
        other = select.locator("option").nth(1).get_attribute("value")
        select.select_option(other)
        until(page, f"window.turnout.board.cover?.picture?.layer === {json.dumps(other)}")
        page.get_by_role("button", name="Cover", exact=True).click()
        expect(legend).to_be_hidden()
        until(page, f"!({PAINTED})()")


def test_pointing_says_what_would_be_left_behind_and_which_way_a_unit_would_take(tmp_path: Path) -> None:
    """A free unit: what only it covers. A candidate on the card: its way, and a line for each of what it leaves behind."""
    with desk(tmp_path) as (_, page):
        until(page, "window.turnout.board.coverage.length")
        page.locator("#units .tile", has_text="E1").first.hover()
        strip = page.locator("#whatif")
        expect(strip).to_contain_text(re.compile("If E1 goes.*leaves", re.DOTALL))
        assert page.evaluate("window.turnout.board.peek.picture.zones.lat.length > 0")
        page.locator("#clock").hover()
        expect(strip).to_be_hidden()

        incident = call(page, "sick_person")
        row = page.locator("#card tr[data-unit]").first
        unit = row.get_attribute("data-unit")
        expect(page.locator(f"#card .left-behind [data-unit={unit}]")).to_contain_text("leaves")
        row.hover()
        expect(strip).to_contain_text(f"If {unit} goes to {incident}")
        assert page.evaluate("window.turnout.board.peek.incident") == incident


def test_three_thousand_units_are_put_together_and_one_looks_at_what_one_sees(tmp_path: Path) -> None:
    """Discs with their numbers, few enough to read; zoomed in the server is told where one looks; the board counts all."""
    with desk(tmp_path) as (_, page):
        page.evaluate(CROWD)
        until(page, "window.turnout.desk.map._living.groups.length > 5")
        drawn = page.evaluate("window.turnout.desk.map._living.groups.reduce((sum, each) => sum + each.count, 0)")
        alone = page.evaluate("window.turnout.desk.map._living.single.length")
        assert drawn > 1_500
        assert alone < 500
        total = page.evaluate("window.turnout.board.units.size")
        expect(
            page.get_by_role("group", name="Which units").get_by_role("button", name=re.compile("^all"))
        ).to_have_text(f"all {total}")
        expect(page.locator("#units")).to_contain_text("more: V and a name shows one")
        for _ in range(6):
            page.click("#map-in")
        until(page, "window.turnout.link._box !== null")
        west, south, east, north = page.evaluate("window.turnout.link._box")
        assert west < east
        assert south < north


def test_a_wall_of_four_thousand_pixels_can_be_read(tmp_path: Path) -> None:
    """Sizes grow with the screen, nothing is cut off, and the map takes the pointer where it is."""
    with desk(tmp_path) as (server, page):
        page.set_viewport_size({"width": 3840, "height": 2160})
        page.goto(f"{server.url}/?view=wall")
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
        expect(page.locator(".tile-id").first).to_be_visible()
        size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.tile-id')).fontSize)")
        zoom = page.evaluate("document.getElementById('desk').currentCSSZoom")
        assert size * zoom >= 22
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        box = page.locator("#map").bounding_box()
        assert box["x"] + box["width"] <= 3840
        centre = page.evaluate(
            """([x, y]) => window.turnout.desk.map.view.point({ clientX: x, clientY: y })""",
            [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
        )
        wide, high = page.evaluate("[window.turnout.desk.map.view.width, window.turnout.desk.map.view.height]")
        assert abs(centre[0] - wide / 2) < 2
        assert abs(centre[1] - high / 2) < 2
