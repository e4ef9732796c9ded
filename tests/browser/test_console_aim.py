"""Whoever aims at a row of the attention list hits that row or nothing, whatever the list does beneath the pointer.

The list is changed and pressed within one script, so that no machine is too slow for it.
"""

from pathlib import Path
from typing import Any

from tests.browser.desk_kit import desk, expect

STILL = '[planner]\npolicy = "none"\n'
MOVES = """
() => {
  const { board, desk } = window.turnout;
  window.pressed = [];
  desk.acceptMove = (move) => window.pressed.push(move.unit);
  window.gains = (gains) => {
    board.moves.clear();
    for (const [unit, gain_percent] of Object.entries(gains)) {
      board.moves.set(`m${unit}`, { id: `m${unit}`, unit, post: "S1", state: "proposed", gain_percent, price_percent: 0, hole_ms: -1, travel_ms: 60000, since_ms: 0, fill: "", choice: "" });
    }
    desk.attention._draw();
  };
  window.gains({ P1: 3, P2: 2, P3: 1 });
}
"""
ROWS = (
    '[...document.querySelectorAll("#attention b, #attention .att-gone")].map((each) => each.textContent.split(" ")[0])'
)
CUT = """
() => [...document.querySelectorAll("#attention .att-what")].filter((each) => each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight).map((each) => each.textContent)
"""
"""Proposals that cannot be read whole."""
YES = """
([x, y]) => {
  const met = document.elementFromPoint(x, y);
  met.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1 }));
  return met.textContent;
}
"""
EMERGENCY = f"""
(where) => {{
  const {{ board, desk }} = window.turnout;
  const about = {{ about: "unit_emergency", incident: null, unit: "E1", text: "mayday" }};
  board.alarms.set("x", {{ id: "x", ...about, raised_ms: 0, acknowledged_by: null, rung: 0 }});
  desk.attention._draw();
  return ({YES})(where);
}}
"""


def rows(page: Any) -> list[str]:
    read: list[str] = page.evaluate(ROWS)
    return read


def aim(page: Any, unit: str) -> list[float]:
    """Bring the pointer over the Yes of a move; return where it rests."""
    button = page.locator(f"#attention [data-key=m{unit}]").get_by_role("button", name="Yes")
    button.hover()
    page.evaluate("window.turnout.desk.attention.steady._shifted = -Infinity")  # as if the list had stood for a while
    box = button.bounding_box()
    return [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]


def stirs(page: Any) -> None:
    """As if the pointer had moved just now: a slow machine must not think that nobody aims any more."""
    page.evaluate("window.turnout.desk.attention.steady._stirred = Infinity")


def test_rows_keep_their_places_beneath_the_pointer_and_are_sorted_when_it_leaves(tmp_path: Path) -> None:
    """Another order, a better move and one that is over: the pointer's row stays; what is over leaves a place that does nothing."""
    with desk(tmp_path, STILL) as (_, page):
        page.evaluate(MOVES)
        assert rows(page) == ["P1", "P2", "P3"]
        assert page.evaluate(CUT) == []
        where = aim(page, "P2")
        stirs(page)
        page.evaluate("window.gains({ P1: 1, P2: 2, P3: 3, P4: 9 })")
        assert rows(page) == ["P1", "P2", "P3", "P4"]
        page.evaluate("window.gains({ P2: 2, P3: 3, P4: 9 })")
        assert rows(page) == ["Done,", "P2", "P3", "P4"]
        page.evaluate("window.turnout.desk.attention.steady._shifted = -Infinity")
        assert page.evaluate(YES, where) == "Yes"
        assert page.evaluate("window.pressed") == ["P2"]
        page.evaluate("window.gains({ P3: 3, P4: 9 })")
        assert page.evaluate(YES, where) == "Done, or over"
        assert page.evaluate("window.pressed") == ["P2"]
        page.locator("#clock").hover()
        expect(page.locator("#attention .att-gone")).to_have_count(0)
        assert rows(page) == ["P4", "P3"]


def test_an_emergency_comes_on_top_and_takes_no_press_that_was_meant_for_another_row(tmp_path: Path) -> None:
    """It moves the rows beneath the pointer: a press in the same moment does nothing, and says so; a later one does."""
    with desk(tmp_path, STILL) as (_, page):
        page.evaluate(MOVES)
        where = aim(page, "P2")
        stirs(page)
        assert page.evaluate(EMERGENCY, where) == "Yes"
        assert rows(page) == ["E1", "P1", "P2", "P3"]
        assert page.evaluate("window.pressed") == []
        expect(page.locator("#result")).to_contain_text("press again")
        page.evaluate("window.turnout.desk.attention.steady._shifted = -Infinity")
        assert page.evaluate(YES, where) == "Yes"
        assert page.evaluate("window.pressed") == ["P1"]


def test_the_keyboards_focus_goes_with_its_row_and_not_with_its_place(tmp_path: Path) -> None:
    """Enter means the row that had the focus; where that is over it means nothing, not the next one."""
    with desk(tmp_path, STILL) as (_, page):
        page.evaluate(MOVES)
        page.locator("#attention [data-key=mP2]").get_by_role("button", name="Yes").focus()
        page.evaluate(
            "window.turnout.desk.attention.steady._stirred = -Infinity"
        )  # nobody aims: the rows are sorted anew
        page.evaluate("window.gains({ P1: 1, P2: 2, P3: 3, P4: 9 })")
        assert rows(page) == ["P4", "P3", "P2", "P1"]
        page.keyboard.press("Enter")
        assert page.evaluate("window.pressed") == ["P2"]
        stirs(page)
        page.evaluate("window.gains({ P1: 1, P3: 3, P4: 9 })")
        assert rows(page) == ["P4", "P3", "Done,", "P1"]
        page.keyboard.press("Enter")
        assert page.evaluate("window.pressed") == ["P2"]
