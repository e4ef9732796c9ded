"""What the messages of the vocabulary are made of: kinds of values with their bounds, and the bases."""

from typing import Annotated

from msgspec import Meta, Struct

from engine.model.words import tag

Name = Annotated[str, Meta(min_length=1, max_length=128)]
"""An id: of a command, an incident, a unit, an alarm, an alert."""
Label = Annotated[str, Meta(max_length=128)]
"""A name that may be left empty."""
Text = Annotated[str, Meta(max_length=4_000)]
Line = Annotated[str, Meta(max_length=1_000)]
"""What a person typed."""
Typed = Annotated[str, Meta(max_length=200)]
"""As much of an address as has been typed."""
Most = Annotated[int, Meta(ge=1, le=50)]
"""Answers that are wanted at most."""
Said = Annotated[str, Meta(min_length=1, max_length=4_000)]
"""A text that goes into the record, and may not be empty."""
Latitude = Annotated[float, Meta(ge=-90, le=90)]
"""Degrees north, WGS84."""
Longitude = Annotated[float, Meta(ge=-180, le=180)]
"""Degrees east, WGS84."""
Priority = Annotated[int, Meta(ge=1, le=5)]
"""1 is the most urgent."""
Whole = Annotated[int, Meta(ge=0, le=2**53)]
"""A seq, or a time in ms since the epoch (UTC): whole numbers that every JSON reader keeps exactly."""
Units = Annotated[tuple[Name, ...], Meta(min_length=1, max_length=64)]


class FromClient(Struct, frozen=True, gc=False, tag_field="type", tag=tag, forbid_unknown_fields=True):
    """The base of what we receive."""


class FromServer(Struct, frozen=True, gc=False, tag_field="type", tag=tag):
    """The base of what we send."""


class Command(FromClient, frozen=True, gc=False, kw_only=True):
    """A message that is answered: by `answer` once it is durable, or by `refused`."""

    id: Name
    """Chosen by the sender, unique for ever among its own: the same command sent again gets the same answer."""
    line: Line = ""
    """What the operator typed, word for word, where it was typed: kept in the record with who sent it and when."""
