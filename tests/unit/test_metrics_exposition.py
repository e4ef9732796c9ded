"""What is exposed: names, meanings, bounds on labels, and that strangers can read it."""

import shutil
from pathlib import Path

import pytest
import trio
from msgspec import Struct
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text

from engine.model.inputs import AcknowledgeAlert, DeclareEmergency, Tick
from engine.model.lifecycle import Status
from gateways.metrics.observed import CLASSES, HARVEST_EVERY
from gateways.metrics.sources import CODES_MAX, flatten
from tests.unit.metrics_kit import Measured, serve_metrics

LABELS = {
    "exchange",
    "what",
    "task",
    "about",
    "code",
    "endpoint",
    "event",
    "input",
    "lane",
    "le",
    "priority",
    "python",
    "stage",
    "state",
}
LABELS |= {
    "status",
    "verdict",
    "version",
    "profile",
    "measure",
    "limit_seconds",
    "cause",
    "rung",
    "outcome",
    "layer",
    "when",
}


async def test_names_are_ours_in_base_units_and_say_what_they_mean(tmp_path: Path) -> None:
    """Every family bears the prefix and a sentence; no name has an odd unit."""
    async with serve_metrics(tmp_path) as measured:
        families = measured.families()
    assert len(families) > 40
    for name, family in families.items():
        assert name.startswith("turnout_")
        assert not name.endswith(("_ms", "_us", "_percent", "_minutes", "_m"))
        assert len(family.documentation) > 10
        assert family.documentation.endswith(".")
        assert all(sample.labels.keys() <= LABELS for sample in family.samples)


async def test_a_strangers_tool_finds_no_fault(tmp_path: Path) -> None:
    """promtool lints the real exposition, with events of every sort in it."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is missing: apt-get install --no-install-recommends prometheus")
    async with serve_metrics(tmp_path) as measured:
        await eventful(measured)
        await measured.plan()
        rendered = await measured.metrics.exposition.render("")
    checked = await trio.run_process(
        [promtool, "check", "metrics"], stdin=rendered.body, capture_stdout=True, capture_stderr=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


async def test_both_formats_say_the_same(tmp_path: Path) -> None:
    """The text format and OpenMetrics are each read back whole, and hold the same samples."""
    async with serve_metrics(tmp_path) as measured:
        await eventful(measured)
        plain = await measured.metrics.exposition.render("text/plain")
        opened = await measured.metrics.exposition.render("application/openmetrics-text; version=1.0.0, */*;q=0.1")
    assert plain.content_type.startswith("text/plain; version=0.0.4")
    assert opened.content_type.startswith("application/openmetrics-text; version=1.0.0")
    of_text = {(s.name, *sorted(s.labels.items())) for f in parse_text(plain.body.decode()) for s in f.samples}
    of_open = {(s.name, *sorted(s.labels.items())) for f in parse_open(opened.body.decode()) for s in f.samples}
    assert of_text == of_open


async def test_labels_do_not_grow_with_the_city(tmp_path: Path) -> None:
    """Ten times the incidents make not one series more, and no label holds an id."""
    async with serve_metrics(tmp_path) as measured:
        await eventful(measured)
        before = [(sample.name, sample.labels) for sample in measured.samples()]
        names = {await measured.report(number) for number in range(100, 130)}
        after = [(sample.name, sample.labels) for sample in measured.samples()]
        ids = names | {unit.id for unit in measured.board.world.units} | set(measured.board.world.alerts)
    assert before == after
    assert ids.isdisjoint(value for _, labels in after for value in labels.values())


async def test_codes_that_get_out_of_hand_are_added_up() -> None:
    """A fault that makes up codes cannot flood the scraper, and nothing is left uncounted."""

    class Counts(Struct):
        connections: int
        refused: dict[str, int]
        latest: tuple[float, ...] = (0.5,)

    flat = flatten(Counts(3, {f"code-{number}": number for number in range(1_000)}))
    assert flat["connections"] == 3
    assert "latest" not in flat
    assert len(flat) == CODES_MAX + 1
    assert sum(flat.values()) - 3 == sum(range(1_000))


async def test_numbers_follow_what_happens(tmp_path: Path) -> None:
    """A call that is dispatched, alerted and acknowledged shows up in each number that is about it."""
    async with serve_metrics(tmp_path) as measured:
        assert measured.value("turnout_units", status="available") == 12
        assert measured.value("turnout_alerts_total", event="owed") == 0
        await measured.report(1)
        (alert,) = measured.board.world.alerts
        await measured.service.ask(AcknowledgeAlert(id="a1", by="desk", alert=alert))
        await measured.settled()
        assert measured.value("turnout_open_incidents") == 1
        assert measured.value("turnout_units", status="dispatched") + measured.value(
            "turnout_units", status="acknowledged"
        ) == pytest.approx(1)
        assert measured.value("turnout_units", status="available") == 11
        assert measured.value("turnout_alerts_total", event="acknowledged") == 1
        assert measured.value("turnout_alert_acknowledge_seconds_count") == 1
        assert measured.value("turnout_decision_seconds_count", input="call") == 1
        assert measured.value("turnout_orphan_incidents") == 0
        assert measured.value("turnout_lane_taken_total", lane="calls") == 1
        assert measured.value("turnout_cad_connections") == 0


async def test_the_oldest_unassigned_call_has_an_age_and_an_assigned_one_has_none(tmp_path: Path) -> None:
    """Zero while all are served; real age once the medics and ambulances have run out."""
    async with serve_metrics(tmp_path) as measured:
        await measured.report(1)
        assert measured.value("turnout_oldest_unassigned_priority1_age_seconds") == 0
        for number in range(2, 12):
            await measured.report(number)
        oldest = min(i.waiting_since_ms for i in measured.board.world.waiting.values() if not i.assigned)
        before_ms = measured.service.clock.now()
        age_s = measured.value("turnout_oldest_unassigned_priority1_age_seconds")
        after_ms = measured.service.clock.now()
        assert (before_ms - oldest) / 1000 <= age_s <= (after_ms - oldest) / 1000
        assert measured.value("turnout_waiting_incidents", priority="1") == len(measured.board.world.waiting) > 0


async def test_every_durable_turn_is_in_the_commit_times_once(tmp_path: Path) -> None:
    """However many turns pass between two scrapes, each is taken over once, and none twice."""
    async with serve_metrics(tmp_path) as measured:
        turns = HARVEST_EVERY + 300
        async with trio.open_nursery() as nursery:
            for _ in range(turns):
                nursery.start_soon(measured.service.tell, Tick())
        await measured.settled()
        for _ in range(2):
            assert measured.value("turnout_journal_commit_seconds_count") == turns


def test_every_class_of_input_is_a_kind_that_there_is() -> None:
    """A renamed input cannot silently become an order."""
    import engine.model.inputs as kinds

    assert all(hasattr(kinds, kind) for kind in CLASSES)


async def eventful(measured: Measured) -> None:
    """Make some of everything happen."""
    for number in range(8):
        await measured.report(number, ("cardiac", "fire", "alarm", "theft")[number % 4])
    await measured.service.ask(DeclareEmergency(id="e1", by="crew-m1", unit="M1"))
    await measured.service.ask(AcknowledgeAlert(id="a9", by="desk", alert="none"))
    measured.metrics.observe_answer(0.002)
    measured.http.count("answered_2xx")
    await measured.settled()
    assert measured.board.world.status(measured.board.world.units[0]) is not Status.OFF_DUTY
