"""Who is told: recipients side by side through real servers, the first acknowledgement, hours of duty, exercises."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from alerts_kit import SMALL, Running, answer, hang, place, station, until
from msgspec.structs import replace
from snpp_server import PagingServer, paging_server

from engine.live.service import serve
from engine.live.watchdog import Watchdog
from engine.model.alert_facts import AlarmKind, CopyState
from engine.model.inputs import ReleaseUnit, ReportCopy, ReportIncident, ReportStatus
from engine.model.lifecycle import Status
from engine.model.place import Place, Shift
from engine.state.image import restore, save
from engine.state.records import AlertState
from gateways.alert_views import view_alerts
from gateways.alerts import Courier, Endpoint, Pager, Recipient, Recipients
from gateways.alerts.exercise import RECORD, WrongMode, claim
from gateways.alerts.message import EXERCISE
from gateways.board import Board
from gateways.whys import explain_incident

NEVER = Shift("never", ((0, 1),))
ALWAYS = Shift("always", ((0, 7 * 24 * 60),))


def pager(server: PagingServer, name: str = "pager", **settings: Any) -> Endpoint:
    channel = Pager(host="127.0.0.1", port=server.port, **{"timeout_s": 5.0, "ask_every_s": 0.05, **settings})
    return Endpoint(name=name, channel=channel)


def told(name: str, number: str, endpoint: str = "pager", **more: Any) -> Recipient:
    return Recipient(name=name, addresses={endpoint: number}, **{"stations": ("S1",), **more})


class Town:
    """An engine with its courier and its recipients."""

    def __init__(self, run: Running) -> None:
        self.run = run

    def copies(self, alert: str) -> dict[str, CopyState]:
        """By endpoint and recipient, of an open alert."""
        found = {each.id: each for each in view_alerts(self.run.board.world)}
        if alert not in found:
            return {}
        return {f"{each.endpoint}/{each.recipient}": each.state for each in found[alert].copies}


class Opened:
    """Like `running` of the kit, with recipients."""

    def __init__(
        self, folder: Path, at: Place, *endpoints: Endpoint, recipients: tuple[Recipient, ...], exercise: bool = False
    ) -> None:
        self._made = (folder, at, endpoints, Recipients(recipients), exercise)

    async def run(self, *, task_status: trio.TaskStatus[Town]) -> None:
        folder, at, endpoints, recipients, exercise = self._made
        quiet = Watchdog(lambda: None)
        async with serve(at, folder / "journal", settings=SMALL, watchdog=quiet) as service:
            board = Board(restore(save(service.world), indexed=False))
            follower = service.release.follow("board", 10_000)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(board.run, follower)
                courier = Courier(service, board, endpoints, folder=folder, recipients=recipients, exercise=exercise)
                await nursery.start(courier.run)
                task_status.started(Town(Running(service, board, courier)))
                await trio.sleep_forever()


async def test_everybody_is_told_at_once_and_the_first_who_reads_stops_it(tmp_path: Path) -> None:
    """Two pagers and a webhook in one rung; one page is read: the alert is over, and nobody is asked any more."""
    recipients = (told("jansen", "11"), told("wit", "22"))
    async with (
        paging_server() as server,
        station(answer(204)) as hook,
        trio.open_nursery() as nursery,
    ):
        endpoints = (pager(server), Endpoint(name="hook", channel=hook.webhook()))
        town = await nursery.start(Opened(tmp_path, place("pager+hook"), *endpoints, recipients=recipients).run)
        await town.run.call()
        everybody = {"pager/jansen", "pager/wit", "hook/"}
        await until(lambda: set(town.copies("A1")) == everybody)
        await until(lambda: set(town.copies("A1").values()) == {CopyState.SENT})
        assert sorted(page.pager for page in server.pages) == ["11", "22"]
        number = next(n for n, page in enumerate(server.pages) if page.pager == "22")
        server.becomes(number, "881 {tag} 261129120007 Message Delivered and Read by Recipient")
        await until(lambda: town.run.tally.get("alerts_acknowledged") == 1)
        assert town.copies("A1") == {}
        await until(lambda: not town.run.courier._real["pager"]._asked)
        nursery.cancel_scope.cancel()


async def test_what_failed_is_tried_again_for_whom_it_failed(tmp_path: Path) -> None:
    """The pager that was busy is paged a second time; the one that has it is not."""
    tries: list[str] = []

    def busy_once(line: str) -> str | None:
        if line == "PAGE 22":
            tries.append(line)
            return "750 Unit Valid But Not Online" if len(tries) == 1 else None
        return None

    recipients = (told("jansen", "11"), told("wit", "22"))
    async with paging_server(twist=busy_once) as server, trio.open_nursery() as nursery:
        at = place("pager", retry_after_ms=50)
        town = await nursery.start(Opened(tmp_path, at, pager(server), recipients=recipients).run)
        await town.run.call()
        await until(lambda: town.copies("A1") == dict.fromkeys(("pager/jansen", "pager/wit"), CopyState.SENT))
        assert sorted(page.pager for page in server.pages) == ["11", "22"]
        assert len(tries) == 2
        nursery.cancel_scope.cancel()


async def test_a_delivery_whose_report_was_lost_is_not_made_again(tmp_path: Path) -> None:
    """Stopped after the copy was reported and before the attempt was: at the next start nobody is paged twice."""
    quiet = Watchdog(lambda: None)
    async with serve(place("pager"), tmp_path / "journal", settings=SMALL, watchdog=quiet) as service:
        given = ReportIncident(id="1", by="cad", type="medical", x_m=100, y_m=200, address="12 Quay")
        await service.ask(given)
        copy = ReportCopy(alert="A1", endpoint="pager", recipient="jansen", state=CopyState.SENT, rung=0)
        await service.tell(copy)
    async with paging_server() as server, trio.open_nursery() as nursery:
        opening = Opened(tmp_path, place("pager"), pager(server), recipients=(told("jansen", "11"),))
        town = await nursery.start(opening.run)
        await until(lambda: town.run.board.world.alerts["A1"].state is AlertState.DELIVERED)
        assert server.pages == []
        assert town.run.tally.get("alert_attempts_failed", 0) == 0
        nursery.cancel_scope.cancel()


async def test_why_tells_how_far_each_copy_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the journal, at any later time: who was told, through what, and no address."""
    async with paging_server() as server, trio.open_nursery() as nursery:
        opening = Opened(tmp_path, place("pager"), pager(server), recipients=(told("jansen", "5551212"),))
        town = await nursery.start(opening.run)
        incident = await town.run.call()
        await until(lambda: town.copies("A1") == {"pager/jansen": CopyState.SENT})
        server.becomes(0, "881 {tag} 261129120007 Message Delivered and Read by Recipient")
        await until(lambda: town.run.tally.get("alerts_acknowledged") == 1)
        nursery.cancel_scope.cancel()
    assert explain_incident(tmp_path / "journal", incident, None, None, as_json=False) == 0
    said = capsys.readouterr().out
    assert "A1 for E1, jansen at pager: sent" in said
    assert "A1 for E1, jansen at pager: acknowledged (881" in said
    assert "alert_acknowledged     alert=A1  by=jansen via pager" in said
    assert "5551212" not in said


