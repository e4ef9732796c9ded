"""Subscriptions over real sockets: what is sent, to whom, and that nothing is lost when either side dies."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from engine.journal.recovery import turns
from engine.model.alert_facts import CopyMarked, CopyState
from engine.model.inputs import AddNote, CancelIncident, ReportIncident
from engine.model.words import tag
from gateways.cloudevents.config import BY_NAME_ONLY, Start
from gateways.cloudevents.events import Setting, event_of
from gateways.config import Config, ConfigRefused, read_config
from gateways.outward.position import Position, PositionFile
from tests.builders import NOW, PROJECTION
from tests.live.exchange_kit import Served, serve_exchanges
from tests.live.sink_kit import SECRET, placed, sink

ROOT = Path(__file__).parents[2]


async def report(served: Served, number: int, **fields: Any) -> str:
    given = {"type": "theft", "x_m": 0, "y_m": 0, "caller": "Ann Smith 555-0100", "address": "12 Mill Lane", **fields}
    answer = await served.service.ask(ReportIncident(id=f"c{number}-{NOW}", by="cad", **given))
    assert answer.incident is not None, answer.refusal
    return answer.incident


def expected(data: Path) -> list[str]:
    """Return the ids of all facts in the journal that a subscription of `*` is told, in order."""
    return [
        f"smallville/{turn.seq}/{index}"
        for turn in turns(data / "journal")
        for index, fact in enumerate(turn.facts)
        if tag(type(fact).__name__) not in BY_NAME_ONLY
    ]


async def test_every_fact_comes_once_in_order_and_can_be_read_by_others(tmp_path: Path) -> None:
    async with sink() as receiver:
        config = Config(subscriptions=(receiver.subscription(),))
        async with serve_exchanges(tmp_path, config) as served:
            incident = await report(served, 1, type="cardiac", code="9-E-1", note="behind the house")
            await served.service.ask(AddNote(id="n", by="cad", incident=incident, text="the door is blue"))
            await served.until(lambda: "turnout.note_added" in receiver.kinds())
            levels = served.exchanges.levels["subscription-sink"]
            await served.until(lambda: levels()["turns_behind"] == 0)
    assert receiver.ids == expected(tmp_path)[: len(receiver.ids)]
    assert len(receiver.ids) > 4
    (told,) = [event for event in receiver.events if event.get_type() == "turnout.incident_reported"]
    assert told.get_source() == "/places/smallville"
    assert told.get_subject() == incident
    sent = msgspec.json.encode([event.get_data() for event in receiver.events]).decode()
    for secret in ("Ann", "555", "Mill", "blue", "behind", "9-E-1"):
        assert secret not in sent
    data: Any = told.get_data()
    assert (data["lat"], data["lon"]) == (41.5, -90.5)
    assert "x_m" not in sent


async def test_a_journal_that_was_put_back_is_told_from_its_own_end_on(tmp_path: Path) -> None:
    """A position beyond the journal is another's: waiting for the numbers to come again would lose what they stand for."""
    async with sink() as receiver:
        config = Config(subscriptions=(receiver.subscription(kinds=("incident_reported",), start=Start.NOW),))
        async with serve_exchanges(tmp_path, config) as served:
            await report(served, 1)
            await served.until(lambda: receiver.events)
        await PositionFile(tmp_path, "subscription-sink").keep(msgspec.msgpack.encode(Position(9_000, taken_seq=9_000)))
        async with serve_exchanges(tmp_path, config) as served:
            await report(served, 2)
            await served.until(lambda: len(receiver.events) == 2)
            assert served.exchanges.numbers["subscription-sink"]()["begun_anew"] == 1


async def test_with_leave_everything_is_told_in_degrees(tmp_path: Path) -> None:
    async with sink() as receiver:
        subscription = receiver.subscription(personal=True, kinds=("incident_*", "road_closed", "unit_dispatched"))
        async with serve_exchanges(tmp_path, Config(subscriptions=(subscription,))) as served:
            await report(served, 1, type="cardiac", x_m=3_000, y_m=-2_500)
            await served.until(lambda: "turnout.unit_dispatched" in receiver.kinds())
    reported: Any = receiver.events[0].get_data()
    assert reported["caller"] == "Ann Smith 555-0100"
    assert reported["lat"] != round(reported["lat"], 2)
    dispatched: Any = receiver.events[-1].get_data()
    assert all(41 < lat < 42 and -91 < lon < -90 for lat, lon in dispatched["route"]["line"])
    assert set(receiver.kinds()) <= {"turnout.incident_reported", "turnout.unit_dispatched"}


async def test_only_what_was_asked_for_comes_as_it_was_then(tmp_path: Path) -> None:
    async with sink() as receiver:
        subscription = receiver.subscription(types=("fire",), priorities=(1, 2), batch=50)
        async with serve_exchanges(tmp_path, Config(subscriptions=(subscription,))) as served:
            fire = await report(served, 1, type="fire")
            theft = await report(served, 2)
            small = await report(served, 3, type="fire", priority=4)
            await served.service.ask(AddNote(id="a", by="cad", incident=theft, text="no"))
            await served.service.ask(AddNote(id="b", by="cad", incident=small, text="no"))
            await served.service.ask(AddNote(id="c", by="cad", incident=fire, text="yes"))
            await served.until(lambda: "turnout.note_added" in receiver.kinds())
    assert {event.get_subject() for event in receiver.events} == {fire}
    assert receiver.kinds().count("turnout.note_added") == 1


