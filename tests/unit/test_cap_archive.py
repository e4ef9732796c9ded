"""What was published is kept for a while, and never let go while somebody still has to hear of it."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from gateways.cap.alert import Status
from gateways.cap.archive import Archive, Publication, load
from gateways.cap.orders import Order
from gateways.cap.reading import read_alert
from tests.builders import NOW
from tests.unit.cap_kit import alert, info, when

DAY = 86_400_000
ORDER = msgspec.convert(
    {"id": "1", "caution": "H1", "scope": "Public", "categories": ["Safety"], "event": "Gas leak", "severity": "Severe"}
    | {"area": "Old town", "headline": "Gas leak"},
    Order,
)


def publication(name: str, ends_ms: int, *, over: bool) -> Publication:
    """Return one of two messages."""
    message = read_alert(alert(name, info(expires=when(ends_ms)), sent_ms=min(ends_ms, NOW) - 1_000))
    return Publication(ORDER, "desk", (message, replace(message, status=Status.TEST)), over)


def archive(**sent: int) -> Archive:
    """Return one that ended long ago, one that is in force, one that ended a moment ago, and one that goes on for a day."""
    publications = {
        "old": publication("old", NOW - 40 * DAY, over=True),
        "live": publication("live", NOW - 40 * DAY, over=False),
        "fresh": publication("fresh", NOW - 1_000, over=True),
        "cancelled": publication("cancelled", NOW + DAY, over=True),
    }
    return Archive(publications, sent, [(name, index) for index in range(2) for name in publications])


def test_what_is_over_goes_once_everybody_has_it() -> None:
    """A receiver that is away keeps it; one that is not configured any more does not, nor one that is new."""
    for receivers, sent in (([], {}), (["a"], {"a": 5, "gone": 0}), (["new"], {"gone": 0})):
        made = archive(**sent).trimmed(receivers, NOW - 30 * DAY)
        assert list(made.publications) == ["live", "fresh", "cancelled"]
        assert made.end == 8
    assert list(archive(a=4).trimmed(["a"], NOW - 30 * DAY).publications) == ["old", "live", "fresh", "cancelled"]
    assert list(archive(a=8).trimmed(["a"], NOW).publications) == ["live", "cancelled"]
    assert list(archive(a=8).trimmed(["a"], NOW + 2 * DAY).publications) == ["live"]


def test_who_goes_on_finds_its_place() -> None:
    """The numbers of what is left are as they were."""
    made = archive(a=5, b=6).trimmed(["a", "b"], NOW - 30 * DAY)
    assert (made.gone, made.numbers[0]) == (5, ("live", 1))
    again = replace(made, sent={"a": 8, "b": 8}).trimmed(["a", "b"], NOW - 30 * DAY)
    assert (again.gone, again.numbers, again.end) == (8, [], 8)


def test_a_file_of_before_is_read(tmp_path: Path) -> None:
    """Without what has been added since, and with it."""
    path, every = tmp_path / "published", archive(a=5)
    before = msgspec.to_builtins(every)
    del before["gone"]
    path.write_bytes(msgspec.msgpack.encode(before))
    assert load(path) == every
    path.write_bytes(msgspec.msgpack.encode(every.trimmed(["a"], NOW)))
    assert load(path) == every.trimmed(["a"], NOW)
