"""A server as a process of its own, which can be killed, and Debian's Chromium in front of it."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from engine.journal.recovery import turns
from engine.model.turn import Turn
from gateways.auth import digest_of_secret

PLACE = Path(__file__).parents[2] / "config" / "riverside"
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
SECRET = "secret-of-the-browser-tests"
CHIEF = f"""
[[principals]]
name = "chief"
role = "supervisor"
secret_sha256 = ["{digest_of_secret(SECRET)}"]
"""
"""A supervisor, for the configuration."""
PATIENCE_S = 180.0
"""To start or to close. Deadlines are for what never comes: a busy machine may take ten times as long as a quiet one."""
LOOK_MS = 120_000
"""Within which the page shows what is waited for."""
READ_MS = 240_000
"""Reading a journal starts a process at the lowest priority, and the machine may be busy."""
CONFIG = """
feeds = []
[cad]
port = 0
[web]
port = {port}
[journal]
segment_bytes = 4194304
ballast_bytes = 0
[[principals]]
name = "desk"
role = "dispatcher"
secret_sha256 = ["{digest}"]
[[principals]]
name = "crew-{unit}"
role = "crew"
units = ["{unit}"]
secret_sha256 = ["{digest}"]
"""


def token(name: str) -> str:
    return f"{name}.{SECRET}"


class Server:
    """The program, on one port, whatever happens to it."""

    def __init__(self, folder: Path, unit: str, more: str = "", place: Path = PLACE) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self._place = place
        self._config = folder / "turnout.toml"
        self._config.write_text(CONFIG.format(port=self.port, unit=unit, digest=digest_of_secret(SECRET)) + more)
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [sys.executable, "-m", "gateways.cli", "run", str(self._place), "--data", str(self.data)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*command, "--config", str(self._config)], stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_ready():
            assert self._process.poll() is None, self._log.read_text()[-2_000:]
            assert time.monotonic() < deadline, f"not ready within {PATIENCE_S:g} s"
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE_S)

    def stop(self) -> None:
        """Let it close in order."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)

    def order(self, path: str, **fields: object) -> dict[str, Any]:
        """Give an order as the dispatcher does, over the HTTP API."""
        return self._ask("POST", path, headers={"Idempotency-Key": uuid.uuid4().hex}, json=fields)

    def read(self, path: str) -> dict[str, Any]:
        """Read as the dispatcher does."""
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token('desk')}"} | more.pop("headers", {})
        answer = httpx2.request(method, f"{self.url}{path}", headers=headers, timeout=60, trust_env=False, **more)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def code(self, unit: str) -> str:
        """Return a sign-in code, from the command line."""
        command = [sys.executable, "-m", "gateways.cli", "crew", "code", unit, "--server", self.url]
        said = subprocess.run(
            [*command, "--token", token(f"crew-{unit}")], capture_output=True, text=True, check=True, timeout=PATIENCE_S
        )
        return said.stdout.split()[0]

    def journal(self) -> list[Turn]:
        """Return all that was recorded. The server is to be stopped."""
        return list(turns(self.data / "journal"))


@contextmanager
def serving(folder: Path, unit: str, more: str = "", place: Path = PLACE) -> Iterator[Server]:
    """Serve until the block is left."""
    server = Server(folder, unit, more, place)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def browsing(**context: Any) -> Iterator[Any]:
    """Open a context of Chromium, phone-sized unless told otherwise; skip, with the reason, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[test]'")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there: apt-get install chromium, or name another one in CHROMIUM")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        opened = browser.new_context(**{"viewport": {"width": 390, "height": 844}, **context})
        opened.set_default_timeout(LOOK_MS)
        try:
            yield opened
        finally:
            browser.close()
