"""What the desk does with focus, words that are no longer true, and lists that move while somebody aims."""

import re
from typing import Any

from tests.browser.desk_kit import Seat, accepted, call, expect, refused, say, typing

PUSHED = """
([key, grave]) => {
  const { board, desk } = window.turnout;
  const raise = (id, about) => board.alarms.set(id, { id, about, incident: null, unit: "E1", text: "made up", raised_ms: 0, acknowledged_by: null, rung: 0 });
  const row = document.querySelector(`#queue .row[data-key=${key}]`);
  const list = document.getElementById("queue");
  const { x, y, width, height } = row.getBoundingClientRect();
  const [px, py] = [x + width / 2, y + height / 2];
  list.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX: px, clientY: py }));
  const click = () => document.elementFromPoint(px, py).dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1 }));
  const before = row.getBoundingClientRect().y;
  for (const at of [1, 2, 3]) raise(`made${at}`, grave ? "unit_emergency" : `made up ${at}`);
  desk.attention._draw();
  const after = document.querySelector(`#queue .row[data-key=${key}]`).getBoundingClientRect().y;
  click();
  const told = document.getElementById("result").textContent;
  desk.attention.still._moved = -Infinity; // as if it had stood for a while
  for (const at of [1, 2, 3]) board.alarms.delete(`made${at}`);
  list.parentElement.dispatchEvent(new PointerEvent("pointerleave"));
  desk.attention._draw();
  return [after - before, told];
}
"""
AGED = "() => { const { line } = window.turnout.desk; line._toldAt = -Infinity; line.tick(); }"
READ = "() => { window.turnout.desk.line._entered = -Infinity; }"
"""What was said has been read: the next Enter is not the second one of somebody in a hurry."""
TOO_LATE = "() => { const { line } = window.turnout.desk; line._undo.until = -Infinity; line.tick(); }"
CITY = "41.4970,-90.5120"


def test_enter_does_not_open_a_sheet_again_and_the_line_has_the_focus(seat: Seat) -> None:
    """Pressed by mouse, closed by Esc: the line is next, not the button."""
    _, page = seat
    for button, sheet in (("help-open", "help"), ("who", "people"), ("settings-open", "settings")):
        page.locator(f"#{button}").click()
        expect(page.locator(f"#{sheet}")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(f"#{sheet}")).to_be_hidden()
        expect(page.locator("#command")).to_be_focused()


def test_a_refused_line_is_replaced_by_what_is_typed_next_and_one_that_lacks_words_goes_on(seat: Seat) -> None:
    """`U` with nothing to undo: the next word replaces it. A missing reason is typed behind what stands there."""
    _, page = seat
    line = page.locator("#command")
    typing(page, "V I987")
    page.keyboard.press("Enter")
    refused(page, "no unit or open incident")
    expect(line).to_have_value("V I987")
    page.keyboard.type("W")
    expect(line).to_have_value("W")
    incident = call(page, "sick_person", "P4")
    typing(page, f"C {incident}")
    page.keyboard.press("Enter")
    refused(page, "Say why")
    expect(line).to_have_value(f"C {incident}")
    page.keyboard.type(" nobody is ill")
    page.keyboard.press("Enter")
    accepted(page, f"{incident} cancelled")


def test_words_behind_a_status_are_not_dropped_unsaid(seat: Seat) -> None:
    """A status has room for none: it is said before Enter, Enter leaves the line that does what can be done, and Enter does it."""
    _, page = seat
    line = page.locator("#command")
    typing(page, "OS E2 flat tyre")
    expect(page.locator("#assist")).to_contain_text("A status takes no words: “flat tyre” would be lost")
    page.keyboard.press("Enter")
    refused(page, "Enter reports OS E2 alone")
    expect(line).to_have_value("OS E2")
    page.evaluate(READ)
    page.keyboard.press("Enter")
    accepted(page, "E2 out of service")
    say(page, "E2 AV")
    accepted(page, "E2 available")


