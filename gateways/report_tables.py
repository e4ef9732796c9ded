"""How reports look on a terminal: one table a profile, and under it what was left out and why."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from engine.clocks import Profile
from engine.clocks.agreement import AgreementLine, Saved, ShadowReport
from engine.clocks.clocks import Row
from engine.clocks.figures import Share
from engine.clocks.findings import Line, OverrideReport, later
from engine.clocks.overrides import Verdict
from engine.clocks.shadow import Agreement

NOTHING = "-"


def show_clocks(
    rows: Sequence[Row], profiles: Sequence[Profile], heading: str, notes: Sequence[str], method: str
) -> None:
    """Print the clocks of these profiles."""
    console = Console()
    console.print(heading, highlight=False)
    for profile in profiles:
        own = [row for row in rows if row.profile == profile.name]
        console.print(_clock_table(profile, own))
        for row in own:
            _say_counts(console, f"{row.measure}: left out", row.left_out)
            _say_counts(console, f"{row.measure}: beyond the limit although, or because", row.late)
        for note in profile.notes:
            console.print(f"  {note}", highlight=False, style="dim")
    for note in notes:
        console.print(f"note: {note}", highlight=False)
    console.print(f"{method}; times run from stamp to stamp of the crews.", highlight=False, style="dim")


def show_overrides(found: OverrideReport) -> None:
    """Print what people made of the recommendations, the findings first."""
    console = Console()
    for sentence in found.findings or ["Nothing stands out: no plan, slot or area is passed over often."]:
        console.print(sentence, highlight=False)
    if found.later_ms is not None:
        console.print(f"Those who went instead arrive {later(found.later_ms)} (median).", highlight=False)
    for title, lines in (("by plan", found.plans), ("by slot, in units", found.slots), ("by area", found.areas)):
        if lines:
            console.print(_override_table(title, [found.total, *lines] if lines is found.plans else lines))
    _say_counts(console, "reasons given", dict(found.total.reasons))
    for unit in found.units:
        console.print(f"  {unit.unit}: passed over {unit.times} times, others {later(unit.later_ms)}", highlight=False)


def show_shadow(found: ShadowReport) -> None:
    """Print what shadow plans would have sent against what was sent, and how far to believe it."""
    console = Console()
    if not found.total.incidents:
        console.print("No incident of a shadow plan can be compared with what was sent.", highlight=False)
    else:
        console.print(_shadow_table(found))
        if found.decided_s is not None:
            told = f"They decided {found.decided_s:.0f} s (median) after we had; no part of what would have been saved."
            console.print(told, highlight=False)
    _say_counts(
        console, "their first unit was expected sooner than ours, which we did not choose as", found.theirs_better
    )
    if found.etas is not None:
        etas = found.etas
        console.print(
            f"Our ETAs for their units: {etas.arrivals} arrivals, {_seconds(etas.bias_s, etas.low_s, etas.high_s)} late "
            f"on average, {etas.p50_s:.0f} s off (median), {etas.within_60_s:.0%} within a minute.",
            highlight=False,
        )
    _say_counts(console, "their units without an arrival to compare", found.unmeasured)
    _say_counts(console, "incidents left out", found.left_out)
    console.print(f"{found.method}.", highlight=False, style="dim")


def _shadow_table(found: ShadowReport) -> Table:
    table = Table(title="What shadow plans would have sent, against what was sent")
    for name in (
        "",
        "n",
        "same units",
        "same first",
        "different",
        "agree",
        "95 %",
        "saved",
        "mean, 95 %",
        "median",
        "last",
    ):
        table.add_column(name, justify="right" if name else "left")
    parts = (("", [found.total]), ("priority ", found.priorities), ("", found.types))
    for word, lines in parts:
        for line in lines:
            table.add_row(f"{word}{line.name}", *_shadow_cells(line))
    return table


def _shadow_cells(line: AgreementLine) -> tuple[str, ...]:
    counts = [f"{line.agreements[each]}" for each in Agreement]
    if line.same_first is None or line.low is None or line.high is None or line.first is None:
        return (f"{line.incidents}", *counts, *(NOTHING,) * 6)
    first = line.first
    share = (f"{line.same_first:.1%}", f"{line.low:.0%}-{line.high:.0%}")
    mean = _seconds(first.mean_s, first.low_s, first.high_s)
    times = (f"{first.sum_min:.1f} min", mean, f"{first.median_s:.0f} s", _last(line.complete))
    return (f"{line.incidents}", *counts, *share, *times)


def _last(complete: Saved | None) -> str:
    return NOTHING if complete is None else _seconds(complete.mean_s, complete.low_s, complete.high_s)


def _seconds(mean_s: float, low_s: float | None, high_s: float | None) -> str:
    """Return a mean with its interval."""
    return f"{mean_s:.0f} s" if low_s is None or high_s is None else f"{mean_s:.0f} s ({low_s:.0f} to {high_s:.0f})"


def _clock_table(profile: Profile, rows: Sequence[Row]) -> Table:
    table = Table(title=f"{profile.title}  ({profile.name})")
    for name in ("measure", "n", "limit", "within", "95 %", "target", "", "mean", "median", "p90", "left out"):
        table.add_column(name, justify="left" if name in {"measure", ""} else "right")
    for row in rows:
        name = f"{row.measure} (unverified)" if row.unverified else row.measure
        times = (_mean(row), span(row.p50_ms), span(row.p90_ms), f"{sum(row.left_out.values())}")
        for number, share in enumerate(row.shares):
            first = number == 0
            table.add_row(
                *((name, f"{row.readings}") if first else ("", "")),
                *_share(share),
                *(times if first else ("", "", "", "")),
            )
        if not row.shares:
            table.add_row(name, f"{row.readings}", NOTHING, NOTHING, NOTHING, NOTHING, _verdict(row.mean_met), *times)
    return table


def _share(share: Share) -> tuple[str, str, str, str, str]:
    if share.share is None or share.low is None or share.high is None:
        return f"{share.within_s} s", NOTHING, NOTHING, f"{share.percent} %", ""
    return (
        f"{share.within_s} s",
        f"{share.share:.1%}",
        f"{share.low:.0%}-{share.high:.0%}",
        f"{share.percent} %",
        _verdict(share.met),
    )


def _mean(row: Row) -> str:
    if row.mean_target_s is None:
        return span(row.mean_ms)
    return f"{span(row.mean_ms)} of {span(row.mean_target_s * 1000)} {_verdict(row.mean_met)}".rstrip()


def _verdict(met: bool | None) -> str:
    return "" if met is None else ("[green]met[/green]" if met else "[red]not met[/red]")


def span(ms: int | None) -> str:
    """Return a duration as minutes and seconds."""
    if ms is None:
        return NOTHING
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes}:{seconds:02d}"


def _say_counts(console: Console, what: str, counts: Mapping[str, int]) -> None:
    if counts:
        told = ", ".join(
            f"{count} {reason}" for reason, count in sorted(counts.items(), key=lambda it: (-it[1], it[0]))
        )
        console.print(f"  {what}: {told}", highlight=False)


def _override_table(title: str, lines: Sequence[Line]) -> Table:
    table = Table(title=f"What people made of the recommendations, {title}")
    table.add_column("")
    verdicts = [verdict for verdict in Verdict if any(verdict in line.verdicts for line in lines)]
    for verdict in verdicts:
        table.add_column(verdict.value.replace("_", " "), justify="right")
    table.add_column("passed over", justify="right")
    for line in lines:
        counts = [f"{line.verdicts[verdict]}" if verdict in line.verdicts else NOTHING for verdict in verdicts]
        table.add_row(line.name, *counts, NOTHING if line.passed_over is None else f"{line.passed_over:.0%}")
    return table
