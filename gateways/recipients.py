"""The table of recipients, read again while we run: by an operator's word, checked as at the start, taken whole or not at all."""

import trio

from engine.model.place import Place
from gateways.alerts import Courier, Recipients
from gateways.config import Config, ConfigRefused, recipients_of
from gateways.upkeep import NotDone, ReloadView


class RecipientsTable:
    """Hands a new table to the courier."""

    def __init__(self, config: Config, place: Place, courier: Courier) -> None:
        self._config = config
        self._place = place
        self._courier = courier

    async def reload(self) -> ReloadView:
        """Read it again. Raises NotDone where it does not hold; the old one stands then."""
        try:
            table = await trio.to_thread.run_sync(recipients_of, self._config, self._place)
        except ConfigRefused as refused:
            raise NotDone("does_not_hold", "recipients", f"{refused} The table before stands.") from refused
        return _told(self._courier.renew(table), table)


def _told(before: Recipients, after: Recipients) -> ReloadView:
    was, now = ({each.name: each for each in table.all} for table in (before, after))
    return ReloadView(
        recipients=len(now),
        added=tuple(name for name in now if name not in was),
        changed=tuple(name for name, each in now.items() if name in was and was[name] != each),
        removed=tuple(name for name in was if name not in now),
    )
