"""From a decision to the first attempt at telling the crew, and what an endpoint that hangs costs the others: nothing.

    python -m loadtests.alerts [--json] [--calls 200] [--rate 20]

Calls come in at a steady rate, each sends a unit, and each crew is told over HTTP by a courier with a real journal behind
it. The receivers run in a process of their own. A figure is the time from the turn's own decision until the request has
come to the receiver: fsync, release, composing, signing, connection and all. Beside the endpoints that answer stand, in
the later cases, endpoints that take a connection and never answer: all their workers hang for the whole run.
"""

import argparse
import base64
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import msgspec
import trio

from engine.live.service import Service, serve
from engine.model.geometry import Projection
from engine.model.inputs import ReportIncident
from engine.model.place import AlertSettings, IncidentType, Place, Station, Unit
from engine.model.plans import Alternative, Mode, Plan, Slot
from engine.model.rules import Limits
from engine.state.image import restore, save
from gateways.alerts import Courier, Endpoint, Webhook
from gateways.board import Board
from loadtests.report import Row, emit, quantile

SECRET: Final = "whsec_" + base64.b64encode(b"loadtest" * 4).decode()
CASES: Final = (("one endpoint", 1, 0), ("beside one that hangs", 1, 1), ("two beside three that hang", 2, 3))
SETTLE_S: Final = 10.0
"""For what is still on its way when the last call has been made."""


class _Data(msgspec.Struct):
    alert: str
    created_ms: int


class _Envelope(msgspec.Struct):
    data: _Data


# ── the receivers' process ──────────────────────────────────────────────────────────────────────────────────


class Receivers:
    """Endpoints that answer, and endpoints that do not."""

    def __init__(self) -> None:
        self.arrived: list[tuple[int, str, float]] = []
        """Endpoint, alert, milliseconds since the decision."""
        self.hanging = 0

    async def answer(self, number: int, stream: trio.SocketStream) -> None:
        """Take requests and answer 204."""
        buffer = b""
        try:
            async with stream:
                while data := await stream.receive_some():
                    buffer += bytes(data)
                    head, found, body = buffer.partition(b"\r\n\r\n")
                    if not found or len(body) < _length(head):
                        continue
                    now_ms = time.time() * 1000
                    told = msgspec.json.decode(body, type=_Envelope).data
                    self.arrived.append((number, told.alert, now_ms - told.created_ms))
                    buffer = b""
                    await stream.send_all(b"HTTP/1.1 204 No Content\r\n\r\n")
        except trio.BrokenResourceError:
            pass

    async def hang(self, stream: trio.SocketStream) -> None:
        """Take a connection, and say nothing for ever."""
        self.hanging += 1
        async with stream:
            await trio.sleep_forever()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0


