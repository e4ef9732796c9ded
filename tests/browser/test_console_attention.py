"""What has to be heard and seen: tones until somebody has answered, a mute that hides nothing, a queue that stays short."""

import re
from pathlib import Path
from typing import Any

from tests.browser.desk_kit import accepted, call, desk, expect

DUE = """
([alarms, lost, waiting]) => import("/console/alarms.js").then(({ Alarms }) => {
  const board = {
    alarms: new Map(alarms.map((about, at) => [`${at}`, { id: `${at}`, about, acknowledged_by: null }])),
    incidents: new Map(waiting.map((priority, at) => [`I${at}`, { id: `I${at}`, priority, waiting_since_ms: 1 }])),
    seen: new Set(),
  };
  const told = new Alarms(board, { state: "live" }, { repeat() {}, wake() {} });
  told.look();
  told.link.state = lost ? "lost" : "live";
  return told.due;
})
"""
MORE = """
() => {
  const { board, desk } = window.turnout;
  for (let at = 0; at < 60; at += 1) {
    board.alarms.set(`o${at}`, { id: `o${at}`, about: "overdue", incident: `I${at}`, unit: `E${at}`, text: "made up", raised_ms: 0, acknowledged_by: null, rung: 0 });
  }
  desk.attention.draw();
}
"""
FLOOD = """
() => {
  const { board, desk } = window.turnout;
  const raise = (id, about, incident, unit) =>
    board.alarms.set(id, { id, about, incident, unit, text: "made up", raised_ms: 0, acknowledged_by: null, rung: 0 });
  for (let at = 0; at < 200; at += 1) raise(`p${at}`, "pending", `I${1000 + at}`, null);
  for (const unit of ["E1", "E2", "E3", "L1"]) raise(`n${unit}`, "not_acknowledged", "I1", unit);
  raise("roll", "roll_unanswered", "I1", "E2");
  desk.attention.draw();
}
"""


def repeated(page: Any) -> Any:
    return page.evaluate("window.turnout.tones._repeated ?? null")


def test_a_call_of_priority_1_sounds_until_it_is_looked_at(tmp_path: Path) -> None:
    """It comes from elsewhere, waits for a word, bears a mark, and K opens it; a less urgent one sounds once."""
    with desk(tmp_path) as (server, page):
        where = {"lat": 41.497, "lon": -90.512, "address": "12 Mill Lane"}
        server.order("/v1/incidents", incident_type="fire_alarm", priority=4, **where)
        expect(page.locator("#queue .row")).to_have_count(1)
        assert repeated(page) is None
        incident = server.order("/v1/incidents", incident_type="fire_alarm", priority=1, **where)["incident"]
        expect(page.locator(f"#queue .row[data-key={incident}] .tag-new")).to_have_text("NEW")
        assert repeated(page) == "incident1"
        page.keyboard.press("k")
        expect(page.locator("#card .card-id")).to_have_text(incident)
        expect(page.locator("#queue .tag-new")).to_have_count(0)
        assert repeated(page) is None


def test_the_most_urgent_tone_is_heard_and_each_kind_has_its_own(tmp_path: Path) -> None:
    """Emergency, lost link, roll-call, priority 1, an alert that nobody has answered: in that order, none like another."""
    with desk(tmp_path) as (_, page):
        everything = ["not_acknowledged", "overdue", "roll_unanswered", "orphan", "unit_emergency"]
        assert page.evaluate(DUE, [everything, True, [1]]) == "emergency"
        assert page.evaluate(DUE, [everything[:4], True, [1]]) == "lost"
        assert page.evaluate(DUE, [everything[:4], False, [1]]) == "roll"
        assert page.evaluate(DUE, [everything[:2], False, [1, 2]]) == "incident1"
        assert page.evaluate(DUE, [everything[:2], False, [2, 3]]) == "untold"
        assert page.evaluate(DUE, [["orphan"], False, []]) == "attention"
        assert page.evaluate(DUE, [["overdue", "unchanged"], False, [4]]) is None
        tones = page.evaluate(
            "import('/console/tones.js').then(({ TONES }) => Object.values(TONES).map(JSON.stringify))"
        )
        assert len(set(tones)) == len(tones) >= 10


def test_a_mute_says_whose_it_is_hides_nothing_and_ends_for_an_emergency(tmp_path: Path) -> None:
    """Silent until somebody turns the tones on; muted with a key; a new emergency is heard all the same."""
    with desk(tmp_path) as (server, page):
        sound = page.locator("#sound")
        expect(sound).to_have_text("Sound is off")
        sound.press("Enter")
        expect(sound).to_have_text("Sound on")
        page.evaluate("window.turnout.tones._armedAt = -1000")  # a press that arms is not one that mutes, for a moment
        page.keyboard.press("Escape")
        page.keyboard.press("m")
        expect(sound).to_have_text(re.compile(r"MUTED by desk · 9:\d\d left"))
        server.order("/v1/units/E1/emergency", text="mayday")
        expect(page.locator("#attention .att-grave")).to_be_visible()
        expect(sound).to_have_text("Sound on")
        assert repeated(page) == "emergency"
        page.keyboard.press("m")
        expect(sound).to_have_text(re.compile("MUTED by desk"))
        expect(page.locator("#attention .att-grave")).to_be_visible()
        page.evaluate("window.turnout.tones._until = 0")
        expect(sound).to_have_text("Sound on")
        page.keyboard.press("k")
        accepted(page, "Acknowledged: E1")
        page.reload()
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
        page.keyboard.press("ArrowDown")
        expect(sound).to_have_text("Sound on")


def test_a_flood_of_alarms_is_a_short_list_with_the_worst_on_top(tmp_path: Path) -> None:
    """Alarms of one kind about one incident are one row; what is not shown is counted; nothing pushes the rest away."""
    with desk(tmp_path) as (_, page):
        call(page, "structure_fire")
        page.evaluate(FLOOD)
        rows = page.locator("#attention .att")
        expect(rows.nth(0)).to_contain_text("E2 Roll-call unanswered")
        expect(rows.nth(1)).to_contain_text("I1000, I1001, I1002 +197 Waiting too long")
        expect(rows.nth(2)).to_contain_text("E1, E2, E3 +1 Not acknowledged")
        page.evaluate(MORE)
        expect(page.locator("#attention .att-more")).to_contain_text("more: show all")
        assert rows.count() == 3
        page.locator("#attention .att-more").press("Enter")
        expect(page.locator("#attention .att-more")).to_be_visible()
        assert rows.count() <= 30
        box, queue = page.locator("#attention").bounding_box(), page.locator("#queue").bounding_box()
        assert queue["height"] >= 100
        assert box["y"] < queue["y"]
