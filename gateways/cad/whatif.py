"""Answers to "what if": how cover would look, what units would leave behind, which way they would take.

Rule: cover is worked out in a thread (`gateways/covering.py`); a way is one search over streets that are ready, well
below a millisecond, and is found here at once. Where an incident is that the asker may not place is not shown by a way to it.
"""

from typing import TypeAlias

from engine.live.service import Service
from engine.state.world import World
from engine.streets.weighing import Mode
from gateways.board import Board
from gateways.covering import Covering
from gateways.inquiries import NoAnswer
from gateways.redaction import Audience, Kind
from gateways.views import view_incident, view_route
from gateways.vocabulary.questions import AskCover, AskLeft, AskWay, CoverTold, LeftTold, Told, WayTold

WhatIfQuestion: TypeAlias = AskCover | AskLeft | AskWay


class WhatIf:
    """Answers from the durable board, and from what the planner thought."""

    def __init__(self, service: Service, board: Board, covering: Covering) -> None:
        self._service = service
        self._board = board
        self._covering = covering

    async def answer(self, asked: WhatIfQuestion, audience: Audience) -> Told:
        """Answer. Raises NoAnswer."""
        if isinstance(asked, AskWay):
            return self._way(asked, audience)
        return await (self._cover(asked) if isinstance(asked, AskCover) else self._left(asked))

    async def _cover(self, asked: AskCover) -> CoverTold:
        seen = self._covering.thought().survey
        if asked.seen == seen.seq:
            return CoverTold(id=asked.id, seq=seen.seq, at_ms=seen.now_ms, picture=None)
        thought, picture = await self._covering.picture(asked.layer, asked.unit, asked.post)
        return CoverTold(id=asked.id, seq=thought.survey.seq, at_ms=thought.survey.now_ms, picture=picture)

    async def _left(self, asked: AskLeft) -> LeftTold:
        thought, left, together = await self._covering.left(asked.units)
        survey = thought.survey
        return LeftTold(id=asked.id, seq=survey.seq, at_ms=survey.now_ms, left=left, together_percent=together)

    def _way(self, asked: AskWay, audience: Audience) -> WayTold:
        world, live = self._board.world, self._service.world
        row = world.fleet.rows.get(asked.unit)
        if row is None:
            raise NoAnswer("unknown_unit", "unit", f"There is no unit {asked.unit}.")
        target, mode = _target(world, asked, audience)
        if live.roads is None:
            return WayTold(id=asked.id, route=None)
        start = int(world.fleet.x_m[row]), int(world.fleet.y_m[row])
        # The engine's conditions: those of the board are equal, but telling so would mean to compare long lists.
        route = live.roads.route(live.road_book.current, start, target, mode)
        return WayTold(id=asked.id, route=view_route(world, route))


def _target(world: World, asked: AskWay, audience: Audience) -> tuple[tuple[int, int], Mode]:
    """Return where the way ends, and how it is driven. Raises NoAnswer."""
    if asked.incident is not None:
        incident = world.incidents.get(asked.incident)
        if incident is None:
            raise NoAnswer("unknown_incident", "incident", f"Nothing is known of {asked.incident}.")
        if Kind.PLACE in audience.hidden(view_incident(world, incident)):
            raise NoAnswer("unauthorised", "incident", f"Where {asked.incident} is, is not for you.")
        lights = world.settled.travel.under_lights(incident.priority)
        return (incident.x_m, incident.y_m), Mode.LIGHTS if lights else Mode.NORMAL
    station = next((each for each in world.settled.stations if each.id == asked.post), None)
    if station is None:
        raise NoAnswer("unknown_post", "post", "Name an incident, or a station or post of this place.")
    return (station.x_m, station.y_m), Mode.NORMAL
