"""Crews that do not go where they are sent, and who talks them into it.

A crew says no at most once to a call, at the time at which it would have pressed its button, and by a chance of the call
and the unit alone: whatever policy asks, the same crews say no. The engine sends somebody else. Where it finds nobody else
it asks a person, who in here asks the crew again after a while: then it goes.
"""

from typing import TYPE_CHECKING

from engine.model.crew_inputs import DeclineDispatch
from engine.model.response_facts import AutoWithheld
from engine.model.response_inputs import AcceptRecommendation
from engine.state.records import Incident

if TYPE_CHECKING:
    from engine.sim.city import City
    from engine.sim.crew import Crew

DISPATCHER = "dispatcher"
ASKED_AGAIN_AFTER_MS = 20_000
REASONS = ("the vehicle is not ready", "the crew is not complete", "the crew is not fit for another call")


class Refusals:
    """Who has said no to what."""

    def __init__(self, city: "City") -> None:
        self._city = city
        self._asked: set[tuple[int, int]] = set()
        """Rows and the calls that they have said no to."""

    def says_no(self, row: int, call: int) -> bool:
        """Tell whether the crew does not go to this call, to which it has just been sent."""
        permille = self._city.nature.crews.decline_permille
        if not permille or call < 0 or (row, call) in self._asked:
            return False
        return self._city.dice.share("decline", row, call) * 1000 < permille

    def decline(self, crew: "Crew", incident: str) -> None:
        """The crew says so."""
        city, call = self._city, self._city.call_of(incident)
        self._asked.add((crew.row, call))
        city.tally.add("declined", crew.row)
        reason = REASONS[int(city.dice.share("why it declines", crew.row, call) * len(REASONS))]
        unit = crew.unit.id
        city.step(DeclineDispatch(id=city.command_id(), by=unit, unit=unit, incident=incident, reason=reason))

    def withheld(self, fact: AutoWithheld) -> None:
        """A person is asked about an incident; where a crew has said no to it that is a matter of asking again."""
        if self._city.world.open[fact.incident].turned_down:
            self._city.calendar.at(self._city.now + ASKED_AGAIN_AFTER_MS, self._ask_again, fact.incident)

    def _ask_again(self, name: str) -> None:
        city = self._city
        incident = city.world.waiting.get(name)
        if incident is None:
            return
        if _is_up_to_them(incident):
            given = AcceptRecommendation(
                id=city.command_id(), by=DISPATCHER, incident=name, decision=incident.decided_seq
            )
            city.step(given)
        if name in city.world.waiting:
            city.calendar.at(city.now + ASKED_AGAIN_AFTER_MS, self._ask_again, name)


def _is_up_to_them(incident: Incident) -> bool:
    """Tell whether a crew that has said no is the best there is, and free."""
    return any(choice.clear_ms < 0 and choice.unit in incident.turned_down for choice in incident.recommended)
