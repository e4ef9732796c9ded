"""The table of recipients: TOML and CSV, and every mistake by name."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from test_alerts_logfile import message

from engine.model.alert_facts import Purpose
from engine.model.lifecycle import Status
from engine.model.place import Shift
from engine.state.records import Alert, AlertState
from gateways.alerts.channel import Copy
from gateways.alerts.recipients import Recipient, Recipients, RecipientsRefused, left_alone, read_recipients
from tests.unit.engine_place import Town, engine_place

PLACE = engine_place(shifts=(*engine_place().shifts, Shift("day", ((480, 1200),))))
ENDPOINTS = frozenset({"pager", "mail"})


def read(path: Path, text: str) -> Recipients:
    path.write_text(text)
    return read_recipients(path, PLACE, ENDPOINTS)


def test_both_kinds_of_file_say_the_same(tmp_path: Path) -> None:
    """A row for each address, or a table for each recipient."""
    toml = """
        [[recipients]]
        name = "jansen"
        units = ["A1", "A2"]
        shift = "day"
        quiet = "22:00-06:00"
        urgent = 2
        exercise = true
        addresses = { pager = "555", mail = "jansen@crews.example" }
        """
    table = (
        "name,units,stations,crews,endpoint,address,shift,quiet,urgent,exercise\n"
        "jansen,A1 A2,,,pager,555,day,22:00-06:00,2,true\njansen,,,,mail,jansen@crews.example,,,,\n"
    )
    assert read(tmp_path / "r.toml", toml).all == read(tmp_path / "r.csv", table).all
    assert "555" not in repr(read(tmp_path / "r.toml", toml).all)
    assert "555" not in repr(Copy("jansen", "555"))


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ('units = ["X9"]', "jansen: the place has no unit 'X9'"),
        ('units = ["A1"]\nshift = "night"', "jansen: the place has no shift 'night'"),
        ('units = ["A1"]\nquiet = "22-6"', "quiet: '22-6' is not a span like 22:00-06:00"),
        ('units = ["A1"]\nphone = "1"', "unknown field `phone`"),
        ('units = ["A1"]\naddresses = { fax = "1" }', "there is no endpoint 'fax' that takes addresses"),
        ("", "of whose alerts? Give units, stations or crews"),
    ],
)
def test_mistakes_are_refused_by_name(tmp_path: Path, more: str, complaint: str) -> None:
    """With the file."""
    addresses = "" if "addresses" in more else 'addresses = { pager = "1" }'
    with pytest.raises(RecipientsRefused) as refused:
        read(tmp_path / "r.toml", f'[[recipients]]\nname = "jansen"\n{addresses}\n{more}\n')
    assert complaint in str(refused.value)
    assert str(tmp_path / "r.toml") in str(refused.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("who,where\n", "the columns are name, units"),
        ("name,units,endpoint,address\njansen,A1,pager\n", "line 2: has not as many fields"),
        ("name,units,endpoint,address,urgent\njansen,A1,pager,555,often\n", "line 2: Expected `int`"),
        ("name,units,endpoint,address\njansen,,pager,555\n", "line 2: jansen: of whose alerts?"),
        ("name,units,endpoint,address\njansen,A1,pager,\n", "line 2: Expected `str` of length >= 1"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    """As the other CSV files do."""
    with pytest.raises(RecipientsRefused) as refused:
        read(tmp_path / "r.csv", text)
    assert complaint in str(refused.value)


def test_units_stations_and_crews_lead_to_their_recipients_once() -> None:
    """However often the table names them."""
    town = Town()
    home = town.world.fleet.units[0]
    each = {"pager": "1"}
    recipients = Recipients(
        (
            Recipient(name="both", units=(home.id,), stations=(home.station,), addresses=each),
            Recipient(name="mail only", units=(home.id,), addresses={"mail": "a@b"}),
            Recipient(name="elsewhere", units=("nobody",), addresses=each),
        )
    )
    assert [found.name for found in recipients.listed(town.world, home.id, "pager")] == ["both"]
    assert [found.name for found in recipients.listed(town.world, "unknown", "pager")] == []
    found = recipients.addressed("mail", "a@b")
    assert found is not None
    assert found.name == "mail only"


def test_a_crew_that_says_it_is_off_duty_is_left_alone_until_it_is_out() -> None:
    """Its own word counts; one that is out on a job past its hours is told."""
    place = engine_place()
    shifts = (*place.shifts, Shift("never", ((0, 1),)))
    units = tuple(replace(unit, shift="never") if unit.id == "A1" else unit for unit in place.units)
    town = Town(engine_place(shifts=shifts, units=units))
    recipient = Recipient(name="crew", units=("A1",), addresses={"pager": "1"})
    alert = _alert(town)
    assert left_alone(town.world, alert, recipient, town.now) == "off duty: so is A1"
    incident = town.report("medical", 1)
    town.send(incident, "A1")
    town.says("A1", Status.EN_ROUTE, after_s=30)
    assert left_alone(town.world, alert, recipient, town.now) == ""


def _alert(town: Town) -> Alert:
    told = message()
    return Alert("A1", Purpose.DISPATCH, "A1", "", 0, "pager", 1, told.text, AlertState.REQUESTED, town.now, town.now)


def test_what_is_no_table_at_all_is_refused_by_name(tmp_path: Path) -> None:
    """A field without end, or letters of another alphabet's encoding."""
    with pytest.raises(RecipientsRefused, match="is not CSV"):
        read(tmp_path / "r.csv", f"name,endpoint,address\n{'x' * 200_000},pager,1\n")
    (tmp_path / "latin.csv").write_bytes("name,endpoint,address\nJos\xe9,pager,1\n".encode("latin-1"))
    with pytest.raises(RecipientsRefused, match="is not UTF-8"):
        read_recipients(tmp_path / "latin.csv", PLACE, ENDPOINTS)
