"""A line to the CAD gateway that writes down what was asked and what came back.

Rule: a command that is on its way is not given up because its sender changed their mind; only `hang_up` does that.
"""

import trio

from gateways.cad.client import CadClient, Disconnected, Refused
from gateways.cad.messages import Answer
from gateways.demo.ledger import Asked, Ledger
from gateways.vocabulary.incident_messages import AnyCommand

ANSWER_WITHIN_S = 60.0
"""Long enough for an engine that is killed and comes back."""
RATE_LIMITED = "rate_limited"


class Line:
    """A client and the book it is kept in."""

    def __init__(self, client: CadClient, ledger: Ledger, by: str) -> None:
        self.client = client
        self._ledger = ledger
        self._by = by
        self._open: set[trio.CancelScope] = set()
        self._one_less = trio.Event()

    async def ask(self, command: AnyCommand) -> Answer | None:
        """Return the answer; None if the command was refused, or if there was no answer in time."""
        asked = Asked(type(command).__name__, self._by)
        self._ledger.commands[command.id] = asked
        with trio.CancelScope(shield=True) as scope:
            self._open.add(scope)
            try:
                return await self._ask(command, asked)
            finally:
                self._open.discard(scope)
                self._one_less.set()
        return None

    async def _ask(self, command: AnyCommand, asked: Asked) -> Answer | None:
        while True:
            try:
                answer = await self.client.ask(command, within_s=ANSWER_WITHIN_S)
            except Refused as refused:
                if refused.code == RATE_LIMITED:
                    await trio.sleep((refused.refusal.retry_after_ms or 100) / 1000)
                    continue
                asked.code = refused.code
                self._ledger.refusals[refused.code] += 1
                return None
            except (Disconnected, trio.TooSlowError):
                return None
            asked.seq, asked.incident = answer.seq, answer.incident
            self._ledger.done[asked.kind] += 1
            return answer

    async def settled(self) -> None:
        """Wait until nothing is on its way any more."""
        while self._open:
            self._one_less = trio.Event()
            await self._one_less.wait()

    def hang_up(self) -> None:
        """Wait for no answer any more."""
        for scope in list(self._open):
            scope.cancel()
