"""What is told afterwards, from the journal alone: `turnout why` and `turnout report` about a whole response.

As in `test_stories.py`: UPDATE_GOLDEN=1 rewrites the files.
"""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.journal.codec import record_of
from gateways.cli import main
from tests.builders import SMALL_JOURNAL
from tests.golden.test_response_stories import diverted
from tests.property.journal_kit import appender
from tests.unit.engine_place import Town

ACCOUNTS = Path(__file__).parent / "accounts"
ASKED: dict[str, tuple[str, ...]] = {
    "why_the_diverted_unit": ("why", "I2"),
    "why_not_that_unit": ("why", "I1", "--unit", "A1"),
    "why_at_that_turn": ("why", "I1", "--at", "5"),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the journal of a diversion, its backfill and what came after."""
    town = Town()
    diverted(town)
    folder = tmp_path_factory.mktemp("data")
    writer = appender(folder / "journal", SMALL_JOURNAL)
    writer.append([record_of(turn) for turn in town.turns])
    writer.sync()
    writer.close()
    return folder


@pytest.mark.parametrize("name", ASKED)
def test_the_account_is_what_it_was(name: str, data: Path) -> None:
    """Word by word: who was looked at, the parts of each time, prices, margins, what kept others out, the proof."""
    told = CliRunner().invoke(main, [*ASKED[name], "--data", str(data)])
    assert told.exit_code == 0, told.output
    file = ACCOUNTS / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.write_text(told.stdout, encoding="utf-8")
    assert told.stdout == file.read_text(encoding="utf-8")


def test_no_account_is_left_from_another_time() -> None:
    """Every file is asked for here."""
    assert sorted(path.stem for path in ACCOUNTS.iterdir()) == sorted(ASKED)
