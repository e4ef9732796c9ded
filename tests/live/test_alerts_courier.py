"""The courier with the real engine, journal and sockets: alerts get there, go up the ladder, or come to a person."""

from pathlib import Path

import msgspec
import pytest
import trio
from alerts_kit import Behaviour, Running, Seen, answer, hang, place, running, station, until

from engine.model.alert_facts import AlarmKind, AlertAttemptFailed
from engine.model.facts import CommandRefused
from engine.model.inputs import CancelIncident, ReportStatus
from engine.model.lifecycle import Status
from engine.model.turn import Turn
from engine.state.records import AlertState
from gateways.alerts import Courier, Endpoint, LogFile
from gateways.alerts.message import compose, render

YES = b'{"acknowledged": true, "by": "E1"}'


def watch_failures(run: Running) -> list[AlertAttemptFailed]:
    """The failed attempts from now on, as released."""
    failures: list[AlertAttemptFailed] = []
    run.board.on_turn.append(
        lambda turn: failures.extend(fact for fact in turn.facts if isinstance(fact, AlertAttemptFailed))
    )
    return failures


def by_number(*behaviours: Behaviour) -> Behaviour:
    """Behave like the first on the first request and so on; the last one goes on."""
    left = list(behaviours)

    async def behave(seen: Seen, stream: trio.SocketStream) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(seen, stream)

    return behave


async def test_a_dispatch_reaches_the_crew_and_its_answer_stops_the_ladder(tmp_path: Path) -> None:
    """Sent, delivered, acknowledged by the endpoint's own answer: nothing is owed any more."""
    async with (
        station(answer(200, YES)) as server,
        running(tmp_path, place("pager"), Endpoint(name="pager", channel=server.webhook())) as run,
    ):
        incident = await run.call("12 Quay")
        await until(lambda: run.tally.get("alerts_acknowledged"))
        assert run.board.world.alerts == {}
        assert run.board.world.alarms == {}
        data = server.seen[0].data
        assert server.seen[0].key == data["alert"] == "A1"
        assert (data["unit"], data["incident"], data["place"]) == ("E1", incident, "riverside")
        assert (data["incident_type"], data["type_name"]) == ("medical", "Medical emergency")
        assert (data["unit_kind"], data["priority"], data["address"]) == ("ambulance", 2, "12 Quay")
        assert (data["lat"], data["lon"]) == run.board.world.settled.projection.to_degrees(100, 200)
        counts = run.statistics("pager").counts
        assert (counts.attempts, counts.delivered, counts.acknowledged) == (1, 1, 1)
        assert len(counts.first_attempt_s) == len(counts.delivered_s) == 1
        assert 0 <= counts.first_attempt_s[0] <= counts.delivered_s[0] < 10


def _is_refused(turn: Turn) -> bool:
    return any(isinstance(fact, CommandRefused) for fact in turn.facts)


async def test_a_release_asks_for_no_answer(tmp_path: Path) -> None:
    """Delivered, it is over, even if the endpoint acknowledges that as well."""
    async with (
        station(answer(200, YES)) as server,
        running(tmp_path, place("pager"), Endpoint(name="pager", channel=server.webhook())) as run,
    ):
        refused: list[Turn] = []
        run.board.on_turn.append(lambda turn: refused.extend([turn] if _is_refused(turn) else []))
        incident = await run.call()
        await until(lambda: run.tally.get("alerts_acknowledged") == 1)
        await run.service.ask(CancelIncident(id="c", by="cad", incident=incident, reason="false alarm"))
        await until(lambda: run.tally.get("alerts_acknowledged") == 2)
        types = [msgspec.json.decode(seen.body)["type"] for seen in server.seen]
        assert types == ["alert.dispatch", "alert.release"]
        assert run.board.world.alerts == {}
        # Whatever was told after the release has been decided before the next alert is acknowledged.
        await run.call()
        await until(lambda: run.tally.get("alerts_acknowledged") == 3)
        assert refused == []


async def test_every_attempt_bears_the_same_key(tmp_path: Path) -> None:
    """Failed, tried again after the engine's back-off, delivered: one id, rising attempts."""
    behave = by_number(answer(500), answer(302), answer(200, YES))
    at = place("pager", attempts=3, retry_after_ms=20)
    async with (
        station(behave) as server,
        running(tmp_path, at, Endpoint(name="pager", channel=server.webhook())) as run,
    ):
        failures = watch_failures(run)
        await run.call()
        await until(lambda: run.tally.get("alerts_acknowledged"))
        assert [(seen.key, seen.data["attempt"]) for seen in server.seen] == [("A1", 1), ("A1", 2), ("A1", 3)]
        assert [failure.detail[:8] for failure in failures] == ["HTTP 500", "HTTP 302"]
        assert len(run.statistics("pager").counts.first_attempt_s) == 1


