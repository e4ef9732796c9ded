"""WCAG 2.2 AA, held by axe-core over every view in both themes; and nothing told by colour alone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.desk_kit import DESK, call, desk, expect, say, sit_down
from tests.browser.kit import CHIEF, READ_MS, Server, token

axe = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed: pip install '.[test]'")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = f"axe.run({{ resultTypes: ['violations'], runOnly: {json.dumps(TAGS)} }})"
THEMES = ("dark", "light")
SEE = """
(theme) => {
  document.documentElement.dataset.theme = theme;
  for (const each of document.getAnimations()) each.finish();
}
"""
WORDS = """
() => import("/console/words.js").then(({ STATUS, ALARMS }) => ({
  codes: Object.values(STATUS).map(([code]) => code),
  looks: Object.values(STATUS).map(([code, words, tone, shape]) => [code, tone, shape]),
  alarms: Object.values(ALARMS),
}))
"""
DRAWN = """
() => import("/console/marks.js").then(({ incidentPath, unitPath }) => {
  const drawn = (draw, fill) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 40;
    const context = canvas.getContext("2d");
    context.translate(20, 20);
    draw(context);
    context.lineWidth = 2;
    context.stroke();
    if (fill) context.fill();
    return [...context.getImageData(0, 0, 40, 40).data].filter((_, at) => at % 4 === 3);
  };
  const units = ["ring", "arrow", "block", "cross"].map((shape) => drawn((it) => unitPath(it, shape, 8), shape !== "ring"));
  const incidents = [1, 2, 3, 4, 5].map((priority) => drawn((it) => incidentPath(it, priority, 10), true));
  const apart = (all) => all.flatMap((a, i) => all.slice(i + 1).map((b) => a.filter((ink, at) => Math.abs(ink - b[at]) > 128).length));
  return { units: apart(units), incidents: apart(incidents) };
})
"""

NAMED = """
const named = (each) => each.id || `${each.className}:${each.textContent.trim().slice(0, 30)}:${each.getAttribute("aria-label") ?? ""}`;
"""
PRESSABLE = f"""
() => {{
  {NAMED}
  const shown = (each) => each.checkVisibility() && each.tabIndex >= 0 && !each.disabled;
  return [...document.querySelectorAll("button, input, [tabindex='0']")].filter(shown).map(named);
}}
"""
FOCUSED = f"""
() => {{
  {NAMED}
  const each = document.activeElement;
  const {{ outlineStyle, outlineWidth, backgroundColor, opacity }} = getComputedStyle(each);
  const ring = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  return [named(each), each === document.body || ring || (each.classList.contains("divider") && backgroundColor !== "rgba(0, 0, 0, 0)" && Number(opacity) > 0.5)];
}}
"""


def sound(page: Any, view: str) -> list[str]:
    """Return what axe finds wrong in this view, in both themes; nothing, hopefully."""
    page.evaluate(axe.AXE_SCRIPT)
    found = []
    for theme in THEMES:
        page.evaluate(SEE, theme)
        for fault in page.evaluate(RUN)["violations"]:
            where = "; ".join(
                f"{' '.join(map(str, node['target']))} ({node['failureSummary']})" for node in fault["nodes"][:4]
            )
            found.append(f"{view}, {theme}: {fault['id']}, {len(fault['nodes'])} times: {where}")
    return found


def busy(server: Server, page: Any) -> str:
    """Let there be alarms, units out, a call that waits and one that is selected."""
    call(page, "structure_fire", "P1")
    server.order("/v1/units/E1/emergency", text="mayday")
    server.order("/v1/units/P12/status", status="out_of_service")
    incident = call(page, "sick_person", "P4; somebody is not well")
    expect(page.locator("#attention .att-grave")).to_be_visible()
    expect(page.locator("#card .proposal")).to_contain_text("Recommended")
    return incident


def sound_while_typing(page: Any) -> list[str]:
    """Type a call on a line with offers, with who would go and what it may be about; leave nothing behind."""
    page.keyboard.press("/")
    page.keyboard.press("Control+A")
    page.keyboard.type("N struc")
    expect(page.locator("#assist .offer").first).to_be_visible()
    expect(page.locator("#draft")).to_contain_text("Where?")
    found = sound(page, "call without a place")
    page.keyboard.press("Control+A")
    page.keyboard.type("N structure_fire 41.497,-90.512 P2")
    expect(page.locator("#draft .proposal")).to_contain_text("Would go")
    expect(page.locator("#draft .draft-same")).to_contain_text("Perhaps the same as")
    found += sound(page, "call with its preview and likely duplicates")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#draft")).to_be_hidden()
    return found


def test_the_desk_and_its_sheets(tmp_path: Path) -> None:
    """The door, a calm desk, a busy one with a card, an answer, every sheet, a refusal, a lost link."""
    with desk(tmp_path) as (server, page):
        found = sound(page, "calm desk")
        door = page.context.browser.new_context(viewport=DESK).new_page()
        door.goto(server.url)
        expect(door.get_by_label("Token")).to_be_visible()
        found += sound(door, "door")
        busy(server, page)
        say(page, "W E2")
        expect(page.locator("#card .why")).to_be_visible()
        say(page, "D E99")
        found += sound(page, "busy desk")
        for button, sheet in (("help-open", "help"), ("who", "people"), ("settings-open", "settings")):
            page.locator(f"#{button}").click()
            expect(page.locator(f"#{sheet}")).to_be_visible()
            found += sound(page, sheet)
            if sheet == "help":
                assert page.locator(f"#{sheet}").evaluate("(it) => it.scrollHeight <= it.clientHeight"), "help scrolls"
            page.keyboard.press("Escape")
        found += sound_while_typing(page)
        page.keyboard.press("c")
        expect(page.locator("#cover .cover-bands li")).to_have_count(6)
        found += sound(page, "cover and its legend")
        page.evaluate("window.turnout.link.drop(60_000)")
        expect(page.locator("#lost")).to_be_visible()
        found += sound(page, "lost link")
        assert not found, "\n".join(found)


def test_other_screens_and_the_crew_page(tmp_path: Path) -> None:
    """The map's window, the wall, and the page for a phone on board with a job on it."""
    with desk(tmp_path) as (server, page):
        busy(server, page)
        found = []
        for view in ("map", "wall"):
            page.goto(f"{server.url}/console?view={view}")
            expect(page.locator("#link")).to_have_attribute("data-state", "live")
            found += sound(page, view)
        phone = page.context.browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        phone.goto(f"{server.url}/crew")
        expect(phone.get_by_label("Code or token")).to_be_visible()
        for scheme in THEMES:
            phone.emulate_media(color_scheme=scheme)
            found += sound(phone, f"crew door, {scheme}")
        phone.get_by_label("Code or token").fill(token("crew-E1"))
        phone.get_by_role("button", name="Sign in").click()
        expect(phone.locator("#job")).to_be_visible()
        for scheme in THEMES:
            phone.emulate_media(color_scheme=scheme)
            found += sound(phone, f"crew, {scheme}")
        assert not found, "\n".join(found)


