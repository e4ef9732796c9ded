"""Log lines: one JSON object each, in UTC, with nobody's personal data."""

import contextlib
import io
import os
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import pytest

from gateways import log


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    log.configure()


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """Return what was written to standard error, decoded line by line."""
    out, err = captured.readouterr()
    assert out == ""
    return [msgspec.json.decode(line) for line in err.splitlines()]


def test_a_line_is_one_object_with_time_level_and_room(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the fields hold, line breaks and odd objects among them."""
    log.configure("info")
    log.logger("cad").warning("a client is slow", incident="I7", odd=object, text_of=1, broken="two\nlines")
    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["room"], line["incident"]) == (
        "a client is slow",
        "warning",
        "cad",
        "I7",
    )
    assert line["broken"] == "two\nlines"
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)


def test_the_level_holds_for_loggers_made_before(capsys: pytest.CaptureFixture[str]) -> None:
    """A module's logger obeys a configuration that comes after its import."""
    made = log.logger("early")
    log.configure("warning")
    made.info("not written")
    made.warning("written")
    assert [line["event"] for line in lines(capsys)] == ["written"]


def test_personal_data_is_blanked(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip in some room does not reach the log store."""
    log.configure()
    log.logger("slip").info("reported", incident="I7", caller="Ada", address="7 Elm St", phone="555", text="help")
    (line,) = lines(capsys)
    assert line["incident"] == "I7"
    assert {line[field] for field in ("caller", "address", "phone", "text")} == {log.BLANK}


def test_an_error_brings_its_trace_in_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    """One event stays one line, however long its trace."""
    log.configure()
    try:
        int("twelve")
    except ValueError:
        log.logger("web").exception("a handler failed")
    (line,) = lines(capsys)
    assert "ValueError: invalid literal" in line["exception"]


def test_for_people_it_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """At a terminal the same line is read, not parsed."""
    log.configure("debug", pretty=True)
    log.logger("cad").debug("hello", client="desk", caller="Ada")
    _, err = capsys.readouterr()
    assert "hello" in err
    assert "client=desk" in err
    assert "Ada" not in err


def test_a_level_that_there_is_not_is_refused() -> None:
    """With the ones that there are."""
    with pytest.raises(ValueError, match="debug, info, warning or error"):
        log.configure("loud")


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "nobody reads"])
def test_a_line_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch, closed: bool) -> None:
    """A log store that went away takes its lines with it, and nothing else."""
    log.configure()
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", buffering=0) as raw:
        stream = io.TextIOWrapper(io.BufferedWriter(raw))
        if closed:
            stream.close()
        monkeypatch.setattr("sys.stderr", stream)
        log.logger("app").error("nobody hears this")
        monkeypatch.undo()
        if not closed:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