async def test_the_address_of_the_last_attempt_is_the_newest(tmp_path: Path) -> None:
    """A message is composed when it is sent; what the World says now is what goes out."""
    async with running(tmp_path, place("pager")) as run:
        await run.call("12 Quay")
        await until(lambda: "A1" in run.board.world.alerts)
        alert = run.board.world.alerts["A1"]
        run.board.world.incidents[alert.incident].address = "21 Quay"
        assert compose(run.board.world, alert).address == "21 Quay"
        del run.board.world.incidents[alert.incident]
        forgotten = compose(run.board.world, alert)
        assert (forgotten.address, forgotten.priority, forgotten.lat, forgotten.type_name) == (None,) * 4
        assert b'"address":null' in render(forgotten)


async def test_up_the_ladder_and_then_to_a_person(tmp_path: Path) -> None:
    """First endpoint fails, the second delivers but nobody answers: the alarm says to tell the crew by voice."""
    at = place("pager", "phone", attempts=2, retry_after_ms=20, acknowledge_within_ms=1_000)
    async with (
        station(answer(500)) as pager,
        station(answer(200, b"I promise")) as phone,
        running(
            tmp_path,
            at,
            Endpoint(name="pager", channel=pager.webhook()),
            Endpoint(name="phone", channel=phone.webhook()),
        ) as run,
    ):
        incident = await run.call()
        await until(lambda: run.board.world.alarms)
        (alarm,) = run.board.world.alarms.values()
        assert (alarm.about, alarm.incident, alarm.unit) == (AlarmKind.ALERT_UNDELIVERED, incident, "E1")
        assert "Tell the crew by voice" in alarm.text
        tried = [(seen.key, seen.data["rung"], seen.data["attempt"]) for seen in (*pager.seen, *phone.seen)]
        assert tried == [("A1", 0, 1), ("A1", 0, 2), ("A1", 1, 1)]
        assert run.board.world.alerts == {}
        assert (run.tally["alerts_owed"], run.tally["alerts_handed_over"]) == (1, 1)


async def test_the_crews_own_word_stops_the_ladder(tmp_path: Path) -> None:
    """A status from the unit is worth more than any endpoint's."""
    at = place("log", acknowledge_within_ms=60_000)
    endpoint = Endpoint(name="log", channel=LogFile(path="alerts.log"))
    async with running(tmp_path, at, endpoint) as run:
        await run.call()
        await until(lambda: run.tally.get("alerts_delivered"))
        assert run.board.world.alerts["A1"].state is AlertState.DELIVERED
        await run.service.ask(ReportStatus(id="s", by="E1", unit="E1", status=Status.ACKNOWLEDGED))
        await until(lambda: not run.board.world.alerts)
    lines = await trio.Path(tmp_path / "alerts.log").read_bytes()
    assert [msgspec.json.decode(line)["data"]["alert"] for line in lines.splitlines()] == ["A1"]


async def test_what_hangs_holds_up_nobody_else(tmp_path: Path) -> None:
    """All workers of the first endpoint hang; every alert that climbs is delivered by the second meanwhile."""
    at = place("hung", "good", units=8, acknowledge_within_ms=800)
    async with (
        station(hang) as hung,
        station(answer(200, YES)) as good,
        running(
            tmp_path,
            at,
            Endpoint(name="hung", channel=hung.webhook(timeout_s=30), workers=2),
            Endpoint(name="good", channel=good.webhook()),
        ) as run,
    ):
        for _ in range(8):
            await run.call()
        await until(lambda: run.tally.get("alerts_acknowledged") == 8)
        assert sorted(seen.key for seen in good.seen) == [f"A{number}" for number in range(1, 9)]
        # An acknowledgement breaks off what is under way, so the two workers come free. What they take next hangs as well, if
        # its time has not run out; what is over they pass over. Either way nothing of it counts as an attempt that ended.
        await until(lambda: run.statistics("hung").depth == 0)
        counts = run.statistics("hung").counts
        assert (counts.attempts, counts.stale) == (0, 8)
        tried = [seen.key for seen in hung.seen]
        assert len(tried) >= 2
        assert len(set(tried)) == len(tried), "none is tried twice"


async def test_what_is_owed_is_sent_again_after_a_restart(tmp_path: Path) -> None:
    """Stopped between request and report, the alert goes out again under its old key and as the same attempt."""
    at = place("pager")
    async with station(hang) as server:
        endpoint = Endpoint(name="pager", channel=server.webhook())
        async with running(tmp_path, at, endpoint) as run:
            await run.call()
            await run.call()
            await until(lambda: len(server.seen) == 2)
        server.behave = answer(200, YES)
        async with running(tmp_path, at, endpoint) as run:
            assert run.tally["alerts_owed"] == 2
            await until(lambda: run.tally.get("alerts_acknowledged") == 2)
            again = server.seen[2:]
            assert sorted((seen.key, seen.data["rung"], seen.data["attempt"]) for seen in again) == [
                ("A1", 0, 1),
                ("A2", 0, 1),
            ]
        async with running(tmp_path, at, endpoint) as run:
            await run.call()
            await until(lambda: run.tally.get("alerts_acknowledged") == 3)
        assert [seen.key for seen in server.seen[4:]] == ["A3"]


