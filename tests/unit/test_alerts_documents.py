"""The documents of the room are true: every example is a configuration, and `turnout alerts` says who is told."""

import csv
import io
import re
import textwrap
import tomllib
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from gateways.alerts import AlertChannel, Endpoint
from gateways.alerts.wording import FIELDS
from gateways.cli import main
from gateways.places import generate

ROOM = Path(__file__).parents[2] / "gateways" / "alerts"
TEXT = (ROOM / "CHANNELS.md").read_text(encoding="utf-8")
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"(?:^ {4}.*\n|^\n)+", TEXT, re.MULTILINE) if block.strip()]


def test_every_channel_has_an_example_that_is_read() -> None:
    """One for each of the union, and nothing else."""
    endpoints = [
        msgspec.convert(table, Endpoint)
        for block in BLOCKS
        if "[[endpoints]]" in block
        for table in tomllib.loads(block)["endpoints"]
    ]
    shown = {type(each.channel) for each in endpoints}
    assert shown == set(AlertChannel.__args__)  # type: ignore[attr-defined]
    assert len(endpoints) == len(shown)


def test_every_field_of_a_template_is_named() -> None:
    """And every test that a proof names is there."""
    for name in FIELDS:
        assert f"{name}}}" in TEXT or f"{{{name}}}" in TEXT, name
    for path in re.findall(r"tests/\S+?\.py", TEXT):
        assert (ROOM.parents[1] / path).is_file(), path


def test_the_table_of_recipients_has_rows_as_long_as_its_head() -> None:
    """Commas are easily lost."""
    (table,) = [block.strip() for block in BLOCKS if block.strip().startswith("name,units")]
    rows = list(csv.reader(io.StringIO(table)))
    assert {len(row) for row in rows} == {10}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made city whose ladder is mail beside a log."""
    folder = tmp_path_factory.mktemp("alerts") / "city"
    generate(folder, 7, 24, lambda *_: None)
    place = folder / "place.toml"
    text = place.read_text(encoding="utf-8")
    place.write_text(re.sub(r"(?m)^ladder = .*$", 'ladder = ["mail+log"]', text), encoding="utf-8")
    (folder.parent / "c.toml").write_text(
        f'recipients = "{folder.parent / "r.toml"}"\n'
        '[[endpoints]]\nname = "log"\nchannel = { channel = "logfile", path = "alerts.log" }\n'
        '[[endpoints]]\nname = "mail"\n'
        'channel = { channel = "smtp", host = "mail.invalid", sender = "a@b.example", timeout_s = 5 }\n'
    )
    return folder


def run(city: Path, *words: str) -> tuple[int, str]:
    config = ["--config", str(city.parent / "c.toml")]
    result = CliRunner().invoke(main, ["alerts", words[0], str(city), *config, *words[1:]])
    return result.exit_code, result.output


def test_who_is_told_and_who_is_not(city: Path) -> None:
    """A unit for which nobody is listed is a gap, and an exit status."""
    stations = sorted({line.split(",")[0] for line in (city / "stations.csv").read_text().splitlines()[1:]})
    listed = ", ".join(f'"{name}"' for name in stations)
    table = city.parent / "r.toml"
    table.write_text(f'[[recipients]]\nname = "chief"\nstations = [{listed}]\naddresses = {{ mail = "c@b.example" }}\n')
    status, said = run(city, "who")
    assert (status, "No gaps" in said, "mail: chief" in said) == (0, True, True)
    table.write_text(
        f'[[recipients]]\nname = "chief"\nstations = ["{stations[0]}"]\naddresses = {{ mail = "c@b.example" }}\n'
    )
    status, said = run(city, "who")
    assert status == 1
    assert "NOBODY is listed" in said


def test_an_endpoint_is_tried(city: Path) -> None:
    """It takes the message, or says why not; what is not there is named."""
    (city.parent / "r.toml").write_text("")
    assert run(city, "try", "--endpoint", "log") == (0, "log: taken.\n")
    line = msgspec.json.decode((city / "alerts.log").read_bytes())
    assert line["data"]["text"].startswith("EXERCISE EXERCISE: TEST")
    status, said = run(city, "try", "--endpoint", "fax")
    assert (status, "there are log, mail" in said) == (78, True)
    status, said = run(city, "try", "--endpoint", "mail")
    assert (status, "give --recipient" in said) == (78, True)
