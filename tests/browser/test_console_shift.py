"""Twelve hours at the desk, compressed: thousands of real events through one page, whose size and memory stay bounded.

python -m pytest -m slow -s tests/browser/test_console_shift.py       # prints a line for each hour
"""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.browser.desk_kit import desk, expect
from tests.browser.kit import Server, token

pytestmark = pytest.mark.slow
HOURS = 12
CALLS_AN_HOUR = 40
FIXES_AN_HOUR = 3_600
SETTLED_HOUR = 8
"""By then every list has been as full as it gets, and a card has been open."""
NODES_MAX = 6_000
HEAP_GROWTH_MAX = 4_000_000
LIMITS = "[api]\nrequests_per_s = 100000.0\nburst = 100000\n"
UNITS = ("M1", "M2", "A1", "E1", "E2", "L1")
MOVE_ALL = """
(fixes) => {
  const { board } = window.turnout;
  const now = Date.now();
  for (let at = 0; at < fixes; at += 1) {
    board.positions({ units: [...board.units.values()].map((each) => [each.id, each.lat + (at % 2 ? 1 : -1) * 1e-4, each.lon, now, 9, at % 360]) });
  }
}
"""


class Shift:
    """Works through calls as a city does: reported, answered, driven to, noted, closed."""

    def __init__(self, server: Server) -> None:
        headers = {"Authorization": f"Bearer {token('desk')}"}
        self._client = httpx2.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False)
        self.orders = 0

    def order(self, path: str, **fields: object) -> dict[str, Any]:
        answer = self._client.post(path, headers={"Idempotency-Key": uuid.uuid4().hex}, json=fields)
        assert answer.is_success, answer.text
        self.orders += 1
        told: dict[str, Any] = answer.json()
        return told

    def close(self) -> None:
        self._client.close()

    def call(self, number: int) -> str:
        """Live one call from end to end; return its incident."""
        kind = ("sick_person", "fire_alarm", "sick_person")[number % 3]
        where = {"lat": 41.49 + number % 17 * 0.001, "lon": -90.52 + number % 23 * 0.001}
        note = f"call {number} of the shift, with as much to say as people say"
        told = self.order("/v1/incidents", incident_type=kind, priority=4 + number % 2, note=note, **where)
        incident = str(told["incident"])
        crews = UNITS[number % 3], UNITS[3 + number % 3]
        self.order(f"/v1/incidents/{incident}/dispatch", units=list(crews), reason="they are free")
        for status in ("acknowledged", "en_route", "on_scene"):
            for unit in crews:
                self.order(f"/v1/units/{unit}/status", status=status)
            self.order(f"/v1/incidents/{incident}/notes", text=f"{status} and well")
        for unit in crews:
            self.order(f"/v1/units/{unit}/status", status="available")
        self.order(f"/v1/incidents/{incident}/close", disposition="all done")
        return incident


def sizes(page: Any, devtools: Any) -> tuple[int, int, int]:
    """DOM nodes, listeners and bytes of the heap once the rubbish has been collected."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    for _ in range(2):
        devtools.send("HeapProfiler.collectGarbage")
    told = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    return int(told["Nodes"]), int(told["JSEventListeners"]), int(told["JSHeapUsedSize"])


def hours(page: Any, shift: Shift, devtools: Any) -> Iterator[tuple[int, int, int]]:
    """Work hour by hour; give what the page has grown to after each."""
    for hour in range(HOURS):
        for number in range(hour * CALLS_AN_HOUR, (hour + 1) * CALLS_AN_HOUR):
            incident = shift.call(number)
            if number % 10 == 0:
                page.evaluate("(it) => window.turnout.board.select(it)", incident)
        page.evaluate(MOVE_ALL, FIXES_AN_HOUR)
        expect(page.locator("#queue .row")).to_have_count(0)
        nodes, listeners, heap = sizes(page, devtools)
        seq = page.evaluate("window.turnout.board.seq")
        print(
            f"hour {hour + 1:2}   orders {shift.orders:6}   turn {seq:6}   nodes {nodes:5}   listeners {listeners:4}   heap {heap / 1e6:.1f} MB"
        )
        yield nodes, listeners, heap


def test_twelve_hours_leave_the_page_as_it_was(tmp_path: Path) -> None:
    """Nodes are bounded; in the last four hours neither they nor the heap grow; nothing was missed on the way."""
    with desk(tmp_path, LIMITS) as (server, page):
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable")
        shift = Shift(server)
        grown = list(hours(page, shift, devtools))
        shift.close()
        assert max(nodes for nodes, _, _ in grown) <= NODES_MAX
        before, after = (list(zip(*part, strict=True)) for part in (grown[:SETTLED_HOUR], grown[SETTLED_HOUR:]))
        assert max(after[0]) <= max(before[0]) * 1.2
        assert max(after[1]) <= max(before[1]) * 1.2
        assert max(after[2]) - max(before[2]) <= HEAP_GROWTH_MAX
        assert page.evaluate("window.turnout.link._resumed") is False
        assert page.evaluate("window.turnout.board.events.length") <= 240
