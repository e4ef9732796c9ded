"""The verbs of the command line as the API tells them: what each is for, and which operations it becomes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from gateways.api.operation import Call, Operation, Reply, Room
from gateways.vocabulary.verbs import VERBS, VerbView, view_verbs


class Verbs(Struct, frozen=True, kw_only=True):
    """Every verb of the console's command line, from the registry that the page itself is made from."""

    items: tuple[VerbView, ...]


async def verbs(room: Room, call: Call) -> Reply:
    """The verbs of the console's command line: what each is for, which rights it needs, which messages it becomes."""
    del room, call
    return Reply(Verbs(items=view_verbs()))


def letters_of(kind: type[Struct] | None) -> tuple[str, ...]:
    """Return the verbs that become such a message."""
    return tuple(each.verb for each in VERBS if kind in each.says)


def verb_sheet(operations: Iterable[Operation]) -> list[Mapping[str, Any]]:
    """Return the rows of the sheet of verbs: as they are typed, and the operationIds of what they become."""
    served = {each.says: each.name for each in operations if each.says is not None}
    return [
        {
            "verb": each.verb,
            "usage": re.sub(r"\s+", " ", each.usage),
            "about": each.about,
            "group": each.group,
            "rights": list(each.rights),
            "fms": list(each.fms),
            "operations": [served[kind] for kind in each.says if kind in served],
        }
        for each in VERBS
    ]
