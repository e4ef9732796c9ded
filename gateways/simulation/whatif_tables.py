"""How a what-if is told: the document of simulations with what was recorded in its first row, and pairs call by call."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine.sim.by_call import by_call
from engine.sim.happened import AS_RECORDED
from gateways.simulation.document import document_of, told_apart
from gateways.simulation.tables import print_tables
from gateways.simulation.telling import write
from gateways.simulation.whatif import Answer
from gateways.simulation.words import NOTHING, count, is_clear, points, relative, seconds

Entry = dict[str, Any]


def document_of_answer(answer: Answer) -> Entry:
    """Return the JSON: as simulations have it, but that differences are from the policy of then as simulated.

    Each difference also has `by_call`; `simulator` is how far the policy of then, simulated, lies from what was recorded.
    """
    simulated = {name: outcomes for name, outcomes in answer.by_policy.items() if name != AS_RECORDED}
    document = document_of(answer.run, answer.by_policy)
    document["policies"][0] = _without_intervals(document["policies"][0])
    document["differences"] = document_of(answer.run, simulated)["differences"]
    for each in document["differences"]:
        each["by_call"] = _by_call(answer, each["policy"], answer.then)
    document["simulator"] = {
        "policy": answer.then,
        "against": AS_RECORDED,
        "by_call": _by_call(answer, answer.then, AS_RECORDED),
    }
    document["recorded"] = {
        "calls": len(answer.days.calls),
        "judged": len(answer.by_policy[AS_RECORDED][0].calls.came_ms),
        "from_ms": answer.days.from_ms,
        "to_ms": answer.days.to_ms,
        "left_out": answer.days.left_out,
        "not_again": answer.days.oddities,
    }
    return document


def tell(answer: Answer, *, as_json: bool = False, html: Path | None = None, keep: Path | None = None) -> None:
    """Print the tables or the JSON, and write what else was asked for."""
    document = document_of_answer(answer)
    if as_json:
        click.echo(json.dumps(document, allow_nan=False))
    else:
        console = Console()
        print_tables(document, console)
        _print_pairs(document, console)
    write(answer.run, {name: answer.by_policy[name] for name in answer.by_policy if name != AS_RECORDED}, html=html)
    write(answer.run, answer.by_policy, keep=keep)


def _by_call(answer: Answer, policy: str, against: str) -> Entry:
    found = by_call(answer.by_policy[policy], answer.by_policy[against], answer.run.groups)
    return {group: {figure: told_apart(apart) for figure, apart in figures.items()} for group, figures in found.items()}


def _without_intervals(told: Any) -> Any:
    """Return what was recorded without half-widths: it happened once, and exactly so."""
    if isinstance(told, dict):
        return {
            name: _nothing(inner) if name == "half_width" else _without_intervals(inner) for name, inner in told.items()
        }
    return [_without_intervals(each) for each in told] if isinstance(told, list) else told


def _nothing(half_width: Any) -> Any:
    return dict.fromkeys(half_width) if isinstance(half_width, dict) else None


def _print_pairs(document: Entry, console: Console) -> None:
    group = next(iter(document["run"]["groups"]))
    simulator = document["simulator"]
    rows = [
        *((each["policy"], each["against"], each["by_call"]) for each in document["differences"]),
        (simulator["policy"], simulator["against"], simulator["by_call"]),
    ]
    judged = document["recorded"]["judged"]
    table = Table(title=f"Pair by pair of the {count(judged)} calls", title_justify="left")
    for name in ("policy", "against"):
        table.add_column(name, max_width=26, overflow="fold")
    for name in (f"late {group}, points", "relative", "late all, points", "mean all, s", ""):
        table.add_column(name, justify="right")
    for policy, against, told in rows:
        own, every = told[group]["late_share"], told["all"]["late_share"]
        mean = told["all"]["mean_response_s"]
        verdict = "[dim]the simulator[/dim]" if against == AS_RECORDED else _verdict(every, mean)
        table.add_row(
            escape(policy), escape(against), points(own), relative(own), points(every), seconds(mean), verdict
        )
    console.print(table)
    for line in (*_basis(document), *document["run"]["rules"]):
        console.print(line, highlight=False, markup=False, style="dim")


def _basis(document: Entry) -> tuple[str, ...]:
    """Say what the two kinds of intervals mean."""
    pairs = (
        "Pair by pair: ± is half of the 95 % interval (Student's t over calls), and says what to expect of other days."
    )
    if document["reps"] > 1:
        return (
            "Above, over replications: how sure a figure is for these very days, as only what is drawn differs.",
            pairs,
        )
    return (pairs, "One replication says nothing of how much what was drawn matters: run more of them (--reps).")


def _verdict(late: Entry, mean: Entry) -> str:
    """Tell by the late share, or where that is not clear by the mean."""
    for apart in (late, mean):
        if is_clear(apart):
            return "[green]better[/green]" if apart["difference"] < 0 else "[red]worse[/red]"
    return "[dim]not clear[/dim]" if late["difference"] is not None else NOTHING
