"""Documents word by word: a fire from the call to its closing, as the neighbours are told of it."""

import json
import os
from pathlib import Path

import msgspec
from click.testing import CliRunner

from engine.model.crew_inputs import AnswerAid
from engine.model.inputs import CloseIncident, LinkIncidents, ReportIncident, ReportStatus
from engine.model.lifecycle import Status
from engine.model.place import ResponseArea
from engine.model.surroundings import RecordCaution, Severity
from gateways.cli import main
from gateways.eido import documents
from gateways.eido.render import Renderer
from tests.eido_kit import CONFIG, mistakes, schema_folder
from tests.property.crew_kit import neighbourly_place
from tests.unit.engine_place import Town

FOLDER = Path(__file__).parent / "eido"
NORTH = ResponseArea("north", "North", ((-10_000, 0), (10_000, 0), (10_000, 10_000), (-10_000, 10_000)))


def town() -> Town:
    """A fire in an area that a neighbour answers for; a unit of its is asked for, a danger is known of."""
    place = msgspec.structs.replace(neighbourly_place(), areas=(NORTH,))
    made = Town(place)
    made.step(
        RecordCaution(id="c1", by="desk", x_m=100, y_m=900, radius_m=300, severity=Severity.DANGER, text="gas & dogs")
    )
    made.step(
        ReportIncident(
            id="c2",
            by="desk",
            type="fire",
            x_m=100,
            y_m=1_000,
            address="12 Mill Lane",
            caller="+1 555 0100",
            note="<smoke>",
        )
    )
    made.step(ReportIncident(id="c3", by="desk", type="crime", x_m=300, y_m=-900))
    made.step(LinkIncidents(id="c4", by="desk", incident="I1", other="I2"))
    return made


def held(name: str, made: Town, incident: str) -> None:
    """Compare with the file; with UPDATE_GOLDEN=1 write it first."""
    eido = Renderer(CONFIG).render(made.world, made.world.incidents[incident], callers=True)
    data = documents.encode(eido)
    text = msgspec.json.format(data, indent=1).decode() + "\n"
    file = FOLDER / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    schema_folder()
    assert mistakes(data) == []


def test_a_fire_that_is_answered() -> None:
    held("fire_answered", town(), "I1")


def test_a_fire_that_is_over() -> None:
    made = town()
    for unit in list(made.world.incidents["I1"].assigned):
        if made.world.status(made.world.unit(unit)) is Status.REQUESTED:
            made.step(AnswerAid(id=f"aid-{unit}", by="desk", unit=unit, incident="I1", committed=False, reason="busy"))
    for unit in list(made.world.incidents["I1"].assigned):
        for status in (Status.EN_ROUTE, Status.ON_SCENE, Status.AVAILABLE):
            made.step(ReportStatus(id=f"{unit}-{status}", by=unit, unit=unit, status=status))
    made.step(CloseIncident(id="end", by="desk", incident="I1", disposition="out"))
    held("fire_over", made, "I1")


def test_nenas_own_sample_is_read() -> None:
    sample = schema_folder() / "sample-call-transfer.json"
    result = CliRunner().invoke(main, ["eido", "check", str(sample)])
    assert result.exit_code == 0, result.output
    assert "personComponent (1)" in result.output
    assert mistakes(json.loads(sample.read_text())) == []


def test_what_is_wrong_is_named() -> None:
    result = CliRunner().invoke(main, ["eido", "check", "-"], input='{"$id": "x", "lastUpdateTimeStamp": "yesterday"}')
    assert result.exit_code == 1
    assert "$.lastUpdateTimeStamp" in result.stderr
