"""Claims about `[crews]`: what the page on board could not work with is refused at the start."""

import re
from pathlib import Path

import pytest

from gateways.config import ConfigRefused, read_config
from gateways.crews.config import PAGE_BATCH, CrewsConfig

CHANNEL = Path(__file__).parents[2] / "gateways" / "crews" / "static" / "channel.js"


def test_a_batch_that_the_page_s_outbox_would_never_fit_into_is_refused(tmp_path: Path) -> None:
    """With the field, the least that will do, and why."""
    path = tmp_path / "server.toml"
    path.write_text(f"[crews]\nbatch = {PAGE_BATCH - 1}\n")
    with pytest.raises(ConfigRefused, match=r"batch: must be 32 or more, not 31: .*`\$\.crews`"):
        read_config(path)
    path.write_text(f"[crews]\nbatch = {PAGE_BATCH}\n")
    assert read_config(path).crews == CrewsConfig(batch=PAGE_BATCH)


def test_the_page_sends_as_many_at_once_as_is_promised() -> None:
    (sent,) = re.findall(r"^const BATCH = (\d+);", CHANNEL.read_text(encoding="utf-8"), re.MULTILINE)
    assert int(sent) == PAGE_BATCH
