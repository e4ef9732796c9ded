"""The rules of a CAD connection, without a socket."""

import json
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import inputs
from engine.model.inputs import ReportIncident
from engine.model.paper import encode
from gateways.auth import GRANTS, Credential, Gatekeeper, Right, Role, digest_of_secret
from gateways.cad import messages
from gateways.cad.config import CadConfig
from gateways.cad.messages import VERSION, Pong, Refused
from gateways.cad.session import Ask, Close, Inquire, Join, Send, Session, State
from gateways.vocabulary.bucket import Bucket
from gateways.vocabulary.commands import QUESTIONS, RULES
from gateways.vocabulary.incident_messages import AnyCommand
from gateways.vocabulary.questions import Question
from tests.builders import CREDENTIALS, PROJECTION, token

EXAMPLES: dict[str, dict[str, object]] = {
    "report_incident": {"incident_type": "fire", "lat": 41.5, "lon": -90.5},
    "amend_incident": {"incident": "I1", "priority": 2},
    "cancel_incident": {"incident": "I1", "reason": "false alarm"},
    "close_incident": {"incident": "I1", "disposition": "done"},
    "link_incidents": {"incident": "I1", "other": "I2"},
    "merge_incident": {"incident": "I1", "into": "I2"},
    "note": {"incident": "I1", "text": "gate code 4711"},
    "forget_incident": {"incident": "I1", "reason": "asked for by the caller"},
    "decline": {"unit": "M1", "incident": "I1", "reason": "no fuel"},
    "delay": {"unit": "M1", "incident": "I1", "minutes": 5},
    "ask_for_help": {"unit": "M1", "what": "police"},
    "tell_unit": {"unit": "M1", "text": "use the back door"},
    "tell_dispatch": {"unit": "M1", "text": "at the back door"},
    "recommend": {"incident": "I1"},
    "reserve": {"incident": "I1", "units": ["M1"]},
    "dispatch": {"incident": "I1", "units": ["M1"]},
    "divert": {"unit": "M1", "incident": "I1", "reason": "closer"},
    "release": {"unit": "M1", "incident": "I1", "reason": "not needed"},
    "unit_status": {"unit": "M1", "status": "en_route"},
    "unit_emergency": {"unit": "M1"},
    "resolve_emergency": {"unit": "M1", "reason": "spoke to the crew"},
    "acknowledge_alarm": {"alarm": "W1"},
    "acknowledge_alert": {"alert": "A1"},
    "close_road": {"stretch": {"streets": ["West Bridge"]}, "reason": "flood"},
    "open_road": {"closure": "C1"},
    "report_traffic": {
        "stretch": {"polygon": [[41.5, -90.5], [41.5, -90.4], [41.6, -90.5]]},
        "percent": 150,
        "until_ms": 1,
    },
    "report_weather": {"weather": "snow", "percent": 140, "until_ms": 1},
    "accept": {"incident": "I1", "decision": 7},
    "supersede": {"incident": "I1", "unit": "M1", "replacement": "M2"},
    "strike_alarm": {"incident": "I1"},
    "hold": {"incident": "I1", "until_ms": 1, "reason": "not before noon"},
    "end_hold": {"incident": "I1"},
    "stack": {"incident": "I1", "unit": "M1"},
    "unstack": {"incident": "I1"},
    "reopen": {"incident": "I1", "reason": "it burns again"},
    "split_incident": {"incident": "I1", "reason": "another flat"},
    "unlink_incidents": {"incident": "I1", "other": "I2"},
    "staffing": {"unit": "M1", "staff": 2},
    "call_roll": {"incident": "I1"},
    "answer_roll": {"unit": "M1"},
    "answer_aid": {"unit": "M1", "incident": "I1", "committed": True},
    "caution": {"lat": 41.5, "lon": -90.5, "radius_m": 100, "severity": "danger", "text": "gas"},
    "end_caution": {"caution": "H1"},
    "hospital_status": {"hospital": "H1", "state": "diverting"},
    "rank_destinations": {"unit": "M1"},
    "choose_destination": {"unit": "M1", "hospital": "H1"},
    "accept_move": {"move": "M1"},
    "reject_move": {"move": "M1", "unit": "M1", "reason": "low on fuel"},
    "snooze_move": {"move": "M1", "for_ms": 600_000},
    "order_move": {"unit": "M1", "post": "S2", "reason": "the fair"},
    "recall_unit": {"unit": "M1", "reason": "the fair is over"},
}


