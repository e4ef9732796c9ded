"""A real broker for the tests: mosquitto on a free port, in a folder of its own."""

import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

PROGRAM = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

needs_mosquitto = pytest.mark.skipif(
    PROGRAM is None, reason="mosquitto is not installed (Debian: apt-get install mosquitto)"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """One broker; `stop` and `start` again keep its port."""

    def __init__(self, folder: Path, lines: tuple[str, ...]) -> None:
        self.folder = folder
        self.port = free_port()
        self._lines = lines
        self._process: trio.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it listens; on another port if somebody has taken this one meanwhile."""
        assert PROGRAM is not None
        config = self.folder / "mosquitto.conf"
        for _ in range(5):
            user = ["user root"] if os.geteuid() == 0 else []
            config.write_text("\n".join([f"listener {self.port} 127.0.0.1", *user, *self._lines]) + "\n")
            self._process = await trio.lowlevel.open_process(
                [PROGRAM, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if await self._listens():
                return
            self.port = free_port()
        raise AssertionError("mosquitto does not start")

    async def _listens(self) -> bool:
        assert self._process is not None
        with trio.fail_after(120):
            while self._process.poll() is None:
                try:
                    stream = await trio.open_tcp_stream("127.0.0.1", self.port)
                except OSError:
                    await trio.sleep(0.02)
                else:
                    await stream.aclose()
                    return True
        return False

    async def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with trio.CancelScope(shield=True), trio.move_on_after(10):
                await self._process.wait()
            if self._process.poll() is None:
                self._process.kill()


@asynccontextmanager
async def mosquitto(folder: Path, *lines: str) -> AsyncIterator[Mosquitto]:
    """Run a broker with these lines of configuration; anybody may come in where they say nothing else."""
    broker = Mosquitto(folder, lines or ("allow_anonymous true",))
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()
