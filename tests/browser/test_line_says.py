"""The command line says what Enter will do, from the messages that it would send: one server for all of it."""

import re
from typing import Any

from gateways.vocabulary.verbs import VERBS
from tests.browser.desk_kit import Seat, accepted, call, expect, refused, say, typing
from tests.browser.kit import Server

MADE = """
() => Promise.all([import("/console/diverting.js"), import("/console/clock.js")]).then(async ([it, { now }]) => {
  const engine = { kind: "engine" };
  const units = new Map([["E1", { ...engine, incident: "I1" }], ["E2", { ...engine, incident: "I1" }], ["E3", engine], ["M1", { kind: "medic" }]]);
  const sent = (unit, ms, status = "en_route") => ({ unit, status, arrive_ms: now() + ms });
  const incidents = new Map([
    ["I1", { id: "I1", priority: 4, type: "made_up", assigned: [sent("E1", 60_500), sent("E2", 9_000, "on_scene")], recommended: [] }],
    ["I9", { id: "I9", priority: 1, type: "made_up", assigned: [], recommended: [{ unit: "E3", eta_ms: 300_000 }, { unit: "M1", eta_ms: 1_000 }] }],
  ]);
  const board = { units, incidents };
  const link = { state: "live", asked: 0, ask: (question) => ((link.asked += 1), Promise.resolve({ route: { travel_ms: 120_000 } })) };
  let told;
  const known = new Promise((resolve) => (told = resolve));
  const ways = new it.Ways(link, told);
  const before = it.gains(["E1"], "I9", { board, ways });
  await known;
  const after = it.gains(["E1"], "I9", { board, ways });
  incidents.get("I9").recommended = [{ unit: "M1", eta_ms: 1_000 }];
  return [before, after, it.gains(["E1"], "I9", { board, ways }), it.loses(["E1"], "I9", { board }), it.loses(["E1", "E2"], "I9", { board }), it.loses(["E3"], "I9", { board }), link.asked];
})
"""


def test_a_diversion_says_who_loses_what_and_what_is_gained(seat: Seat) -> None:
    """Less what it was from arriving, who stays and doing what; how far it is, against the next of its kind. Asked once."""
    _, page = seat
    before, after, alone, lost, all_lost, nothing, asked = page.evaluate(MADE)
    assert before == ""
    assert after == "2:00 away from I9, 3:00 sooner than E3"
    assert alone == "2:00 away from I9, where no other engine is going"
    assert re.fullmatch(
        r"I1 \(P4 made up\) loses E1( \d:\d\d before it is there)?, E2 \(on scene\) stays there", lost["text"]
    )
    assert not lost["warns"]
    assert all_lost["warns"]
    assert all_lost["text"].endswith("nobody is left there")
    assert nothing is None
    assert asked < 3  # once, or again where the machine stood still for seconds


def enters(page: Any, words: str) -> None:
    """What stands over the line is this, and nothing else."""
    expect(page.locator("#assist .enters")).to_have_text(words)


def on_the_way(page: Any, priority: str) -> str:
    """Enter a call and send M2 to it; return its incident."""
    incident = call(page, "sick_person", priority)
    say(page, f"D {incident} M2 ; nearest")
    accepted(page, f"Sent M2 to {incident}")
    return incident


def assigned(server: Server, incident: str) -> dict[str, Any]:
    return {each["unit"]: each for each in server.read(f"/v1/incidents/{incident}")["assigned"]}


def test_units_that_are_sent_are_named_and_a_reason_begins_with_a_semicolon(seat: Seat) -> None:
    """Behind `;`, or the first word that is no name, a unit's name is only a word."""
    server, page = seat
    incident = call(page, "sick_person", "P4")
    typing(page, f"D {incident} E1 E2 ; crew is ill")
    enters(page, f"Enter sends E1 and E2 to {incident} · reason: crew is ill")
    typing(page, f"D {incident} E1")
    expect(page.locator("#assist .enters")).to_have_text(re.compile(r"^E1 instead of .*: say why$"))
    typing(page, f"D {incident} E1 since E2 is ill")
    enters(page, f"Enter sends E1 to {incident} · reason: since E2 is ill")
    typing(page, f"D {incident} E1 ; E2 is ill")
    enters(page, f"Enter sends E1 to {incident} · reason: E2 is ill")
    page.keyboard.press("Enter")
    accepted(page, f"Sent E1 to {incident}")
    sent = assigned(server, incident)
    assert {unit: each["deviation"] for unit, each in sent.items()} == {"E1": "E2 is ill"}
    expect(page.locator("#card .assigned")).to_contain_text("E1")
    typing(page, f"D {incident} C1 by foot")
    expect(page.locator("#assist .enters")).to_contain_text(f"Enter sends C1 to {incident}: besides E1.")


