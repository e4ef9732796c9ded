"""A whole server in a process of its own, and the command line beside it."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx2
import trio


async def turnout(*arguments: str) -> tuple[int, str]:
    """Run the command line; return its exit status and what it said."""
    command = [sys.executable, "-m", "gateways.cli", *arguments]
    with trio.fail_after(240):
        done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


@asynccontextmanager
async def serving(place: Path, data: Path, config: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve in a process of its own, and speak to it as a supervisor. It has ended when the block has."""
    command = [sys.executable, "-m", "gateways.cli", "run", str(place), "--data", str(data), "--config", str(config)]
    command += ["--travel", "straight", "--announce"]
    async with trio.open_nursery() as nursery:
        process = await nursery.start(
            partial(trio.run_process, command, capture_stdout=True, capture_stderr=True, check=False)
        )
        try:
            with trio.fail_after(240):
                while not (data / "doors.json").exists():  # noqa: ASYNC110  another process makes it
                    await trio.sleep(0.1)
            base = json.loads((data / "doors.json").read_text())["web"]
            tokens = dict(line.split(" = ") for line in (data / "access.toml").read_text().splitlines())
            headers = {"Authorization": f"Bearer {json.loads(tokens['supervisor'])}"}
            async with httpx2.AsyncClient(base_url=base, timeout=60, headers=headers) as http:
                yield http
        finally:
            process.terminate()
