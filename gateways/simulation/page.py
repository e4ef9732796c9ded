"""The page of a simulation: one file that fetches nothing, in light and dark, and whole without its script.

It says the answer first, then the figures, then the pictures, and at the end what was run and how to run it again.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from engine.sim.outcome import Outcome
from gateways.simulation.choices import differences_pictures, key, pareto_picture
from gateways.simulation.courses import hour_pictures, response_pictures
from gateways.simulation.document import Sites
from gateways.simulation.maps import map_pictures
from gateways.simulation.page_tables import policy_table, priority_table
from gateways.simulation.tables import basis_in_words, possible_in_words
from gateways.simulation.words import clock, count, is_clear, listed, number, percent, points, relative
from gateways.simulation.workload import in_threes, work_pictures

Entry = dict[str, Any]
WORK = (
    "Above: busy share of the time on duty, the part at its foot on the way to calls; the dashed line is the fleet's mean. "
    "Below: idle moves a day. All policies on one scale."
)


def render_page(document: Entry, by_policy: Mapping[str, Sequence[Outcome]], sites: Sites) -> str:
    """Return the page of a document and the outcomes that it was made of."""
    style, script = _file("page.css"), _file("page.js")
    many = " units" if in_threes(len(document["policies"])) else ""
    body = [
        _head(document),
        _legend(document),
        "<main>",
        _section("Policies", _table_words(document), policy_table(document) + _by_priority(document)),
        _choices(document),
        _section(
            "Response times",
            "How many calls had been reached by when. Calls that were never reached count as well.",
            f'<div class="grid">{response_pictures(document)}</div>',
        ),
        _section("Through the day", "", f'<div class="grid">{hour_pictures(document)}</div>'),
        _section("Work of each unit", WORK, f'<div class="grid{many}">{work_pictures(document)}</div>'),
        _maps(document, by_policy, sites),
        _section("What was run", "", _ran(document)),
        "</main>",
        '<div id="tip" role="status"></div>',
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{page_policy()}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(document['place'])}: simulated policies</title><style>{style}</style></head>"
        f"<body>{''.join(body)}<script>{script}</script></body></html>\n"
    )


def page_policy() -> str:
    """Return what the page may do, as a Content-Security-Policy: its own styles, its own script, and nothing else."""
    script = _digest(_file("page.js"))
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'"
    )


def answer(document: Entry) -> tuple[str, str]:
    """Return what was found, in one sentence of HTML, and a second one that says at what price."""
    group = next(iter(document["run"]["groups"]))
    first, apart = document["policies"][0], document["differences"]
    found = {each["policy"]: each["groups"][group]["late_share"] for each in apart}
    better = [
        policy
        for policy in document["policies"][1:]
        if is_clear(found[policy["name"]]) and found[policy["name"]]["difference"] < 0
    ]
    if not better:
        return _no_better(document, group)
    best = min(better, key=lambda policy: policy["late_share"][group])
    name, base = _quoted(best), _quoted(first)
    told = found[best["name"]]
    sentence = (
        f"{name} is late for <em>{percent(best['late_share'][group])}</em> of {escape(group)}-priority calls, "
        f"where {base} is late for {percent(first['late_share'][group])}."
    )
    lead = (
        f"That is {points(told)} percentage points ({relative(told)}), on the same calls. It asks for "
        f"{number(best['moves_per_call'])} idle moves a call, where {base} asks for {number(first['moves_per_call'])}. "
    )
    return sentence, lead + _frontier_words(document)


def _no_better(document: Entry, group: str) -> tuple[str, str]:
    first = document["policies"][0]
    share, mean = percent(first["late_share"][group]), clock(first["mean_response_s"][group])
    alone = f"{_quoted(first)} is late for <em>{share}</em> of {escape(group)}-priority calls"
    if len(document["policies"]) == 1:
        return f"{alone}; the mean response is <em>{mean}</em>.", ""
    return (
        f"{alone}, and no other policy is clearly better.",
        "Every interval of a difference holds zero, or lies on the wrong side of it. " + _frontier_words(document),
    )


def _frontier_words(document: Entry) -> str:
    best = [f'<b class="whole">{escape(entry["name"])}</b>' for entry in document["pareto"] if entry["on_frontier"]]
    beaten = len(document["pareto"]) - len(best)
    if not beaten or not best:
        return ""
    return f"In late share against moves, nobody beats {listed(best)}."


def _quoted(policy: Entry) -> str:
    return f'<span class="whole">\u201c{escape(policy["name"])}\u201d</span>'


def _head(document: Entry) -> str:
    sentence, lead = answer(document)
    preset = f", rules {escape(document['preset'])}" if document["preset"] else ""
    calls = count(document["policies"][0]["calls"])
    what = (
        f"<b>{escape(document['place'])}</b>{preset}: {_times(document['reps'], 'replication')} of "
        f"{_times(document['days'], 'day')}, {calls} calls for each policy, seed {document['seed']}"
    )
    told = f'<p class="lead">{lead}</p>' if lead else ""
    return f'<header><div><p class="eyebrow">{what}</p><h1>{sentence}</h1>{told}</div></header>'


def _times(number_of: int, what: str) -> str:
    return f"{number_of} {what}" if number_of == 1 else f"{number_of} {what}s"


def _legend(document: Entry) -> str:
    chips = "".join(
        f'<button type="button" class="chip" data-key="{row}" aria-pressed="false">{key(row)}{escape(policy["name"])}</button>'
        for row, policy in enumerate(document["policies"])
    )
    hint = '<span class="hint">point at a policy to light it everywhere; click to keep it lit</span>'
    return f'<nav aria-label="policies"><div>{chips}{hint}</div></nav>'


def _section(title: str, words: str, inside: str) -> str:
    told = f"<p>{escape(words)}</p>" if words else "<p></p>"
    return f"<section><h2>{escape(title)}</h2>{told}{inside}</section>"


def _table_words(document: Entry) -> str:
    words = basis_in_words(document["policies"][0]["intervals"])
    if document["differences"]:
        words += f" Changes are against {document['policies'][0]['name']}, paired on the same calls, so they are surer than the figures they are between; in bold where the interval leaves out zero."
    never = sum(policy["groups"]["all"]["never_reached"] for policy in document["policies"])
    if never:
        words += f" {count(never)} calls of all policies together were never reached: they count as late."
    return words


def _by_priority(document: Entry) -> str:
    return f"<details><summary>Each priority by itself</summary>{priority_table(document)}</details>"


def _choices(document: Entry) -> str:
    if len(document["policies"]) < 2:
        return ""
    pictures = pareto_picture(document) + f'<div class="stack">{differences_pictures(document)}</div>'
    words = " ".join(possible_in_words(document))
    return _section("What it costs, and what it changes", words, f'<div class="grid">{pictures}</div>')


def _maps(document: Entry, by_policy: Mapping[str, Sequence[Outcome]], sites: Sites) -> str:
    pictures = map_pictures(document, by_policy, sites)
    group = next(iter(document["run"]["groups"]))
    words = f"Late share of {group}-priority calls by where they came from."
    if len(document["policies"]) > 1:
        words += " Shown are the first policy and those that nobody beats."
    return _section("Where calls are reached late", words, pictures) if pictures else ""


def _ran(document: Entry) -> str:
    run = document["run"]
    rows = [("place", escape(document["place"])), ("rules", escape(document["preset"] or "the place's own"))]
    if run["rules"]:
        rows.append(("in detail", "<ul>" + "".join(f"<li>{escape(rule)}</li>" for rule in run["rules"]) + "</ul>"))
    groups = "; ".join(
        f"{name}: priority {listed([str(each) for each in own])}{_targets(run['targets_s'][name])}"
        for name, own in run["groups"].items()
    )
    warm_up = f", after a warm-up of {_times(run['warm_up_days'], 'day')}" if run["warm_up_days"] else ""
    speed = document["speed"]["calls_per_s"]
    rows += [
        ("groups", escape(groups)),
        ("length", f"{_times(document['reps'], 'replication')} of {_times(document['days'], 'day')}{warm_up}"),
        ("seed", f"{document['seed']}"),
        ("intervals", escape(basis_in_words(document["policies"][0]["intervals"]))),
        ("percentiles", "by nearest rank, of calls that were reached; pictures pool the replications"),
        ("speed", f"{number(speed, 0)} calls a second and core"),
    ]
    if run["version"]:
        rows.append(("version", f"turnout {escape(run['version'])}"))
    if run["command"]:
        rows.append(("again", f"<code>{escape(run['command'])}</code>"))
    told = "".join(f"<dt>{name}</dt><dd>{shown}</dd>" for name, shown in rows)
    return f'<div class="panel"><dl>{told}</dl></div>'


def _targets(targets_s: Sequence[float]) -> str:
    return f" (target {listed([clock(target) for target in targets_s])})" if targets_s else ""


def _file(name: str) -> str:
    return (files("gateways.simulation") / name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()
