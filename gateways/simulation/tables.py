"""How a simulation looks on a terminal: what was reached, what differs from the first policy, and what it costs."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateways.simulation.words import (
    clock,
    clock_within,
    count,
    is_clear,
    number,
    percent,
    percent_within,
    points,
    relative,
    seconds,
    signed,
)

NAME_WIDTH = 26
WIDTH = 100
"""Columns that every terminal has."""
Entry = dict[str, Any]
Keys = dict[str, str]
"""By the name of a policy: what stands for it."""


def print_tables(document: Entry, console: Console) -> None:
    """Print the document."""
    policies, differences = document["policies"], document["differences"]
    if not policies:
        console.print("There is no policy in this run.")
        return
    keys = _keys([policy["name"] for policy in policies])
    console.print(_heading(document), highlight=False, markup=False)
    for name, key in keys.items():
        if name != key:
            console.print(f"{key}  {name}", highlight=False, markup=False)
    console.print(_reached(document, keys))
    if differences:
        console.print(_apart(document, keys))
    console.print(_cost(document, keys))
    for line in _notes(document):
        console.print(line, highlight=False, markup=False, style="dim")


def basis_in_words(intervals: Entry) -> str:
    """Return what the intervals rest on, as a sentence."""
    if intervals["samples"] < 2:
        return "One day, once: no intervals. Run more days (--days) or replications (--reps)."
    if intervals["basis"] == "replications":
        return f"± is half of the 95 % interval (Student's t over {intervals['samples']} replications)."
    return (
        f"± is half of the 95 % interval by batch means over days ({intervals['samples']} batches): one replication only. "
        "Figures of units have none."
    )


def possible_in_words(document: Entry) -> list[str]:
    """Return a sentence for each bound of the document."""
    group = next(iter(document["run"]["groups"]))
    return [
        f"No policy is late for less than {percent(bound['late_share'])} of {group}-priority calls, {bound['words']}."
        for bound in document["possible"]
    ]


def _heading(document: Entry) -> str:
    preset = f", rules {document['preset']}" if document["preset"] else ""
    return (
        f"{document['place']}{preset}: {document['reps']} replications of {document['days']} days, seed {document['seed']}, "
        f"{count(document['policies'][0]['calls'])} calls a policy"
    )


def _keys(names: Sequence[str]) -> dict[str, str]:
    """Return what stands for each policy in the tables: its name, or letters where a name would leave no room."""
    if max(len(name) for name in names) <= NAME_WIDTH:
        return {name: name for name in names}
    return {name: _letters(number) for number, name in enumerate(names)}


def _letters(number: int) -> str:
    """Return A to Z, then AA and so on."""
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _reached(document: Entry, keys: Keys) -> Table:
    groups = list(document["run"]["groups"])
    first = groups[0]
    columns: list[tuple[str, Callable[[Entry], str]]] = [
        *((f"late, {group}", _late(group)) for group in groups),
        (f"mean, {first}", lambda policy: clock_within(policy["groups"][first]["mean_response_s"])),
        ("median", lambda policy: clock(policy["groups"][first]["median_response_s"]["value"])),
        ("p90", lambda policy: clock(policy["groups"][first]["p90_response_s"]["value"])),
        ("moves/call", lambda policy: number(policy["moves_per_call"])),
    ]
    return _table("What was reached", document["policies"], "name", columns, keys)


def _late(group: str) -> Callable[[Entry], str]:
    return lambda policy: percent_within(policy["groups"][group]["late_share"])


def _apart(document: Entry, keys: Keys) -> Table:
    first = next(iter(document["run"]["groups"]))
    columns: list[tuple[str, Callable[[Entry], str]]] = [
        ("late, points", lambda each: points(each["groups"][first]["late_share"])),
        ("relative", lambda each: relative(each["groups"][first]["late_share"])),
        ("mean, s", lambda each: seconds(each["groups"][first]["mean_response_s"])),
        ("moves/call", lambda each: signed(each["fleet"]["moves_per_call"]["difference"], None, 2)),
        ("", lambda each: _verdict(each["groups"][first]["late_share"])),
    ]
    title = f"Against {escape(keys[document['differences'][0]['against']])}, on the same calls ({first} priority)"
    return _table(title, document["differences"], "policy", columns, keys)


def _verdict(apart: Entry) -> str:
    if not is_clear(apart):
        return "[dim]not clear[/dim]"
    return "[green]better[/green]" if apart["difference"] < 0 else "[red]worse[/red]"


def _cost(document: Entry, keys: Keys) -> Table:
    speed = document["speed"]["by_policy"]
    columns: list[tuple[str, Callable[[Entry], str]]] = [
        ("waited", lambda policy: percent(policy["groups"]["all"]["waited_share"]["value"])),
        ("wait", lambda policy: clock(policy["groups"]["all"]["mean_wait_s"]["value"])),
        ("busy", lambda policy: percent(policy["fleet"]["utilisation"]["value"])),
        ("max/med", lambda policy: number(policy["fleet"]["max_to_median"]["value"])),
        ("km/call", lambda policy: number(policy["fleet"]["moved_km_per_call"]["value"])),
        ("cover", lambda policy: percent(policy["fleet"]["cover_mean"]["value"], 0)),
        ("p10", lambda policy: percent(policy["fleet"]["cover_p10"]["value"], 0)),
        ("calls/s", lambda policy: number(speed[policy["name"]], 0)),
    ]
    return _table("Queues, work and cover", document["policies"], "name", columns, keys)


def _table(
    title: str, rows: Sequence[Entry], key: str, columns: Sequence[tuple[str, Callable[[Entry], str]]], keys: Keys
) -> Table:
    table = Table(title=title, title_justify="left", width=None)
    table.add_column("policy", max_width=NAME_WIDTH, overflow="fold")
    for name, _ in columns:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(escape(keys[row[key]]), *(cell(row) for _, cell in columns))
    return table


def _notes(document: Entry) -> list[str]:
    never = [(policy["name"], policy["groups"]["all"]["never_reached"]) for policy in document["policies"]]
    notes = [
        basis_in_words(document["policies"][0]["intervals"]),
        "Late: reached after the target, or never. Times: call to first arrival. Moves: of idle units.",
        "Waited: nobody could be sent at once. Cover: share of demand with a free unit within reach.",
        "max/med: the busiest unit against the median. km/call: driven on idle moves.",
    ]
    if any(calls for _, calls in never):
        told = ", ".join(f"{name} {count(calls)}" for name, calls in never if calls)
        notes.append(f"Never reached, and counted as late: {told}.")
    notes += possible_in_words(document)
    if document["run"]["command"]:
        notes.append(f"Again: {document['run']['command']}")
    return notes
