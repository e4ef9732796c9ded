"""What the board tells of a turn, for a timeline."""

from engine.model.inputs import ReportStatus
from engine.model.lifecycle import Status
from gateways.board import Event, Update
from tests.builders import NOW, small_place
from tests.unit.hub_kit import City


def test_a_change_of_duty_says_to_what() -> None:
    city, told = City(), list[Event]()

    def keep(update: Update) -> None:
        told.extend(update.events)

    city.board.on_update.append(keep)
    unit = small_place().units[0].id

    city.board.fold(city.engine.step(ReportStatus(id="s", by=unit, unit=unit, status=Status.OFF_DUTY), NOW))

    assert [(each.kind, each.unit, each.text) for each in told] == [("duty_changed", unit, "off_duty")]
