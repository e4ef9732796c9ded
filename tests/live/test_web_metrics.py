"""Metrics and health over the real listener, alone and under load."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import trio
from prometheus_client.parser import text_string_to_metric_families as parse

from engine.live.service import Stage
from engine.model.inputs import AddNote, ReportIncident
from gateways.web import WebConfig, serve_http
from tests.unit.metrics_kit import Measured, serve_metrics


@asynccontextmanager
async def scrapable(directory: Path) -> AsyncIterator[tuple[Measured, httpx2.AsyncClient]]:
    """A measured server behind its HTTP listener, and a client of that."""
    async with serve_metrics(directory) as measured, trio.open_nursery() as nursery:
        serve = partial(serve_http, measured.metrics.routes(), WebConfig(port=0), counts=measured.http)
        address = await nursery.start(serve)
        async with httpx2.AsyncClient(base_url=f"http://{address}", timeout=120) as client:
            yield measured, client
        nursery.cancel_scope.cancel()


def value_of(text: str, name: str, **labels: str) -> float:
    """Return the sample of a scrape."""
    (found,) = (s.value for f in parse(text) for s in f.samples if s.name == name and s.labels == labels)
    return found


async def test_the_four_routes_answer(tmp_path: Path) -> None:
    """Each says what it is for, and none may be kept by a cache on the way."""
    async with scrapable(tmp_path) as (_, client):
        answers: dict[str, Any] = {path: await client.get(path) for path in PATHS}
        opened = await client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert all(answer.status_code == 200 for answer in answers.values())
    assert all(answer.headers["cache-control"] == "no-store" for answer in answers.values())
    assert answers["/metrics"].headers["content-type"].startswith("text/plain; version=0.0.4")
    assert opened.headers["content-type"].startswith("application/openmetrics-text")
    assert opened.text.endswith("# EOF\n")
    assert value_of(answers["/metrics"].text, "turnout_ready") == 1
    assert msgspec.json.decode(answers["/healthz"].content)["alive"] is True
    assert msgspec.json.decode(answers["/readyz"].content)["stage"] == "ready"
    assert msgspec.json.decode(answers["/version"].content)["name"] == "turnout"


PATHS = ("/metrics", "/healthz", "/readyz", "/version")


async def test_readiness_is_false_until_it_is_proven_and_after_it_failed(tmp_path: Path) -> None:
    """503 with reasons before the doors open and after the journal failed; the process is alive all the while."""
    async with scrapable(tmp_path) as (measured, client):
        seen = {}
        for stage in (Stage.WARMING, Stage.FAILED, Stage.READY):
            measured.service.stage = stage
            answer, alive = await client.get("/readyz"), await client.get("/healthz")
            body = msgspec.json.decode(answer.content)
            seen[stage] = (answer.status_code, body["ready"], len(body["reasons"]), alive.status_code)
    assert seen == {
        Stage.WARMING: (503, False, 1, 200),
        Stage.FAILED: (503, False, 1, 200),
        Stage.READY: (200, True, 0, 200),
    }


async def test_scrapes_and_work_go_on_beside_each_other(tmp_path: Path) -> None:
    """Eight scrapers at once while commands are given: every command is answered, every scrape whole, none goes back."""
    turns: dict[int, list[float]] = {number: [] for number in range(8)}
    answers = []

    async def scrape(number: int, client: httpx2.AsyncClient) -> None:
        for _ in range(10):
            answer = await client.get("/metrics")
            assert answer.status_code == 200
            turns[number].append(value_of(answer.text, "turnout_turns_total"))

    async def work(measured: Measured) -> None:
        report = ReportIncident(id="r", by="cad", type="theft", x_m=0, y_m=0)
        incident = (await measured.service.ask(report)).incident
        assert incident is not None
        for number in range(200):
            note = AddNote(id=f"n{number}", by="cad", incident=incident, text="still there")
            answers.append(await measured.service.ask(note))

    async with scrapable(tmp_path) as (measured, client):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, measured)
            for number in turns:
                nursery.start_soon(scrape, number, client)
        await measured.settled()
        last = await client.get("/metrics")
        handled = measured.http.statistics()
    assert len(answers) == 200
    assert all(answer.refusal is None for answer in answers)
    assert all(seen == sorted(seen) for seen in turns.values())
    assert value_of(last.text, "turnout_lane_taken_total", lane="orders") >= 200
    assert (handled["answered_2xx"], handled["handler_failed"]) == (81, 0)


async def test_many_scrapers_cost_one_scrape(tmp_path: Path) -> None:
    """What was written is given out again for a while: the same text for all who ask within it."""
    async with scrapable(tmp_path) as (measured, _):
        patient = type(measured.metrics.exposition)(measured.metrics.registry, fresh_s=600)
        first = await patient.render("")
        await measured.report(1)
        again, opened = await patient.render("text/plain"), await patient.render("application/openmetrics-text")
    assert again is first
    assert opened is not first
    assert value_of(first.body.decode(), "turnout_open_incidents") == 0
