"""Claims about a machine that has no room for one more process: whoever asked is told, it is counted, and all else goes on."""

import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from gateways import app
from gateways.console.following import ShiftProcess
from gateways.inquiries import Inquiries, NoAnswer
from gateways.workers import NOT_STARTED, Workers
from tests.builders import serve_place
from tests.live.api_kit import api_client
from tests.live.cad_kit import FIRE, let_ask_why, wire
from tests.live.test_console_live import desk
from tests.live.test_console_past import viewing

SAYS = ("No process could be started", "Dispatch goes on", "Ask again in a minute")


def no_process(patched: pytest.MonkeyPatch) -> None:
    """Let every process of ours be one that the system cannot start."""
    patched.setattr(sys, "executable", "/nowhere/python")


def is_helpful(text: str) -> bool:
    return all(each in text for each in SAYS)


async def test_a_question_over_the_cad_socket_is_refused_and_the_connection_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve_place(tmp_path / "journal") as running, wire(running) as line:
        let_ask_why(running, tmp_path)
        await line.ask({**FIRE, "id": "c1"}, "c1")
        no_process(monkeypatch)
        refused = await line.say("ask_why", incident="I1")
        assert (refused["type"], refused["code"]) == ("refused", NOT_STARTED)
        assert is_helpful(refused["reason"])
        await line.ask({**FIRE, "id": "c2"}, "c2")


async def test_a_question_over_http_is_answered_with_when_to_ask_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with api_client(tmp_path) as client:
        await client.report()
        no_process(monkeypatch)
        for path in ("/v1/incidents/I1/why", "/v1/reports/clocks"):
            told = await client.ask("GET", path)
            assert (told.status_code, told.headers["retry-after"]) == (503, "60")
            assert is_helpful(told.text)


async def test_a_past_hour_is_refused_and_the_page_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_process(monkeypatch)
    async with desk(tmp_path) as at:
        await at.sign_in("desk")
        async with viewing(at) as viewer:
            assert (await viewer.hear())["type"] == "welcome"
            for number in (1, 2):
                told = await viewer.look("2020-01-01 10:00")
                assert (told.last["type"], told.last["code"]) == ("refused", NOT_STARTED)
                assert is_helpful(told.last["reason"])
                assert at.console.workers.statistics() == {"started": 0, NOT_STARTED: number}


async def test_it_is_counted_for_all_who_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers()

    async def ask(what: Any) -> None:
        with pytest.raises(NoAnswer) as none:
            await what
        assert none.value.code == NOT_STARTED
        assert is_helpful(none.value.reason)

    no_process(monkeypatch)
    await ask(Inquiries(tmp_path, workers=workers).report("clocks", None, None, None))
    await ask(ShiftProcess(tmp_path, 60, workers).ask(0, 1))
    assert workers.statistics() == {"started": 0, NOT_STARTED: 2}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nowhere/python"], "could not be started"),
        ([sys.executable, "-c", "import sys; sys.exit('the disk is full')"], "the disk is full"),
        ([sys.executable, "-c", "import sys; sys.exit(3)"], "it ended with status 3"),
        ([sys.executable, "-c", "import time; time.sleep(1000)"], "longer than"),
        ([sys.executable, "-c", ""], ""),
    ],
)
async def test_a_snapshot_that_cannot_be_taken_is_no_reason_to_stop(
    command: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said == "longer than":
        monkeypatch.setattr(app, "SNAPSHOT_WITHIN_S", 0.2)
    with trio.fail_after(120):
        told = await app._run_beside(command)
    assert said in told
    assert bool(said) == bool(told)