def text(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, **fields})


def command(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, "id": "c1", **EXAMPLES[kind], **fields})


def hello(name: str = "cad", **fields: object) -> str:
    return text("hello", **{"version": VERSION, "token": token(name), **fields})


def session(name: str | None = "cad", **settings: object) -> Session:
    made = Session(Gatekeeper(CREDENTIALS), PROJECTION, CadConfig(**settings))  # type: ignore[arg-type]
    if name is not None:
        (join,) = made.feed(hello(name), 0.0)
        assert isinstance(join, Join)
    return made


def refusal(effects: Sequence[object]) -> Refused:
    first = effects[0]
    assert isinstance(first, Send)
    assert isinstance(first.message, Refused)
    return first.message


def test_every_command_has_a_rule_and_an_example() -> None:
    """A new message cannot be forgotten in the table."""
    assert {kind.__struct_config__.tag for kind in RULES} == set(EXAMPLES)
    assert set(RULES) == set(AnyCommand.__args__)


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_rights_are_what_the_table_says(kind: str) -> None:
    """Each role may send exactly what its grants say; everything else is refused, on the type."""
    right = next(rule.right for each, rule in RULES.items() if each.__struct_config__.tag == kind)
    for role in Role:
        credential = Credential(name="x", role=role, secret_sha256=(digest_of_secret("s"),))
        made = Session(Gatekeeper((credential,)), PROJECTION, CadConfig())
        (first, *_) = made.feed(hello(token="x.s"), 0.0)
        if Right.WATCH not in GRANTS[role]:
            assert refusal([first]).code == "unauthorised"
            continue
        (effect,) = made.feed(command(kind), 1.0)
        if right in GRANTS[role]:
            assert isinstance(effect, Ask)
            assert (effect.command.id, effect.command.by) == ("c1", "x")
        else:
            assert (refusal([effect]).code, refusal([effect]).field) == ("unauthorised", "type")


OF_A_UNIT = [
    "unit_status",
    "unit_emergency",
    "staffing",
    "answer_roll",
    "rank_destinations",
    "choose_destination",
    "reject_move",
]


@pytest.mark.parametrize("kind", OF_A_UNIT)
def test_a_crew_speaks_only_for_its_own_unit(kind: str) -> None:
    """A principal bound to M1 may speak for M1 and for no other."""
    crew = session("crew-m1")
    assert isinstance(crew.feed(command(kind, unit="M1"), 1.0)[0], Ask)
    told = refusal(crew.feed(command(kind, unit="M2"), 1.0))
    assert (told.id, told.code, told.field) == ("c1", "unauthorised", "unit")


def test_degrees_become_metres_once() -> None:
    """The engine gets whole local metres and the fields under its own names."""
    (effect,) = session().feed(command("report_incident", lat=41.51, lon=-90.49, priority=2, note="n"), 1.0)
    assert isinstance(effect, Ask)
    x_m, y_m = PROJECTION.to_metres(41.51, -90.49)
    expected = ReportIncident(id="c1", by="cad", type="fire", x_m=x_m, y_m=y_m, priority=2, note="n")
    assert effect.command == expected


