"""The crew page in a real browser, on a real server that is killed under it: what was pressed is recorded once."""

import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.model.alert_facts import AlertAcknowledged
from engine.model.crew_facts import DispatchDeclined, UnitSaid, UnitTold
from engine.model.crew_inputs import TellDispatch
from engine.model.facts import AssignmentAdvanced, CommandRefused, EmergencyDeclared
from engine.model.inputs import ReportStatus
from engine.model.lifecycle import Status
from tests.browser.kit import Server, browsing, serving, token

expect: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
UNIT = "E1"
expect.set_options(timeout=120_000)


def sign_in(context: Any, server: Server, secret: str = token(f"crew-{UNIT}")) -> Any:
    page = context.new_page()
    page.goto(f"{server.url}/crew")
    page.get_by_label("Code or token").fill(secret)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("No job")).to_be_visible()
    return page


def call_out(server: Server, **fields: object) -> str:
    """Report a fire where the unit stands, and see that it is sent."""
    at = server.read(f"/v1/units/{UNIT}")
    where = {"lat": at["lat"], "lon": at["lon"], "address": "12 Mill Lane", "incident_type": "structure_fire"}
    incident = str(server.order("/v1/incidents", **where, **fields)["incident"])
    if UNIT not in [each["unit"] for each in server.read(f"/v1/incidents/{incident}")["assigned"]]:
        server.order(f"/v1/incidents/{incident}/dispatch", units=[UNIT], reason="it is to be tested")
    return incident


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_what_is_pressed_without_a_server_is_recorded_once_with_its_own_times(tmp_path: Path) -> None:
    """A job arrives and is accepted; the server is killed; three reports, a reload, a restart: each is there once."""
    pressed: dict[Status, tuple[int, int]] = {}

    def press(page: Any, name: str, status: Status) -> None:
        before = now_ms()
        page.get_by_role("button", name=name).click()
        expect(page.locator("#status")).to_have_text(re.compile("Accepted|En route|On scene"))
        pressed[status] = (before, now_ms())

    with serving(tmp_path, UNIT) as server, browsing() as context:
        page = sign_in(context, server)
        incident = call_out(server)
        expect(page.get_by_text("12 Mill Lane", exact=True)).to_be_visible()
        press(page, "Accept", Status.ACKNOWLEDGED)
        expect(page.get_by_role("button", name="En route")).to_be_visible()
        expect(page.locator("#link-text")).to_have_text("Connected")
        server.kill()
        expect(page.locator("#link-text")).to_have_text("No connection")
        press(page, "En route", Status.EN_ROUTE)
        press(page, "On scene", Status.ON_SCENE)
        page.get_by_label("Message to dispatch").fill("nothing to be seen")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#link-text")).to_have_text("Offline, 3 waiting")
        expect(page.get_by_text("Waiting to be sent").first).to_be_visible()
        page.reload()
        expect(page.get_by_text("12 Mill Lane", exact=True)).to_be_visible()
        expect(page.locator("#link-text")).to_have_text("Offline, 3 waiting")
        expect(page.locator("#status")).to_have_text("On scene")
        server.start()
        expect(page.locator("#link-text")).to_have_text("Connected")
        expect(page.locator("#sent")).to_be_hidden()
        server.stop()
        recorded = server.journal()
    given = [turn.input for turn in recorded]
    reported = [each for each in given if isinstance(each, ReportStatus)]
    assert Counter(each.status for each in reported) == dict.fromkeys(pressed, 1)
    for each in reported:
        assert each.at_ms is not None
        begun, ended = pressed[each.status]
        assert begun <= each.at_ms <= ended
        assert (each.incident, each.by) == (incident, f"crew-{UNIT}")
    assert [each.text for each in given if isinstance(each, TellDispatch)] == ["nothing to be seen"]
    facts = [fact for turn in recorded for fact in turn.facts]
    assert [fact.text for fact in facts if isinstance(fact, UnitSaid)] == ["nothing to be seen"]
    reached = {fact.status: fact.at_ms for fact in facts if isinstance(fact, AssignmentAdvanced) and fact.unit == UNIT}
    assert list(reached) == list(pressed)
    assert reached == {each.status: each.at_ms for each in reported}


