"""The end of a demo in one page, or in one JSON object: what was seen, how fast it was, and what the audit found."""

import math

import msgspec
from msgspec import Struct
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateways.demo.audit import Audit
from gateways.demo.ledger import Closing, Ledger, percentile
from gateways.demo.supervisor import Outage
from gateways.demo.travel_tallies import OnEpoch, Punctuality


class Latency(Struct, frozen=True):
    """Real milliseconds of n calls; outages are in them."""

    calls: int
    p50_ms: float | None
    p99_ms: float | None
    longest_ms: float | None


class Summary(Struct, frozen=True):
    """Everything that is said at the end."""

    holds: bool
    place: str
    units: int
    pace: float
    seconds: float
    """Real seconds that the city lived."""
    stopped_cleanly: bool
    outages: tuple[Outage, ...]
    answered: Latency
    """From the call to its durable answer."""
    recommended: Latency
    """From the call to the recommendation on the screen."""
    ledger: dict[str, int]
    audit: Audit
    data: str


def latency(values: list[float]) -> Latency:
    """Return the figures, to a hundredth of a millisecond."""
    p50, p99, longest = (percentile(values, percent) for percent in (50, 99, 100))
    return Latency(len(values), *(None if math.isnan(each) else round(each, 2) for each in (p50, p99, longest)))


def ledger_figures(ledger: Ledger) -> dict[str, int]:
    """Return the counts of the city's own book."""
    return {
        "calls": ledger.calls_made,
        "commands": len(ledger.commands),
        "refused": sum(ledger.refusals.values()),
        "unanswered": ledger.open_commands(),
        "pages_shown": len(ledger.pages),
        "pages_lost_on_purpose": ledger.pages_dropped,
        "receipts": len(ledger.receipts),
        "drives": ledger.drives,
        "drives_rerouted": ledger.drives_rerouted,
        "drives_through_closed": ledger.drives_through_closed,
        "fixes_json_lines": ledger.fixes_streamed,
        "fixes_osmand": ledger.fixes_posted,
        "feed_refusals": ledger.feed_refusals,
        "feed_errors": ledger.feed_errors,
        **{f"refused_{code}": count for code, count in sorted(ledger.refusals.items())},
    }


def as_json(summary: Summary) -> str:
    """Return the summary in one line."""
    return msgspec.json.encode(summary).decode()


def show(console: Console, summary: Summary) -> None:
    """Print the summary."""
    console.print()
    console.print(Text(f"{summary.place}: {summary.seconds:.0f} s at pace {summary.pace:g}", style="bold"))
    console.print(_figures(summary))
    console.print(_findings(summary))
    for line in _verdict(summary):
        console.print(line)


def _figures(summary: Summary) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    book, incidents, alerts = summary.ledger, summary.audit.incidents, summary.audit.alerts
    table.add_row("city time", f"{_span(summary.audit.seconds)} in {summary.audit.turns} turns")
    ended = ", ".join(f"{incidents[end]} {end}" for end in ("closed", "cancelled", "merged", "open") if incidents[end])
    table.add_row("calls", f"{book['calls']} made; incidents in the journal: {ended}")
    table.add_row("call → answer", _latency(summary.answered))
    table.add_row("call → advice", _latency(summary.recommended))
    table.add_row(
        "alerts",
        f"{alerts['owed']} owed, {alerts['paged']} paged, {alerts['retried']} tried again, "
        f"{alerts['escalated']} escalated, {alerts['handed_over']} handed to a person",
    )
    table.add_row("advice", _advice(summary.audit.response))
    table.add_row("move-ups", _moves(summary.audit.moves))
    table.add_row("arrivals", _punctuality(summary.audit.punctuality))
    if summary.audit.closing is not None and summary.audit.decided is not None:
        table.add_row("closed", _closing(summary.audit.closing, summary.audit.decided))
    table.add_row("positions", f"{book['fixes_json_lines']} streamed, {book['fixes_osmand']} by OsmAnd")
    table.add_row(
        "refused", ", ".join(f"{v} {k[8:]}" for k, v in book.items() if k.startswith("refused_")) or "nothing"
    )
    table.add_row("engine down", "; ".join(_outage(each) for each in summary.outages) or "never")
    return table


def _findings(summary: Summary) -> Table:
    table = Table(
        box=box.SIMPLE,
        padding=(0, 1),
        title="The audit: what the city saw against what the journal holds",
        title_justify="left",
    )
    table.add_column("")
    table.add_column("claim", overflow="fold")
    table.add_column("figures", overflow="fold")
    for finding in summary.audit.findings:
        mark = Text("✓", "green") if finding.holds else Text("✗", "bold red")
        table.add_row(mark, finding.claim, finding.figures, style=None if finding.holds else "red")
    return table


