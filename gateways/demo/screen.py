"""Where the demo is shown: a live board on a terminal, a line now and then anywhere else."""

from collections import Counter
from typing import Protocol

import trio
from rich.console import Console
from rich.live import Live

from engine.model.lifecycle import FREE
from gateways.demo.board import Board, Seen
from gateways.demo.ledger import percentile

DRAW_EVERY_S = 0.25
LINE_EVERY_S = 5.0


class Screen(Protocol):
    """Shows what is seen, until cancelled."""

    async def run(self, seen: Seen) -> None:
        """Show it."""


class Terminal:
    """A board that fills the terminal, and leaves it as it was."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def run(self, seen: Seen) -> None:
        """Draw four times a second."""
        with Live(Board(seen), console=self._console, screen=True, auto_refresh=False) as live:
            while True:
                live.refresh()
                await trio.sleep(DRAW_EVERY_S)


class Lines:
    """A line every few seconds, for pipes and logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def run(self, seen: Seen) -> None:
        """Print the hints, then lines."""
        for hint in seen.hints():
            self._console.print(hint, highlight=False, soft_wrap=True)
        while True:
            await trio.sleep(LINE_EVERY_S)
            self._console.print(progress_line(seen), highlight=False, soft_wrap=True)


def progress_line(seen: Seen) -> str:
    """Return where the demo stands."""
    engine, ledger = seen.supervisor, seen.ledger
    statuses = Counter(unit.status for unit in seen.mirror.units.values())
    out = sum(count for status, count in statuses.items() if status not in FREE)
    latency = f"{percentile(ledger.answer_ms, 50):.1f} ms" if ledger.answer_ms else "-"
    counts = seen.watch.counts
    return "  ".join(
        (
            f"{engine.elapsed_s():5.0f} s",
            f"engine {engine.pid} up" if engine.up else "engine DOWN, restarting",
            f"calls {ledger.calls_answered}/{ledger.calls_made}",
            f"open {len(seen.mirror.incidents)}",
            f"units out {out}/{len(seen.mirror.units)}",
            f"answer p50 {latency}",
            f"alerts {counts['alert_delivered']}/{counts['alerts_owed']}",
        )
    )