def test_escape_leaves_a_line_in_which_nothing_is_half_done(seat: Seat) -> None:
    """Empty, begun by a key alone, or refused: one press. What somebody has typed goes first, and the line stays."""
    _, page = seat
    line = page.locator("#command")
    incident = call(page, "sick_person", "P4")
    typing(page, " ")
    page.keyboard.press("Escape")
    expect(line).not_to_be_focused()
    page.keyboard.press("d")
    expect(line).to_have_value(f"DV {incident} ")
    page.keyboard.press("Escape")
    expect(line).not_to_be_focused()
    expect(line).to_have_value("")
    expect(page.locator("#card .card-id")).to_have_text(incident)
    typing(page, "V I987")
    page.keyboard.press("Enter")
    refused(page, "no unit or open incident")
    expect(line).to_have_value("V I987")
    page.keyboard.press("Escape")
    expect(line).not_to_be_focused()
    typing(page, f"D {incident} E1")
    page.keyboard.press("Escape")
    expect(line).to_have_value("")
    expect(line).to_be_focused()
    page.keyboard.press("Escape")
    expect(line).not_to_be_focused()


def test_words_that_are_no_longer_true_do_not_stay(seat: Seat) -> None:
    """The offer to undo ends with its time, or when others have changed it; whatever was said ends; a refusal that is mended stays."""
    server, page = seat
    result = page.locator("#result")
    say(page, "P11 OS")
    accepted(page, "U undoes it")
    page.evaluate(TOO_LATE)
    expect(result).to_have_text("✓ P11 out of service")
    page.evaluate(AGED)
    expect(result).to_have_text("")
    say(page, "P11 AV")
    accepted(page, "U undoes it")
    expect(page.locator("#units .tile[data-key=P11] .tile-code")).to_have_text("AV")
    server.order("/v1/units/P11/status", status="out_of_service")
    expect(result).to_have_text("")
    server.order("/v1/units/P11/status", status="available")
    typing(page, "V I987")
    page.keyboard.press("Enter")
    refused(page, "I987")
    page.evaluate(AGED)
    refused(page, "I987")
    page.keyboard.press("Escape")
    page.evaluate(AGED)
    expect(result).to_have_text("")


def test_alarms_do_not_push_the_queue_away_beneath_the_pointer_and_an_emergency_takes_no_click(seat: Seat) -> None:
    """Three alarms come while somebody aims: the row stays. An emergency moves it: the click does nothing, and says so."""
    _, page = seat
    incident = call(page, "sick_person", "P4")
    expect(page.locator(f"#queue .row[data-key={incident}]")).to_be_visible()
    page.evaluate(
        "() => { const { board, desk } = window.turnout; board.alarms.set('first', { id: 'first', about: 'made up', incident: null, unit: 'E2', text: '', raised_ms: 0, acknowledged_by: null, rung: 0 }); desk.attention._draw(); }"
    )
    moved, _ = page.evaluate(PUSHED, [incident, False])
    assert moved == 0
    page.evaluate("window.turnout.board.select(null)")
    moved, told = page.evaluate(PUSHED, [incident, True])
    assert moved > 0
    assert " again." in told  # whichever list lies beneath the pointer now
    assert page.evaluate("window.turnout.board.selected") is None
    page.evaluate("() => { window.turnout.board.alarms.delete('first'); window.turnout.desk.attention._draw(); }")
    page.locator(f"#queue .row[data-key={incident}]").click()
    expect(page.locator("#card .card-id")).to_have_text(incident)


HELD = """
(key) => {
  const { board, queue } = window.turnout;
  const list = document.getElementById("queue");
  const enter = (id, priority) => board.incidents.set(id, { ...board.incidents.get(key), id, priority });
  const read = () => {
    queue._draw();
    const row = list.querySelector(`[data-key=${key}]`).getBoundingClientRect();
    return { rows: [...list.children].map((each) => each.dataset.key), sign: document.getElementById("queue-new").textContent, y: row.y };
  };
  queue.held._stirred = Infinity; // a slow machine must not think that nobody aims any more
  const told = [read()];
  enter("I901", 5);
  told.push(read());
  for (const [id, priority] of [["I902", 1], ["I903", 2], ["I904", 5]]) enter(id, priority);
  told.push(read());
  board.incidents.delete("I901");
  told.push(read());
  queue.held._since -= 60_000;
  told.push(read());
  const high = list.querySelector(".row").offsetHeight;
  board.incidents.delete("I902");
  told.push({ ...read(), high: [high, list.querySelector(".row-gone").offsetHeight] });
  queue.held.release();
  told.push(read());
  for (const id of ["I903", "I904"]) board.incidents.delete(id);
  read();
  return told;
}
"""


