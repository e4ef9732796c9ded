"""What a dispatcher decides beside the first answer: to divert a unit, and to take, refuse or put off a move-up."""

import re
import shutil
from pathlib import Path
from typing import Any

from engine.model.moves import MoveOrdered, MoveRefused
from tests.browser.desk_kit import accepted, call, desk, expect, refused, say
from tests.browser.kit import PLACE

PLANNER = """
[planner]
policy = "priced:q=300,price=500"
apart_s = 0.2
look_every_s = 0.5
"""
MOVES = """
[moves]
mode = "advise"
at_once = 3
gain_min_percent = 0.1
budget = 50
cool_down_s = 0
shift_end_s = 0
refused_s = 1800
expires_s = 3600
"""


def test_a_unit_under_way_is_diverted_to_what_is_more_urgent(tmp_path: Path) -> None:
    """A reason is asked for; the first call waits again, and says so; the other one has the unit."""
    with desk(tmp_path) as (server, page):
        first = call(page, "sick_person", "P4")
        say(page, f"D {first} E2 nearby")
        accepted(page, f"Sent E2 to {first}")
        say(page, "E2 EN")
        accepted(page, "E2 en route")
        second = call(page, "fire_alarm", "P1")
        say(page, f"DV E2 {second}")
        refused(page, "Say why")
        say(page, f"DV E2 {second} smoke is seen")
        accepted(page, "E2 diverted")
        expect(page.locator("#card .assigned")).to_contain_text("E2")
        expect(page.locator("#card .assigned")).to_contain_text("diverted")
        expect(page.locator(f"#queue .row[data-key={first}] .tag-need")).to_be_visible()
        assert "E2" in [each["unit"] for each in server.read(f"/v1/incidents/{second}")["assigned"]]
        assert "E2" not in [each["unit"] for each in server.read(f"/v1/incidents/{first}")["assigned"]]


def uncovered(folder: Path) -> Path:
    """The town with all its ambulances in one station, so that there is something to move, and everybody on duty at any hour."""
    place = folder / "place"
    shutil.copytree(PLACE, place)
    rules = (place / "rules.toml").read_text()
    (place / "rules.toml").write_text(rules[: rules.index("[moves]")] + MOVES)
    units = (place / "units.csv").read_text()
    units = units.replace("M2,paramedic ambulance,als bls transport,S2", "M2,paramedic ambulance,als bls transport,S1")
    (place / "units.csv").write_text(re.sub(",(day|evenings),", ",,", units))
    return place


PRESS = """
(name) => {
  const row = document.querySelector("#attention .att-move");
  if (!row) return null;
  [...row.querySelectorAll("button")].find((each) => each.textContent === name).click();
  return row.querySelector("b").textContent;
}
"""


def press(page: Any, name: str) -> tuple[str, str]:
    """Press this key of the first proposal that there is; return its unit and its post.

    In one script: between reading a row and pressing its key the planner may have put another one there.
    """
    unit, _, post = str(page.wait_for_function(PRESS, arg=name).json_value()).strip().partition(" to ")
    return unit, post


def taken(page: Any, words: str) -> bool:
    """Wait for the answer; tell whether it was these words. It is a refusal where the planner has withdrawn the proposal."""
    expect(page.locator("#result")).to_have_text(re.compile(f"✓.*{words}|✕ Refused"))
    return "✓" in page.locator("#result").inner_text()


def refuse(page: Any) -> tuple[str, str]:
    """Refuse a move as a person does who first forgets the reason."""
    while True:
        unit, post = press(page, "No")
        expect(page.locator("#command")).to_be_focused()
        page.keyboard.press("Enter")
        refused(page, "Say why not")
        page.keyboard.press("Escape")
        say(page, f"NM {unit} is low on fuel")
        if taken(page, f"{unit} stays"):
            return unit, post


def answer(page: Any, name: str, words: str) -> tuple[str, str]:
    """Answer a proposal by one key."""
    while True:
        unit, post = press(page, name)
        if taken(page, words.format(unit=unit, post=post)):
            return unit, post


def test_moves_are_refused_put_off_and_taken(tmp_path: Path) -> None:
    """No, with a reason; not now; yes: each is recorded as what it was, and the crew of the last one is told."""
    with desk(tmp_path, PLANNER, uncovered(tmp_path)) as (server, page):
        expect(page.locator("#attention .att-move").first).to_have_attribute("title", re.compile("Gain .* price"))
        stays = refuse(page)
        later = answer(page, "Later", "{unit} to {post}: not now")
        unit, post = answer(page, "Yes", "{unit} moves to {post}")
        expect(page.locator(f"#units .tile[data-key={unit}] .tile-where")).to_contain_text(post)
        server.stop()
        facts = [fact for turn in server.journal() for fact in turn.facts]
    said_no = [fact for fact in facts if isinstance(fact, MoveRefused)]
    assert [(fact.unit, fact.post) for fact in said_no] == [stays, later]
    assert said_no[0].reason == "is low on fuel"
    assert [(fact.unit, fact.post) for fact in facts if isinstance(fact, MoveOrdered)] == [(unit, post)]
