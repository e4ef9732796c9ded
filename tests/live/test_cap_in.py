"""CAP in over a real listener and a real disk: cautions and roads follow an alert, its update, its cancel and its end."""

from pathlib import Path

import msgspec
import pytest

from engine.model.surroundings import Severity
from engine.policy.cautions import cautions_at
from gateways.cap.config import CapConfig, CapRule
from gateways.cap.effects import effects_of
from gateways.cap.ledger import Entry, Ledger, Stand
from gateways.cap.reading import read_alert
from gateways.config import Config
from tests.live.exchange_kit import Served, serve_exchanges
from tests.unit.cap_kit import SQUARE, alert, info, polygon, refer, when

CONFIG = Config(
    cap=CapConfig(
        rules=(
            CapRule(name="flood", events=("*flood*",), caution=Severity.DANGER, closes=True, closed_classes=("main",)),
            CapRule(name="snow", events=("*snow*",), caution=Severity.CAUTION, weather="snow", weather_percent=140),
            CapRule(name="ice", events=("*ice*",), weather="ice", weather_percent=180, traffic_percent=120),
        ),
        folder_every_s=0.05,
    )
)


async def post(served: Served, document: bytes, status: int = 200) -> dict[str, object]:
    answer = await served.http.post("/cap", content=document, headers=served.as_("met"))
    assert answer.status_code == status, answer.text
    found: dict[str, object] = msgspec.json.decode(answer.content)
    return found


def now(served: Served, ahead_s: int = 0) -> int:
    return served.service.clock.now() // 1000 * 1000 + ahead_s * 1000


async def test_an_alert_its_update_and_its_cancel(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, CONFIG) as served:
        world = served.board.world
        sent = now(served)
        first = alert("F1", info(event="Flash Flood", expires=when(sent + 3_600_000)), sent_ms=sent)
        told = await post(served, first)
        assert told["result"] == "taken"
        assert len(told["done"]) == 2  # type: ignore[arg-type]
        await served.until(lambda: world.cautions and world.road_book.closures)
        assert [each.severity for each in cautions_at(world, 0, 0)] == [Severity.DANGER]
        assert not cautions_at(world, 0, 1_400)
        assert (await post(served, first))["result"] == "duplicate"

        east = info(
            event="Flash Flood", area=polygon((3_500, -3_000), (4_500, -3_000), (4_500, -1_000), (3_500, -1_000))
        )
        update = alert("F2", east, sent_ms=sent + 1_000, msgType="Update", references=refer("F1", sent))
        assert (await post(served, update))["result"] == "taken"
        await served.until(lambda: not cautions_at(world, 0, 0))
        assert cautions_at(world, 4_000, -2_000)
        assert len(world.road_book.closures) == 1

        cancel = alert("F3", sent_ms=sent + 2_000, msgType="Cancel", references=refer("F2", sent + 1_000))
        told = await post(served, cancel)
        assert told["result"] == "cancelled"
        assert len(told["ended"]) == 2  # type: ignore[arg-type]
        await served.until(lambda: not world.cautions and not world.road_book.closures)
        assert (await post(served, first))["result"] == "duplicate"
        assert not world.cautions


@pytest.mark.parametrize("status", ["Exercise", "Test", "Draft", "System"])
async def test_what_is_not_actual_changes_nothing(tmp_path: Path, status: str) -> None:
    async with serve_exchanges(tmp_path, CONFIG) as served:
        before = served.service.world.seq
        told = await post(served, alert("X", info(event="Flash Flood"), sent_ms=now(served), status=status))
        assert told["result"] == "not_actual"
        assert status in str(told["notes"])
        assert served.service.world.seq == before
        assert served.exchanges.numbers["cap"]()[f"status_{status.lower()}"] == 1


async def test_a_cancel_that_overtakes_its_alert_and_a_stranger_s_cancel(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, CONFIG) as served:
        sent = now(served)
        await post(served, alert("C", sent_ms=sent, msgType="Cancel", references=refer("F1", sent)))
        told = await post(served, alert("F1", info(event="Flood"), sent_ms=sent))
        assert told["result"] == "superseded"
        assert (await post(served, alert("F2", info(event="Flood"), sent_ms=sent)))["result"] == "taken"
        foreign = alert("C2", sent_ms=sent, sender="else@x.example", msgType="Cancel", references=refer("F2", sent))
        assert "another sender's" in str((await post(served, foreign))["notes"])
        await served.until(lambda: served.board.world.cautions)


async def test_the_slowest_weather_counts_and_what_stays_comes_back(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, CONFIG) as served:
        book = served.board.world.road_book
        sent = now(served)
        await post(served, alert("S", info(), sent_ms=sent))
        await served.until(lambda: book.weather and book.weather.percent == 140)
        await post(served, alert("I", info(event="Ice Storm"), sent_ms=sent))
        await served.until(lambda: book.weather and book.weather.percent == 180)
        assert len(book.slowings) == 1
        await post(served, alert("E", sent_ms=sent, msgType="Cancel", references=refer("I", sent)))
        await served.until(lambda: book.weather and book.weather.percent == 140 and not book.slowings)
        await post(served, alert("E2", sent_ms=sent, msgType="Cancel", references=refer("S", sent)))
        await served.until(lambda: book.weather is None)