def test_an_amendment_without_a_position_leaves_it() -> None:
    """Latitude and longitude come together or not at all."""
    made = session()
    (effect,) = made.feed(command("amend_incident"), 1.0)
    assert isinstance(effect, Ask)
    assert isinstance(effect.command, inputs.AmendIncident)
    assert (effect.command.x_m, effect.command.y_m, effect.command.priority) == (None, None, 2)
    assert refusal(made.feed(command("amend_incident", lat=41.5), 1.0)).field == "lon"
    assert refusal(made.feed(command("amend_incident", lon=-90.5), 1.0)).field == "lat"


BAD_HELLOS = [
    ("{", "malformed", ""),
    ("[]", "wrong_type", ""),
    (text("ping", id="p"), "hello_first", "type"),
    (command("note"), "hello_first", "type"),
    (hello(version="turnout.cad.v2"), "wrong_version", "version"),
    (hello(version="turnout.cad.v2", more=1), "wrong_version", "version"),
    (hello(more=1), "unknown_field", "more"),
    (hello(token="cad.wrong"), "unauthenticated", "token"),
    (hello(token="nobody.wrong"), "unauthenticated", "token"),
    (hello(token=""), "unauthenticated", "token"),
    (hello("gps"), "unauthorised", "token"),
    (hello(resume_from=-1), "out_of_range", "resume_from"),
    (text("hello", version=VERSION), "missing", "token"),
]


@pytest.mark.parametrize(("given", "code", "field"), BAD_HELLOS)
def test_nothing_but_a_good_hello_lets_in(given: str, code: str, field: str) -> None:
    """The first message is a good hello, or it is refused with its field and the connection ends with 1008."""
    made = session(None)
    effects = made.feed(given, 0.0)
    assert (refusal(effects).code, refusal(effects).field) == (code, field)
    assert isinstance(effects[1], Close)
    assert effects[1].code == 1008
    assert made.state is State.CLOSED
    assert made.feed(hello(), 0.0) == []


BAD_COMMANDS = [
    ("{", "malformed", "", None),
    ("", "malformed", "", None),
    ("null", "wrong_type", "", None),
    ('{"id":"c1"}', "missing", "type", "c1"),
    (text("explode", id="c1"), "unknown_message", "type", "c1"),
    (text("welcome", id="c1"), "unknown_message", "type", "c1"),
    (command("note", id=""), "missing", "id", ""),
    (command("note", id="x" * 129), "too_long", "id", "x" * 129),
    (command("note", id=7), "wrong_type", "id", None),
    (command("note", text="x" * 4001), "too_long", "text", "c1"),
    (command("note", colour="red"), "unknown_field", "colour", "c1"),
    (text("note", id="c1", incident="I1"), "missing", "text", "c1"),
    (command("report_incident", lat=90.1), "out_of_range", "lat", "c1"),
    (command("report_incident", lon=-180.1), "out_of_range", "lon", "c1"),
    (command("report_incident", lat="41.5"), "wrong_type", "lat", "c1"),
    (command("report_incident").replace("41.5", "1e999"), "out_of_range", "lat", None),
    (command("report_incident").replace("41.5", "-1e999"), "out_of_range", "lat", None),
    (command("report_incident").replace("41.5", "NaN"), "malformed", "", None),
    (command("report_incident").replace("41.5", "Infinity"), "malformed", "", None),
    (command("report_incident", priority=0), "out_of_range", "priority", "c1"),
    (command("report_incident", priority=3.0), "wrong_type", "priority", "c1"),
    (command("report_incident", priority=10**30), "out_of_range", "priority", "c1"),
    (command("unit_status", status="flying"), "unknown_value", "status", "c1"),
    (command("unit_status", at_ms=10**30), "out_of_range", "at_ms", "c1"),
    (command("unit_status", at_ms=-1), "out_of_range", "at_ms", "c1"),
    (command("dispatch", units=[]), "missing", "units", "c1"),
    (command("strike_alarm", level=1), "out_of_range", "level", "c1"),
    (command("accept", decision=-1), "out_of_range", "decision", "c1"),
    (command("staffing", staff=101), "out_of_range", "staff", "c1"),
    (command("caution", severity="awful"), "unknown_value", "severity", "c1"),
    (command("caution", radius_m=20_001), "out_of_range", "radius_m", "c1"),
    (command("hospital_status", state="on fire"), "unknown_value", "state", "c1"),
    (text("answer_aid", id="c1", unit="M1", incident="I1"), "missing", "committed", "c1"),
    (text("hold", id="c1", incident="I1", until_ms=1), "missing", "reason", "c1"),
    (text("ask_why", id="c1", incident="I1", at=0), "out_of_range", "at", "c1"),
    (text("ask_suspects", id="c1", lat=41.5), "missing", "lon", "c1"),
    (text("ask_preview", id="c1", lat=91, lon=0), "out_of_range", "lat", "c1"),
    (command("dispatch", line="x" * 1_001), "too_long", "line", "c1"),
    (command("dispatch", units=["M1", 2]), "wrong_type", "units[1]", "c1"),
    (command("dispatch", units=["M1"] * 65), "too_long", "units", "c1"),
    (command("note", text="x").replace('"x"', '"\\ud800"'), "malformed", "", None),
    ('{"type":"note","deep":' + "[" * 30_000, "unknown_field", "deep", None),
    ("[" * 30_000, "wrong_type", "", None),
    (hello(), "already_greeted", "type", None),
]