def test_whether_a_unit_begins_a_reason_is_asked_and_never_guessed(seat: Seat) -> None:
    """Behind several units a reason is marked: without it nothing is done, and the line is offered with the mark in it."""
    server, page = seat
    incident = call(page, "sick_person", "P4")
    say(page, f"D {incident} M2 A1 ; both are near")
    accepted(page, f"Sent M2, A1 to {incident}")
    expect(page.locator("#card .assigned")).to_contain_text("A1")
    typing(page, "RL M2 A1 is enough")
    enters(page, "Is A1 meant as well, or is it part of the reason? Put ; before the reason")
    page.keyboard.press("Enter")
    refused(page, "Is A1 meant as well")
    assert set(assigned(server, incident)) == {"M2", "A1"}
    expect(page.locator("#command")).to_have_value("RL M2 A1 ; is enough")
    enters(page, f"Enter releases M2 and A1 from {incident}: nobody is left on {incident} · reason: is enough")
    typing(page, "RL M2 ; A1 is enough")
    enters(page, f"Enter releases M2 from {incident}: A1 stays on {incident} · reason: A1 is enough")
    page.keyboard.press("Enter")
    accepted(page, "M2 released")
    typing(page, "RP A1 M2 E1 is too far")
    enters(page, f"Enter sends M2 to {incident} in the place of A1, which is released · reason: E1 is too far")
    typing(page, f"DV M2 {incident} E1 E2 burns")
    enters(page, "Is E2 meant as well, or is it part of the reason? Put ; before the reason")
    page.keyboard.press("Escape")


def test_who_cannot_be_turned_round_is_said_before_enter_with_what_to_do(seat: Seat) -> None:
    """A crew that has arrived stays; one that is on nothing is sent, for the reason that was typed."""
    _, page = seat
    first = on_the_way(page, "P4")
    say(page, "M2 A")
    accepted(page, "M2 on scene")
    expect(page.locator("#units .tile[data-key=M2] .tile-code")).to_have_text("SC")
    second = call(page, "fire_alarm", "P1")
    stays = f"M2 is on scene at {first} and stays until its crew says that it is clear."
    typing(page, "DV M2")
    enters(page, f"{stays} Turn one round that is under way, or send a free one (D).")
    typing(page, f"D {second} M2 smoke")
    enters(page, f"{stays} Send another one.")
    typing(page, f"DV {second} E4 2nd floor burns")
    enters(page, "E4 is on no incident, so there is nothing to turn it round from. D sends it.")
    page.keyboard.press("Enter")
    refused(page, "D sends it")
    expect(page.locator("#command")).to_have_value(f"D {second} E4 ; 2nd floor burns ")
    page.keyboard.press("Escape")
    say(page, "M2 AV")
    accepted(page, "M2 available")


def test_nobody_is_turned_round_for_what_is_not_more_urgent(seat: Seat) -> None:
    """It is said before Enter, as the server would say it."""
    _, page = seat
    first = on_the_way(page, "P3")
    alike = call(page, "sick_person", "P3")
    typing(page, f"DV M2 {alike} nearer")
    enters(page, f"{alike} (P3) is not more urgent than {first} (P3), where M2 is going. Send a free unit (D).")
    page.keyboard.press("Enter")
    refused(page, "is not more urgent")
    page.keyboard.press("Escape")
    say(page, "RL M2 enough")
    accepted(page, "M2 released")


def test_a_call_with_others_than_the_plan_asks_for_its_mark_too(seat: Seat) -> None:
    """There `;` begins the note, so a second `>` begins the reason."""
    server, page = seat
    typing(page, "N sick_person 41.497,-90.512 P2 > E3 E4 is ill ; he fell")
    expect(page.locator("#draft")).to_contain_text("Put > before the reason")
    page.keyboard.press("Enter")
    refused(page, "Is E4 meant as well")
    expect(page.locator("#command")).to_have_value("N sick_person 41.497,-90.512 P2 > E3 E4 > is ill ; he fell")
    typing(page, "N sick_person 41.497,-90.512 P2 > E3 > E4 is ill ; he fell")
    expect(page.locator("#draft")).to_contain_text("sends E3 instead of these: E4 is ill")
    page.keyboard.press("Enter")
    accepted(page, "Sent E3")
    incident = str(page.locator("#result").inner_text()).split(":")[0].split()[-1]
    sent = assigned(server, incident)  # and whom the plan adds to them
    assert "E3" in sent
    assert "E4" not in sent
    assert [note["text"] for note in server.read(f"/v1/incidents/{incident}")["notes"]] == ["he fell"]


