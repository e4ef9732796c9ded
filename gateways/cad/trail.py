"""Where units are, in the order in which it was told: what somebody has to be told who was away for a while."""

from collections.abc import Iterable

from gateways.views import PositionView


class Trail:
    """The latest position of each unit. `told` counts the helpings."""

    def __init__(self) -> None:
        self.told = 0
        self._latest: dict[str, tuple[int, PositionView]] = {}
        """Last told last, so that what is new since some moment is found from the end."""

    def add(self, units: Iterable[PositionView]) -> None:
        """Take a helping."""
        self.told += 1
        for view in units:
            self._latest.pop(view.unit, None)
            self._latest[view.unit] = (self.told, view)

    def forget(self, unit: str) -> None:
        """A delta has told of the unit with a newer position."""
        self._latest.pop(unit, None)

    def since(self, told: int) -> list[PositionView]:
        """Return the positions told after that many helpings."""
        views = []
        for number, view in reversed(self._latest.values()):
            if number <= told:
                break
            views.append(view)
        return views
