"""Asks a running server for a code with which a crew's browser signs in."""

import tomllib
from pathlib import Path

import httpx2
import msgspec
from msgspec import Struct

from gateways.auth import Role
from gateways.config import ACCESS_FILE
from gateways.doors import NoDoors, find_doors

WITHIN_S = 10.0


class CodeRefused(Exception):
    """There is no code. The message says why, and what to do."""


class Made(Struct, frozen=True):
    """A code, for how long it holds, and where it is typed."""

    code: str
    seconds: int
    page: str = ""


def ask_for_code(unit: str, *, token: str | None, url: str | None, data: Path) -> Made:
    """Return a new code. Raises CodeRefused."""
    try:
        base = url or find_doors(data).web
        token = token or _kept_token(data)
    except NoDoors as nothing:
        raise CodeRefused(str(nothing)) from None
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx2.post(f"{base}/crew/codes", json={"unit": unit}, headers=headers, timeout=WITHIN_S)
        if answer.status_code == 201:
            made = msgspec.json.decode(answer.content, type=Made)
            return msgspec.structs.replace(made, page=f"{base}/crew")
        told = msgspec.json.decode(answer.content, type=dict[str, object])
    except (httpx2.HTTPError, msgspec.MsgspecError) as error:
        raise CodeRefused(f"{base}: no answer that makes sense ({error}). Is it the HTTP listener?") from None
    raise CodeRefused(str(told.get("reason") or told.get("detail") or f"HTTP {answer.status_code}"))


def _kept_token(data: Path) -> str:
    path = data / ACCESS_FILE
    try:
        return str(tomllib.loads(path.read_text())[Role.CREW.value])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        raise CodeRefused(f"{path} holds no crew's token. Give the unit's own with --token.") from None
