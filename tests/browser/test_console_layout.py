"""The desk as its user has arranged it: by keyboard alone, at whichever desk they sit down, and back as it was shipped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.desk_kit import DESK, desk, sit_down
from tests.browser.kit import LOOK_MS, expect

KEPT = "fetch('/console/layout').then((answer) => answer.json())"


def width(page: Any, panel: str) -> float:
    return float(page.locator(f".{panel}").bounding_box()["width"])


def kept(page: Any, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until the server has kept what fits; return it."""
    for _ in range(LOOK_MS // 100):
        told: dict[str, Any] = page.evaluate(KEPT)
        if fits(told):
            return told
        page.wait_for_timeout(100)
    raise AssertionError(told)


def press(page: Any, name: str) -> None:
    button = page.locator("#settings").get_by_role("button", name=name, exact=True)
    button.focus()
    page.keyboard.press("Enter")


def test_a_desk_is_arranged_by_keyboard_and_found_so_elsewhere(tmp_path: Path) -> None:
    """Edges, theme, panels, filter and map are there in another browser of the same name; then all is as shipped."""
    with desk(tmp_path) as (server, page):
        before = width(page, "left")
        page.locator(".divider-left").focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        assert width(page, "left") > before + 60
        page.locator("#settings-open").focus()
        page.keyboard.press("Enter")
        press(page, "Light")
        press(page, "Timeline")
        expect(page.locator("#timeline")).to_be_hidden()
        page.keyboard.press("Escape")
        page.locator("#unit-filter").get_by_role("button", name="free").press("Enter")
        page.locator("#map").focus()
        page.keyboard.press("+")
        told = kept(page, lambda all_: "map" in all_.get("desk", {}))["desk"]
        assert (told["theme"], told["hidden"], told["choices"]["units"]) == ("light", ["timeline"], "free")

        second = page.context.browser.new_context(viewport=DESK).new_page()
        sit_down(second, server)
        expect(second.locator("html")).to_have_attribute("data-theme", "light")
        expect(second.locator("#timeline")).to_be_hidden()
        expect(second.locator("#unit-filter [aria-pressed=true]")).to_contain_text("free")
        assert abs(width(second, "left") - width(page, "left")) < 2
        view = second.evaluate("window.turnout.desk.map.view.scale")
        assert abs(view - told["map"]["scale"]) < 0.001

        second.locator("#settings-open").click()
        press(second, "As it was shipped")
        expect(second.locator("#timeline")).to_be_visible()
        assert abs(width(second, "left") - before) < 2
        kept(second, lambda all_: all_["desk"].keys() <= {"map"})


def test_every_window_has_its_own_arrangement_and_the_theme_of_the_desk(tmp_path: Path) -> None:
    """The map on the second screen shows what it showed; the wall is light because the desk is, until it is told otherwise."""
    with desk(tmp_path) as (server, page):
        page.locator("#settings-open").click()
        press(page, "Light")
        kept(page, lambda all_: all_.get("desk", {}).get("theme") == "light")
        page.goto(f"{server.url}/console?view=map")
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.locator("#map-in").click()
        scale = kept(page, lambda all_: "map" in all_)["map"]["map"]["scale"]
        page.reload()
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
        assert abs(page.evaluate("window.turnout.desk.map.view.scale") - scale) < 0.001
        page.goto(f"{server.url}/console?view=wall")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.locator("#settings-open").click()
        press(page, "Dark")
        told = kept(page, lambda all_: all_.get("wall", {}).get("theme") == "dark")
        assert told["desk"]["theme"] == "light"