async def test_who_is_off_duty_is_left_alone(tmp_path: Path) -> None:
    """Own hours or the unit's; where nobody is left the ladder climbs, and at its end a person is asked."""
    at = replace(place("pager", attempts=1, retry_after_ms=50), shifts=(NEVER, ALWAYS))
    recipients = (
        told("home", "11", shift="never"),
        told("chief", "22", shift="always"),
        told("asleep", "33", shift="always", quiet="00:00-23:59", urgent=0),
        told("other", "44", stations=(), units=("E4",), shift="never"),
    )
    async with paging_server() as server, trio.open_nursery() as nursery:
        town = await nursery.start(Opened(tmp_path, at, pager(server), recipients=recipients).run)
        await town.run.call()
        off = {"pager/home": CopyState.OFF_DUTY, "pager/asleep": CopyState.OFF_DUTY}
        await until(lambda: town.copies("A1") == {"pager/chief": CopyState.SENT} | off)
        assert [page.pager for page in server.pages] == ["22"]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("recipients", [(), (told("home", "11", shift="never"),)], ids=["nobody", "all at home"])
async def test_nobody_to_tell_is_an_alarm_and_never_silence(tmp_path: Path, recipients: tuple[Recipient, ...]) -> None:
    """No recipient listed, or all of them off duty: the ladder ends at once with a person."""
    at = replace(place("pager", attempts=2, retry_after_ms=50), shifts=(NEVER,))
    async with paging_server() as server, trio.open_nursery() as nursery:
        town = await nursery.start(Opened(tmp_path, at, pager(server), recipients=recipients).run)
        await town.run.call()
        await until(lambda: town.run.board.world.alarms)
        (alarm,) = town.run.board.world.alarms.values()
        assert alarm.about is AlarmKind.ALERT_UNDELIVERED
        assert "for E1 at pager" in alarm.text
        assert server.pages == []
        nursery.cancel_scope.cancel()


