"""Templates: named fields and nothing else, within a length, and no more than the channel may tell."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_alerts_logfile import message

from engine.model.alert_facts import Purpose
from gateways.alerts.message import EXERCISE
from gateways.alerts.pager import Pager
from gateways.alerts.smtp import Mail, Security
from gateways.alerts.wording import FIELDS, Tells, Worded, brief, check, clean, long, plain, redacted, short


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("{unti} GO", "there is no field 'unti'"),
        ("{unit.__class__}", "there is no field 'unit.__class__'"),
        ("{unit[0]}", "there is no field 'unit[0]'"),
        ("{0}", "there is no field '0'"),
        ("{}", "there is no field ''"),
        ("{unit!r}", "'unit' may only be shortened"),
        ("{unit:>1000000}", "'unit' may only be shortened"),
        ("{unit", "expected '}'"),
        ("unit}", "Single '}'"),
        ("{address}", "the field 'address' needs tells = 'place'"),
        ("{cautions}", "the field 'cautions' needs tells = 'all'"),
    ],
)
def test_what_a_template_may_not_say_is_refused_by_name(template: str, complaint: str) -> None:
    """When the configuration is read, not when a crew is to be told."""
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert({"tells": "bare", "template": template}, Worded)
    assert complaint in str(refused.value)
    assert str(refused.value).startswith("template: ")


def test_a_template_of_one_purpose_is_named() -> None:
    """Its path is in the complaint."""
    with pytest.raises(msgspec.ValidationError, match=r"templates\.release: there is no field 'when'"):
        msgspec.convert({"templates": {"release": "{when}"}}, Worded)


def test_each_purpose_has_its_words() -> None:
    """The purpose's own template, else the general one, else the one that fits what may be told."""
    config = Worded(templates={Purpose.RELEASE: "STOP {unit}"}, template="{unit}: {type_name:.9}")
    assert short(config, message()) == "E7: Structure"
    assert short(config, replace(message(), purpose=Purpose.RELEASE)) == "STOP E7"
    assert short(Worded(), message()) == message().text
    assert short(Worded(tells=Tells.BARE), message()) == "E7 GO I1 P1 Structure fire"


@pytest.mark.parametrize("tells", list(Tells))
def test_nothing_is_told_that_may_not_be(tells: Tells) -> None:
    """In words as in data: neither place nor cautions on a bare channel, no cautions where the place may be told."""
    told = replace(message(), cautions=("violent resident",), text="E7 GO I1, 12 Quay. CAUTION violent resident")
    texts = [short(Worded(tells=tells), told), long(Worded(tells=tells), told)]
    texts.append(msgspec.json.encode(redacted(told, tells)).decode())
    for text in texts:
        assert ("12 Quay" in text) == (tells is not Tells.BARE)
        assert ("violent" in text) == (tells is Tells.ALL)


def test_lines_without_anything_in_them_are_left_out() -> None:
    """A mail about a move has no line for cautions."""
    words = long(Worded(), message())
    assert "Take care" not in words
    assert "Position 52.10000, 4.90000" in words


def test_what_is_too_long_is_cut_and_an_exercise_always_says_so() -> None:
    """Three dots of plain letters; the mark stands in front and stays."""
    told = replace(message(), text=EXERCISE + "x" * 300, exercise=True)
    words = short(Worded(limit=60), told)
    assert words.startswith(EXERCISE + "xxx")
    assert (len(words), words[-3:]) == (60, "...")
    assert short(Worded(template="{brief}"), told).startswith(EXERCISE + "E7 GO")


@given(st.text(max_size=300), st.text(max_size=60))
def test_no_address_ends_a_line(address: str, kind: str) -> None:
    """Whatever a caller's address holds, a short message is one line of printable words, within its limit."""
    told = replace(message(), address=address, type_name=kind)
    words = short(Pager(host="p", limit=80), told)
    assert len(words) <= 80
    assert clean(words) == words
    assert plain(words).isascii()
    assert "\n" not in brief(told)


@given(st.text(max_size=80))
def test_any_template_is_taken_or_refused(template: str) -> None:
    """And what is taken can be filled."""
    try:
        check(template, Tells.ALL)
    except ValueError:
        return
    if template:
        short(Worded(template=template), message())


def test_every_field_can_be_filled() -> None:
    """What the table of fields promises, a message has."""
    template = " ".join(f"{{{name}}}" for name in FIELDS)
    assert "E7" in short(Worded(template=template), message(), "jansen")


def test_a_mail_server_is_not_sent_a_password_in_the_clear() -> None:
    """And nothing printed shows one."""
    with pytest.raises(ValueError, match="over TLS only"):
        Mail(host="m", sender="a@b.example", user="u", password="p", security=Security.NONE)
    with pytest.raises(ValueError, match="both or neither"):
        Mail(host="m", sender="a@b.example", user="u")
    with pytest.raises(ValueError, match="subject: there is no field"):
        Mail(host="m", sender="a@b.example", subject="{who}")
    assert "canary" not in repr(Mail(host="m", sender="a@b.example", user="u", password="canary"))
    assert "canary" not in repr(Pager(host="p", login="u", password="canary"))
