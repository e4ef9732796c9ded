"""Dispatch policies by name, so that a comparison names its grid: which policy, and what it changes in the rules.

`joint` is the live policy with the place's own rules, all parts in it; `matching` is the bare weighted matching, without
any. `+part` adds one and `-part` leaves one away, so `joint-soon-free-cover` and `matching+divert+supersede+late` are
one policy. `nearest` is the rule of JEMSS. Behind a colon stand fields of the place's `MatchingRules` that are to be
others: `nearest+divert+supersede:supersede_ms=15000,supersede_percent=0`.
"""

import re
from itertools import product
from typing import get_type_hints

from engine.model.rules import MatchingRules
from engine.policy.dispatch.joint import JointMatch
from engine.policy.dispatch.nearest import Nearest
from engine.policy.dispatch.solution import DispatchPolicy

PARTS = {
    "divert": "units under way may be turned round for what is more urgent",
    "soon-free": "units that will soon be free may be waited for",
    "supersede": "a unit under way gives way to one that is clearly sooner",
    "cover": "what taking a unit away costs those who call next",
    "late": "what lies beyond the target counts once more",
}
"""What the joint policy is made of beside weights and times."""
NEAREST = ("nearest", "nearest+divert", "nearest+supersede", "nearest+divert+supersede")
NAMES = (
    *NEAREST,
    "joint",
    *(f"joint-{part}" for part in PARTS),
    "matching",
    *(f"matching+{part}" for part in PARTS),
)
"""Those that are listed; the parts of `joint` and `matching` can be combined."""
Changes = dict[str, object]
"""Fields of `MatchingRules` that are other than the place says."""

_NEAREST = re.compile(r"nearest(?:, diverts from ([1-5]*) to ([1-5]*))?(, takes over)?")


def dispatch_named(name: str) -> tuple[DispatchPolicy, Changes]:
    """Return the policy of that name, and what it changes in the place's `MatchingRules`.

    Raises ValueError, which lists the names, for one that there is not.
    """
    name, _, settings = name.partition(":")
    policy, changes = _parts_of(name.strip())
    return policy, changes | _settings(settings)


def _settings(text: str) -> Changes:
    """Return what is behind the colon. Raises ValueError for what is no whole number or no field."""
    fields = [name for name, kind in get_type_hints(MatchingRules).items() if kind is int]
    found: Changes = {}
    for part in (each.strip() for each in text.split(",") if each.strip()):
        field, equals, value = (each.strip() for each in part.partition("="))
        if not equals or field not in fields:
            raise ValueError(
                f"{part!r} is no setting of the matching rules. They are: {', '.join(fields)}, as in open_ms=0."
            )
        if not value.isdecimal():
            raise ValueError(f"{field}: {value!r} is no whole number from 0 on.")
        found[field] = int(value)
    return found


def _parts_of(name: str) -> tuple[DispatchPolicy, Changes]:
    if name in NEAREST:
        return Nearest(divert="+divert" in name, supersede="+supersede" in name), {}
    base, *parts = re.split(r"(?=[+-](?:" + "|".join(PARTS) + r")(?![a-z]))", name)
    if base not in ("joint", "matching"):
        raise ValueError(f"there is no dispatch policy {name!r}. There are: {', '.join(NAMES)}, and combinations.")
    on = dict.fromkeys(PARTS, base == "joint") | {part[1:]: part[0] == "+" for part in parts}
    policy = JointMatch(divert=on["divert"], wait=on["soon-free"], supersede=on["supersede"])
    changes: Changes = {}
    if not on["cover"]:
        changes["coverage_ms"] = (0, 0, 0, 0, 0)
    if not on["late"]:
        changes["late_percent"] = 0
    return policy, changes


def policy_of(name: str) -> DispatchPolicy:
    """Return the policy that a recorded why calls so. Raises ValueError for one that is not known here."""
    parts = [JointMatch(divert, wait, supersede) for divert, wait, supersede in product((True, False), repeat=3)]
    known: dict[str, DispatchPolicy] = {each.name: each for each in parts}
    if name in known:
        return known[name]
    found = _NEAREST.fullmatch(name)
    if found is None:
        raise ValueError(f"no policy is known that calls itself {name!r}")
    source, target, takes_over = found.groups()
    if source is None:
        return Nearest(supersede=bool(takes_over))
    return Nearest(True, tuple(map(int, source)), tuple(map(int, target)), bool(takes_over))