async def test_a_crew_s_own_word_stops_every_channel(tmp_path: Path) -> None:
    """An attempt that hangs beside it is broken off: its worker is free for the next alert."""
    async with station(hang) as hung, station(answer(204)) as good, trio.open_nursery() as nursery:
        endpoints = (
            Endpoint(name="hung", channel=hung.webhook(timeout_s=30), workers=1),
            Endpoint(name="good", channel=good.webhook()),
        )
        town = await nursery.start(Opened(tmp_path, place("hung+good"), *endpoints, recipients=()).run)
        await town.run.call()
        await until(lambda: town.copies("A1").get("good/") is CopyState.SENT)
        await until(lambda: len(hung.seen) == 1)
        await town.run.service.ask(ReportStatus(id="s", by="E1", unit="E1", status=Status.ACKNOWLEDGED))
        await town.run.call()
        await until(lambda: len(hung.seen) == 2)
        assert [seen.key for seen in hung.seen] == ["A1", "A2"]
        nursery.cancel_scope.cancel()


async def test_everybody_hears_of_a_release(tmp_path: Path) -> None:
    """It is over with its delivery, so all copies are made before it counts as delivered."""
    recipients = (told("jansen", "11"), told("wit", "22"))
    async with paging_server() as server, trio.open_nursery() as nursery:
        town = await nursery.start(Opened(tmp_path, place("pager"), pager(server), recipients=recipients).run)
        incident = await town.run.call()
        await until(lambda: len(server.pages) == 2)
        await town.run.service.ask(ReleaseUnit(id="r", by="desk", unit="E1", incident=incident, reason="no need"))
        await until(lambda: not town.run.board.world.alerts)
        released = [page.pager for page in server.pages if "RELEASED" in page.message]
        assert sorted(released) == ["11", "22"]
        nursery.cancel_scope.cancel()


async def test_an_exercise_reaches_nobody_who_is_not_marked(tmp_path: Path) -> None:
    """It tries: a real pager, a real webhook and a marked pager in one rung. Only the marked one hears, and EXERCISE."""
    recipients = (told("real", "11"), told("dummy", "99", exercise=True))
    async with paging_server() as server, station(answer(204)) as hook, trio.open_nursery() as nursery:
        endpoints = (pager(server), Endpoint(name="hook", channel=hook.webhook()))
        opening = Opened(tmp_path, place("pager+hook"), *endpoints, recipients=recipients, exercise=True)
        town = await nursery.start(opening.run)
        await town.run.call()
        await until(lambda: len(town.copies("A1")) == 3)
        await until(lambda: set(town.copies("A1").values()) == {CopyState.SENT})
        assert [page.pager for page in server.pages] == ["99"]
        assert server.pages[0].message.startswith(EXERCISE)
        assert hook.connections == 0
        nursery.cancel_scope.cancel()
    lines = [msgspec.json.decode(line) for line in (tmp_path / RECORD).read_bytes().splitlines()]
    assert sorted((line["endpoint"], line["recipient"]) for line in lines) == [("hook", ""), ("pager", "real")]
    assert all(line["message"]["text"].startswith(EXERCISE) and line["message"]["exercise"] for line in lines)


async def test_an_exercise_without_a_marked_recipient_opens_no_channel(tmp_path: Path) -> None:
    """Not even a connection is made; an endpoint that is marked is real."""
    async with paging_server() as server, station(answer(204)) as hook, trio.open_nursery() as nursery:
        marked = Endpoint(name="hook", channel=hook.webhook(), exercise=True)
        opening = Opened(
            tmp_path, place("pager+hook"), pager(server), marked, recipients=(told("real", "11"),), exercise=True
        )
        town = await nursery.start(opening.run)
        await town.run.call()
        await until(lambda: len(hook.seen) == 1)
        assert hook.seen[0].data["text"].startswith(EXERCISE)
        await until(lambda: town.copies("A1").get("pager/real") is CopyState.SENT)
        assert server.commands == []
        assert town.run.courier.receiver("pager") is None
        nursery.cancel_scope.cancel()


def test_the_mark_of_an_exercise_would_mark_people() -> None:
    """Where a channel has recipients, they are marked, not the endpoint."""
    with pytest.raises(ValueError, match="mark those that are no real persons"):
        Endpoint(name="pager", channel=Pager(host="p"), exercise=True)


def test_an_exercise_and_the_real_thing_share_no_folder(tmp_path: Path) -> None:
    """Neither may be begun in the folder of the other."""
    claim(tmp_path / "drill", exercise=True)
    claim(tmp_path / "drill", exercise=True)
    with pytest.raises(WrongMode, match="is an exercise's"):
        claim(tmp_path / "drill", exercise=False)
    (tmp_path / "real" / "journal").mkdir(parents=True)
    (tmp_path / "real" / "journal" / "1.seg").touch()
    claim(tmp_path / "real", exercise=False)
    with pytest.raises(WrongMode, match="holds real incidents"):
        claim(tmp_path / "real", exercise=True)
