"""Whether a command that comes again is the same one: also where an earlier version of the program took the first."""

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.inputs import AddNote, DispatchUnits, ReportIncident
from engine.model.paper import digest_of, is_digest_of

REPORT = ReportIncident(id="c1", by="cad", type="fire", x_m=100, y_m=-50, address="12 Mill Lane")
BEFORE_LINES = (
    "8da46b696e64af7265706f72745f696e636964656e74a474797065a466697265a3785f6d64a3795f6dd0cea87072696f72697479c0a7616464"
    "72657373ac3132204d696c6c204c616e65a663616c6c6572a0a46e6f7465a0a865787465726e616ca0a4636f6465a0a66475655f6d73c0a269"
    "64a26331a26279a3636164"
)
"""REPORT as it was encoded before commands had the field `line`."""
WITH_LINES = "8e" + BEFORE_LINES[2:] + "a46c696e65a0"
"""And after that, with all fields."""


@pytest.mark.parametrize("encoding", [BEFORE_LINES, WITH_LINES])
def test_a_command_that_an_earlier_version_took_is_known_again(encoding: str) -> None:
    """With its empty fields, which now are left out; another one of the same id is another one."""
    digest = blake2b(bytes.fromhex(encoding), digest_size=8).digest()
    assert digest != digest_of(REPORT)
    assert is_digest_of(digest, REPORT)
    assert is_digest_of(digest, replace(REPORT, line="FIRE 12 MILL LANE"))
    assert not is_digest_of(digest, replace(REPORT, note="smoke"))
    assert not is_digest_of(digest, replace(REPORT, address=""))


def test_an_answer_that_was_kept_with_every_field_given() -> None:
    """As eight bytes, out of a snapshot of that version."""
    order = DispatchUnits(id="c2", by="desk", incident="I1", units=("E1", "E2"), reason="nearer by foot")
    assert is_digest_of(bytes.fromhex("905c71d1d8ceaacd"), order)
    assert is_digest_of(bytes.fromhex("8525d02333434d31"), order)
    assert not is_digest_of(bytes.fromhex("8525d02333434d31"), replace(order, units=("E2", "E1")))


TEXTS = st.sampled_from(["", "a", "b"])


@given(one=st.tuples(TEXTS, TEXTS, TEXTS), other=st.tuples(TEXTS, TEXTS, TEXTS))
def test_two_commands_share_a_digest_only_if_they_say_the_same(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """However they were typed. A field that is empty in the one is not taken for another of the other."""
    first, second = (
        ReportIncident(id="c", by="cad", type="fire", x_m=0, y_m=0, address=address, caller=caller, line=line)
        for address, caller, line in (one, other)
    )
    assert is_digest_of(digest_of(first), second) == (one[:2] == other[:2])
    note = AddNote(id="c", by="cad", incident="I1", text="fire")
    assert not is_digest_of(digest_of(first), note)
