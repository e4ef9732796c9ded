"""Which hospital a crew brings its patient to: the one that its terminal ranks first.

Rule: a crew says what its patient needs before it leaves, takes the first of the ranking, and says so. Where nobody
tells it anything it drives to the nearest.
"""

from engine.model.place import Place
from engine.model.surroundings import Destination
from gateways.cad.client import new_id
from gateways.demo.driving import Point
from gateways.demo.line import Line
from gateways.demo.terminals import Terminals
from gateways.vocabulary.incident_messages import AnyCommand
from gateways.vocabulary.surroundings_messages import ChooseDestination, RankDestinations

ASKED_MAX = 2
NONE_TAKES = "every hospital is out, and the patient cannot wait"


class Hospitals:
    """The hospitals of a place, as its crews see them."""

    def __init__(self, place: Place, line: Line, terminals: Terminals) -> None:
        self.points = {each.id: (each.x_m, each.y_m) for each in place.hospitals}
        self._services = sorted({service for each in place.hospitals for service in each.services})
        self._line = line
        self._terminals = terminals

    async def tell_needs(self, unit: str, incident_type: str) -> None:
        """Let the desk know what the patient needs, where the kind of incident says so."""
        needs = needs_of(incident_type, self._services)
        if needs:
            await self._line.ask(RankDestinations(id=new_id(), unit=unit, needs=needs))
        self._terminals.forget(unit)

    async def choose(self, unit: str) -> Point | None:
        """Choose where to bring the patient, and say so; None if nothing was told, or nothing agreed on."""
        for _ in range(ASKED_MAX):
            shown = await self._terminals.ranking(unit)
            if shown is not None and shown.ranked:
                first = shown.ranked[0]
                if await self._line.ask(_choice(unit, first)) is not None:
                    return self.points[first.hospital]
            self._terminals.forget(unit)
            await self._line.ask(self._question(unit, () if shown is None else shown.needs))
        return None

    @staticmethod
    def _question(unit: str, needs: tuple[str, ...]) -> AnyCommand:
        return RankDestinations(id=new_id(), unit=unit, needs=needs)


def needs_of(incident_type: str, services: list[str]) -> tuple[str, ...]:
    """Return the services that the type of incident names: a stroke needs a hospital for strokes."""
    return tuple(service for service in services if service in incident_type.split("_"))


def _choice(unit: str, first: Destination) -> ChooseDestination:
    return ChooseDestination(id=new_id(), unit=unit, hospital=first.hospital, reason=NONE_TAKES if first.reason else "")
