"""A call is entered without sending, or with others than the plan would send; what became of it is said."""

from typing import Any

from tests.browser.desk_kit import Seat, accepted, expect, refused, typing
from tests.browser.kit import Server

SPOT = "41.497,-90.512"
SENT = """
([shown, assigned]) => import("/console/entering.js").then((it) => it.sentWords(shown, { reported_ms: 1000, assigned }))
"""
CANCELLED = "a test is over"


def entered(page: Any) -> str:
    """Return the incident that the line has just said."""
    accepted(page, r"I\d+: ")
    return str(page.locator("#result").inner_text()).split(":")[0].split()[-1]


def units_of(server: Server, incident: str) -> list[str]:
    return [each["unit"] for each in server.read(f"/v1/incidents/{incident}")["assigned"]]


def test_a_call_whose_plan_sends_by_itself_is_entered_without_sending(seat: Seat) -> None:
    """Enter names who goes before and after; Shift+Enter sends nobody, and what it will do can be seen before."""
    server, page = seat
    typing(page, f"N sick_person {SPOT} P2")
    draft, enters = page.locator("#draft"), page.locator("#assist .enters")
    expect(draft).to_contain_text("Shift+Enter sends nobody")
    expect(draft).to_contain_text("> UNIT WHY others")
    shown = draft.locator("tbody tr b").all_inner_texts()
    assert shown
    expect(enters).to_contain_text(f"Enter enters the call and sends {shown[0]}")
    page.keyboard.press("Shift+Enter")
    accepted(page, "Nobody is sent until")
    incident = entered(page)
    kept = server.read(f"/v1/incidents/{incident}")
    assert kept["held_until_ms"]
    assert kept["assigned"] == []
    typing(page, f"N sick_person {SPOT} P2")
    expect(enters).to_contain_text("Enter enters the call and sends ")
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_contain_text("Sent ")
    sent = entered(page)
    assert sent != incident
    assert units_of(server, sent)
    for each in (incident, sent):
        server.order(f"/v1/incidents/{each}/cancel", reason=CANCELLED)


def test_a_call_is_entered_with_others_than_the_plan_would_send(seat: Seat) -> None:
    """Behind `>` stand the units and why; a reason is asked for; the note behind `;` is the call's."""
    server, page = seat
    typing(page, f"N sick_person {SPOT} P2 > E3")
    expect(page.locator("#draft")).to_contain_text("Say why E3")
    page.keyboard.press("Enter")
    refused(page, "Say why E3")
    typing(page, f"N sick_person {SPOT} P2 > E3 lives next door ; he fell")
    expect(page.locator("#draft")).to_contain_text("sends E3 instead of these: lives next door")
    page.keyboard.press("Enter")
    accepted(page, "Sent E3")
    incident = entered(page)
    told = server.read(f"/v1/incidents/{incident}")
    assert "E3" in units_of(server, incident)
    assert told["held_until_ms"] is None
    assert [note["text"] for note in told["notes"]] == ["he fell"]
    server.order(f"/v1/incidents/{incident}/cancel", reason=CANCELLED)


def test_another_unit_than_was_shown_is_named_with_what_it_gains(seat: Seat) -> None:
    """By the place in the plan that it fills; one that was shown is only named; if nobody went, that is said."""
    _, page = seat
    shown = [{"unit": "M6", "slot": "medic", "eta_ms": 250_000}, {"unit": "E1", "slot": "help", "eta_ms": 100_000}]
    sooner = {"unit": "M21", "slot": "medic", "arrive_ms": 181_000}
    same = {"unit": "E1", "slot": "help", "arrive_ms": 101_000}
    assert page.evaluate(SENT, [shown, [sooner, same]]) == "Sent M21, not M6 as shown: 1:10 sooner; E1"
    later = {**sooner, "arrive_ms": 261_000}
    assert page.evaluate(SENT, [shown, [later]]) == "Sent M21, not M6 as shown: 0:10 later"
    assert page.evaluate(SENT, [shown, [{"unit": "M6", "slot": "medic"}, same]]) == "Sent M6 and E1"
    assert page.evaluate(SENT, [shown, []]).startswith("Nobody has been sent yet")


def test_units_are_completed_behind_the_mark(seat: Seat) -> None:
    """Whom the plan would send first, then who is near; each once, and none any more once the reason has begun."""
    _, page = seat
    line, offers = page.locator("#command"), page.locator("#assist .offer")
    typing(page, f"N sick_person {SPOT} P2 > ")
    expect(offers.first).to_contain_text("recommended")
    typing(page, f"N sick_person {SPOT} P2 > E")
    assert all(each.split()[0].removeprefix("Tab").startswith("E") for each in offers.all_inner_texts())
    page.keyboard.press("Tab")
    first = line.input_value().split()[-1]
    assert first.startswith("E")
    assert line.input_value() == f"N sick_person {SPOT} P2 > {first} "
    assert first not in [each.split()[0].removeprefix("Tab") for each in offers.all_inner_texts()]
    typing(page, f"N sick_person {SPOT} P2 > {first} lives ")
    expect(offers).to_have_count(0)
    page.keyboard.press("Escape")
