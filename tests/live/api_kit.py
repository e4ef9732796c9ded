"""What the tests of the HTTP API share: a server with the API, and a client that says exactly what it is told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import trio
from msgspec import Struct

from gateways.api import Api, ApiConfig, api_routes
from gateways.api.operation import Operation
from gateways.auth import Gatekeeper
from gateways.devices import Devices
from gateways.inquiries import Inquiries
from gateways.telematics.hygiene import HygieneSettings
from gateways.telematics.intake import Intake
from gateways.telematics.roster import Roster
from gateways.upkeep import Books, BooksConfig, Desk
from gateways.web import WebConfig, serve_http
from tests.builders import CREDENTIALS, Running, serve_place, token

FIRE: dict[str, Any] = {"incident_type": "fire", "lat": 41.5, "lon": -90.5}


class Client(Struct):
    """Speaks for one principal."""

    http: httpx2.AsyncClient
    running: Running
    api: Api
    numbers: Any

    async def ask(
        self, method: str, path: str, body: object = None, *, who: str = "cad", key: str | None = None, **headers: str
    ) -> httpx2.Response:
        """Ask, with a key of its own where it is a command; headers are named with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Authorization": f"Bearer {token(who)}"}
        if method in ("POST", "PATCH"):
            sent["Idempotency-Key"] = key or f"k{next(self.numbers)}"
        with trio.fail_after(120):
            return await self.http.request(method, path, json=body, headers=sent)

    async def report(self, **fields: object) -> str:
        """Report a fire and return its id."""
        response = await self.ask("POST", "/v1/incidents", {**FIRE, **fields})
        assert response.status_code == 201, response.text
        return str(response.json()["incident"])

    async def caught_up(self) -> None:
        """Wait until the board shows what has been answered."""
        with trio.fail_after(120):
            while self.running.board.world.seq < self.running.service.world.seq:  # noqa: ASYNC110  plain counters
                await trio.sleep(0.005)


def desk_of(running: Running, directory: Path) -> Desk:
    """Return an operators' desk with books and devices: each unit's own."""
    units = [unit.id for unit in running.service.world.settled.units]
    desk = Desk(Books(directory, BooksConfig()))
    devices = Devices({unit: unit for unit in units}, units, directory)
    roster = Roster(devices.units_of(), units=units)
    devices.bind(Intake(roster, HygieneSettings(), lambda _: None, running.service.clock.now))
    desk.devices = devices
    return desk


@asynccontextmanager
async def api_client(
    directory: Path,
    *,
    config: ApiConfig | None = None,
    web: WebConfig | None = None,
    served: tuple[Operation, ...] | None = None,
) -> AsyncIterator[Client]:
    """Serve a small place with the API on a free port, for as long as the block lasts."""
    async with serve_place(directory / "journal") as running, trio.open_nursery() as nursery:
        desk = desk_of(running, directory)
        nursery.start_soon(desk.books.run)
        keeper = Gatekeeper(CREDENTIALS)
        api = Api(running.service, running.board, keeper, config or ApiConfig(), Inquiries(directory), desk)
        address = await nursery.start(partial(serve_http, api_routes(api, served), web or WebConfig(port=0)))
        async with httpx2.AsyncClient(base_url=f"http://{address}", timeout=120) as http:
            yield Client(http, running, api, count(1))
        nursery.cancel_scope.cancel()
