"""How reports look on a terminal: one table a profile, and under it what was left out and why."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from engine.clocks import Profile
from engine.clocks.clocks import Row
from engine.clocks.figures import Share
from engine.clocks.findings import Line, OverrideReport, later
from engine.clocks.overrides import Verdict

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
