"""What a stream's decoder could not read: all of it counted, the latest few kept for the answer."""

from typing import Final

from msgspec import Struct

from gateways.telematics.fix import Refusal

KEPT: Final = 16


class Answer(Struct, frozen=True):
    """What a device waits for before it lets go of what it has sent."""

    device: str
    data: bytes


class Refusals:
    """The base of a stream's decoder. `refused` counts every bad piece; the latest stay until `take_refusals`."""

    __slots__ = ("_refusals", "lost", "refused")

    def __init__(self) -> None:
        self._refusals: list[Refusal] = []
        self.refused = 0
        self.lost = False
        """Something did not hold behind which nobody can find the next beginning: what comes is not read any more."""

    def take_refusals(self) -> list[Refusal]:
        """Hand over the latest refusals not yet taken, oldest first; at most 16."""
        taken, self._refusals = self._refusals, []
        return taken

    def take_answers(self) -> list[Answer]:
        """Hand over what senders are to be answered for what was fed; most protocols answer nothing."""
        return []

    def _refuse(self, refusal: Refusal) -> None:
        self.refused += 1
        self._refusals = [*self._refusals[1 - KEPT :], refusal]
