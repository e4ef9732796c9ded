"""The past in a real browser: the same panels, fed from the journal, steered by slider and keys; and no way to order."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.kit import CHIEF, READ_MS, Server, browsing, expect, serving, token

DESK = {"width": 1280, "height": 800}
BOARD = """(() => {
  const { board } = window.turnout;
  const all = (map) => [...map.values()].map(({ clear_at_ms, ...each }) => each).sort((a, b) => (a.id < b.id ? -1 : 1));
  return JSON.stringify([board.seq, all(board.incidents), all(board.units), all(board.alarms), all(board.alerts)]);
})()"""

SAID = """(() => {
  const box = document.getElementById("past-said");
  window.said = [];
  new MutationObserver(() => window.said.push(box.textContent)).observe(box, { childList: true, characterData: true, subtree: true });
})()"""
"""Keeps what is said of a mark: it stands there for some seconds only, which a slow machine misses."""

END = "import('/console/clock.js').then(({ clockTime }) => clockTime(window.turnout.link.tape.to))"


def sign_in(page: Any, url: str, name: str) -> None:
    page.goto(url)
    page.get_by_label("Token").fill(token(name))
    page.keyboard.press("Enter")


@contextmanager
def watched(page: Any) -> Iterator[None]:
    """Nothing fails on the page meanwhile, and its policy is kept."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield
    assert not faults


def busy_hour(server: Server) -> str:
    """Let a fire, an emergency and an override happen; return the fire."""
    where = {"lat": 41.497, "lon": -90.512}
    sick = str(server.order("/v1/incidents", incident_type="sick_person", priority=4, **where)["incident"])
    server.order(f"/v1/incidents/{sick}/dispatch", units=["C1"], reason="nearer by foot")
    fire = str(server.order("/v1/incidents", incident_type="structure_fire", **where)["incident"])
    server.order("/v1/units/E1/emergency", text="mayday")
    return fire


def lets_go(page: Any, at_ms: int) -> None:
    """What cannot be read is said; an end that came just before its hour was let go of ends no other one."""
    hear = "async (heard) => { const { link } = window.turnout; %s; await link._unpacking; return link.said.text; }"
    assert "cannot be read" in page.evaluate(hear % "link._hear(new ArrayBuffer(3))")
    hour = [{"type": "begin", "from_ms": at_ms, "to_ms": at_ms + 1, "every_ms": 1, "at_ms": at_ms}]
    hour += [{"type": "end", "to_ms": at_ms + 1, "whole": True, "positions": 0}, {"type": "forgotten"}]
    assert "erased" in page.evaluate(hear % "heard.forEach((each) => link._hear(JSON.stringify(each)))", hour)


def test_the_past_is_shown_by_the_same_panels_and_takes_no_orders(tmp_path: Path) -> None:
    """At the end it is what the live page shows, before the call it is not; marks, keys and slider get about in it."""
    with serving(tmp_path, "E1", CHIEF) as server, browsing(viewport=DESK) as opened:
        fire = busy_hour(server)
        page = opened.new_page()
        with watched(page):
            sign_in(page, server.url, "chief")
            expect(page.locator("#queue .row").first).to_be_visible()
            at_ms, live = page.evaluate(f"[window.turnout.board.atMs, {BOARD}]")
            with opened.expect_page() as popup:
                page.keyboard.press("/")
                page.keyboard.type("S PAST")
                page.keyboard.press("Enter")
            popup.value.close()
            page.goto(f"{server.url}/console?view=replay&at={page.evaluate('new Date().toISOString().slice(0, 19)')}Z")
            expect(page.locator(".past-banner")).to_contain_text(
                re.compile(r"REPLAY.*, \d\d:\d\d:\d\d on \d+ \w+"), timeout=READ_MS
            )
            expect(page.locator("#past-progress")).to_be_hidden(timeout=READ_MS)
            page.keyboard.press("End")
            page.evaluate(f"window.turnout.link.seek({at_ms})")
            assert page.evaluate(BOARD) == live
            expect(page.locator("#queue .row").first).to_contain_text(re.compile(r"I\d+"))
            page.keyboard.press("Home")
            expect(page.locator("#queue .row")).to_have_count(0)
            expect(page.locator("#timeline li")).to_have_count(0)

            page.evaluate(SAID)
            for mark in ("override, I1", f"priority 1, {fire}"):
                page.keyboard.press("n")
                page.wait_for_function("(mark) => window.said.some((text) => text.includes(mark))", arg=mark)
            expect(page.locator("#card .card-id")).to_have_text(fire)
            page.keyboard.press("Home")
            slider = page.get_by_label("Time within the hour")
            slider.focus()
            page.keyboard.press("ArrowRight")
            assert page.evaluate("window.turnout.link.time > window.turnout.link.tape.from")
            assert re.fullmatch(r"\d\d:\d\d:\d\d", slider.get_attribute("aria-valuetext"))

            end = page.evaluate(END)
            page.keyboard.press("End")
            expect(slider).to_have_attribute("aria-valuetext", end)
            page.keyboard.press("Home")
            page.get_by_role("button", name="60 times as fast").click()
            page.keyboard.press("Space")
            expect(slider).to_have_attribute("aria-valuetext", end)
            expect(page.get_by_role("button", name="Play")).to_be_visible()  # it stops there
            page.evaluate(f"window.turnout.link.seek({at_ms})")
            assert page.evaluate(BOARD) == live

            for forbidden in ("#command", ".proposal .main", ".attention button.small"):
                expect(page.locator(forbidden).first).to_be_hidden()
            for key in ("Enter", "k", "o"):
                page.keyboard.press(key)
            told = page.evaluate(
                "window.turnout.desk.accept({ id: 'I1' }).then(() => document.getElementById('result').textContent)"
            )
            assert "may not" in told or "past" in told

            lets_go(page, at_ms)


def test_bad_times_and_other_roles_are_told_in_words(tmp_path: Path) -> None:
    """Malformed, future, before the beginning; a dispatcher is told that supervisors may. Nothing looks like a calm city."""
    with serving(tmp_path, "E1", CHIEF) as server, browsing(viewport=DESK) as opened:
        page = opened.new_page()
        with watched(page):
            sign_in(page, f"{server.url}/console?view=replay&at=2999-01-01T12:00", "chief")
            said = page.locator("#past-said")
            expect(said).to_contain_text("yet to come", timeout=READ_MS)
            expect(page.locator("#queue")).to_be_hidden()
            expect(page.locator(".past-nothing")).to_be_visible()
            for text, words in (("1999-01-01 12:00", "The journal begins at"), ("half past two", "is no time")):
                page.keyboard.press("g")
                page.keyboard.press("Control+A")
                page.keyboard.type(text)
                page.keyboard.press("Enter")
                expect(said).to_contain_text(words, timeout=READ_MS)
        other = opened.browser.new_context(viewport=DESK).new_page()
        sign_in(other, f"{server.url}/console?view=replay", "desk")
        expect(other.locator("#past-said")).to_contain_text("A dispatcher may not look at past hours", timeout=READ_MS)
