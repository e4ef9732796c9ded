"""What a subscription is sent: the facts that it wants, as CloudEvents, by themselves or in batches."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from gateways.board import Board
from gateways.cloudevents.config import Start, Subscription
from gateways.cloudevents.events import Setting, encode, event_of
from gateways.cloudevents.selection import Incidents, Known, incidents_of, wants
from gateways.outward.feed import Picked, beginning
from gateways.outward.position import Position
from gateways.outward.turns import Numbered, TurnSource

SINGLE: Final = "application/cloudevents+json; charset=utf-8"
BATCH: Final = "application/cloudevents-batch+json; charset=utf-8"


class EventPicker:
    """Picks for one subscription."""

    def __init__(self, config: Subscription, board: Board, source: TurnSource) -> None:
        self.at_once = max(1, config.batch)
        self._config = config
        self._board = board
        self._source = source
        self._incidents = Incidents({})

    def begin(self) -> Position:
        """Return where a subscription begins that has never been served."""
        if self._config.start is Start.BEGINNING:
            return Position(self._source.first_kept() - 1)
        return beginning(self._board.world, msgspec.msgpack.encode(incidents_of(self._board.world)))

    def remember(self, memory: bytes) -> None:
        """Take over what incidents were."""
        known = msgspec.msgpack.decode(memory, type=dict[str, Known]) if memory else {}
        self._incidents = Incidents(known)

    def memory(self) -> bytes:
        """Return what incidents are."""
        return msgspec.msgpack.encode(self._incidents.known)

    def pick(self, numbered: Numbered) -> Iterator[Picked]:
        """Give the events of the turn that are wanted."""
        config, world, turn = self._config, self._board.world, numbered.turn
        place = world.settled
        setting = Setting(place.id, place.projection, world.fleet.ids, config.personal)
        for index, fact in enumerate(turn.facts, numbered.first):
            self._incidents.follow(fact)
            if wants(config, self._incidents, fact):
                yield index, event_of(fact, (turn.seq, index), turn.now, setting)

    def request(self, pieces: Sequence[Any]) -> tuple[str, bytes, str]:
        """Return id, body and content type."""
        batch = self._config.batch > 0
        first = pieces[0]["id"]
        key = first if len(pieces) == 1 else f"{first}-{len(pieces)}"
        return key, encode(list(pieces), batch=batch), BATCH if batch else SINGLE