async def test_an_outage_costs_nothing_but_time_and_holds_up_nobody(tmp_path: Path) -> None:
    """One receiver refuses, one hangs; the third has everything at once. Later the first has everything too."""
    async with sink() as down, sink() as hanging, sink() as good:
        down.status, down.headers, hanging.hangs = 503, {"retry-after": "0"}, True
        config = Config(
            subscriptions=(
                down.subscription(name="down", batch=100, dead_after_s=0.1),
                hanging.subscription(name="hanging", timeout_s=60.0),
                good.subscription(name="good", batch=100),
            )
        )
        async with serve_exchanges(tmp_path, config) as served:
            for number in range(400):
                await report(served, number, x_m=number)
            numbers = served.exchanges.levels
            await served.until(lambda: numbers["subscription-good"]()["turns_behind"] == 0)
            await served.until(lambda: numbers["subscription-down"]()["dead"] == 1)
            assert numbers["subscription-down"]()["turns_behind"] > 400
            assert down.refused > 1
            assert not down.ids
            down.status = 204
            await served.until(lambda: numbers["subscription-down"]()["turns_behind"] == 0)
            assert numbers["subscription-down"]()["dead"] == 0
    assert down.ids == good.ids[: len(down.ids)]
    assert len(down.ids) >= 400
    assert down.requests < 40


async def test_a_stop_goes_on_where_it_was(tmp_path: Path) -> None:
    """After an orderly stop nothing comes twice; what became true while nobody subscribed comes as well."""
    async with sink() as receiver:
        config = Config(subscriptions=(receiver.subscription(batch=10),))
        async with serve_exchanges(tmp_path, config) as served:
            incident = await report(served, 1)
            await served.until(lambda: served.exchanges.levels["subscription-sink"]()["turns_behind"] == 0)
        async with serve_exchanges(tmp_path, Config()) as served:
            await served.service.ask(CancelIncident(id="x", by="cad", incident=incident, reason="all is well"))
        async with serve_exchanges(tmp_path, config) as served:
            await served.until(lambda: served.exchanges.levels["subscription-sink"]()["turns_behind"] == 0)
    assert receiver.ids == expected(tmp_path)[: len(receiver.ids)]
    assert "turnout.incident_cancelled" in receiver.kinds()


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))])
async def test_kill_9_in_the_middle_loses_nothing(tmp_path: Path, seed: int) -> None:
    """The server dies three times at any moment; the receiver has every durable fact, first sightings in order."""
    dice = random.Random(seed)
    async with sink() as receiver:
        for life in range(4):
            last = life == 3
            command = [sys.executable, "-m", "tests.live.subscribed_town", str(tmp_path), receiver.url]
            child = started([*command, str(life * 1_000), "60" if last else "1000"])
            try:
                if not last:
                    wanted = len(receiver.ids) + dice.randint(1, 120)
                    with trio.fail_after(120):
                        while len(receiver.ids) < wanted:
                            await receiver.news.wait()
                    os.kill(child.pid, signal.SIGKILL)
                with trio.fail_after(120):
                    status = await trio.to_thread.run_sync(child.wait)
                assert status == (0 if last else -signal.SIGKILL)
            finally:
                child.kill()
                child.wait()
    first_seen = list(dict.fromkeys(receiver.ids))
    assert placed(first_seen) == sorted(placed(first_seen))
    durable = expected(tmp_path)
    assert first_seen == durable[: len(first_seen)]
    assert len(durable) - len(first_seen) < 3


def started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=ROOT)


def test_names_of_staff_are_personal_as_well() -> None:
    """Who of a crew was told is not for everybody who hears that somebody was."""
    told = CopyMarked(
        alert="A1", unit="E7", incident="I1", rung=0, endpoint="sms", recipient="jansen", state=CopyState.SENT
    )
    for personal, recipient in ((False, ""), (True, "jansen")):
        event = event_of(told, (1, 0), NOW, Setting("smallville", PROJECTION, (), personal))
        assert event["data"]["recipient"] == recipient


def test_a_subscription_that_cannot_be_is_refused_with_its_reason(tmp_path: Path) -> None:
    for line, reason in (
        ('url = "http://public.example/x"', "must be https"),
        ('url = "https://a.example/x"\nkinds = ["incident_exploded"]', "no kind of fact is called"),
        ('url = "https://a.example/x"\nbatch = 5000', "batch"),
        ('url = "https://a.example/x"\nname = "a/b"', "name"),
    ):
        name = "" if "name" in line else 'name = "one"\n'
        (tmp_path / "c.toml").write_text(f'[[subscriptions]]\n{name}secrets = ["{SECRET}"]\n{line}\n')
        with pytest.raises(ConfigRefused) as caught:
            read_config(tmp_path / "c.toml")
        assert reason in str(caught.value)
        assert SECRET not in str(caught.value)
