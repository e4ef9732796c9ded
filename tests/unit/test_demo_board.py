"""The board fills a terminal, and says what matters."""

import io
from collections import Counter
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from engine.model.facts import Choice
from engine.model.lifecycle import Status
from gateways.cad.mirror import Mirror
from gateways.demo.board import Board, Seen, decision_words, rank
from gateways.demo.citytime import CityTime, local, pace_from
from gateways.demo.ledger import Closing, Ledger
from gateways.demo.supervisor import Outage, Supervisor
from gateways.demo.watch import Watch
from gateways.road_views import ClosureView, RoadsView, StretchView, WeatherView
from gateways.views import IncidentView, UnitView
from tests.builders import NOW, small_place
from tests.unit.demo_kit import incident, on


def unit(number: int) -> UnitView:
    statuses = list(Status)
    return UnitView(
        id=f"U{number}", kind="", capabilities=(), station="", crew=None, status=statuses[number % len(statuses)],
        incident=None, emergency=None, lat=0, lon=0, fix_ms=None, assumed=False, reported_ms=0, clear_at_ms=None,
    )  # fmt: skip


CLOSED = RoadsView(
    streets=True,
    epoch=4,
    making=5,
    hour=17,
    weather=WeatherView(weather="snow", percent=140, until_ms=NOW),
    closures=(ClosureView(id="C1", stretch=StretchView(streets=("Mill Bridge",)), reason="", until_ms=None),),
)


async def drawn(
    incidents: int,
    width: int,
    height: int,
    *,
    up: bool = True,
    roads: RoadsView | None = None,
    closing: Closing | None = None,
    more: tuple[IncidentView, ...] = (),
) -> list[str]:
    mirror, ledger = Mirror(), Ledger()
    mirror.roads = roads or mirror.roads
    ledger.closing = closing
    crowd = tuple(on(f"M{number}", Status.EN_ROUTE) for number in range(12))
    for number in range(incidents):
        wanted = (Choice("medic", "M1", 1),) if number % 3 else ()
        lacks = {"medic": 1} if number % 2 else {}
        mirror.incidents[f"I{number}"] = incident(
            number, assigned=crowd, recommended=wanted, lacks=lacks, waiting_since_ms=NOW
        )
    mirror.incidents |= {view.id: view for view in more}
    mirror.units = {f"U{number}": unit(number) for number in range(200)}
    watch = Watch(mirror, ledger, {})
    watch.events.extend((NOW, "a sentence of some length that has to be cut somewhere " * 3) for _ in range(20))
    supervisor = Supervisor([], Path("log"))
    supervisor.up = up
    supervisor.outages.append(Outage(1.0, None, -9))
    time = CityTime(pace_from(10, NOW, NOW))
    street = "" if roads is None else "Mill Bridge"
    seen = Seen(small_place(), Path("data/journal"), time, mirror, watch, ledger, supervisor, street)
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False, color_system=None)
    console.print(Board(seen))
    return cast("io.StringIO", console.file).getvalue().splitlines()


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (132, 43), (220, 70)])
@pytest.mark.parametrize("incidents", [0, 3, 300])
@pytest.mark.parametrize("roads", [None, CLOSED])
async def test_the_board_fills_the_terminal_and_no_more(
    size: tuple[int, int], incidents: int, roads: RoadsView | None
) -> None:
    """Whatever goes on, the same lines stand in the same places."""
    lines = await drawn(incidents, *size, roads=roads)
    assert len(lines) == size[1]
    assert all(len(line) <= size[0] for line in lines)
    assert lines[0].startswith("Smallville")
    assert any("kill -9" in line for line in lines)
    assert [line.split()[0] for line in lines if line.startswith(("cover ", "moves "))] == ["cover", "moves"]
    assert any("more" in line for line in lines) == (incidents == 300)


async def test_the_board_says_what_travel_times_rest_on() -> None:
    """In one line, with what is closed; and how to close a street by hand, where there is room."""
    lines = await drawn(3, 132, 43, roads=CLOSED)
    assert "roads   epoch 4, 5 in the works · closed: Mill Bridge · snow" in "\n".join(lines)
    assert any('turnout roads close "Mill Bridge" --data data' in line for line in lines)
    closing = Closing("Mill Bridge", 2, 30, 10.0, "C1", 4, 61.2)
    own = "\n".join(await drawn(3, 132, 43, roads=CLOSED, closing=closing))
    assert "closed: Mill Bridge (in force after 61 ms)" in own
    straight = "\n".join(await drawn(3, 132, 43))
    assert "straight lines" in straight
    assert "roads close" not in straight


async def test_the_board_says_that_the_engine_is_down() -> None:
    """Where everybody looks first."""
    assert "engine down, restarting" in (await drawn(3, 80, 24, up=False))[0]


async def test_the_board_says_what_became_of_advice() -> None:
    """Accepted and overridden always, the rest where there was any; what is put off says until when, or for whom."""
    assert decision_words(Ledger(), Counter()) == ("0 accepted", "0 overridden")
    ledger = Ledger(done=Counter(Accept=7), refusals=Counter(stale_recommendation=1))
    counts = Counter(
        unit_diverted=2, unit_superseded=3, alarm_struck=1, incident_merged=4, aid_requested=2, aid_committed=1
    )
    words = "7 accepted, 0 overridden, 1 stale, 2 diverted, 3 superseded, 1 further alarm, 4 merged, neighbours 1 of 2"
    assert ", ".join(decision_words(ledger, counts)) == words
    held = incident(1, lacks={"medic": 1}, waiting_since_ms=NOW, held_until_ms=NOW + 600_000)
    stacked = incident(2, lacks={"medic": 1}, waiting_since_ms=NOW, stacked_on="M9")
    lacking = incident(3, lacks={"medic": 1}, waiting_since_ms=NOW)
    assert [rank(each)[0] for each in (held, stacked, lacking)] == [1, 1, 0]
    shown = "\n".join(await drawn(0, 132, 43, more=(held, stacked, lacking)))
    assert f"held until {local(small_place(), NOW + 600_000):%H:%M}" in shown
    assert "next for M9" in shown
    assert "lacks 1 medic" in shown
