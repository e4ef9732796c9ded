"""What a company is told has an id of its own, which is the same for ever."""

from typing import Any

import msgspec

from engine.model.facts import AnyFact, NoteAdded
from engine.model.inputs import AddNote
from engine.model.turn import Turn
from gateways.asap.notices import QUESTION, NoticePicker, Told
from gateways.outward.turns import Numbered
from tests.builders import NOW


def asked(seq: int, *facts: AnyFact, first: int = 0) -> Numbered:
    return Numbered(Turn(seq, NOW, AddNote(id=str(seq), by="desk", incident="I1", text="?"), facts), first)


def question(words: str) -> NoteAdded:
    return NoteAdded("I1", QUESTION + words, "desk")


def picker() -> NoticePicker:
    board: Any = None  # it begins from its memory
    made = NoticePicker("acme", board)
    made.remember(msgspec.msgpack.encode({"I1": Told("CS-1")}))
    return made


def ids(*turns: Numbered) -> list[str]:
    made = picker()
    return [made.request([piece])[0] for turn in turns for _, piece in made.pick(turn)]


def test_two_questions_of_one_millisecond_have_two_ids() -> None:
    """In one turn and in two; whoever goes through them again, also past positions that have expired, finds the same."""
    found = ids(asked(7, question("a"), question("b")), asked(8, question("c")))
    assert len(set(found)) == 3
    assert found == ids(asked(7, question("a"), question("b")), asked(8, question("c")))
    assert found[1:2] == ids(asked(7, question("b"), first=1))
