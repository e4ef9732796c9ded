"""Are two calls about one occurrence? A score with its reasons; nothing is ever discarded or held back for it.

Space and time come first, as in what is in use elsewhere (Active911: 10 minutes and 0.05 miles); type, caller and
address add to them. Out of 1000, whole numbers, the same from either side:

    place      400 at the same spot, falling evenly to 0 at `rules.within_m`
    time       250 at the same moment, falling evenly to 0 at `rules.within_ms`
    type       250 for the same one, 100 for one of the same kind of work (medical, fire)
    caller     200 for the same number, or the same name
    address    100 for the same words

So another caller 20 s later about the same thing scores about 900; another thing 300 m away some 340; and two patients
at one address ten minutes apart, with different troubles, are told to a person and not pressed.
"""

import math
import unicodedata

from msgspec import Struct

from engine.model.clearing import Group, group_of
from engine.model.place import IncidentType
from engine.model.response_facts import Suspect
from engine.model.rules import DuplicateRules
from engine.state.points import Circle
from engine.state.records import Incident
from engine.state.world import World

PLACE_PERMILLE = 400
TIME_PERMILLE = 250
SAME_TYPE_PERMILLE = 250
SAME_GROUP_PERMILLE = 100
SAME_CALLER_PERMILLE = 200
SAME_ADDRESS_PERMILLE = 100
MOST_PERMILLE = 1000

DIGITS_MIN = 6
"""Fewer are no telephone number."""
DIGITS_COMPARED = 9
"""The last of a number: the same one is dialled with and without its country and its leading zero."""
NOBODY = frozenset({"", "unknown", "anonymous", "withheld", "private", "none", "na", "n a"})
"""What stands for a caller who is not known: nobody is the same as nobody."""


class Call(Struct, frozen=True, gc=False, kw_only=True):
    """What is known of one call, as far as it tells whether two are about the same."""

    x_m: int
    y_m: int
    kind: str
    """Incident type."""
    at_ms: int
    caller: str = ""
    address: str = ""


def call_of(incident: Incident) -> Call:
    """Return what the incident's own call said."""
    return Call(
        x_m=incident.x_m,
        y_m=incident.y_m,
        kind=incident.type,
        at_ms=incident.reported_ms,
        caller=incident.caller,
        address=incident.address,
    )


def find(world: World, call: Call, but: str = "") -> tuple[Suspect, ...]:
    """Return the open incidents, `but` that one, that the call may be about: likeliest first, then by number.

    Pure: to be asked while a caller speaks. A World without trees (a follower's) looks through the whole board.
    """
    rules = world.settled.duplicates
    known = world.incidents.get(but)
    decided = {but} if known is None else {but, *known.links}
    found = []
    for incident in open_near(world, call.x_m, call.y_m, rules.within_m):
        other = call_of(incident)
        if incident.id in decided or but in incident.links or abs(other.at_ms - call.at_ms) > rules.within_ms:
            continue
        permille, reasons = compare(world, call, other)
        if permille >= rules.suspect_permille:
            found.append((-permille, incident.number, Suspect(incident.id, permille, reasons)))
    return tuple(suspect for _, _, suspect in sorted(found, key=lambda each: each[:2])[: rules.suspects])


def open_near(world: World, x_m: int, y_m: int, within_m: int) -> list[Incident]:
    """Return the open incidents at most so far from the point, by number."""
    if world.scenes is not None:
        near = [world.open[name] for name in world.scenes.near(x_m, y_m, within_m)]
        return sorted(near, key=lambda incident: incident.number)
    here = Circle(x_m, y_m, within_m)
    near = [incident for incident in world.open.values() if here.reaches(incident.x_m, incident.y_m)]
    return sorted(near, key=lambda incident: incident.number)


def standing(world: World, incident: Incident) -> tuple[Suspect, ...]:
    """Return which of its suspects are still open, and neither linked to it nor otherwise decided on."""
    return tuple(
        suspect
        for suspect in incident.suspects
        if suspect.incident in world.open
        and suspect.incident not in incident.links
        and incident.id not in world.open[suspect.incident].links
    )


def compare(world: World, call: Call, other: Call) -> tuple[int, tuple[str, ...]]:
    """Return how alike two calls are, 0 to 1000, and what speaks for it; `other` is told as seen from `call`."""
    rules = world.settled.duplicates
    parts = (
        _place(rules, call, other),
        _time(rules, call, other),
        _type(world.types, call.kind, other.kind),
        _same(_person(call.caller), _person(other.caller), SAME_CALLER_PERMILLE, "same caller"),
        _same(_words(call.address), _words(other.address), SAME_ADDRESS_PERMILLE, "same address"),
    )
    permille = min(sum(part for part, _ in parts), MOST_PERMILLE)
    return permille, tuple(reason for _, reason in parts if reason)


def _place(rules: DuplicateRules, call: Call, other: Call) -> tuple[int, str]:
    apart_m = math.isqrt((call.x_m - other.x_m) ** 2 + (call.y_m - other.y_m) ** 2)
    reason = f"{apart_m} m away" if apart_m else "at the same spot"
    return _left(PLACE_PERMILLE, apart_m, rules.within_m), reason


def _time(rules: DuplicateRules, call: Call, other: Call) -> tuple[int, str]:
    earlier_ms = call.at_ms - other.at_ms
    permille = _left(TIME_PERMILLE, abs(earlier_ms), rules.within_ms)
    seconds = abs(earlier_ms) // 1000
    if not seconds:
        return permille, "at the same time"
    lapse = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    return permille, f"{lapse} {'earlier' if earlier_ms > 0 else 'later'}"


def _left(most: int, apart: int, within: int) -> int:
    """Return what is left of `most` at a distance, where it falls evenly to 0 at `within`."""
    return most * max(0, within - apart) // within if within > 0 else most * (apart == 0)


def _type(types: dict[str, IncidentType], kind: str, other: str) -> tuple[int, str]:
    if kind == other:
        return SAME_TYPE_PERMILLE, "same type"
    if kind not in types or other not in types:
        return 0, ""
    group = group_of(types[kind])
    # "Other" is what is left over, not a kind of work: a theft is not like a flood.
    if group is not Group.OTHER and group is group_of(types[other]):
        return SAME_GROUP_PERMILLE, f"both {group}"
    return 0, ""


def _same(one: str, other: str, permille: int, reason: str) -> tuple[int, str]:
    return (permille, reason) if one and one == other else (0, "")


def _person(caller: str) -> str:
    """Return a caller's telephone number where one is given, else the name; "" for nobody."""
    digits = "".join(letter for letter in unicodedata.normalize("NFKC", caller) if letter.isdecimal())
    if len(digits) >= DIGITS_MIN:
        return digits[-DIGITS_COMPARED:]
    name = _words(caller)
    return "" if name in NOBODY else name


def _words(text: str) -> str:
    """Return the words of a text in order of the alphabet: "5, Elm Street" and "elm street 5" are one address."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(sorted("".join(letter if letter.isalnum() else " " for letter in plain).split()))
