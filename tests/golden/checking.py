"""A story is run, told, and held against the file that tells it."""

import os
from collections.abc import Callable
from pathlib import Path

from engine.core.invariants import violations
from tests.golden.storyteller import tell
from tests.unit.engine_place import Town

Story = Callable[[Town], None]


def check_story(story: Story, town: Town, folder: Path) -> None:
    """Compare word by word; with UPDATE_GOLDEN=1 write the file first."""
    del town.turns[:]
    story(town)
    assert violations(town.world) == []
    text = tell(story.__name__.replace("_", " "), (story.__doc__ or "").strip(), town.turns)
    file = folder / f"{story.__name__}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
