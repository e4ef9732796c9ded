"""`turnout why`: what happened to an incident, and under each decision what it rested on. From the journal, at any later time."""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from engine.journal.recovery import turns
from engine.model.alert_facts import AlertRequested
from engine.model.facts import AnyFact, UnitsRecommended
from engine.model.personal import erased
from engine.model.turn import Turn
from engine.model.why import Considered, SlotWhy, WayWhy, Why
from engine.replay import why_then
from gateways.records import clock, reporting, sentence

ABOUT = ("incident", "into", "other", "source", "target")
"""Fields in which a fact names incidents."""
WORTH_TELLING_MS = 500
"""Prices that round to no second at all are left out for people; the JSON has them."""
NARROW, WIDE = f"{'':>11}", f"{'':>13}"


class Told(Struct, frozen=True):
    """A fact about the incident, with its turn; a decision bears its why."""

    seq: int
    at_ms: int
    words: str
    decision: UnitsRecommended | None = None
    why: Why | None = None
    """Of a decision: as recorded, or judged again for the unit that was asked about."""


class Account(Struct, frozen=True):
    """What is known of an incident."""

    incident: str
    unit: str | None
    told: tuple[Told, ...]


@reporting
def explain_incident(
    directory: Path, incident: str, unit: str | None, at: int | None, *, as_json: bool, redacted: bool = False
) -> int:
    """Tell the story of one incident; with `at` only the decision that stood after that turn. `redacted`: for anybody."""
    told = tuple(_told(directory, incident, unit, at, redacted=redacted))
    if not told:
        when = "" if at is None else f" by turn {at}"
        hint = "`turnout journal tail` shows what there is."
        click.echo(f"There is no {'decision about ' if at else ''}{incident} in this journal{when}. {hint}", err=True)
        return 1
    if as_json:
        click.echo(msgspec.json.encode(Account(incident, unit, told)))
        return 0
    for each in told:
        click.echo(f"{each.seq:>9}  {clock(each.at_ms)}  {each.words}")
        if each.decision is not None and each.why is not None:
            _print_decision(each.decision, each.why, unit)
    return 0


def _told(directory: Path, incident: str, unit: str | None, at: int | None, *, redacted: bool) -> Iterator[Told]:
    if at is not None:
        latest = _latest_decision(directory, incident, at)
        if latest is not None:
            yield _judged(directory, *latest, unit)
        return
    told_to: dict[str, str] = {}
    for turn in turns(directory):
        for fact in turn.facts:
            if isinstance(fact, AlertRequested) and fact.incident == incident:
                told_to[fact.alert] = fact.unit
            told = told_to.get(getattr(fact, "alert", ""))
            if told is None and incident not in (getattr(fact, field, None) for field in ABOUT):
                continue
            if isinstance(fact, UnitsRecommended) and fact.incident == incident:
                yield _judged(directory, turn, fact, unit)
            elif unit is None or unit == told or _names(fact, unit):
                yield Told(turn.seq, turn.now, sentence(erased(fact) if redacted else fact))


def _names(fact: AnyFact, unit: str) -> bool:
    return unit in (getattr(fact, field, None) for field in ("unit", "replacement"))


def _latest_decision(directory: Path, incident: str, at: int) -> tuple[Turn, UnitsRecommended] | None:
    latest = None
    for turn in turns(directory):
        if turn.seq > at:
            break
        for fact in turn.facts:
            if isinstance(fact, UnitsRecommended) and fact.incident == incident:
                latest = (turn, fact)
    return latest


def _judged(directory: Path, turn: Turn, fact: UnitsRecommended, unit: str | None) -> Told:
    """Return the decision with its why; for a unit that it does not name, decided again at that very moment."""
    why = fact.why
    named = any(considered.unit == unit for slot in why.slots for considered in slot.considered)
    words = sentence(fact)
    if unit is not None and not named:
        try:
            why = why_then(directory, turn, fact, unit)
        except KeyError:
            words = f"{words}  (the place had no unit {unit!r} then)"
        except ValueError as unknown:
            words = f"{words}  ({unknown})"
    return Told(turn.seq, turn.now, words, fact, why)