def test_a_unit_under_way_is_turned_round_for_the_reason_that_was_typed(seat: Seat) -> None:
    """Refused, the line becomes one that diverts and keeps the reason; whoever presses Enter twice at once diverts nobody."""
    server, page = seat
    first = on_the_way(page, "P4")
    second = call(page, "fire_alarm", "P1")
    typing(page, f"D {second} M2 E3 ; E2 smells smoke")
    page.keyboard.press("Enter")
    refused(page, rf"M2 is under way to {first}\. Enter turns it round .*E3: with D")
    line = page.locator("#command")
    expect(line).to_have_value(f"DV M2 {second} ; E2 smells smoke")
    page.evaluate("window.turnout.desk.line._entered = Infinity")  # the second press of somebody in a hurry
    page.keyboard.press("Enter")
    expect(line).to_have_value(f"DV M2 {second} ; E2 smells smoke")
    page.evaluate("window.turnout.desk.line._entered = -Infinity")
    page.keyboard.press("Enter")
    accepted(page, f"M2 diverted to {second}")
    assert assigned(server, second)["M2"]["deviation"] == "E2 smells smoke"
    assert "M2" not in assigned(server, first)


def test_who_is_left_is_said_before_units_are_released_turned_round_or_replaced(seat: Seat) -> None:
    """Nobody, or those that stay; one unit in the place of another is one order, and the board has it so."""
    server, page = seat
    incident = call(page, "sick_person", "P4")
    say(page, f"D {incident} M2 A1 ; the others are tired")
    accepted(page, f"Sent M2, A1 to {incident}")
    expect(page.locator("#card .assigned")).to_contain_text("A1")
    typing(page, "RL M2 no need")
    enters(page, f"Enter releases M2 from {incident}: A1 stays on {incident} · reason: no need")
    typing(page, "RL M2 A1 ; no need")
    enters(page, f"Enter releases M2 and A1 from {incident}: nobody is left on {incident} · reason: no need")
    expect(page.locator("#assist .enters .wants")).to_contain_text("nobody is left")
    typing(page, "RL M2 ; A1 goes alone")
    page.keyboard.press("Enter")
    accepted(page, "M2 released")
    assert set(assigned(server, incident)) == {"A1"}
    typing(page, "RP A1 M2 it is nearer")
    enters(page, f"Enter sends M2 to {incident} in the place of A1, which is released · reason: it is nearer")
    page.keyboard.press("Enter")
    accepted(page, f"Sent M2 to {incident} in the place of A1")
    assert set(assigned(server, incident)) == {"M2"}
    expect(page.locator("#card .assigned tbody b", has_text="M2")).to_be_visible()
    other = call(page, "fire_alarm", "P1")
    typing(page, f"DV M2 {other} smoke")
    lost = rf"{incident} \(P4 .+\) loses M2( \d+:\d\d before it is there)?, nobody is left there"
    expect(page.locator("#assist .enters")).to_have_text(
        re.compile(rf"^Enter turns M2 round to {other}: {lost} · .*reason: smoke$")
    )
    expect(page.locator("#assist .enters .wants")).to_contain_text("nobody is left there")
    page.keyboard.press("Escape")


def test_what_is_written_down_keeps_its_names_and_a_wrong_number_does_nothing(seat: Seat) -> None:
    """A note that begins with a unit has it; an incident that is not open is no part of a text."""
    server, page = seat
    incident = call(page, "sick_person", "P4")
    say(page, f"NT {incident} E2 saw smoke")
    accepted(page, f"Noted on {incident}")
    assert [note["text"] for note in server.read(f"/v1/incidents/{incident}")["notes"]] == ["E2 saw smoke"]
    typing(page, "X I987 all is well")
    expect(page.locator("#assist")).to_contain_text("There is no unit or open incident “I987”.")
    enters(page, "")
    page.keyboard.press("Escape")


def test_an_empty_line_says_what_enter_accepts(seat: Seat) -> None:
    """Enter on an empty line sends what is recommended: it is named before."""
    _, page = seat
    incident = call(page, "sick_person", "P4")
    expect(page.locator("#card .proposal")).to_contain_text("Accept")
    typing(page, " ")
    expect(page.locator("#assist .enters")).to_have_text(re.compile(rf"^Enter sends .+ to {incident}, as recommended$"))


def test_every_verb_that_acts_has_words_for_what_it_does(seat: Seat) -> None:
    """Whatever a verb becomes, but for questions, is foretold in words of its own."""
    _, page = seat
    told = set(page.evaluate("import('/console/enters.js').then((it) => it.FORETOLD)"))
    acts = {message for verb in VERBS for message in verb.messages if not message.startswith("ask_")}
    assert acts <= told


def test_the_next_best_are_offered_first_with_their_time(seat: Seat) -> None:
    """Behind the recommended one comes whoever was judged next, and no incident where one is named."""
    _, page = seat
    incident = call(page, "sick_person", "P4")
    expect(page.locator("#card .proposal")).to_contain_text("Accept")
    typing(page, f"D {incident} ")
    offers = page.locator("#assist .offer")
    expect(offers.nth(0)).to_contain_text("recommended")
    expect(offers.nth(1)).to_have_text(re.compile(r"^\S+ in \d+:\d\d$"))
    page.keyboard.press("Escape")
