"""Whatever a subscriber sends, in whatever order: it is answered or closed, nothing raises, and what is kept is bounded."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.engine import Engine
from engine.model.inputs import AdoptPlace, ReportIncident
from engine.state.image import restore, save
from engine.state.world import World
from gateways.board import Board
from gateways.eido import frames
from gateways.eido.config import EidoConfig, Listen
from gateways.eido.filters import BadFilter, Filter
from gateways.eido.notifier import REPLIES_MAX, Notifier
from gateways.eido.source import Source
from tests.eido_kit import CONFIG
from tests.unit.engine_place import MORNING, engine_place

WORDS = ("EIDO", "new", "single", "I1", "I9", "q", "@.incidentComponent", "", "x" * 300)
VALUES = st.one_of(st.sampled_from(WORDS), st.integers(-2, 100), st.none(), st.floats(allow_nan=False), st.booleans())
FIELDS = (
    "requestId",
    "requestType",
    "requestSubType",
    "requestAccepts",
    "qualFilter",
    "qualFilterEvalPeriod",
    "minRate",
    "maxRate",
    "subscriptionId",
    "incidentId",
    "expires",
    "transactionId",
    "statusCode",
    "notification",
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES)
WHOLE = st.fixed_dictionaries(
    {"requestId": st.just("r"), "requestType": st.just("EIDO")},
    optional={
        "requestSubType": st.sampled_from(("new", "single")),
        "incidentId": st.sampled_from(("I1", "I2")),
        "expires": st.integers(1, 40),
        "minRate": st.integers(1, 5),
        "maxRate": st.integers(1, 5),
    },
)
MESSAGES = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    st.builds(lambda name, body: json.dumps({name: body}), st.sampled_from((*frames.KINDS, "x")), BODIES),
    st.builds(lambda body: json.dumps({"subscribe": body}), WHOLE),
    st.just("[" * 5_000),
    st.just('{"subscribe":' + "{" * 5_000),
)
STEPS = st.lists(st.tuples(MESSAGES, st.floats(0, 20), st.booleans()), max_size=25)


def source(config: EidoConfig = CONFIG) -> Source:
    engine = Engine(World())
    engine.step(AdoptPlace(engine_place()), MORNING)
    for number in range(3):
        engine.step(ReportIncident(id=f"c{number}", by="desk", type="crime", x_m=0, y_m=0), MORNING)
    return Source(Board(restore(save(engine.world), indexed=False)), config, lambda: MORNING)


SOURCE = source()


@given(STEPS)
@settings(max_examples=150, deadline=None)
def test_whatever_a_subscriber_sends_it_is_answered_in_the_protocol(steps: list[tuple[Any, float, bool]]) -> None:
    listen = Listen(max_subscriptions=3, unanswered_max=4, answer_s=15.0, first_s=60.0)
    notifier = Notifier(SOURCE, listen, "cad", 0.0)
    now_s, said = 0.0, 0
    for message, wait_s, answers in steps:
        before = notifier.end
        notifier.feed(message, now_s)
        now_s += wait_s
        notifier.on_change(("I1", "I3"))
        taken = notifier.take(now_s)
        assert len(taken) <= REPLIES_MAX + 8
        for frame in taken:
            body = frames.read(frame)
            said += 1
            if isinstance(body, frames.Event) and answers:
                notifier.feed(frames.frame(frames.EventResponse(transaction_id=body.transaction_id)), now_s)
        assert notifier.subscriptions <= 3
        assert not (before and taken)
        assert notifier.end or notifier.due_s() > now_s or notifier.take(now_s) or notifier.due_s() > now_s
    notifier.drop_all()
    assert SOURCE.statistics.subscriptions == 0


@given(st.text(max_size=80), st.recursive(st.one_of(st.none(), st.integers(), st.text(max_size=3)), st.lists))
def test_no_text_at_all_breaks_a_filter(text: str, document: Any) -> None:
    try:
        Filter(text).passes(document)
    except BadFilter as bad:
        said = str(bad)
        assert said.endswith(".")


async def test_documents_are_written_one_at_a_time_before_they_are_sent(monkeypatch) -> None:
    telling = source()
    notifier = Notifier(telling, Listen(), "cad", 0.0)
    notifier.feed('{"subscribe": {"requestId": "r", "requestType": "EIDO"}}', 0.0)
    assert len(notifier.take(0.0)) == 1
    await notifier.prepare(1.0)
    written: list[Any] = []
    monkeypatch.setattr(telling.renderer, "render", lambda *given, **_: written.append(given))
    (told,) = notifier.take(1.0)
    event = frames.read(told)
    assert isinstance(event, frames.Event)
    assert (len(event.notification or ()), written) == (3, [])


def test_what_filters_mean() -> None:
    document = {"a": [{"b": 1, "c": "x"}, {"b": 2, "d": True}], "e": {"f g": None}}
    for text, passes in {
        "@.a": True,
        "@.z": False,
        "!@.z": True,
        "@.a.b == 2": True,
        "$.a[0].b == 2": False,
        "@.a[*].b > 1 && @.a.c == 'x'": True,
        "@.a.b != 3": True,
        "@.a.b != 1": False,
        "@.a.d == true": True,
        "@.a.b == true": False,
        '@.e["f g"] == null': True,
        "@.a.c >= 'x' || @.z": True,
        "(@.z || @.a) && !(@.a.b < 1)": True,
        "@.a.c < 5": False,
    }.items():
        assert Filter(text).passes(document) is passes, text


@pytest.mark.parametrize("text", [" || ".join(["@.a == 1"] * 65), "@" + ".*" * 9, "@.* && @.* && @.*.*.*.*.*.*.*"])
def test_a_filter_cannot_ask_for_more_than_the_loop_has_time_for(text: str) -> None:
    """Every document of every incident is held against it."""
    with pytest.raises(BadFilter, match="paths at most"):
        Filter(text)
    Filter(" || ".join(["@.a == 1"] * 64) + "")
