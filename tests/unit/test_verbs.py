"""The registry of verbs: unambiguous, complete, and the only place that says what verbs there are."""

import re

import pytest

from gateways.api.documents import openapi
from gateways.api.routes import operations
from gateways.api.verbs import letters_of, verb_sheet
from gateways.auth import GRANTS, Right, Role
from gateways.console.routes import FOLDER
from gateways.vocabulary.commands import QUESTIONS, RULES
from gateways.vocabulary.incident_messages import Dispatch, UnitStatus
from gateways.vocabulary.verbs import VERBS, Verb, view_verbs

READERS = re.compile(r"^export const [A-Z]+ = \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
KEY = re.compile(r'^  "?([A-Z?]+)"?:', re.MULTILINE)
BY_VERB = {each.verb: each for each in VERBS}


def test_no_verb_can_be_mistaken_for_another() -> None:
    """Letters, names and digits are each used once; the letters of one are never the name of another."""
    letters, names = [each.verb for each in VERBS], [each.name for each in VERBS]
    digits = [digit for each in VERBS for digit in each.fms]
    for told in (letters, names, digits):
        assert len(told) == len(set(told))
    assert not set(letters) & {name.upper() for name in names}


@pytest.mark.parametrize("each", VERBS, ids=lambda each: each.verb)
def test_a_verb_says_what_it_is_typed_like_and_for(each: Verb) -> None:
    """The usage begins with the letters; whatever it becomes is in the vocabulary's tables."""
    assert each.usage.startswith(each.verb)
    assert each.about
    assert not each.about.endswith(".")
    assert all(kind in RULES or kind in QUESTIONS for kind in each.says)
    assert each.rights


def test_rights_are_those_of_the_messages() -> None:
    """A call-taker enters calls and sends nobody; whoever looks may look."""
    assert BY_VERB["DE"].rights == (Right.ORDER, Right.STATUS)
    assert BY_VERB["NT"].rights == (Right.REPORT,)
    assert BY_VERB["V"].rights == (Right.WATCH,)
    may = {each.verb for each in VERBS if set(each.rights) <= GRANTS[Role.CALL_TAKER]}
    assert {"N", "NT", "P", "W", "V", "?"} <= may
    assert not {"D", "DV", "X", "AV"} & may


def test_the_page_reads_each_verb_and_names_none_of_its_own() -> None:
    """Every verb without a status has its reader in the page, and no reader is without its verb."""
    read: set[str] = set()
    for path in FOLDER.glob("*.js"):
        for block in READERS.findall(path.read_text(encoding="utf-8")):
            read |= set(KEY.findall(block))
    read.add("N")  # `ENTERING` stands in one line
    assert read == {each.verb for each in VERBS if each.status is None}


def test_the_api_tells_the_same_verbs() -> None:
    """Each operation names the verbs that become it; each verb links operations that there are."""
    assert letters_of(Dispatch) == ("D", "DE")
    assert letters_of(UnitStatus)[0] == "DE"
    names = {each.name for each in operations()}
    sheet = verb_sheet(operations())
    assert [row["verb"] for row in sheet] == [each.verb for each in view_verbs()]
    for row, each in zip(sheet, VERBS, strict=True):
        assert len(row["operations"]) == len(each.says)
        assert set(row["operations"]) <= names
    assert "On the console's command line: `D`, `DE`." in openapi()