@pytest.mark.parametrize(("given", "code", "field", "name"), BAD_COMMANDS)
def test_bad_messages_are_refused_with_their_field(given: str, code: str, field: str, name: str | None) -> None:
    """Whatever cannot be read is refused with code, path and reason, and never reaches the engine."""
    made = session()
    (effect,) = made.feed(given, 1.0)
    told = refusal([effect])
    assert (told.code, told.field, told.id) == (code, field, name)
    assert told.reason
    assert made.state is State.LIVE


def test_every_question_needs_a_right() -> None:
    """One that is not in the table would break the session that asks it."""
    assert set(QUESTIONS) == set(get_args(Question))


PREVIEW = text("ask_preview", id="p1", incident_type="fire", lat=41.5, lon=-90.5)


@pytest.mark.parametrize("name", ["cad", "calls", "wall", "crew-m1"])
def test_a_preview_is_for_those_who_report(name: str) -> None:
    """A call-taker and a dispatcher may ask who would go; an observer and a crew may not."""
    made = session(name)
    (effect,) = made.feed(PREVIEW, 1.0)
    if name in ("cad", "calls"):
        assert isinstance(effect, Inquire)
    else:
        assert (refusal([effect]).code, refusal([effect]).field, refusal([effect]).id) == ("unauthorised", "type", "p1")


def test_previews_have_a_pace_of_their_own() -> None:
    """Beyond it they are told when to come back; commands go on."""
    made = session(previews_per_s=2.0, previews_burst=2)
    kinds = [made.feed(PREVIEW, 10.0)[0] for _ in range(3)]
    assert [type(each) for each in kinds] == [Inquire, Inquire, Send]
    told = refusal([kinds[2]])
    assert (told.code, told.retry_after_ms) == ("rate_limited", 501)
    assert isinstance(made.feed(command("note"), 10.0)[0], Ask)
    assert isinstance(made.feed(PREVIEW, 10.6)[0], Inquire)


def test_what_was_typed_reaches_the_engine() -> None:
    """Word for word, with whatever it became."""
    (effect,) = session().feed(command("dispatch", line="D I1 M1 nearest"), 1.0)
    assert isinstance(effect, Ask)
    assert effect.command.line == "D I1 M1 nearest"


def test_a_refusal_never_repeats_a_long_field() -> None:
    """What a client sends back at itself is cut to size."""
    told = refusal(session().feed(command("note", **{"f" * 10_000: 1}), 1.0))
    assert told.code == "unknown_field"
    assert len(told.field) + len(told.reason) < 600