def _verdict(summary: Summary) -> list[Text]:
    if not summary.stopped_cleanly:
        stopped = Text("The engine did not stop in order when it was asked to; its log is engine.log.", "red")
        return [stopped, *_last_words(summary)]
    return _last_words(summary)


def _last_words(summary: Summary) -> list[Text]:
    if not summary.holds:
        return [Text(f"Something does not agree. Everything is kept in {summary.data}.", "bold red")]
    return [
        Text("Nothing was lost.", "bold green"),
        Text(f"Kept in {summary.data}. Why was it decided so?", "dim"),
        Text(f"  turnout why I1 --data {summary.data}"),
        Text(f"  turnout report {summary.data}"),
    ]


def _latency(figures: Latency) -> str:
    if figures.p50_ms is None:
        return "nobody called"
    return f"p50 {figures.p50_ms:.1f} ms   p99 {figures.p99_ms:.1f} ms   longest {figures.longest_ms:.1f} ms"


def _advice(counts: dict[str, int]) -> str:
    """Return what became of recommendations, and what was changed after the dispatch; what was not is left out."""
    told = (
        ("overridden", "overridden"),
        ("stale", "stale"),
        ("diverted", "diverted"),
        ("superseded", "superseded"),
        ("alarms_struck", "further alarms"),
        ("merged", "duplicates merged"),
        ("held", "held"),
        ("stacked", "stacked"),
        ("cautions", "cautions"),
    )
    words = [f"{counts[name]} {word}" for name, word in told if counts[name]]
    asked = counts["neighbours_asked"]
    neighbours = [f"{counts['neighbours_committed']} of {asked} neighbours' units came"] if asked else []
    return ", ".join([f"{counts['accepted']} accepted", *words, *neighbours])


def _moves(counts: dict[str, int]) -> str:
    """Return what became of moves between posts; of ends but arriving only those that there were."""
    if not counts["proposed"] and not counts["ordered"]:
        return "none proposed"
    told = (
        ("carried_out", "automatic"),
        ("unasked", "unasked"),
        ("refused", "refused"),
        ("withdrawn", "withdrawn"),
        ("ended_dispatched", "sent out on the way"),
        ("ended_replaced", "sent elsewhere"),
        ("ended_recalled", "recalled"),
        ("ended_refused", "refused on the way"),
        ("ended_out", "out of service"),
        ("under_way", "under way"),
    )
    words = [f"{counts[name]} {word}" for name, word in told if counts[name]]
    always = (f"{counts['proposed']} proposed", f"{counts['accepted']} accepted", f"{counts['ended_arrived']} arrived")
    return ", ".join([*always, *words])


def _punctuality(figures: Punctuality) -> str:
    if figures.error_median_s is None or figures.bias_s is None:
        return "nobody has arrived yet"
    later = "late" if figures.bias_s >= 0 else "early"
    return (
        f"{figures.arrivals}, foretold {figures.basis} (median {figures.eta_median_s:.0f} s): off by "
        f"{figures.error_median_s:.0f} s in the median, p90 {figures.error_p90_s:.0f} s, "
        f"{abs(figures.bias_s):.0f} s {later} on average"
    )


def _closing(closing: Closing, decided: OnEpoch) -> str:
    if not closing.closure:
        return f"{closing.street}: the engine refused to close it"
    known = "was not seen" if closing.in_force_ms is None else f"after {closing.in_force_ms:.0f} ms"
    opened = "" if closing.opened_s is None else f", opened at {closing.opened_s:.1f} s"
    return (
        f"{closing.street} ({closing.arcs} arcs, {closing.share_percent} % of ways) at {closing.closed_s:.1f} s{opened}; "
        f"epoch {closing.epoch} in force {known}; on it {decided.open_recommendations} open recommendations "
        f"worked out again at once ({decided.changed} changed), then {decided.recommendations - decided.changed} new ones "
        f"and {decided.dispatches} dispatches"
    )


def _outage(outage: Outage) -> str:
    how = f"signal {-outage.status}" if outage.status < 0 else f"exit {outage.status}"
    if outage.to_s is None:
        return f"from {outage.from_s:.1f} s ({how})"
    return f"{outage.to_s - outage.from_s:.1f} s, at {outage.from_s:.1f} s ({how})"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
