"""--from and --to: the stretch of time that a report or an export is about, in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click


def spanned(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --from (as `from_`) and --to."""
    moment = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    until = click.option("--to", type=moment, help="Before this time, UTC.")
    since = click.option("--from", "from_", type=moment, help="From this time on, UTC.")
    return since(until(command))


def in_ms(moment: datetime | None) -> int | None:
    """Return the moment in ms since the epoch."""
    return None if moment is None else round(moment.replace(tzinfo=UTC).timestamp() * 1000)