def test_calls_keep_their_places_beneath_the_pointer_and_new_ones_above_are_counted(seat: Seat) -> None:
    """What belongs beneath is added; what is over leaves its place; nothing is held back for long."""
    _, page = seat
    key = call(page, "sick_person", "P4")
    page.locator(f"#queue .row[data-key={key}]").hover()
    alone, beneath, above, over, shown, gone, sorted_ = page.evaluate(HELD, key)
    assert alone["rows"] == [key]
    assert beneath["rows"] == [key, "I901"]
    assert beneath["sign"] == ""
    assert above["rows"] == [key, "I901", "I904"]
    assert above["sign"] == "↑ 2 new above, P1"
    assert over["rows"] == [key, "I901", "I904"]
    assert len({each["y"] for each in (alone, beneath, above, over)}) == 1
    assert (shown["rows"], shown["sign"]) == (["I902", "I903", key, "I904"], "")
    assert gone["rows"] == ["I902", "I903", key, "I904"]
    assert len(set(gone["high"])) == 1, gone["high"]
    assert sorted_["rows"] == ["I903", key, "I904"]
    page.locator("#clock").hover()


def test_a_message_of_two_lines_moves_nothing(seat: Seat) -> None:
    """The room for it is there already."""
    _, page = seat
    high = "() => document.getElementById('map').clientHeight"
    before = page.evaluate(high)
    page.evaluate("window.turnout.desk.line.say('refused', 'It is so, and that is why. '.repeat(12))")
    assert page.evaluate(high) == before


def test_one_clock_and_a_name_that_is_said_once(seat: Seat) -> None:
    """The sheet of sessions goes by the header's clock, wherever the browser believes to be."""
    _, page = seat
    told = page.evaluate(
        """() => import("/console/door.js").then((it) => [it.nameAndRole({ principal: "dispatcher", role: "dispatcher" }), it.nameAndRole({ principal: "ann", role: "call_taker" })])"""
    )
    assert told == ["dispatcher", "ann, call taker"]
    page.locator("#who").click()
    since = page.locator("#people tbody td").nth(1)
    expect(since).to_have_text(re.compile(r"\d\d:\d\d:\d\d$"))
    zone = page.locator("#clock").inner_text().split()[-1]
    expect(page.locator("#people")).to_contain_text(f"Times are {zone}")
    hours = {page.locator("#clock").inner_text().split()[-2][:2], page.evaluate(BEFORE)}
    assert since.inner_text().split()[-1][:2] in hours
    page.keyboard.press("Escape")


BEFORE = """
() => import("/console/clock.js").then(({ clockTime, now }) => clockTime(now() - 3_600_000).slice(0, 2))
"""


def test_every_sign_is_explained_in_the_words_of_the_page(seat: Seat) -> None:
    """Codes of statuses, letters of units, shapes, priorities; and a status says its words when it is pointed at."""
    _, page = seat
    page.locator("#help-open").click()
    page.get_by_role("button", name="Signs").click()
    sheet = page.locator("#help")
    codes = page.evaluate("import('/console/words.js').then((it) => Object.values(it.STATUS).map(([code]) => code))")
    assert set(codes) <= set(sheet.locator(".chip b").all_inner_texts())
    expect(sheet).to_contain_text("paramedic ambulance")
    expect(sheet.locator(".badge")).to_have_count(5)
    expect(sheet.locator("canvas.sign")).to_have_count(9)
    assert sheet.evaluate("(it) => it.scrollHeight <= it.clientHeight")
    page.get_by_role("button", name="Commands and keys").click()
    expect(sheet).to_contain_text("semicolon")
    assert sheet.evaluate("(it) => it.scrollHeight <= it.clientHeight")
    page.keyboard.press("Escape")
    titles = page.locator("#units .tile-code").evaluate_all("(all) => all.map((each) => each.title)")
    assert titles
    assert all(re.fullmatch(r"[A-Z]{2}: [a-z ]+", each) for each in titles)


def test_the_timeline_and_the_card_say_who_did_what_and_what_a_reason_was_for(seat: Seat) -> None:
    """A release is called one; whoever sent a unit is named on the card."""
    _, page = seat
    incident = call(page, "sick_person", "P4")
    say(page, f"D {incident} E4 ; knows the house")
    accepted(page, "Sent E4")
    expect(page.locator("#card .assigned")).to_contain_text("sent by desk")
    say(page, "RL E4 ; E1 goes instead")
    accepted(page, "E4 released")
    expect(page.locator("#timeline li", has_text="E1 goes instead")).to_contain_text(
        "released: E1 goes instead · by desk"
    )
    say(page, "W M1")
    why = page.locator("#card .why")
    expect(why).to_contain_text("judged at")
    page.keyboard.press("Escape")


