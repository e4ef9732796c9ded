"""TOML -> the frozen objects that do the work. Unknown keys are refused with their path.

A place says what decisions rest on; this file says where the doors are, who may come in and where alerts go. It is
never journaled, because it holds digests of secrets and addresses of endpoints.
"""

import csv
import os
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from engine.journal import Settings as JournalSettings
from engine.live.planner import PlannerSettings
from engine.model.place import Place
from gateways.alerts import Endpoint, LogFile, Recipients, RecipientsRefused, read_recipients
from gateways.api import ApiConfig
from gateways.asap.config import AsapConfig
from gateways.auth import Credential, Role, digest_of_secret, new_secret
from gateways.cad.config import CadConfig
from gateways.cap.config import CapConfig
from gateways.cloudevents.config import Subscription
from gateways.console import ConsoleConfig
from gateways.crews import CrewsConfig
from gateways.eido.config import EidoConfig
from gateways.telematics import JsonLines, OsmAnd, TelematicsProtocol
from gateways.telematics.hygiene import HygieneSettings
from gateways.upkeep import BooksConfig
from gateways.web import WebConfig

ACCESS_FILE = "access.toml"
"""Tokens made at the first start, where the configuration names no principal. Readable by its owner only."""


class ConfigRefused(Exception):
    """The configuration does not hold. The message names file, path and reason."""