async def test_onset_and_end_come_by_themselves_also_over_a_restart(tmp_path: Path) -> None:
    """An alert ahead of its time waits, also while the server is down; one that is over is over by itself."""
    async with serve_exchanges(tmp_path, CONFIG) as served:
        sent = now(served)
        waits = info(onset=when(sent + 3_000), expires=when(sent + 6_000))
        assert (await post(served, alert("W", waits, sent_ms=sent)))["result"] == "waiting"
        assert not served.board.world.cautions
    async with serve_exchanges(tmp_path, CONFIG) as served:
        await served.until(lambda: served.board.world.cautions)
        assert served.service.clock.now() >= sent + 3_000
        await served.until(lambda: not served.board.world.cautions and served.board.world.road_book.weather is None)
        assert (await post(served, alert("W", waits, sent_ms=sent)))["result"] == "duplicate"
        past = info(expires=when(sent - 60_000))
        assert (await post(served, alert("P", past, sent_ms=sent)))["result"] == "expired"


async def test_what_a_crash_interrupts_is_done_at_the_next_start(tmp_path: Path) -> None:
    """The process dies when the alert is written down and nothing is done yet: as here, where nobody has done it."""
    async with serve_exchanges(tmp_path, Config()) as served:
        sent = now(served)
        place = served.board.world.settled
        document = alert("F1", info(event="Flash Flood", expires=when(sent + 3_600_000)), sent_ms=sent)
        read = read_alert(document)
        ledger = Ledger(tmp_path, 100)
        effects = effects_of(read, CONFIG.cap, place, sent, "met")
        ledger.put(read.reference, Entry(Stand.DUE, effects, sent + 3_600_000))
        await ledger.save()
    async with serve_exchanges(tmp_path, CONFIG) as served:
        await served.until(lambda: served.board.world.cautions and served.board.world.road_book.closures)
        assert (await post(served, document))["result"] == "duplicate"
    (tmp_path / "cap.msgpack").write_bytes(b"rot")
    with pytest.raises(ExceptionGroup) as caught:
        async with serve_exchanges(tmp_path, CONFIG):
            pass
    assert "Move it away" in str(caught.value.exceptions)


async def test_a_cancel_that_a_crash_interrupts_is_gone_on_with(tmp_path: Path) -> None:
    """The process dies when the cancel is written down and nothing is taken back yet: the sender repeats it in vain."""
    async with serve_exchanges(tmp_path, CONFIG) as served:
        sent = now(served)
        document = alert("F1", info(event="Flash Flood", expires=when(sent + 3_600_000)), sent_ms=sent)
        assert (await post(served, document))["result"] == "taken"
        await served.until(lambda: served.board.world.cautions and served.board.world.road_book.closures)
    ledger = Ledger(tmp_path, 100)
    ledger.end(read_alert(document).reference, sent + 3_600_000)
    await ledger.save()
    async with serve_exchanges(tmp_path, CONFIG) as served:
        await served.until(lambda: not served.board.world.cautions and not served.board.world.road_book.closures)
        await served.until(lambda: {each.stand for each in Ledger(tmp_path, 100).entries.values()} == {Stand.ENDED})


async def test_what_cannot_be_written_down_was_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and nothing has changed; the same alert again, on a disk that works, is taken."""
    async with serve_exchanges(tmp_path, CONFIG) as served:
        document = alert("F1", info(event="Flash Flood"), sent_ms=now(served))

        async def full(_: Ledger) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "save", full)
            assert "No space left" in str((await post(served, document, 503))["detail"])
        assert not served.service.world.cautions
        assert (await post(served, document))["result"] == "taken"


async def test_refusals_say_what_is_wrong(tmp_path: Path) -> None:
    async with serve_exchanges(tmp_path, CONFIG) as served:
        sent = now(served)
        assert "severity" in str((await post(served, alert("A", info(severity="Bad")), 400))["detail"])
        await post(served, b"<a>" + b" " * 290_000 + b"</a>", 413)
        for headers in ({}, served.as_("wall"), served.as_("gps")):
            assert (await served.http.post("/cap", content=b"", headers=headers)).status_code == 401
        nowhere = polygon((8_000, 8_000), (9_000, 8_000), (9_000, 9_000))
        told = await post(served, alert("N", info(event="Flood", area=nowhere), sent_ms=sent))
        assert "No street of the place" in str(told["notes"])
        assert len(told["done"]) == 1  # type: ignore[arg-type]
        told = await post(served, alert("Q", info(event="Locusts"), sent_ms=sent))
        assert told["result"] == "without_effect"
        assert "No rule" in str(told["notes"])
        assert served.exchanges.numbers["cap"]()["unreadable"] == 1


async def test_a_folder_is_read_like_a_post(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, cap=msgspec.structs.replace(CONFIG.cap, folder="inbox"))
    folder = tmp_path / "inbox"
    async with serve_exchanges(tmp_path, config) as served:
        folder.mkdir(exist_ok=True)
        (folder / "a.part").write_bytes(alert("A", info(event="Flood", area=SQUARE), sent_ms=now(served)))
        (folder / "a.part").rename(folder / "a.xml")
        (folder / "b.xml").write_bytes(b"<nonsense/>")
        (folder / "refused").mkdir(exist_ok=True)
        (folder / "refused" / "0.xml").mkdir()  # so this one cannot be put away, and is the first of every look
        (folder / "0.xml").write_bytes(b"<nonsense/>")
        await served.until(lambda: served.board.world.cautions)
        await served.until(lambda: (folder / "refused" / "b.xml").exists() and (folder / "taken" / "a.xml").exists())
        assert "CAP 1.2" in (folder / "refused" / "b.xml.outcome").read_text()
        assert list(folder.glob("*.xml")) == [folder / "0.xml"]
        assert served.exchanges.numbers["cap"]()["file_unreadable"]
