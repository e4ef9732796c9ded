"""The supervisor's desk in a real browser: opened from the command line, read off a real journal, read with the keyboard."""

import re
from pathlib import Path
from typing import Any

import pytest

from gateways.simulation import Run, save
from tests.browser.kit import CHIEF, browsing, serving, token
from tests.browser.test_console import DESK, accepted, call, refused, say
from tests.unit.simulation_kit import city

expect: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
SLOW_MS = 240_000


def signed_in(opened: Any, url: str, name: str, faults: list[str]) -> Any:
    page = opened.new_page()
    page.goto(url)
    page.get_by_label("Token").fill(token(name))
    page.keyboard.press("Enter")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    opened.on("page", lambda made: watch(made, faults))
    watch(page, faults)
    return page


def watch(page: Any, faults: list[str]) -> None:
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)


def test_a_supervisor_reads_the_shift_by_keyboard_and_opens_a_simulation(tmp_path: Path) -> None:
    """What was sent, overruled and covered is there; the kept run's page works under its policy."""
    faults: list[str] = []
    with serving(tmp_path, "E1", CHIEF) as server, browsing(viewport=DESK) as opened:
        save(server.data / "simulations" / "night.run", Run("riverside", "city", 2, 2, 1), city(reps=2, days=2))
        desk = signed_in(opened, server.url, "chief", faults)
        first = call(desk, "sick_person", "P4")
        say(desk, f"D {first} C1 nearer by foot")
        accepted(desk, f"Sent C1 to {first}")
        with opened.expect_page() as waiting:
            say(desk, "S DESK")
        view = waiting.value

        work = view.get_by_role("region", name="Work and fairness")
        expect(work.get_by_role("row", name=re.compile(r"^C1 "))).to_be_visible(timeout=SLOW_MS)
        clocks = view.get_by_role("region", name="Response times against standards")
        expect(clocks.get_by_role("row", name=re.compile("^processing"))).to_have_count(3)
        expect(clocks.locator(".verdict").first).to_have_text("✓ met")
        clocks.get_by_role("button", name="P4").focus()
        view.keyboard.press("Enter")
        expect(clocks.get_by_role("button", name="P4")).to_have_attribute("aria-pressed", "true")
        expect(clocks).to_contain_text("priority 4")
        overruled = view.get_by_role("region", name="Overruled recommendations")
        expect(overruled.get_by_role("row", name=re.compile(f"{first}.*C1.*chief.*nearer by foot"))).to_be_visible()
        expect(view.get_by_label("Now")).to_contain_text("Under way")

        chart = view.get_by_role("img", name=re.compile("Share of demand covered"))
        chart.focus()
        view.keyboard.press("ArrowLeft")
        expect(view.locator(".sup-cover [role=status]")).to_have_text(re.compile(r"^at \d\d:\d\d$"))

        with opened.expect_page() as waiting:
            view.get_by_role("link", name=re.compile("night")).click()
        page = waiting.value
        expect(page).to_have_title(re.compile("simulated policies"), timeout=SLOW_MS)
        page.locator("th button").first.click()
        expect(page.locator("th[aria-sort]")).to_have_count(1)
    assert not faults


def test_a_dispatcher_is_told_that_it_is_for_supervisors(tmp_path: Path) -> None:
    """On the command line, and on the page where somebody types its address."""
    faults: list[str] = []
    with serving(tmp_path, "E1") as server, browsing(viewport=DESK) as opened:
        desk = signed_in(opened, server.url, "desk", faults)
        say(desk, "S DESK")
        refused(desk, "for supervisors")
        desk.goto(f"{server.url}/console?view=supervisor")
        expect(desk.get_by_role("alert").filter(has_text="This is for supervisors")).to_be_visible()
        expect(desk.locator(".sup table")).to_have_count(0)
    assert not faults
