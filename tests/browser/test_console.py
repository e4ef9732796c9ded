"""The console in a real browser, before a real server: by keyboard alone, and with the link cut under it."""

import re
from pathlib import Path

from engine.model.facts import UnitDispatched
from engine.model.lifecycle import Status
from tests.browser.desk_kit import DESK, accepted, call, desk, expect, refused, say, sit_down


def test_a_call_is_taken_accepted_and_overridden_by_keyboard_alone(tmp_path: Path) -> None:
    """Advice is accepted with Enter; another call is answered with other units and a reason; refusals say why."""
    with desk(tmp_path) as (server, page):
        first = call(page, "sick_person", "; somebody is not well")
        expect(page.locator("#queue .row")).to_have_count(1)
        expect(page.locator("#card .proposal")).to_contain_text("Recommended")
        page.keyboard.press("Escape")
        page.keyboard.press("Enter")
        accepted(page, f"Accepted for {first}")
        expect(page.locator("#card .assigned")).to_be_visible()

        second = call(page, "sick_person", "P4")
        say(page, "W E2")
        expect(page.locator("#card .why")).to_contain_text("E2")
        say(page, "D E99")
        refused(page, "no unit or open incident")
        say(page, f"D {second} C1 nearer by foot")
        accepted(page, f"Sent C1 to {second}")
        say(page, "C1 EN")
        accepted(page, "C1 en route")
        assert server.read(f"/v1/incidents/{first}")["assigned"]
        other = {each["unit"]: each for each in server.read(f"/v1/incidents/{second}")["assigned"]}
        assert (other["C1"]["status"], other["C1"]["deviation"]) == (Status.EN_ROUTE, "nearer by foot")
    sent = [fact for turn in server.journal() for fact in turn.facts if isinstance(fact, UnitDispatched)]
    assert ("C1", second) in [(fact.unit, fact.incident) for fact in sent]


def test_a_lost_link_is_unmistakable_and_what_was_ordered_meanwhile_happens_once(tmp_path: Path) -> None:
    """The server is killed: the page greys, says how old it is, keeps the order; after the restart it goes on."""
    with desk(tmp_path) as (server, page):
        incident = call(page, "structure_fire")
        seen = page.evaluate("window.turnout.board.seq")
        server.kill()
        expect(page.locator("#lost")).to_contain_text("NO LINK")
        expect(page.locator("body")).to_have_class(re.compile("is-lost"))
        say(page, f"NT {incident} said without a link")
        expect(page.locator("#result")).to_have_text("Waits for the link")
        expect(page.locator("#lost")).to_contain_text("1 orders wait")
        server.start()
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
        expect(page.locator("#lost")).to_be_hidden()
        accepted(page, f"Noted on {incident}")
        expect(page.locator("#card")).to_contain_text("said without a link")
        assert page.evaluate("window.turnout.board.seq") > seen
        notes = server.read(f"/v1/incidents/{incident}")["notes"]
        assert [note["text"] for note in notes].count("said without a link") == 1


def test_a_cut_link_is_resumed_without_gap_or_repeat(tmp_path: Path) -> None:
    """What happened while it was cut is there, folded once, and no snapshot was needed."""
    with desk(tmp_path) as (server, page):
        incident = call(page, "structure_fire")
        page.evaluate("window.turnout.link.drop(1500)")
        expect(page.locator("#lost")).to_be_visible()
        server.order(f"/v1/incidents/{incident}/notes", text="while it was cut")
        expect(page.locator("#card")).to_contain_text("while it was cut")
        assert page.evaluate("window.turnout.link._resumed") is True
        lines = page.evaluate("window.turnout.board.events.map((each) => each.key)")
        assert len(lines) == len(set(lines))


def test_an_emergency_stands_above_everything_until_somebody_has_seen_it(tmp_path: Path) -> None:
    """It is first, repeats its tone, and is acknowledged with one key."""
    with desk(tmp_path) as (server, page):
        call(page, "structure_fire")
        server.order("/v1/units/E1/emergency", text="mayday")
        first = page.locator("#attention .att").first
        expect(first).to_contain_text("Unit emergency")
        expect(first).to_have_class(re.compile("att-grave"))
        assert page.evaluate("window.turnout.tones._repeated") == "emergency"
        page.keyboard.press("Escape")
        page.keyboard.press("k")
        accepted(page, "Acknowledged: E1")
        expect(page.locator("#attention .att-grave")).to_have_count(0)
        assert page.evaluate("window.turnout.tones._repeated") is None


def test_everything_is_in_sight_at_1280_by_800(tmp_path: Path) -> None:
    """Queue, units, map, timeline and command line, without scrolling; the help is made from the registry."""
    with desk(tmp_path) as (_, page):
        for name in ("queue", "units", "map", "timeline", "command", "link", "clock"):
            box = page.locator(f"#{name}").bounding_box()
            assert box["x"] >= 0
            assert box["y"] >= 0
            assert box["x"] + box["width"] <= DESK["width"]
            assert box["y"] + box["height"] <= DESK["height"]
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        page.keyboard.press("?")
        verbs = page.evaluate("import('/console/verbs.js').then((it) => it.VERBS.map((each) => each.verb))")
        told = page.locator("#help dt kbd").all_inner_texts()
        assert set(verbs) <= set(told)
        page.keyboard.press("Escape")
        expect(page.locator("#help")).to_be_hidden()


def test_other_screens_show_and_take_no_orders(tmp_path: Path) -> None:
    """The map alone, and the wall: live, signed in by the same session, without a command line."""
    with desk(tmp_path) as (server, page):
        incident = call(page, "structure_fire")
        for view, shown in (("map", "#map"), ("wall", "#queue")):
            page.goto(f"{server.url}/console?view={view}")
            expect(page.locator("#link")).to_have_attribute("data-state", "live")
            expect(page.locator(shown)).to_be_visible()
            expect(page.locator("#command")).to_be_hidden()
            assert page.evaluate("[...window.turnout.board.incidents.keys()]") == [incident]


def test_signing_out_closes_the_page_elsewhere(tmp_path: Path) -> None:
    """Another browser of the same name is listed, ended, and asked for its token again."""
    with desk(tmp_path) as (server, page):
        second = page.context.browser.new_context(viewport=DESK).new_page()
        sit_down(second, server)
        page.locator("#who").click()
        page.get_by_role("button", name="End").click()
        expect(second.get_by_label("Token")).to_be_visible()
        expect(second.locator("#door-said")).to_contain_text("ended by desk")
        expect(page.locator("#link")).to_have_attribute("data-state", "live")


def test_the_line_completes_and_remembers(tmp_path: Path) -> None:
    """Tab completes types and units, arrows bring back what was said, Esc backs out, either order of status and unit; U undoes."""
    with desk(tmp_path) as (server, page):
        page.keyboard.press("/")
        page.keyboard.type("n water")
        page.keyboard.press("Tab")
        expect(page.locator("#command")).to_have_value("n water_rescue ")
        page.keyboard.press("Escape")
        expect(page.locator("#command")).to_have_value("")
        say(page, "P11 os")
        accepted(page, "P11 out of service")
        expect(page.locator("#units .tile[data-key=P11] .tile-code")).to_have_text("OS")
        say(page, "AV.P11")
        accepted(page, "P11 available")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        expect(page.locator("#command")).to_have_value("P11 os")
        say(page, "P11 OS")
        accepted(page, "U undoes it")
        say(page, "u")
        accepted(page, "Undone: P11")
        say(page, "u")
        refused(page, "nothing to undo")
        assert server.read("/v1/units/P11")["status"] == "available"