# ── in words ────────────────────────────────────────────────────────────────────────────────────────────────


def _print_decision(fact: UnitsRecommended, why: Why, unit: str | None) -> None:
    order = "" if why.order == "closest" else f"; order: {why.order}"
    click.echo(f"{NARROW}plan {why.plan}, {fact.mode}; {why.policy}, {why.travel}{order}")
    if why.ways:
        click.echo(f"{NARROW}ways to answer: {'; '.join(_way(way, why.option) for way in why.ways)}")
    for slot in why.slots:
        _print_slot(slot, unit)
    for shortage in fact.short:
        click.echo(f"{NARROW}short: {shortage.missing} {shortage.slot} with {'+'.join(shortage.needs)}")
    if why.proof.slots:
        sure = "proved best" if why.proof.cost == why.proof.bound else f"at most {_gap(why)} % from the best"
        click.echo(f"{NARROW}{sure}: {why.proof.slots} places and {why.proof.units} units weighed together")


def _gap(why: Why) -> float:
    return round(100 * (why.proof.cost - why.proof.bound) / max(1, why.proof.bound), 2)


def _way(way: WayWhy, chosen: str) -> str:
    name = way.option or "the plan's own"
    left = f", {way.open} open" if way.open else ""
    cost = "worse by its bound" if way.cost < 0 else f"cost {way.cost / 1000:.0f}"
    return f"{name} ({cost}{left}){' chosen' if way.option == chosen else ''}"


def _print_slot(slot: SlotWhy, unit: str | None) -> None:
    price = f"; one more would cost {_s(slot.place_ms)}" if slot.place_ms >= 0 else ""
    click.echo(f"{NARROW}{slot.slot}: {slot.wanted} wanted with {'+'.join(slot.needs)}{price}")
    for considered in slot.considered:
        if unit in (None, considered.unit):
            click.echo(f"{WIDE}{_considered(considered)}")
    if unit is None:
        tally = ", ".join(f"{count.units} {count.reason}" for count in slot.tally)
        click.echo(f"{WIDE}of the whole fleet: {tally}")


def _considered(told: Considered) -> str:
    rank = f"#{told.rank}" if told.rank else ""
    spread = f" ±{told.spread_ms / 1000:.0f}" if told.spread_ms >= 0 else ""
    eta = f"{told.eta_ms / 1000:.0f}{spread} s" if told.eta_ms >= 0 else ""
    distance = f"{told.distance_m} m" if told.distance_m >= 0 else ""
    line = f"{told.unit:<10} {told.reason:<14} {rank:>4} {eta:>11} {distance:>8}"
    return "  ".join((line, *_details(told)))


def _details(told: Considered) -> Iterator[str]:
    """Give the parts of the ETA, what it rests on, the prices and the margins, where they are known."""
    if told.turnout_ms > 0 and told.travel_ms >= 0:
        yield f"{_s(told.turnout_ms)} + {_s(told.travel_ms)} driving"
    yield f"fix {told.fix_age_ms / 1000:.0f} s old" if told.fix_age_ms >= 0 else "assumed at its station"
    if told.clear_ms >= 0:
        yield f"free in about {told.clear_ms / 60_000:.0f} min"
    if told.source:
        yield f"taken from {told.source}"
    if told.replaces:
        yield f"instead of {told.replaces}"
    prices = [f"{_s(ms)} {what}" for what, ms in told.prices if abs(ms) >= WORTH_TELLING_MS]
    if prices:
        yield f"price {' + '.join(prices)}"
    if told.margin_ms is not None:
        yield f"{_s(told.margin_ms)} better than the next"
    if told.saves_ms >= 0:
        yield f"without it {_s(told.saves_ms)} more"


def _s(ms: int) -> str:
    return f"{ms / 1000:.0f} s"
