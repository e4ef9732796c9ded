"""A server with one subscription, to be killed: reports incidents as fast as they become durable. Run by a test.

python -m tests.live.subscribed_town DATA URL FROM COUNT    ends when COUNT are reported and everything has been taken
"""

import sys
from pathlib import Path

import trio

from engine.model.inputs import AddNote, ReportIncident
from gateways.cloudevents import Subscription
from gateways.cloudevents.config import Start
from gateways.config import Config
from tests.live.exchange_kit import serve_exchanges
from tests.live.sink_kit import SECRET


async def main(data: Path, url: str, first: int, count: int) -> None:
    """Serve, report, and wait until the receiver has all of it."""
    subscription = Subscription(
        name="sink",
        url=url,
        secrets=(SECRET,),
        allow_private=True,
        batch=7,
        start=Start.BEGINNING,
        retry_s=0.05,
    )
    async with serve_exchanges(data, Config(subscriptions=(subscription,))) as served:
        for number in range(first, first + count):
            given = ReportIncident(id=f"r{number}", by="cad", type="theft", x_m=number % 900, y_m=0)
            answer = await served.service.ask(given)
            await served.service.ask(AddNote(id=f"n{number}", by="cad", incident=answer.incident or "", text="seen"))
        levels = served.exchanges.levels["subscription-sink"]
        while levels()["turns_behind"]:  # noqa: ASYNC110  a number has no event to wait for
            await trio.sleep(0.02)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
