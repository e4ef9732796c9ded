"""Alerts over a real broker (mosquitto), to a crew's device that is another client."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from alerts_kit import until
from hypothesis import given
from hypothesis import strategies as st
from mosquitto_kit import Mosquitto, mosquitto, needs_mosquitto
from msgspec.structs import replace

from engine.model.alert_facts import CopyState
from gateways.alerts import calling_off
from gateways.alerts.calling_off import CallingOff, Word
from gateways.alerts.channel import News, Outcome
from gateways.alerts.mqtt import Mqtt, read_receipt
from gateways.mqtt import Broker, Link, Message, NotPublished
from tests.unit.test_alerts_logfile import message

pytestmark = needs_mosquitto


def config(server: Mosquitto, **settings: Any) -> Mqtt:
    return Mqtt(broker=Broker(host="127.0.0.1", port=server.port), **settings)


async def test_an_alert_is_heard_acknowledged_and_called_off(tmp_path: Path) -> None:
    """On the unit's topic; what the device says on its own topic is the acknowledgement, with its own time."""
    heard: list[News] = []

    async def tell(news: News) -> bool:
        heard.append(news)
        return True

    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        device = Link(Broker(host="127.0.0.1", port=server.port), topics=("turnout/riverside/alerts/E7",))
        await nursery.start(device.run)
        await device.online()
        async with config(server).open(tmp_path) as sender:
            assert await sender.send(message()) == Outcome(delivered=True)
            nursery.start_soon(sender.listen, tell)
            (told,) = await device.receive()
            body = msgspec.json.decode(told.payload)
            assert (body["type"], body["data"]["alert"]) == ("alert.dispatch", "A1")
            topic = "turnout/riverside/alerts/E7/acknowledge"
            await device.publish(topic, b"not json", within_s=5)
            await device.publish(topic, b'{"alert": "A1", "by": "E7", "at_ms": 1770000009000}', within_s=5)
            await until(lambda: heard)
            sender.over("A1", "acknowledged by E7")
            (over,) = await device.receive()
            assert msgspec.json.decode(over.payload)["type"] == "alert.over"
            nursery.cancel_scope.cancel()
    (news,) = heard
    assert news == News(
        alert="A1", state=CopyState.ACKNOWLEDGED, by="E7", at_ms=1_770_000_009_000, speaker=news.speaker
    )
    assert news.speaker is not None
    assert news.speaker.may_answer(message())
    assert not news.speaker.may_answer(replace(message(), unit="E8"))


async def test_what_the_broker_keeps_is_the_newest_alert_and_none_that_is_over(tmp_path: Path) -> None:
    """An alert that is called off while another stands on its unit's topic takes that one with it from nobody."""
    heard: list[str] = []

    async def tell(_: News) -> bool:
        return True

    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        device = Link(Broker(host="127.0.0.1", port=server.port), topics=("turnout/riverside/alerts/E7",))
        await nursery.start(device.run)
        await device.online()
        async with config(server, retain=True).open(tmp_path) as sender:
            nursery.start_soon(sender.listen, tell)
            for number in (1, 2):
                await sender.send(message(number))
            for number in (1, 2):
                sender.over(f"A{number}", "withdrawn")
            while "" not in heard:
                for told in await device.receive():
                    body = msgspec.json.decode(told.payload) if told.payload else {"type": "", "data": {"alert": ""}}
                    heard.append(f"{body['type']} {body['data']['alert']}".strip())
            nursery.cancel_scope.cancel()
    assert heard == ["alert.dispatch A1", "alert.dispatch A2", "alert.over A1", "alert.over A2", ""]


async def test_an_alert_that_nobody_hears_is_a_failure(tmp_path: Path) -> None:
    """The broker says that nobody is subscribed; one that is kept for later is delivered."""
    async with mosquitto(tmp_path) as server:
        async with config(server).open(tmp_path) as sender:
            outcome = await sender.send(message())
            assert outcome.detail.startswith("nobody is subscribed to turnout/riverside/alerts/E7")
        async with config(server, retain=True).open(tmp_path) as sender:
            assert (await sender.send(message())).delivered


async def test_a_broker_that_is_away_is_a_failure(tmp_path: Path) -> None:
    """In time, with what is wrong; a unit's name cannot lead to another topic."""
    async with mosquitto(tmp_path) as server:
        settings = config(server, timeout_s=0.5, topic="{agency}/{station}/{unit}")
    async with settings.open(tmp_path) as sender:
        outcome = await sender.send(replace(message(), unit="E7/+/#"))
        assert "has not acknowledged within 0.5 s" in outcome.detail
        assert sender._told["A1"] == "riverside/none/E7----"


