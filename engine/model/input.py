"""The bases of all inputs; the kinds of them are in `inputs.py` and in the files of their subjects."""

from msgspec import Struct

from engine.model.words import tag


class Input(Struct, frozen=True, gc=False, tag_field="kind", tag=tag):
    """The base of all inputs."""


class Command(Input, frozen=True, gc=False, kw_only=True):
    """An input that is answered. The same id always gets the same answer and happens once."""

    id: str
    """Chosen by the sender, unique for ever among the sender's own."""
    by: str
    """The principal that the gateway authenticated."""
    line: str = ""
    """What was typed, word for word, where a person typed it. Nothing rests on it: it is kept for those who ask later
    who said what, under the key of the incident that it is about."""
