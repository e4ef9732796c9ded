"""What the press has published: the file of it, and how long that is kept.

Rule: what is in force is kept, and what a receiver has still to take; what is over goes `kept_days` after nobody could take it
for in force any more. An identifier is never given to a second message.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from engine.journal.disk import Disk
from gateways.cap.alert import CapAlert
from gateways.cap.ledger import LedgerDamaged
from gateways.cap.orders import Order
from gateways.cap.wordless import wordless_alert, wordless_order
from gateways.log import logger

FILE: Final = "cap-published.msgpack"
_log = logger("cap")


class Publication(Struct, frozen=True):
    """One order with all its messages."""

    order: Order
    by: str
    messages: tuple[CapAlert, ...]
    over: bool = False
    mark: str = ""
    """Of its first second, in its identifiers: an order may bear the id of one that is kept no longer."""

    @property
    def ended_ms(self) -> int | None:
        """From when on nobody takes it for in force any more; None while it is not over."""
        last = self.messages[-1]
        return max(last.sent_ms, last.infos[0].expires_ms or 0) if self.over else None


class Archive(Struct, frozen=True):
    """All that is kept."""

    publications: dict[str, Publication]
    """By name, oldest first."""
    sent: dict[str, int]
    """By receiver: how many messages it has taken, in the order of `numbers`."""
    numbers: list[tuple[str, int]]
    """Every message, from that of the number `gone` on, in the order in which it was made: publication, index."""
    gone: int = 0
    """Messages at the beginning that every receiver has taken."""

    @property
    def end(self) -> int:
        """Messages so far, those that are gone included."""
        return self.gone + len(self.numbers)

    def trimmed(self, receivers: Collection[str], before_ms: int) -> "Archive":
        """Return it without what these receivers have taken and what ended before then."""
        taken = min((self.sent.get(name, self.end) for name in receivers), default=self.end)
        gone = max(self.gone, taken)
        numbers = self.numbers[gone - self.gone :]
        owed = {name for name, _ in numbers}
        kept = {
            name: each
            for name, each in self.publications.items()
            if name in owed or each.ended_ms is None or each.ended_ms >= before_ms
        }
        return Archive(kept, self.sent, numbers, gone)


def erase_published(data: Path, incident: str) -> bool:
    """Erase what was published about the incident, where no press runs; False if the file cannot be read. Raises OSError."""
    path = data / FILE
    if not path.exists():
        return True
    try:
        held = load(path)
    except LedgerDamaged as damaged:
        _log.warning("what was published about a forgotten incident could not be erased", detail=str(damaged))
        return False
    Disk().replace(path, msgspec.msgpack.encode(without(held, incident)))
    return True


def without(held: Archive, incident: str) -> Archive:
    """Return it without the words that were published about the incident."""
    publications = {
        name: replace(
            each, order=wordless_order(each.order), messages=tuple(wordless_alert(alert) for alert in each.messages)
        )
        for name, each in held.publications.items()
        if each.order.incident == incident
    }
    return replace(held, publications={**held.publications, **publications})


def load(path: Path) -> Archive:
    """Return what the file holds; nothing if there is none. Raises LedgerDamaged, OSError."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=Archive)
    except FileNotFoundError:
        return Archive({}, {}, [])
    except msgspec.MsgspecError as error:
        raise LedgerDamaged(
            f"{path} cannot be read ({error}). Alerts that are out would not be followed: look at what was published, "
            "then move the file away."
        ) from error