@pytest.mark.parametrize("topic", ["alerts/+", "alerts/#", "alerts/{who}", "alerts/{unit"])
def test_a_topic_that_does_not_hold_is_refused(topic: str) -> None:
    """When the configuration is read."""
    with pytest.raises(msgspec.ValidationError, match="topic: "):
        msgspec.convert({"channel": "mqtt", "broker": {"host": "b"}, "topic": topic}, Mqtt)


@given(st.binary(max_size=80))
def test_whatever_is_published_is_read_or_passed_over(payload: bytes) -> None:
    """No exception."""
    read_receipt(payload)
    read_receipt(b'{"alert": "A1", "by": ' + payload + b"}")


async def hear_anything(_: News) -> bool:
    return True


async def kept_by(server: Mosquitto, topic: str) -> list[Message]:
    """Return what a device that comes now is told of the past; a retained word of ours says that this was all."""
    async with trio.open_nursery() as nursery:
        device = Link(Broker(host="127.0.0.1", port=server.port), topics=(topic, "end"))
        await nursery.start(device.run)
        await device.online()
        await device.publish("end", b"", within_s=60)
        heard: list[Message] = []
        with trio.fail_after(120):
            while not heard or heard[-1].topic != "end":
                heard += await device.receive()
        nursery.cancel_scope.cancel()
    return heard[:-1]


async def test_every_kept_alert_is_taken_back_however_much_ended_while_the_broker_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """More than may wait to be said; what is left out is counted and logged once."""
    monkeypatch.setattr(calling_off, "WORDS_MAX", 3)
    units = [f"E{number}" for number in range(1, 9)]
    lines = ("allow_anonymous true", "persistence true", f"persistence_location {tmp_path}/")
    async with mosquitto(tmp_path, *lines) as server, trio.open_nursery() as nursery:
        settings = config(server, retain=True, timeout_s=30)
        settings = replace(settings, broker=replace(settings.broker, retry_s=0.05, retry_max_s=0.2))
        async with settings.open(tmp_path) as sender:
            nursery.start_soon(sender.listen, hear_anything)
            for number, unit in enumerate(units, 1):
                assert (await sender.send(replace(message(number), unit=unit))).delivered
            assert len(await kept_by(server, "turnout/riverside/alerts/+")) == len(units)
            await server.stop()
            calling: CallingOff = sender._calling_off
            await until(lambda: not calling._link.is_online)
            for number in range(1, len(units)):
                sender.over(f"A{number}", "withdrawn")
            assert (len(calling._words), calling.left_out) == (3, len(units) - 1 - 3)
            await server.start()
            await until(lambda: not calling._words and not calling._stale)
            (kept,) = await kept_by(server, "turnout/riverside/alerts/+")
            assert kept.topic.endswith(units[-1]), "whose alert is not over"
            nursery.cancel_scope.cancel()
    lines_out = [line for line in capfd.readouterr().err.splitlines() if "not all that is over can be said" in line]
    assert len(lines_out) == 1


async def test_a_broker_that_refuses_to_have_an_alert_taken_back_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As one whose access rules were changed; nothing else waits for it, and it is logged once."""
    monkeypatch.setattr(calling_off, "AGAIN_AFTER_S", 0.01)
    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        link = Link(Broker(host="127.0.0.1", port=server.port))
        await nursery.start(link.run)
        publish, refused = link.publish, 0

        async def refuse(topic: str, payload: bytes, **how: Any) -> bool:
            nonlocal refused
            if topic == "t/E1" and refused < 3:
                refused += 1
                raise NotPublished("refused")
            return await publish(topic, payload, **how)

        monkeypatch.setattr(link, "publish", refuse)
        calling = CallingOff(link, within_s=30, retain=True)
        nursery.start_soon(calling.run)
        for unit in ("E1", "E2"):
            await publish(f"t/{unit}", b"alert", within_s=30, retain=True)
            calling.sent(f"t/{unit}", f"A{unit}")
            calling.say(Word(f"t/{unit}", b"over", f"A{unit}"))
        await until(lambda: not calling._stale)
        assert await kept_by(server, "t/+") == []
        nursery.cancel_scope.cancel()
    err = capfd.readouterr().err
    assert (refused, calling.left_out) == (3, 1)
    assert err.count("still keeps an alert that is over") == 1
    assert "stopped before" not in err


async def test_what_could_not_be_taken_back_before_the_stop_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with mosquitto(tmp_path) as server:
        link = Link(Broker(host="127.0.0.1", port=server.port))
    calling = CallingOff(link, within_s=0.1, retain=True)
    calling.sent("t/E1", "A1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(calling.run)
        calling.say(Word("t/E1", b"over", "A1"))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    (told,) = [line for line in capfd.readouterr().err.splitlines() if "stopped before" in line]
    assert "t/E1" in told