class Retention(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long people's data are kept; `turnout retention` holds a data folder to it, or the server itself, daily."""

    positions_days: Annotated[float, Meta(gt=0)] | None = 30.0
    """Where units were. None: for ever."""
    incidents_days: Annotated[float, Meta(gt=0)] | None = None
    """Who called and what was said, from an incident's end on. None: until somebody has it forgotten."""
    hold: tuple[str, ...] = ()
    """Incidents that nobody may forget now: a court asks for them."""
    at_hour: Annotated[int, Meta(ge=0, le=23)] | None = None
    """The server does it itself, once a day from this local hour on. None: somebody runs the command."""
    within_s: Annotated[float, Meta(gt=0)] = 3_600.0
    """Then it counts as failed, and is tried again."""


class Config(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A deployment."""

    cad: CadConfig = CadConfig()
    web: WebConfig = WebConfig()
    api: ApiConfig = ApiConfig()
    retention: Retention = Retention()
    books: BooksConfig = BooksConfig()
    crews: CrewsConfig = CrewsConfig()
    console: ConsoleConfig = ConsoleConfig()
    journal: JournalSettings = JournalSettings()
    planner: PlannerSettings = PlannerSettings()
    hygiene: HygieneSettings = HygieneSettings()
    feeds: tuple[TelematicsProtocol, ...] = (OsmAnd(), JsonLines())
    cap: CapConfig = CapConfig()
    asap: AsapConfig = AsapConfig()
    subscriptions: tuple[Subscription, ...] = ()
    """CloudEvents out."""
    devices: str | None = None
    """A CSV file with the columns device and unit. None: a device bears its unit's id."""
    eido: EidoConfig | None = None
    """CAD to CAD with neighbours; None: none."""
    endpoints: tuple[Endpoint, ...] = (Endpoint(name="log", channel=LogFile(path="alerts.log")),)
    recipients: str | None = None
    """A TOML or CSV file of who is told of a unit's alerts, and where. None: only endpoints that need no addresses."""
    exercise: bool = False
    """Nobody real is told: what would leave this machine is recorded. Needs a data folder of its own."""
    principals: tuple[Credential, ...] = ()
    snapshot_every_s: float = 60.0
    snapshot_after_turns: int = 5_000


def read_config(path: Path | None) -> Config:
    """Return the configuration in the file, or the defaults. Raises ConfigRefused."""
    if path is None:
        return Config()
    try:
        return _sound(path, msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Config))
    except OSError as error:
        raise ConfigRefused(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ConfigRefused(f"{path}: is not UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigRefused(f"{path}: is not TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise ConfigRefused(f"{path}: {error}.") from error


def _sound(path: Path, config: Config) -> Config:
    for what, names in (
        ("endpoints", [endpoint.name for endpoint in config.endpoints]),
        ("subscriptions", [subscription.name for subscription in config.subscriptions]),
        ("principals", [credential.name for credential in config.principals]),
    ):
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        if twice:
            raise ConfigRefused(f"{path}: {what}: the name {twice[0]!r} is used twice.")
    return config


def read_devices(path: Path, units: frozenset[str]) -> dict[str, str]:
    """Return the unit of each device. Raises ConfigRefused naming the line of a mistake."""
    devices: dict[str, str] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if set(rows.fieldnames or ()) != {"device", "unit"}:
                raise ConfigRefused(f"{path}: the first line must name the columns device and unit.")
            for line, row in enumerate(rows, start=2):
                if row["unit"] not in units:
                    raise ConfigRefused(f"{path}, line {line}: the place has no unit {row['unit']!r}.")
                if row["device"] in devices:
                    raise ConfigRefused(f"{path}, line {line}: device {row['device']!r} is listed twice.")
                devices[row["device"]] = row["unit"]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigRefused(f"{path}: cannot be read ({error}).") from error
    return devices


def recipients_of(config: Config, place: Place) -> Recipients:
    """Return who is told of the place's alerts. Raises ConfigRefused naming the mistake."""
    if config.recipients is None:
        return Recipients()
    addressed = frozenset(each.name for each in config.endpoints if each.channel.addressed)
    try:
        return read_recipients(Path(config.recipients), place, addressed)
    except RecipientsRefused as error:
        raise ConfigRefused(str(error)) from error


def keep_to_ourselves(config: Config) -> None:
    """Refuse an exercise that would tell other organisations of what has not happened. Raises ConfigRefused.

    Receivers that are marked `exercise = true` may hear of it. What is published by CAP says that it is an exercise.
    """
    publish = config.cap.publish
    outward = {
        "[eido]": config.eido is not None,
        "[[subscriptions]]": any(not each.exercise for each in config.subscriptions),
        "[[cap.publish.receivers]]": publish is not None and any(not each.exercise for each in publish.receivers),
        "[[asap.companies]] notices": any(
            company.notices is not None and not company.notices.exercise for company in config.asap.companies
        ),
    }
    named = [table for table, there in outward.items() if there]
    if config.exercise and named:
        raise ConfigRefused(
            f"In an exercise {', '.join(named)} would tell other organisations of incidents that are none; "
            "leave them out of its configuration, or mark receivers that may hear of it with exercise = true."
        )


class Access(Struct, frozen=True):
    """Who may come in, and the tokens if they were made here."""

    credentials: tuple[Credential, ...]
    tokens: dict[str, str]
    """By principal; empty where the configuration names the principals."""


def grant_access(config: Config, data: Path) -> Access:
    """Return the principals of the configuration, or make one per role and keep their tokens in the data folder.

    Raises ConfigRefused if the file that is there cannot be read, a name in it begins with no role, or a token has no secret.
    """
    if config.principals:
        return Access(config.principals, {})
    path = data / ACCESS_FILE
    if not path.exists():
        make_tokens(path, Role)
    tokens = _tokens_in(path)
    credentials = tuple(
        Credential(name=name, role=_role_of(name, path), secret_sha256=(_digest_of(name, token, path),))
        for name, token in tokens.items()
    )
    return Access(credentials, tokens)


def make_tokens(path: Path, names: Iterable[str]) -> None:
    """Add a token for each name that has none: a role, or one with more after a dash. Only the file's owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = _tokens_in(path) if path.exists() else {}
    unended = path.exists() and not path.read_bytes().endswith(b"\n")
    with os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a") as file:
        file.write("\n" * unended)  # behind what somebody has typed
        file.writelines(f'{name} = "{name}.{new_secret()}"\n' for name in names if name not in known)


def _tokens_in(path: Path) -> dict[str, str]:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, str])
    except (ValueError, msgspec.ValidationError) as error:  # it is not TOML, not even UTF-8, or no table of tokens
        raise ConfigRefused(
            f"{path} cannot be read ({error}), so nobody's token is known. Mend it, or move it away: then new ones are made."
        ) from error


def _digest_of(name: str, token: str, path: Path) -> str:
    """Return the digest of the token's secret: never that of an empty one, with which everybody could come in."""
    begin, _, secret = token.partition(".")
    if begin != name or not secret:
        raise ConfigRefused(
            f"{path}: the token of {name} is not {name}, a dot and a secret. Write it so, or take the line out."
        )
    return digest_of_secret(secret)


def _role_of(name: str, path: Path) -> Role:
    try:
        return Role(name.partition("-")[0])
    except ValueError as error:
        roles = ", ".join(Role)
        raise ConfigRefused(
            f"{path}: {name} begins with no role. Call it {roles}, or one of them, a dash and more."
        ) from error