async def test_an_endpoint_that_nobody_configured(tmp_path: Path) -> None:
    """The attempt fails with what to do, and the ladder goes on at once."""
    at = place("pagr", "log", attempts=1)
    async with running(tmp_path, at, Endpoint(name="log", channel=LogFile(path="alerts.log"))) as run:
        assert run.courier.gaps() == ("pagr",)
        failures = watch_failures(run)
        await run.call()
        await until(lambda: run.tally.get("alerts_delivered"))
        assert "no endpoint is named 'pagr'; add it to the endpoints" in failures[0].detail
        assert run.courier.unconfigured == 1


async def test_a_full_queue_fails_at_once(tmp_path: Path) -> None:
    """One is being tried, one waits, the others climb without waiting for either."""
    at = place("hung", "log", attempts=1, units=5)
    async with (
        station(hang) as hung,
        running(
            tmp_path,
            at,
            Endpoint(name="hung", channel=hung.webhook(timeout_s=30), workers=1, queue=1),
            Endpoint(name="log", channel=LogFile(path="alerts.log")),
        ) as run,
    ):
        failures = watch_failures(run)
        await run.call()
        await until(lambda: hung.seen)
        for _ in range(4):
            await run.call()
        await until(lambda: run.tally.get("alerts_delivered") == 3)
        assert [failure.detail for failure in failures] == ["the endpoint's queue is full"] * 3
        assert run.statistics("hung").counts.not_tried == 3


async def test_what_is_over_is_not_sent(tmp_path: Path) -> None:
    """An alert withdrawn while it waited in the queue never goes out."""
    gate = trio.Event()

    async def slow(seen: Seen, stream: trio.SocketStream) -> None:
        await gate.wait()
        await answer(200)(seen, stream)

    async with (
        station(slow) as server,
        running(tmp_path, place("pager"), Endpoint(name="pager", channel=server.webhook(), workers=1)) as run,
    ):
        await run.call()
        await until(lambda: server.seen)
        second = await run.call()
        await run.service.ask(CancelIncident(id="c", by="cad", incident=second, reason="false alarm"))
        await until(lambda: run.tally.get("alerts_withdrawn") == 1)
        gate.set()
        # A3 tells the second crew that it is released: it was dispatched, whether it knew or not.
        await until(lambda: len(server.seen) == 2)
        assert [seen.key for seen in server.seen] == ["A1", "A3"]
        assert run.statistics("pager").counts.stale == 1


async def test_an_earlier_rung_is_not_tried_any_more(tmp_path: Path) -> None:
    """An attempt that waited so long that the ladder went on without it is passed over."""
    gate = trio.Event()

    async def slow(seen: Seen, stream: trio.SocketStream) -> None:
        await gate.wait()
        await answer(200)(seen, stream)

    at = place("pager", "phone", acknowledge_within_ms=500)
    async with (
        station(slow) as pager,
        station(answer(200)) as phone,
        running(
            tmp_path,
            at,
            Endpoint(name="pager", channel=pager.webhook(), workers=1),
            Endpoint(name="phone", channel=phone.webhook()),
        ) as run,
    ):
        await run.call()
        await until(lambda: pager.seen)
        await run.call()
        await until(lambda: run.tally.get("alerts_delivered") == 2)
        gate.set()
        await until(lambda: run.statistics("pager").counts.stale == 1)
        assert [seen.key for seen in pager.seen] == ["A1"]
        assert sorted(seen.key for seen in phone.seen) == ["A1", "A2"]


async def test_the_breaker_makes_failures_quick(tmp_path: Path) -> None:
    """After five failures in a row the endpoint is spared, and the attempts fail without touching it."""
    at = place("down", "log", attempts=1, units=8)
    async with (
        station(answer(500)) as down,
        running(
            tmp_path,
            at,
            Endpoint(name="down", channel=down.webhook(), workers=1),
            Endpoint(name="log", channel=LogFile(path="alerts.log")),
        ) as run,
    ):
        failures = watch_failures(run)
        for _ in range(8):
            await run.call()
        await until(lambda: run.tally.get("alerts_delivered") == 8)
        assert len(down.seen) == 5
        assert run.statistics("down").breaker_open
        assert failures[-1].detail.startswith("not tried: 5 attempts in a row have failed")
        assert failures[-1].detail.endswith("the last: HTTP 500")


async def test_two_endpoints_of_one_name_are_refused(tmp_path: Path) -> None:
    """Before anything is sent."""
    twice = [Endpoint(name="log", channel=LogFile(path=path)) for path in ("a", "b")]
    async with running(tmp_path, place("log")) as run:
        with pytest.raises(ValueError, match="'log' is used twice"):
            Courier(run.service, run.board, twice, folder=tmp_path)
