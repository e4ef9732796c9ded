"""The floor of the end-to-end path: a bare WebSocket server that writes and syncs each message, and answers.

No units, no decision, no lanes, no snapshot: what is left is the socket library, the disk and the machine's own
scheduling, in the same two processes. What the engine costs is the distance to this.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trio
import trio_websocket

from loadtests.report import Row, quantile

RECORD = b"x" * 400
PATIENCE_S = 10.0


async def serve(folder: str) -> None:
    file = os.open(Path(folder) / "floor.log", os.O_CREAT | os.O_RDWR)
    os.posix_fallocate(file, 0, 64 << 20)
    os.fsync(file)
    end = 0

    async def answer(request: trio_websocket.WebSocketRequest) -> None:
        nonlocal end
        socket = await request.accept()
        while True:
            try:
                message = await socket.get_message()
            except trio_websocket.ConnectionClosed:
                return
            os.pwrite(file, RECORD, end)
            os.fdatasync(file)
            end += len(RECORD)
            await socket.send_message(message)

    async with trio.open_nursery() as nursery:
        server = await nursery.start(trio_websocket.serve_websocket, answer, "127.0.0.1", 0, None)
        print(server.port, flush=True)


async def _ask(port: int, per_s: float, seconds: float) -> list[float]:
    taken_ms = []
    async with trio_websocket.open_websocket_url(f"ws://127.0.0.1:{port}") as socket:
        with trio.move_on_after(seconds):
            while True:
                await trio.sleep(1 / per_s)
                begun = time.perf_counter()
                await socket.send_message("x" * 200)
                with trio.fail_after(PATIENCE_S):
                    await socket.get_message()
                taken_ms.append((time.perf_counter() - begun) * 1e3)
    return taken_ms


def measure(per_s: float, seconds: float) -> Row:
    """Return the floor's row, to stand beside those of the engine."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "loadtests.floor", folder], stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            taken_ms = trio.run(_ask, int(process.stdout.readline()), per_s, seconds)
        finally:
            process.terminate()
    return {
        "case": f"bare socket and fdatasync, {per_s} messages/s, no other load",
        "method": "trio-websocket echo",
        "median_ms": round(quantile(taken_ms, 0.5), 3),
        "p99_ms": round(quantile(taken_ms, 0.99), 3),
        "max_ms": round(max(taken_ms), 3),
    }


if __name__ == "__main__":
    trio.run(serve, sys.argv[1])
