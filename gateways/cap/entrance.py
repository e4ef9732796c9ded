"""The ways in: `POST /cap` with a token, and a folder that is looked through.

Rule: 200 says what has become of the alert, also where that is nothing; 400 names the element that is wrong. Whatever lies
in the folder ends in `taken` or, with its reason beside it, in `refused`.
"""

from pathlib import Path
from typing import Final

import msgspec
import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateways.bodies import Authorise, Refused, admitted, answer_of, body_of
from gateways.cap.alert import CapAlert
from gateways.cap.config import CapConfig
from gateways.cap.desk import ASIDE, Desk, Outcome
from gateways.cap.reading import Unreadable, read_alert
from gateways.log import logger

AT_ONCE: Final = 100
"""Files in one look."""
PATH: Final = "/cap"
_log = logger("cap")


class Entrance:
    """Reads what comes in and hands it to the desk."""

    def __init__(self, desk: Desk, config: CapConfig, authorise: Authorise) -> None:
        self._desk = desk
        self._config = config
        self._authorise = authorise

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted on the HTTP listener."""
        return [Route(PATH, self.answer, methods=["POST"])]

    async def answer(self, request: Request) -> Response:
        """Answer 200 with the outcome, or 400, 401, 408, 413, 503 with the reason."""
        try:
            principal = admitted(request, self._authorise, "alerts of other systems")
            outcome = await self.take(await body_of(request, self._config.body_bytes), principal.name)
        except Refused as refused:
            return answer_of(refused)
        return Response(msgspec.json.encode(outcome), media_type="application/json")

    async def take(self, data: bytes, by: str) -> Outcome:
        """Read a document and hand it to the desk. Raises Refused 400, or 503 where it could not be written down."""
        # Beside the loop: a document at its limits takes a tenth of a second to read, and dispatch does not wait for it.
        alert = await trio.to_thread.run_sync(self._read, data, limiter=ASIDE)
        try:
            return await self._desk.take(alert, by)
        except OSError as error:
            self._desk.counts["unwritten"] += 1
            raise Refused(503, f"The alert could not be written down ({error.strerror}). Send it again.") from None

    def _read(self, data: bytes) -> CapAlert:
        try:
            return read_alert(data)
        except Unreadable as error:
            self._desk.counts["unreadable"] += 1
            raise Refused(400, f"This is no CAP 1.2 alert. {error}.") from None

    def count(self, event: str) -> None:
        """Count one more."""
        self._desk.counts[event] += 1

    # ── the folder ──────────────────────────────────────────────────────────────────────────────────────────

    async def watch(self, folder: Path) -> None:
        """Take what is put into the folder, until cancelled. What cannot be read is tried again, and keeps nothing else waiting."""
        while True:
            try:
                files = await trio.to_thread.run_sync(_waiting, folder)
            except OSError as error:
                self._complain("folder_unreadable", error)
                files = []
            for file in files:
                try:
                    await self._take_file(folder, file)
                except OSError as error:
                    self._complain("file_unreadable", error)
            await trio.sleep(self._config.folder_every_s)

    def _complain(self, event: str, error: OSError) -> None:
        self._desk.counts[event] += 1
        _log.warning("the folder of alerts, or a file in it, cannot be used; it is tried again", detail=str(error))

    async def _take_file(self, folder: Path, file: Path) -> None:
        try:
            data = await trio.to_thread.run_sync(_read_bounded, file, self._config.body_bytes)
            outcome = await self.take(data, "cap-folder")
        except Refused as refused:
            if refused.status == 503:
                return
            await trio.to_thread.run_sync(_put_away, file, folder / "refused", f"{refused}\n".encode())
            return
        await trio.to_thread.run_sync(_put_away, file, folder / "taken", msgspec.json.encode(outcome) + b"\n")


def _waiting(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return sorted(path for path in folder.glob("*.xml") if path.is_file() and not path.is_symlink())[:AT_ONCE]


def _read_bounded(file: Path, most: int) -> bytes:
    with file.open("rb") as opened:
        data = opened.read(most + 1)
    if len(data) > most:
        raise Refused(413, f"The file has more than {most} bytes, the most that is taken.")
    return data


def _put_away(file: Path, into: Path, outcome: bytes) -> None:
    into.mkdir(exist_ok=True)
    (into / f"{file.name}.outcome").write_bytes(outcome)
    file.replace(into / file.name)
