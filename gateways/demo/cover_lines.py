"""The board's lines about cover: how well the city is covered, now and if it does what is proposed, and who moves why.

Rule: first what is to be done, then both reasons as the planner gives them, the post's before the unit's.
"""

from collections import Counter

from rich.text import Text

from engine.model.place import Place
from gateways.cad.mirror import Mirror
from gateways.move_views import CoverageView, MoveState, MoveView

LOWEST = 2
"""So many of the classes of demand that are covered worst are named."""


def cover_words(coverage: tuple[CoverageView, ...]) -> tuple[str, ...]:
    """Return the mean over all classes, then those that the proposals would change, then those covered worst."""
    if not coverage:
        return ("not worked out yet",)
    now = sum(each.now_percent for each in coverage) / len(coverage)
    then = sum(each.then_percent for each in coverage) / len(coverage)
    named = [each for each in coverage if round(each.now_percent) != round(each.then_percent)][:LOWEST]
    named += [each for each in sorted(coverage, key=lambda each: each.now_percent) if each not in named][:LOWEST]
    mean = f"mean of {len(coverage)} classes {_change(now, then)}"
    return (mean, *(f"{short(each.layer)} {_change(each.now_percent, each.then_percent)}" for each in named))


def move_counts(counts: Counter[str]) -> tuple[str, ...]:
    """Return what became of moves, as the screen has seen it."""
    said = (("move_proposed", "proposed"), ("move_ordered", "ordered"), ("move_refused", "refused"))
    return tuple(f"{counts[kind]} {word}" for kind, word in said)


def move_lines(place: Place, mirror: Mirror, now: int, rows: int) -> list[Text]:
    """Return exactly so many lines: up to three for each move, those that wait for a person first."""
    names = {station.id: station.name for station in place.stations}
    ordered = sorted(mirror.moves.values(), key=lambda each: (each.state is MoveState.ORDERED, -each.since_ms))
    lines: list[Text] = []
    for each in ordered:
        lines += _lines(each, names, now)[: 3 if rows > 1 else 1]
    blank = [Text("        nobody is asked to move", "dim")] if not lines else []
    lines = [*lines, *blank, *([Text("")] * rows)][:rows]
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return lines


def _lines(move: MoveView, names: dict[str, str], now: int) -> list[Text]:
    waits = move.state is MoveState.PROPOSED
    age = _mmss(now - move.since_ms)
    drive = f" · {move.travel_ms / 60_000:.0f} min" if move.travel_ms >= 0 else ""
    post = names.get(move.post, move.post)
    head = Text.assemble(
        "        ",
        ("? " if waits else "▷ ", "yellow" if waits else ""),
        f"{move.unit}  {move.source} → {move.post} {post}{drive}{_worth(move)} · {'proposed' if waits else 'under way'} {age}",
    )
    if not move.policy:
        return [head]
    fill = move.fill.replace(f"within reach of {post} and of no other free unit", "within reach of it alone")
    return [head, _reason("post", fill), _reason("unit", move.choice)]


def _worth(move: MoveView) -> str:
    """Return what the move adds, and its price: none where the drive is no longer than home."""
    if not move.policy:
        return ""
    costs = f", costs {move.price_percent:.1f} %" if move.price_percent > 0 else ""
    return f" · gains {move.gain_percent:.1f} %{costs}"


def _reason(about: str, sentence: str) -> Text:
    return Text(f"          {about}: {sentence.rstrip('.')}", "dim")


def short(layer: str) -> str:
    """Return the name of a class of demand, without what goes without saying."""
    return layer.replace(", lights,", " in").replace(", normal driving,", " unhurried in").replace(" 00 s", "")


def _change(now: float, then: float) -> str:
    return f"{now:.0f} %" if round(now) == round(then) else f"{now:.0f} → {then:.0f} %"


def _mmss(ms: int) -> str:
    minutes, seconds = divmod(max(0, ms) // 1000, 60)
    return f"{minutes}:{seconds:02}"
