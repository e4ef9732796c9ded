"""How the work of crews looks on a terminal."""

from rich.console import Console
from rich.table import Table

from engine.clocks.fairness import Line, WorkReport
from gateways.report_tables import NOTHING, span

FIGURES = {"busy_share": "busy", "calls": "calls", "moves": "moves", "km": "km"}


def show_work(console: Console, work: WorkReport) -> None:
    """Print who did how much, and how far apart the crews are."""
    for title, lines in (("Work of crews", work.crews), ("Work of stations", work.stations)):
        table = Table(title=title)
        for name in ("", "station", "on duty", "busy", "share", "calls", "moves", "km"):
            table.add_column(name, justify="left" if name in {"", "station"} else "right")
        for line in lines:
            table.add_row(*_cells(line))
        console.print(table)
    for each in work.spread:
        low, middle, high = (_figure(each.what, value) for value in (each.low, each.middle, each.high))
        told = f"{FIGURES[each.what]}: {low} at least, {middle} (median), {high} at most, of {each.crews} crews"
        console.print(told, highlight=False)


def _cells(line: Line) -> tuple[str, ...]:
    share = NOTHING if line.busy_share is None else f"{line.busy_share:.0%}"
    km = NOTHING if line.km is None else f"{line.km:.1f}"
    return (
        line.name,
        line.station,
        span(line.duty_ms),
        span(line.busy_ms),
        share,
        f"{line.calls}",
        f"{line.moves}",
        km,
    )


def _figure(what: str, value: float) -> str:
    return f"{value:.0%}" if what == "busy_share" else f"{value:g}"
