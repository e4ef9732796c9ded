"""One server for the tests that share a desk. Each of them enters calls of its own, and leaves the line empty."""

from collections.abc import Iterator

import pytest

from tests.browser.desk_kit import Seat, desk

RESTED = (
    "() => { window.turnout.desk.line.focus(''); document.activeElement.blur(); window.turnout.board.select(null); }"
)


@pytest.fixture(scope="session")
def sitting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """A server and a page, for all of them."""
    with desk(tmp_path_factory.mktemp("sitting")) as seat:
        yield seat


@pytest.fixture
def seat(sitting: Seat) -> Seat:
    """The same, with an empty line, nothing selected and no sheet open."""
    _, page = sitting
    page.evaluate(RESTED)
    return sitting