def test_a_supervisor_s_screens(tmp_path: Path) -> None:
    """How the shift goes, once it is read; a past hour, once it is there."""
    with desk(tmp_path, CHIEF) as (server, page):
        busy(server, page)
        chief = page.context.browser.new_context(viewport=DESK).new_page()
        sit_down(chief, server, "chief")
        chief.goto(f"{server.url}/console?view=supervisor")
        work = chief.get_by_role("region", name="Work and fairness")
        expect(work.get_by_role("row").nth(1)).to_be_visible(timeout=READ_MS)
        found = sound(chief, "supervisor")
        chief.goto(f"{server.url}/console?view=replay&at={chief.evaluate('new Date().toISOString().slice(0, 19)')}Z")
        expect(chief.locator(".past-banner")).to_contain_text(re.compile(r"REPLAY.*, \d\d:\d\d"), timeout=READ_MS)
        expect(chief.locator("#past-progress")).to_be_hidden(timeout=READ_MS)
        found += sound(chief, "replay")
        chief.keyboard.press("c")
        expect(chief.locator("#cover")).to_contain_text("Zone by zone it was not recorded")
        found += sound(chief, "replay with cover")
        assert not found, "\n".join(found)


def test_nothing_is_told_by_colour_alone(tmp_path: Path) -> None:
    """Statuses differ by their letters, marks by their shape, alarms by words and a sign, the lamp by shape and words."""
    with desk(tmp_path) as (server, page):
        told = page.evaluate(WORDS)
        assert len(set(told["codes"])) == len(told["codes"])
        assert len(set(told["alarms"])) == len(told["alarms"])
        tones = {tone: {shape for _, each, shape in told["looks"] if each == tone} for _, tone, _ in told["looks"]}
        assert len(tones) >= 6
        apart = page.evaluate(DRAWN)
        assert min(apart["units"]) > 40
        assert min(apart["incidents"]) > 25
        busy(server, page)
        codes = page.locator("#units .tile-code").all_inner_texts()
        assert codes
        assert set(codes) <= {*told["codes"], "!!"}
        assert page.locator("#units .tile-alarm .tile-code").inner_text() == "!!"
        badges = page.locator("#queue .badge text").all_text_contents()
        assert badges == [row.get_attribute("data-priority") for row in page.locator("#queue .row").all()]
        assert all(page.locator("#attention .att-mark").all_inner_texts())
        page.evaluate("window.turnout.link.drop(60_000)")
        expect(page.locator("#link-text")).to_contain_text("No link")
        assert page.locator("#link i").evaluate("(lamp) => getComputedStyle(lamp).borderRadius") == "0px"


def test_everything_is_reached_by_keyboard(tmp_path: Path) -> None:
    """Tab goes round the desk and is caught nowhere; whatever can be pressed is passed, and the focus is always seen."""
    with desk(tmp_path) as (server, page):
        busy(server, page)
        page.keyboard.press("Escape")
        wanted = set(page.evaluate(PRESSABLE))
        passed: list[str] = []
        for _ in range(len(wanted) + 40):
            page.keyboard.press("Tab")
            name, seen = page.evaluate(FOCUSED)
            passed.append(name)
            assert seen, f"the focus is not seen on {name}"
            if passed.count(name) > 1 and wanted <= set(passed):
                break
        assert wanted <= set(passed), wanted - set(passed)
