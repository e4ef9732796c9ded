"""Pictures of work: how busy each unit is, and below it how often it is moved; one picture a policy, on one scale."""

from collections.abc import Sequence
from html import escape
from typing import Any

from gateways.simulation.drawing import Frame, drawing, figure, group, text, ticks
from gateways.simulation.words import number, percent

HEIGHT, MIDDLE = 250.0, 148.0
"""Busy shares stand above the middle, moves hang below it."""
GAP = 20.0
LEFT = 44.0
WIDE, NARROW = 640.0, 500.0
"""As wide as the picture will stand, so that letters are as large as in the others."""
NAMED_MAX = 20
"""More units than that bear no names; each tells its own when it is pointed at."""
Entry = dict[str, Any]


def work_pictures(document: Entry) -> str:
    """Return a picture for each policy."""
    policies = document["policies"]
    units = [unit for policy in policies for unit in policy["units"]]
    busiest = max((unit["busy_share"] or 0.0 for unit in units), default=0.0) * 1.05 or 1.0
    most_moves = max((unit["idle_moves"] for unit in units), default=0.0) * 1.05
    wide = NARROW if in_threes(len(policies)) else WIDE
    return "".join(_work(row, policy, (wide, busiest, most_moves)) for row, policy in enumerate(policies))


def in_threes(policies: int) -> bool:
    """Tell whether so many pictures look better in rows of three, where there is room, than of two."""
    return policies not in {1, 2, 4}


def _work(row: int, policy: Entry, limits: tuple[float, float, float]) -> str:
    """Return one picture; `limits`: its width, the largest busy share and the most moves of any unit."""
    wide, busiest, most_moves = limits
    units, fleet = policy["units"], policy["fleet"]
    number_of = max(1, len(units))
    height = HEIGHT if most_moves else MIDDLE + GAP
    above = Frame((0, 0), (number_of, busiest), wide, MIDDLE, LEFT, 0.0, 10.0, 4.0)
    below = Frame((0, most_moves or 1.0), (number_of, 0), wide, HEIGHT, LEFT, 8.0, MIDDLE + GAP, 4.0)
    inside = _scale(above, ticks(0, busiest, 3), share=True)
    inside += _scale(below, ticks(0, most_moves, 2), share=False) if most_moves else ""
    inside += group(row, "".join(_unit(at, unit, above, below) for at, unit in enumerate(units)))
    inside += _names(units, above)
    mean = fleet["utilisation"]["value"]
    if mean is not None:
        y = above.y(mean)
        inside += f'<line class="meanline" x1="{LEFT}" x2="{wide - 4}" y1="{y}" y2="{y}"/>'
    moved_km = sum(unit["moved_km"] for unit in units) / number_of
    words = (
        f"{percent(mean)} busy; the busiest {number(fleet['max_to_median']['value'])} times the median, "
        f"Gini {number(fleet['gini']['value'])}; {number(moved_km, 1)} km moved a unit and day"
    )
    return figure(policy["name"], words, drawing(inside, f"Work of each unit under {policy['name']}", wide, height))


def _unit(at: int, unit: Entry, above: Frame, below: Frame) -> str:
    left, right = above.x(at + 0.12), above.x(at + 0.88)
    wide, floor_y, ceiling_y = f"{max(0.6, right - left):.1f}", above.y(0), below.y(0)
    busy, responding = unit["busy_share"] or 0.0, unit["responding_share"] or 0.0
    top, middle, deep = above.y(busy), above.y(responding), below.y(unit["idle_moves"])
    tip = (
        f"{unit['id']}: {percent(unit['busy_share'])} busy, of it {percent(unit['responding_share'])} responding; "
        f"a day {number(unit['jobs'], 1)} jobs, {number(unit['driven_km'], 0)} km, "
        f"{number(unit['idle_moves'], 1)} idle moves, {number(unit['moved_km'], 1)} km moved"
    )
    return (
        f'<g data-tip="{escape(tip)}">'
        f'<rect class="work" x="{left}" y="{top}" width="{wide}" height="{floor_y - top:.1f}"/>'
        f'<rect class="responding" x="{left}" y="{middle}" width="{wide}" height="{floor_y - middle:.1f}"/>'
        f'<rect class="moved" x="{left}" y="{ceiling_y}" width="{wide}" height="{max(0.0, deep - ceiling_y):.1f}"/></g>'
    )


def _scale(frame: Frame, values: Sequence[float], *, share: bool) -> str:
    parts = []
    for value in values:
        y = frame.y(value)
        parts.append(f'<line class="gridline" x1="{LEFT}" x2="{frame.width - 4}" y1="{y}" y2="{y}"/>')
        if share or value:
            told = percent(value, 0) if share else number(value, 0 if values[-1] >= 2 else 1)
            parts.append(text(LEFT - 6, y + 4, told, anchor="end"))
    return "".join(parts)


def _names(units: Sequence[Entry], frame: Frame) -> str:
    y = MIDDLE + 14
    longest = max((len(unit["id"]) for unit in units), default=0)
    room = (frame.width - LEFT) / max(1, len(units))
    if len(units) > NAMED_MAX or longest * 8.4 > room:
        return text((LEFT + frame.width) / 2, y, f"{len(units)} units, in the order of the fleet", anchor="middle")
    return "".join(text(frame.x(at + 0.5), y, unit["id"], anchor="middle") for at, unit in enumerate(units))