WORDS = st.sampled_from(["type", "id", "unit", "units", "status", "lat", "hello", "token", *EXAMPLES])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=6),
    max_leaves=12,
)


@given(st.text(max_size=40) | st.binary(max_size=20) | JSON.map(json.dumps))
def test_nothing_that_is_sent_raises(given_text: str | bytes) -> None:
    """Whatever it is, before and after the hello, it has an effect that is one of ours."""
    for made in (session(None), session()):
        effects = made.feed(given_text, 1.0)
        assert effects
        assert all(isinstance(effect, Send | Ask | Join | Close) for effect in effects)


@given(st.sampled_from(sorted(EXAMPLES)), st.dictionaries(WORDS, JSON, max_size=3))
def test_a_spoilt_command_is_asked_or_refused(kind: str, spoilt: dict[str, object]) -> None:
    """One effect, and what reaches the engine can be written into the journal."""
    (effect,) = session().feed(command(kind, **{**spoilt, "type": kind}), 1.0)
    assert isinstance(effect, Ask | Send)
    if isinstance(effect, Ask):
        assert encode(effect.command)


def test_binary_frames_are_refused() -> None:
    """The vocabulary is text."""
    assert refusal(session().feed(b"{}", 1.0)).code == "malformed"


def test_ten_unreadable_messages_end_the_connection() -> None:
    """Nine within a moment are borne, the tenth ends it with 1008; later ones are not even answered."""
    made = session()
    for _ in range(9):
        assert len(made.feed("{", 1.0)) == 1
    last = made.feed("{", 1.0)
    assert last[1] == Close(1008, "too_many_errors", "Too many messages that could not be read.")
    assert made.feed(command("note"), 1.0) == []


def test_an_error_is_forgiven_each_minute() -> None:
    """A client that errs now and then for a year is not cut off."""
    made = session()
    for minute in range(100):
        assert len(made.feed("{", 61.0 * minute)) == 1
    assert made.state is State.LIVE


def test_refusals_of_readable_messages_are_not_errors() -> None:
    """Asking for what one may not is answered as often as it is asked."""
    made = session("wall")
    for _ in range(50):
        assert refusal(made.feed(command("note"), 1.0)).code == "unauthorised"
    assert made.state is State.LIVE


def test_the_pace_is_limited_with_a_burst() -> None:
    """After the burst a message is refused with the time to wait; after that time it is taken."""
    made = session(commands_per_s=10.0, burst=5)
    for _ in range(5):
        assert isinstance(made.feed(command("note"), 1.0)[0], Ask)
    told = refusal(made.feed(command("note"), 1.0))
    assert (told.id, told.code, told.retry_after_ms) == ("c1", "rate_limited", 101)
    assert refusal(made.feed(text("ping", id="p"), 1.0)).code == "rate_limited"
    assert isinstance(made.feed(command("note"), 1.101)[0], Ask)


def test_a_cry_for_help_is_never_too_fast() -> None:
    """A unit's emergency is taken also where everything else is refused."""
    made = session(burst=1)
    for _ in range(20):
        assert isinstance(made.feed(command("unit_emergency"), 1.0)[0], Ask)
    assert refusal(made.feed(command("note"), 1.0)).code == "rate_limited"


def test_pings_are_answered() -> None:
    """With their id."""
    assert session().feed(text("ping", id="p7"), 1.0) == [Send(Pong(id="p7"))]


def test_a_hello_hides_its_token() -> None:
    """Nothing that prints a message shows a secret."""
    assert "secret" not in repr(messages.Hello(version=VERSION, token=token("cad")))


def test_the_bucket_agrees_with_counting() -> None:
    """Over any stretch no more than burst + rate x time is let through, and that much is."""
    bucket = Bucket(per_s=8.0, burst=4)
    let = [bucket.take(tick / 64) == 0.0 for tick in range(640)]
    assert sum(let) == 4 + 8 * 10 - 1
    assert let[:4] == [True] * 4
    assert not let[5]
