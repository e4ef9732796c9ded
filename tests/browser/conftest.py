"""One server for the tests that share a desk. Each of them enters calls of its own, and leaves the line empty."""

from collections.abc import Iterator

import pytest

from tests.browser.desk_kit import Seat, desk, expect

RESTED = (
    "() => { window.turnout.desk.line.focus(''); document.activeElement.blur(); window.turnout.board.select(null); }"
)


@pytest.fixture(scope="module")
def sitting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """A server and a page, for all of a file: playwright runs once in a process, so other files could not start theirs."""
    with desk(tmp_path_factory.mktemp("sitting")) as seat:
        yield seat


@pytest.fixture
def seat(sitting: Seat) -> Seat:
    """The same, with no call open, an empty line and nothing selected."""
    server, page = sitting
    for each in server.read("/v1/incidents")["items"]:
        if each["ended_ms"] is None:
            server.order(f"/v1/incidents/{each['id']}/cancel", reason="another test begins")
    page.evaluate(RESTED)
    expect(page.locator("#queue .row")).to_have_count(0)
    return sitting