def receive(answering: int, hanging: int, line: Connection) -> None:
    """Listen, tell the ports, and at the end what has arrived."""

    async def run() -> None:
        receivers = Receivers()
        async with trio.open_nursery() as nursery:
            ports = []
            for number in range(answering + hanging):

                async def handler(stream: trio.SocketStream, number: int = number) -> None:
                    await (receivers.answer(number, stream) if number < answering else receivers.hang(stream))

                (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
                ports.append(listener.socket.getsockname()[1])
                nursery.start_soon(trio.serve_listeners, handler, [listener])
            line.send(ports)
            await trio.to_thread.run_sync(line.recv)
            line.send((receivers.arrived, receivers.hanging))
            nursery.cancel_scope.cancel()

    trio.run(run)


# ── the engine's process ────────────────────────────────────────────────────────────────────────────────────


def crowd(units: int, ladder: str) -> Place:
    """Return a place that dispatches by itself, with a unit for every call."""
    slot = Slot("ambulance", (Alternative(1),))
    return Place(
        id="riverside",
        name="Riverside",
        projection=Projection(52.1, 4.9),
        timezone="UTC",
        utc_offsets=((0, 0),),
        bounds=(-10_000, -10_000, 10_000, 10_000),
        capabilities=("als",),
        types=(IncidentType("medical", "Medical emergency", 2), IncidentType("unit_emergency", "Unit emergency", 1)),
        plans=(Plan("any", ("*",), (1, 2, 3, 4, 5), Mode.AUTO, (slot,)),),
        stations=(Station("S1", "Quay", 0, 0),),
        units=tuple(Unit(f"E{n}", "ambulance", 1, "S1", tracked=False) for n in range(1, units + 1)),
        # Nobody acknowledges: endpoints that hang are left hanging, and no ladder is climbed meanwhile.
        alerts=AlertSettings(ladder=(ladder,), acknowledge_within_ms=600_000, deadline_ms=600_000),
        limits=Limits(resume_grace_ms=0),
    )


async def call(service: Service, calls: int, rate: float) -> None:
    """Make the calls at their times, whatever becomes of them."""
    async with trio.open_nursery() as nursery:
        began_s = trio.current_time()
        for number in range(calls):
            await trio.sleep_until(began_s + number / rate)
            x_m = number * 37 % 4_000
            given = ReportIncident(id=f"c{number}", by="loadtest", type="medical", x_m=x_m, y_m=200, address="12 Quay")
            nursery.start_soon(service.ask, given)


async def alert(folder: Path, ports: Sequence[int], answering: int, calls: int, rate: float) -> list[float]:
    """Serve, call, and return how long the courier itself says that first attempts took, in milliseconds."""
    endpoints = tuple(
        Endpoint(
            name=f"e{number}",
            channel=Webhook(
                url=f"http://127.0.0.1:{port}/",
                secrets=(SECRET,),
                allow_private=True,
                timeout_s=5.0 if number < answering else 30.0,
            ),
            workers=8,
        )
        for number, port in enumerate(ports)
    )
    place = crowd(calls, "+".join(each.name for each in endpoints))
    async with serve(place, folder / "journal") as service:
        board = Board(restore(save(service.world), indexed=False))
        follower = service.release.follow("board", 65_536)
        courier = Courier(service, board, endpoints, folder=folder)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(board.run, follower)
            await nursery.start(courier.run)
            await call(service, calls, rate)
            with trio.move_on_after(SETTLE_S):
                while min(each.counts.delivered for each in courier.statistics()[:answering]) < calls:  # noqa: ASYNC110
                    await trio.sleep(0.02)
            begun = [s * 1000 for each in courier.statistics()[:answering] for s in each.counts.first_attempt_s]
            nursery.cancel_scope.cancel()
    return begun


def measure(case: str, answering: int, hanging: int, calls: int, rate: float) -> Row:
    """Run one case."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=receive, args=(answering, hanging, theirs))
    process.start()
    try:
        ports: list[int] = ours.recv()
        with tempfile.TemporaryDirectory(prefix="turnout-alerts-") as folder:
            begun = trio.run(alert, Path(folder), ports, answering, calls, rate)
        ours.send(None)
        arrived, held = ours.recv()
    finally:
        process.join(timeout=10)
        if process.is_alive():
            process.terminate()
    first = [ms for _, _, ms in arrived]
    return {
        "case": case,
        "method": "turnout",
        "alerts": calls,
        "arrived": len({(number, name) for number, name, _ in arrived}),
        "lost": calls * answering - len({(number, name) for number, name, _ in arrived}),
        "connections_hanging": held,
        "median_ms": round(quantile(first, 0.5), 2),
        "p99_ms": round(quantile(first, 0.99), 2),
        "begun_median_ms": round(quantile(begun, 0.5), 2),
        "begun_p99_ms": round(quantile(begun, 0.99), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second")
    options = parser.parse_args()
    rows = [measure(*case, options.calls, options.rate) for case in CASES]
    emit("alerts", rows, as_json=options.json)


if __name__ == "__main__":
    main()
