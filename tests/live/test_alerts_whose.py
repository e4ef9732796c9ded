"""An acknowledgement counts from who was told only: the others at the same endpoint are refused, counted and told so."""

from pathlib import Path

import msgspec
import pytest
import trio
from alerts_kit import place, running, until
from mosquitto_kit import mosquitto, needs_mosquitto
from msgspec.structs import replace
from test_alerts_station import alert, talking

from engine.model.alert_facts import CopyState
from gateways.alerts import Endpoint, LogFile
from gateways.alerts.channel import News, NotTold, Speaker
from gateways.alerts.mqtt import Mqtt, OnTopic
from gateways.alerts.stations import AtStation
from gateways.mqtt import Broker, Link
from tests.unit.test_alerts_logfile import message

TOPIC, ACKNOWLEDGE = "turnout/{agency}/alerts/{unit}", "turnout/{agency}/alerts/{unit}/acknowledge"


def said_by(speaker: Speaker) -> News:
    return News(alert="A1", state=CopyState.ACKNOWLEDGED, by="somebody", speaker=speaker)


def on(topic: str, acknowledge: str = ACKNOWLEDGE) -> OnTopic:
    return OnTopic(TOPIC, acknowledge, topic)


async def test_only_who_was_told_stops_the_ladder(tmp_path: Path) -> None:
    """With the real engine: another station, another unit's topic; the alert stays open until its own unit speaks."""
    strangers = [
        AtStation("S9"),
        on("turnout/riverside/alerts/E2/acknowledge"),
        on("turnout/elsewhere/alerts/E1/acknowledge"),
        on("turnout/riverside/alerts/E2/acknowledge", "turnout/+/alerts/+/acknowledge"),
        on("turnout/riverside/alerts/E10/acknowledge", "turnout/#"),
    ]
    async with running(tmp_path, place("log"), Endpoint(name="log", channel=LogFile(path="alerts.log"))) as run:
        await run.call()
        await until(lambda: "A1" in run.board.world.alerts)
        assert run.board.world.alerts["A1"].unit == "E1"
        for speaker in strangers:
            with pytest.raises(NotTold, match="A1 is for E1 and was not told here"):
                await run.courier.tell("log", said_by(speaker))
        assert run.statistics("log").counts.strangers == len(strangers)
        assert not run.tally.get("alerts_acknowledged")
        assert await run.courier.tell("log", said_by(on("turnout/riverside/alerts/E1/acknowledge")))
        await until(lambda: run.tally.get("alerts_acknowledged"))
        # It is over: what the engine says of that is the answer, as before.
        assert await run.courier.tell("log", said_by(strangers[0]))


async def test_a_controller_is_told_that_it_may_not_answer_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was told itself it may answer, whatever the unit's station is by now."""
    async with talking() as talk:
        heard: list[News] = []

        async def tell(news: News) -> bool:
            heard.append(news)
            if news.speaker is not None:
                raise NotTold("A9 is for E9")
            return True

        monkeypatch.setattr(talk, "answer", tell)
        await talk.sender.send(alert())
        await talk.controller.say(type="acknowledged", id="A9")
        await talk.controller.say(type="acknowledged", id="A1")
        await until(lambda: talk.controller.kinds("noted"))
        assert talk.controller.kinds("refused", "noted") == [("refused", "A9"), ("noted", "A1")]
        assert [news.speaker for news in heard] == [AtStation("S1"), None]


@needs_mosquitto
async def test_a_device_is_told_that_it_may_not_answer_for_another(tmp_path: Path) -> None:
    """Over a real broker, beside the topic on which it spoke."""

    async def tell(news: News) -> bool:
        assert isinstance(news.speaker, OnTopic)
        if not news.speaker.may_answer(message()):
            raise NotTold("A1 is for E7")
        own.set()
        return True

    own = trio.Event()
    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        broker = Broker(host="127.0.0.1", port=server.port)
        device = Link(broker, topics=("turnout/riverside/alerts/E8/#",))
        await nursery.start(device.run)
        await device.online()
        async with Mqtt(broker=broker).open(tmp_path) as sender:
            nursery.start_soon(sender.listen, tell)
            topic, said = "turnout/riverside/alerts/E8/acknowledge", b'{"alert": "A1"}'
            refused: list[dict[str, object]] = []
            with trio.fail_after(120):
                while not refused:
                    await device.publish(topic, said, within_s=10)  # again, until our side has subscribed
                    heard = [each.payload for each in await device.receive() if each.topic == f"{topic}/refused"]
                    refused += map(msgspec.json.decode, heard)
            assert refused[0] == {
                "type": "acknowledgement.refused",
                "data": {"alert": "A1", "reason": "A1 is for E7"},
            }
            await device.publish("turnout/riverside/alerts/E7/acknowledge", said, within_s=10)
            with trio.fail_after(120):
                await own.wait()
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("topic", ["acks", "turnout/{agency}/acks", "other/+/alerts/+/acknowledge", "turnout/+/{who}"])
def test_a_topic_on_which_anybody_could_answer_is_refused(topic: str) -> None:
    """When the configuration is read; one below the alerts' own, or one that names the unit, holds."""
    given = {"channel": "mqtt", "broker": {"host": "b"}}
    with pytest.raises(msgspec.ValidationError, match="acknowledge: "):
        msgspec.convert({**given, "acknowledge": topic}, Mqtt)
    for fits in ("turnout/+/alerts/+/acknowledge", "turnout/#", "acks/{unit}", "turnout/+/alerts/+/+"):
        assert msgspec.convert({**given, "acknowledge": fits}, Mqtt).acknowledge == fits


@pytest.mark.parametrize(
    "topic",
    [
        "turnout/+/alerts/{unit}/acknowledge",
        "turnout/{agency}/alerts/{unit}/#",
        "turnout/+/alerts/+/#/x",
        "turnout/+/alerts/+/a+",
    ],
)
def test_a_topic_on_which_nobody_could_answer_is_refused(topic: str) -> None:
    """The broker would not take it, or no answer on it would count."""
    with pytest.raises(msgspec.ValidationError, match="acknowledge: "):
        msgspec.convert({"channel": "mqtt", "broker": {"host": "b"}, "acknowledge": topic}, Mqtt)


@needs_mosquitto
async def test_a_name_may_be_a_part_of_a_level(tmp_path: Path) -> None:
    """The broker is asked for the whole level, as it knows no wild card for less; whose answer it is is told by the topic."""
    heard: list[News] = []
    told = trio.Event()

    async def tell(news: News) -> bool:
        heard.append(news)
        told.set()
        return True

    async with mosquitto(tmp_path) as server, trio.open_nursery() as nursery:
        broker = Broker(host="127.0.0.1", port=server.port)
        config = Mqtt(broker=broker, topic="fire/unit-{unit}", acknowledge="fire/unit-{unit}/acknowledge")
        device = Link(broker, topics=("fire/unit-E7",))
        await nursery.start(device.run)
        async with config.open(tmp_path) as sender:
            nursery.start_soon(sender.listen, tell)
            with trio.fail_after(120):
                await sender._link.online()
                await device.publish("fire/unit-E7/acknowledge", b'{"alert": "A1"}', within_s=60)
                await told.wait()
            nursery.cancel_scope.cancel()
    assert heard[0].speaker is not None
    assert heard[0].speaker.may_answer(message())
    assert not heard[0].speaker.may_answer(replace(message(), unit="E8"))
