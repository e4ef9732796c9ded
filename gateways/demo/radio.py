"""What crews answer while they go on with what they do: cautions are read, roll-calls answered.

Rule: neither takes a crew off its job. That a caution was read is said by a receipt over HTTP, as a real pager does;
that everybody is well is said over the terminal, by the unit itself. A few never answer, so that somebody has to ask.
"""

import httpx2
import trio
from msgspec import Struct

from engine.model.alert_facts import Purpose
from gateways.cad.client import new_id
from gateways.demo.chance import around, stream
from gateways.demo.citytime import CityTime
from gateways.demo.ledger import Ledger
from gateways.demo.line import Line
from gateways.demo.pagers import Page
from gateways.vocabulary.crew_messages import AnswerRoll

ASIDE = frozenset({Purpose.CAUTION, Purpose.MESSAGE, Purpose.ROLL_CALL})
"""What is answered without dropping anything."""
READ_MS = 9_000
COUNT_MS = 25_000
"""Until an officer has counted the people."""
SILENT_SHARE = 0.04
"""Roll-calls that nobody answers."""
SEND_WITHIN_S = 5.0
TRY_AGAIN_S = 1.0
TRIES_MAX = 30


class ReceiptDoor(Struct, frozen=True):
    """Where receipts are brought."""

    web: str
    token: str

    def url(self, alert: str) -> str:
        """Return the receipt's own address."""
        return f"{self.web}/alerts/{alert}/acknowledge"


class Radio:
    """All crews' radios and receipts."""

    def __init__(self, time: CityTime, line: Line, ledger: Ledger, door: ReceiptDoor, seed: int) -> None:
        self._time = time
        self._line = line
        self._ledger = ledger
        self._door = door
        self._seed = seed
        self._heard: set[str] = set()
        self._nursery: trio.Nursery | None = None
        self._client: httpx2.AsyncClient | None = None

    def hear(self, page: Page) -> None:
        """Take a page that asks for an answer and for nothing else; one that comes twice is answered once."""
        if self._nursery is not None and page.alert not in self._heard:
            self._heard.add(page.alert)
            self._nursery.start_soon(self._answer, page)

    async def run(self) -> None:
        """Answer until cancelled."""
        headers = {"Authorization": f"Bearer {self._door.token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=SEND_WITHIN_S, trust_env=False) as self._client,
            trio.open_nursery() as self._nursery,
        ):
            await trio.sleep_forever()

    async def _answer(self, page: Page) -> None:
        chance = stream(self._seed, "radio", page.alert)
        if page.purpose in (Purpose.CAUTION, Purpose.MESSAGE):
            await self._time.sleep(around(chance, READ_MS, 0.4))
            await self._receipt(page)
        elif chance.random() >= SILENT_SHARE:
            await self._time.sleep(around(chance, COUNT_MS, 0.4))
            await self._line.ask(AnswerRoll(id=new_id(), unit=page.unit))

    async def _receipt(self, page: Page) -> None:
        """Say that the crew has read it, until the engine has it. Too late is as good: somebody else has told them."""
        assert self._client is not None
        for _ in range(TRIES_MAX):
            try:
                response = await self._client.post(self._door.url(page.alert), json={"by": page.unit})
            except httpx2.HTTPError:
                self._ledger.feed_errors += 1
            else:
                if response.status_code == 200:
                    self._ledger.receipts.add(page.alert)
                if response.status_code in (200, 409):
                    return
            await trio.sleep(TRY_AGAIN_S)
