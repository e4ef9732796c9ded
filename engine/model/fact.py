"""The base of all facts; the kinds of them are in `facts.py` and `road_facts.py`."""

from msgspec import Struct

from engine.model.words import tag


class Fact(Struct, frozen=True, gc=False, tag_field="kind", tag=tag):
    """The base of all facts."""
