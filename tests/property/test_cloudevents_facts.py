"""Every fact of random days as an event: read by a stranger's reader, the same bytes twice, and nobody's data without leave."""

from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given, settings

from engine.journal.codec import record_of, turn_of
from engine.model.personal import texts_of
from gateways.cloudevents.config import KINDS
from gateways.cloudevents.events import Setting, encode, event_of
from tests.property.days_kit import Steps, days, random_steps
from tests.property.test_clocks import history

READER = JSONFormat()


def check(steps: Steps) -> set[str]:
    turns = history(steps)
    place = turns[0].facts[0].place  # type: ignore[union-attr]
    units = [unit.id for unit in place.units]
    shy, open_ = (Setting(place.id, place.projection, units, personal) for personal in (False, True))
    kinds = set()
    for turn in turns:
        again = turn_of(record_of(turn))
        for index, (fact, copy) in enumerate(zip(turn.facts, again.facts, strict=True)):
            at = (turn.seq, index)
            body = encode([event_of(fact, at, turn.now, shy)], batch=False)
            assert body == encode([event_of(copy, at, turn.now, shy)], batch=False)
            read = from_structured_event(HTTPMessage({"content-type": "application/cloudevents+json"}, body), READER)
            assert read.get_id() == f"{place.id}/{turn.seq}/{index}"
            kinds.add(read.get_type().removeprefix("turnout."))
            data: Any = read.get_data()
            for name, text in texts_of(fact):
                assert data[name] == "", f"{text!r} is told"
            whole = event_of(fact, at, turn.now, open_)["data"]
            for name, text in texts_of(fact):
                assert whole[name] == text
            assert b'"x_m"' not in body
    assert kinds <= KINDS
    return kinds


@settings(max_examples=30, deadline=None)
@given(days(40))
def test_every_fact_is_an_event(steps: Steps) -> None:
    check(steps)


def test_long_days_hold_most_kinds() -> None:
    """The random days really hold what is rendered."""
    seen = set().union(*(check(random_steps(seed, 300)) for seed in range(4)))
    assert len(seen) > len(KINDS) // 2
