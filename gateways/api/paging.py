"""Pages of lists. A cursor names the last item that was told, so that nothing is told twice or left out while lists grow."""

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

from gateways.api.problems import Problem
from gateways.api.shapes import Page

Item = TypeVar("Item")


def page_of(found: Iterable[Item], page: Page, key: Callable[[Item], int]) -> tuple[list[Item], str | None]:
    """Return the items behind the page's cursor, at most its limit, and the cursor of the next page.

    `found` goes up by `key`, which stays with an item for ever. Raises Problem 422 for a cursor that is none.
    """
    behind = _decoded(page.cursor)
    items = found if behind is None else (item for item in found if key(item) > behind)
    taken = list(islice(items, page.limit + 1))
    if len(taken) <= page.limit:
        return taken, None
    told = taken[: page.limit]
    return told, _encoded(key(told[-1]))


def _encoded(number: int) -> str:
    return base64.urlsafe_b64encode(b"%d" % number).decode().rstrip("=")


def _decoded(cursor: str) -> int | None:
    if not cursor:
        return None
    try:
        number = int(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError):
        number = None  # it is no cursor: below
    if number is None or _encoded(number) != cursor:
        raise Problem(422, "unknown_cursor", "This is no cursor. Take `next` of the page before, as it is.", "cursor")
    return number
