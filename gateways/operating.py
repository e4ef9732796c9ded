"""Asks a running server what operators ask of it, over its HTTP API, and says what came of it in words."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import click
import httpx2
import msgspec
from msgspec import Struct

from gateways.api.operating import Devices, Exchanges
from gateways.auth import Role
from gateways.config import ACCESS_FILE
from gateways.doors import NoDoors, find_doors
from gateways.times import iso
from gateways.upkeep import DeviceView, ExchangeView, ReloadView
from gateways.upkeep.books import lines_of

WITHIN_S: Final = 15.0
PAGE: Final = 500
Told = TypeVar("Told")


class AskRefused(Exception):
    """It was not done. The message says why, and what to do."""


class Server(Struct, frozen=True):
    """Which server is asked: found by its data folder, or named."""

    data: Path
    url: str | None = None
    token: str | None = None

    def ask(self, kind: type[Told], method: str, path: str, body: dict[str, Any] | None = None) -> Told:
        """Return what is answered. Raises AskRefused."""
        try:
            base = self.url or find_doors(self.data).web
        except NoDoors as nothing:
            raise AskRefused(str(nothing)) from None
        headers = {"Authorization": f"Bearer {self.token or _kept_token(self.data)}"}
        try:
            answer = httpx2.request(method, base + path, json=body, headers=headers, timeout=WITHIN_S)
            if answer.is_success:
                return msgspec.json.decode(answer.content, type=kind)
            told = msgspec.json.decode(answer.content, type=dict[str, Any])
        except (httpx2.HTTPError, msgspec.MsgspecError) as error:
            raise AskRefused(f"{base}: no answer that makes sense ({error}). Is it the HTTP listener?") from None
        raise AskRefused(str(told.get("detail") or f"HTTP {answer.status_code}"))


def list_devices(server: Server, *, moved: bool) -> None:
    """Print which device rides where; `moved`: only those that stand otherwise than listed. Raises AskRefused."""
    cursor = ""
    while True:
        page = server.ask(Devices, "GET", f"/v1/devices?limit={PAGE}&cursor={cursor}")
        for each in page.items:
            if each.moved_by or not moved:
                click.echo(_device(each))
        for stranger in page.strangers:
            click.echo(
                f"{stranger.device:<24} on no roster, heard {stranger.times} times, last {iso(stranger.last_seen_ms)}"
            )
        if page.next is None:
            return
        cursor = page.next


def list_exchanges(server: Server) -> None:
    """Print how it stands with each. Raises AskRefused."""
    for each in server.ask(Exchanges, "GET", "/v1/exchanges").items:
        click.echo(_exchange(each))


def tell(server: Server, group: str, name: str, what: str, body: dict[str, Any]) -> None:
    """Have something done to one of the `devices` or `exchanges`, and print how it stands then. Raises AskRefused."""
    kind, words = _TOLD[group]
    click.echo(words(server.ask(kind, "POST", f"/v1/{group}/{quote(name, safe='')}/{what}", body)))


def reload_recipients(server: Server, reason: str) -> None:
    """Have the table of recipients read again, and print what has changed. Raises AskRefused."""
    told = server.ask(ReloadView, "POST", "/v1/recipients/reload", {"reason": reason})
    click.echo(f"{told.recipients} recipients are told from the next alert on.")
    for what in ("added", "changed", "removed"):
        click.echo(f"  {what:<8} {', '.join(getattr(told, what)) or '-'}")


def show_book(data: Path, name: str, *, who: str | None, incident: str | None, days: float, as_json: bool) -> None:
    """Print the lines of a book, oldest first: those of `who`, about `incident`, of the last `days`."""
    since = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S")
    for line in lines_of(data, name):
        if str(line.get("at", "")) < since or (who is not None and line.get("by") != who):
            continue
        if incident is not None and incident not in line.get("incidents", ()):
            continue
        click.echo(msgspec.json.encode(line).decode() if as_json else _words(line))


def _words(line: dict[str, Any]) -> str:
    rest = {key: value for key, value in line.items() if key not in ("at", "what", "by", "role", "incidents")}
    said = ", ".join(f"{key} {value}" for key, value in rest.items() if value not in ("", None, []))
    named = " ".join(each or "(forgotten)" for each in line.get("incidents", ()))
    role = f" ({line['role']})" if line.get("role") else ""
    return f"{line.get('at')}  {line.get('by')}{role}  {line.get('what')}  {named}{said}".rstrip()


def _device(each: DeviceView) -> str:
    where = each.unit or "moves nothing"
    seen = "never" if each.seen_ms is None else iso(each.seen_ms)
    word = f"  by {each.moved_by}: {each.reason} (listed: {each.listed or 'not at all'})" if each.moved_by else ""
    return f"{each.device:<24} {where:<12} heard {seen}{word}"


def _exchange(each: ExchangeView) -> str:
    behind = "" if each.behind is None else f"  {each.behind} turns behind"
    parked = f"  PARKED by {each.parked_by}: {each.reason}" if each.parked_by else ""
    head = "" if each.head is None else f"  sending {each.head}"
    last = f"  last: {each.last}" if each.last and not each.parked_by else ""
    return f"{each.exchange:<28}{behind}{head}{parked}{last}"


_TOLD: Final[dict[str, tuple[type[Any], Callable[[Any], str]]]] = {
    "devices": (DeviceView, _device),
    "exchanges": (ExchangeView, _exchange),
}


def _kept_token(data: Path) -> str:
    path = data / ACCESS_FILE
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8"))[Role.SUPERVISOR.value])
    except (OSError, KeyError, ValueError):  # it is not there, not TOML, or not even UTF-8
        raise AskRefused(f"{path} holds no supervisor's token. Give one with --token.") from None