def test_a_report_about_a_job_that_was_withdrawn_is_answered_in_words(tmp_path: Path) -> None:
    """The connection is cut, the crew is released meanwhile: its report changes nothing, and the page says why."""
    with serving(tmp_path, UNIT) as server, browsing() as context:
        page = sign_in(context, server)
        incident = call_out(server)
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_role("button", name="En route")).to_be_visible()
        expect(page.locator("#link-text")).to_have_text("Connected")
        context.set_offline(True)
        page.get_by_role("button", name="En route").click()
        expect(page.locator("#link-text")).to_have_text("Offline, 1 waiting")
        server.order(f"/v1/incidents/{incident}/release", unit=UNIT, reason="false alarm")
        context.set_offline(False)
        expect(page.get_by_text("Not taken").first).to_be_visible()
        expect(page.get_by_text(re.compile(f"{UNIT} is not on {incident}")).first).to_be_visible()
        expect(page.get_by_text("No job")).to_be_visible()
        page.get_by_role("button", name="Understood").click()
        expect(page.locator("#sent")).to_be_hidden()
        server.stop()
        refused = [fact for turn in server.journal() for fact in turn.facts if isinstance(fact, CommandRefused)]
    assert [fact.code for fact in refused] == ["stale_status"]


def test_words_a_decline_and_a_call_for_help(tmp_path: Path) -> None:
    """Signed in by code, a message is read, a job declined for a reason; the emergency goes off when held, not when tapped."""
    with serving(tmp_path, UNIT) as server, browsing() as context:
        page = sign_in(context, server, server.code(UNIT))
        server.order(f"/v1/units/{UNIT}/tell", text="hydrant in Mill Lane is frozen")
        page.get_by_role("button", name="Read").click()
        expect(page.get_by_role("button", name="Read")).to_have_count(0)
        call_out(server)
        page.get_by_role("button", name="Decline").click()
        page.get_by_role("button", name="Decline the job").click()
        expect(page.get_by_text("Say why: somebody else has to go.")).to_be_visible()
        page.get_by_role("button", name="Vehicle defect").click()
        page.get_by_role("button", name="Decline the job").click()
        expect(page.get_by_text("No job")).to_be_visible()
        emergency = page.get_by_role("button", name="Emergency")
        emergency.click()
        emergency.click(delay=2_000)
        expect(page.get_by_text("Help is called")).to_be_visible()
        server.stop()
        facts = [fact for turn in server.journal() for fact in turn.facts]
    assert [fact.reason for fact in facts if isinstance(fact, DispatchDeclined)] == ["Vehicle defect"]
    assert len([fact for fact in facts if isinstance(fact, EmergencyDeclared)]) == 1
    (told,) = [fact for fact in facts if isinstance(fact, UnitTold)]
    receipts = [fact.by for fact in facts if isinstance(fact, AlertAcknowledged) and fact.alert == told.alert]
    assert receipts == [f"{UNIT} via crew-{UNIT}"]


def test_a_phone_whose_clock_is_wrong_reports_right_times(tmp_path: Path) -> None:
    """Ten minutes ahead: the page goes by the engine's clock, also for what was pressed without a connection."""
    with serving(tmp_path, UNIT) as server, browsing() as context:
        context.add_init_script("const right = Date.now; Date.now = () => right() + 600_000;")
        page = sign_in(context, server)
        call_out(server)
        expect(page.get_by_role("button", name="Accept")).to_be_visible()
        context.set_offline(True)
        begun = now_ms()
        page.get_by_role("button", name="Accept").click()
        expect(page.locator("#link-text")).to_have_text("Offline, 1 waiting")
        ended = now_ms()
        context.set_offline(False)
        expect(page.locator("#sent")).to_be_hidden()
        server.stop()
        (report,) = [turn.input for turn in server.journal() if isinstance(turn.input, ReportStatus)]
    assert report.at_ms is not None
    assert begun - 1_000 <= report.at_ms <= ended


def test_a_push_is_shown_while_the_page_is_closed(tmp_path: Path) -> None:
    """The browser hands the worker a message, as its push service would: it becomes a notification, once for an alert."""
    with serving(tmp_path, UNIT) as server, browsing(permissions=["notifications"]) as context:
        page = sign_in(context, server)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        devtools = context.new_cdp_session(page)
        found: list[str] = []
        devtools.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda told: found.extend(each["registrationId"] for each in told["registrations"]),
        )
        devtools.send("ServiceWorker.enable")
        deadline = time.monotonic() + 30
        while not found and time.monotonic() < deadline:
            page.wait_for_timeout(50)
        told = {"title": f"{UNIT} GO I1 P1", "body": "12 Mill Lane", "alert": "A1", "purpose": "dispatch"}
        for _ in range(2):
            message = {"origin": server.url, "registrationId": found[-1], "data": json.dumps(told)}
            devtools.send("ServiceWorker.deliverPushMessage", message)
        shown = """navigator.serviceWorker.ready.then((registration) => registration.getNotifications())
            .then((all) => all.map((each) => [each.title, each.body, each.tag]))"""
        while page.evaluate(shown) == [] and time.monotonic() < deadline:
            page.wait_for_timeout(50)
        assert page.evaluate(shown) == [[f"{UNIT} GO I1 P1", "12 Mill Lane", "A1"]]
