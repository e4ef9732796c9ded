"""What the board needs beside the mirror: the latest events and the counts of alerts, from the deltas as they come."""

import time
from collections import Counter, deque

from gateways.cad.client import CadClient, FellBehind
from gateways.cad.messages import Delta
from gateways.cad.mirror import Mirror
from gateways.demo.ledger import Ledger
from gateways.demo.story import told

EVENTS_KEPT = 100
DELTAS_MAX = 20_000
OWING = frozenset(
    {
        "unit_dispatched",
        "assignment_ended",
        "assignment_moved",
        "roll_called",
        "caution_recorded",
        "move_ordered",
        "move_ended",
    }
)
"""An alert that is asked for after one of these is a new one; after an escalation or by itself it is not."""


class Watch:
    """Follows the deltas of one client."""

    def __init__(self, mirror: Mirror, ledger: Ledger, sent_s: dict[str, float]) -> None:
        self.events: deque[tuple[int, str]] = deque(maxlen=EVENTS_KEPT)
        """The latest in words, oldest first, with their time."""
        self.counts: Counter[str] = Counter()
        """Events by kind, and `alerts_owed` and `alerts_retried`."""
        self._mirror = mirror
        self._ledger = ledger
        self._sent_s = sent_s

    async def run(self, client: CadClient) -> None:
        """Follow until the client is over."""
        while True:
            try:
                async for delta in client.updates(DELTAS_MAX):
                    self.take(delta)
            except FellBehind:
                continue  # the counts on the board miss a few; the audit reads the journal
            return

    def take(self, delta: Delta) -> None:
        """Take note of one delta."""
        self._measure(delta)
        cause = ""
        for event in delta.events:
            sentence = told(event, self._mirror)
            if sentence:
                self.events.append((delta.at_ms, sentence))
            self.counts[event.kind] += 1
            if event.kind == "alert_requested":
                self.counts["alerts_owed"] += cause in OWING
                self.counts["alerts_retried"] += cause not in OWING and cause != "alert_escalated"
            else:
                cause = event.kind

    def _measure(self, delta: Delta) -> None:
        """See how long a call took from the wire to a recommendation on a screen."""
        if not delta.recommendations:
            return
        now_s = time.perf_counter()
        calls = {view.id: view.external for view in delta.incidents}
        for fact in delta.recommendations:
            sent_s = self._sent_s.pop(calls.get(fact.incident, ""), None)
            if sent_s is not None:
                self._ledger.recommend_ms.append((now_s - sent_s) * 1000)
