"""A city without a loop, and somebody who listens to its hub."""

import random
from typing import Any

from msgspec.structs import replace

from engine.core.engine import Engine
from engine.model.crew_inputs import TellUnit
from engine.model.facts import PositionsMoved
from engine.model.fixes import Fixes
from engine.model.inputs import AddNote, AdoptPlace, DispatchUnits, ReleaseUnit, ReportIncident, ReportPositions
from engine.state.image import restore, save
from gateways.auth import Role
from gateways.board import Board
from gateways.cad.config import CadConfig
from gateways.cad.hub import Hub
from gateways.cad.messages import Delta, Positions, Snapshot, decode_server
from gateways.cad.mirror import Mirror
from gateways.cad.outbox import Helping
from gateways.redaction import Audience
from gateways.views import view_positions
from tests.builders import NOW, small_place, unframed

ALL = Audience(Role.DISPATCHER)


class Ear:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.positions: list[bytes] = []
        self.everything: list[bytes] = []

    def tell_now(self, frames: bytes, messages: int) -> bool:
        """Have them one by one."""
        del frames, messages
        return False

    def on_delta(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.everything.append(frame)

    def on_positions(self, helping: Helping) -> None:
        self.positions.append(helping.frame)
        self.everything.append(helping.frame)


class City:
    """An engine, its board and its hub, without a loop."""

    def __init__(self, **settings: Any) -> None:
        self.engine = Engine()
        self.engine.step(AdoptPlace(small_place()), NOW)
        self.board = Board(restore(save(self.engine.world), indexed=False))
        service: Any = None  # the hub itself needs only the board
        self.hub = Hub(service, self.board, CadConfig(**settings))
        self.board.on_update.append(lambda _: self.hand_out())
        self.board.on_positions.append(lambda *_: self.hand_out())
        self.statistics = self.hub.statistics
        self.number = 0

    def hand_out(self) -> None:
        """Do as the pump does."""
        while not self.hub.pump.stream.is_idle:
            self.hub.pump.stream.hand_out(1)

    def report(self) -> None:
        self.number += 1
        name = f"c{self.number}"
        given = ReportIncident(id=name, by="cad", type="sick", x_m=10 * self.number, y_m=0, address="Überstraße")
        self.board.fold(self.engine.step(given, NOW + self.number))

    def note(self, text: str) -> None:
        self.number += 1
        self.board.fold(self.engine.step(AddNote(id=f"c{self.number}", by="cad", incident="I1", text=text), NOW))

    def dispatch(self, unit: str) -> None:
        """Send a unit to the last incident; refused, and nothing, if it is elsewhere."""
        self.number += 1
        incident = f"I{len(self.board.world.incidents)}"
        order = DispatchUnits(id=f"c{self.number}", by="cad", incident=incident, units=(unit,), reason="near")
        self.board.fold(self.engine.step(order, NOW + self.number))

    def release(self, unit: str) -> None:
        """Send a unit home, if it is on something."""
        self.number += 1
        on = self.board.world.units[self.board.world.fleet.rows[unit]].incident or "I1"
        order = ReleaseUnit(id=f"c{self.number}", by="cad", unit=unit, incident=on, reason="enough")
        self.board.fold(self.engine.step(order, NOW + self.number))

    def say(self, unit: str, text: str) -> None:
        """Say something to a unit's crew."""
        self.number += 1
        words = TellUnit(id=f"c{self.number}", by="cad", unit=unit, text=text)
        self.board.fold(self.engine.step(words, NOW + self.number))

    def move(self, row: int, x_m: int) -> None:
        self.number += 1
        fixes = Fixes([row], [x_m], [0], [NOW + self.number], [0], [0])
        turn = self.engine.step(ReportPositions(fixes), NOW + self.number)
        assert isinstance(turn.facts[0], PositionsMoved)
        self.board.fold(turn)
        for publish in self.board.on_positions:
            publish(NOW, view_positions(self.board.world, [row]))

    def move_any(self, chance: random.Random) -> None:
        self.move(chance.randrange(12), chance.randrange(-5_000, 5_000))

    def mirror(self, frames: list[bytes]) -> Mirror:
        mirror = Mirror()
        for frame in frames:
            message = decode_server(unframed(frame))
            assert isinstance(message, (Snapshot, Delta, Positions))
            mirror.take(message)
        return mirror

    def agrees(self, mirror: Mirror) -> bool:
        """Whether the mirror, with positions written in, holds what the board holds."""
        mirror.settle()
        return replace(mirror.snapshot(), at_ms=0) == replace(self.board.snapshot(), at_ms=0)