RAW = """
() => {
  const said = [];
  for (const each of document.querySelectorAll("#desk *")) {
    if (each.closest("#command, .offers")) continue;
    for (const node of each.childNodes) if (node.nodeType === 3) said.push(node.textContent);
    for (const name of ["title", "aria-label", "placeholder"]) said.push(each.getAttribute(name) ?? "");
  }
  return said.filter((words) => /[a-z]_[a-z]/.test(words));
}
"""
SPOKEN = """
([name, sentence]) => import("/console/words.js").then((it) => [it.plain(name), it.spoken(sentence)])
"""


def test_nothing_is_read_as_the_program_calls_it(seat: Seat) -> None:
    """Statuses, places of a plan, types: in words wherever they stand; what is quoted stays as somebody has said it."""
    _, page = seat
    sentence = "M1 is on_scene on I3 (second_chief). There is no type 'as_typed'; see a@b_c.example"
    assert page.evaluate(SPOKEN, ["out_of_service", sentence]) == [
        "out of service",
        "M1 is on scene on I3 (second chief). There is no type 'as_typed'; see a@b_c.example",
    ]
    incident = call(page, "structure_fire", "P1")
    say(page, f"D {incident} M2 ; is nearest")
    accepted(page, f"Sent M2 to {incident}")
    say(page, "M2 A")
    accepted(page, "M2 on scene")
    other = call(page, "sick_person", "P4")
    say(page, f"DE {other} M2 ; knows the house")
    refused(page, rf"M2 is on {incident} \(on scene\)")  # the server's words
    expect(page.locator("#timeline")).to_be_visible()
    assert page.evaluate(RAW) == []
    say(page, f"V {incident}")
    expect(page.locator("#card .card-id")).to_have_text(incident)
    assert page.evaluate(RAW) == []
    say(page, "M2 AV")
    accepted(page, "M2 available")


def test_candidates_stand_by_their_time_and_an_old_judgement_says_its_age(seat: Seat) -> None:
    """Who cannot go is last; whoever is recommended is there, however many are sooner."""
    _, page = seat
    said = page.evaluate(
        """() => Promise.all([import("/console/why.js"), import("/console/clock.js")]).then(([{ reasons }, { now }]) => {
          const considered = [["A", -1, "status"], ["B", 9000, "chosen"], ["C", 3000, "dearer"], ...[4, 5, 6, 7].map((s) => [`D${s}`, s * 1000, "dearer"])];
          const slot = { slot: "medic", considered: considered.map(([unit, eta_ms, reason]) => ({ unit, eta_ms, reason })) };
          const block = reasons({ incident: "I1", account: { now: now() - 240_000, slots: [slot] } }, () => {});
          return [block.querySelector("caption").textContent, [...block.querySelectorAll("td b")].map((each) => each.textContent)];
        })"""
    )
    caption, units = said
    assert re.fullmatch(r"medic, judged at \d\d:\d\d:\d\d, 4 min ago; by the conditions of then", caption)
    assert units == ["C", "D4", "D5", "D6", "D7", "B"]


def test_the_city_and_the_layer_of_cover_tell_the_same_shares(seat: Seat) -> None:
    """They are read off one picture, in one moment."""
    _, page = seat
    rows = page.locator("#card table.cover tr")
    expect(rows.first).to_be_visible()
    page.evaluate("window.turnout.desk.cover.toggle()")
    expect(page.locator("#cover .cover-sum b")).to_be_visible()
    told: list[Any] = page.evaluate(
        """() => [document.querySelector("#cover .cover-sum b").textContent, [...document.querySelectorAll("#card table.cover tr")].map((row) => [row.querySelector("th").textContent, row.querySelector(".number").textContent]), document.querySelector("#cover select").selectedOptions[0].textContent, document.querySelector("#card caption").textContent, document.querySelector("#cover .cover-foot").textContent]"""
    )
    share, classes, chosen, caption, foot = told
    assert dict(classes)[chosen.split(" · ")[0]] == share
    assert "As of" in caption
    assert "As of" in foot
    page.evaluate("window.turnout.desk.cover.toggle()")
