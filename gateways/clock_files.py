"""`clocks.toml`: an agency's own response clocks, in the words of `engine/clocks/profiles.py`. Optional.

It lies in the data folder, beside the journal. A profile that bears the name of a standard one replaces it.
"""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.clocks import STANDARDS, Profile
from gateways.config import ConfigRefused

FILE = "clocks.toml"
PROFILES_MAX = 16
"""Each measure of each profile is a handful of series that somebody has to store."""


class ClocksFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds: `[[profile]]`, and in it `[[profile.measure]]`."""

    profile: tuple[Profile, ...] = ()


def load_profiles(path: Path | None) -> tuple[Profile, ...]:
    """Return the standard profiles and those of the file, each name once. No file, or None: the standard ones.

    Raises ConfigRefused naming file, path and reason.
    """
    own = () if path is None or not path.exists() else _read(path).profile
    names = [profile.name for profile in own]
    twice = sorted(name for name in names if names.count(name) > 1)
    if twice:
        raise ConfigRefused(f"{path}: profile: the name {twice[0]!r} is used twice.")
    profiles = (*(profile for profile in STANDARDS if profile.name not in names), *own)
    if len(profiles) > PROFILES_MAX:
        raise ConfigRefused(
            f"{path}: {len(profiles)} profiles with the standard ones; at most {PROFILES_MAX} are kept."
        )
    return profiles


def _read(path: Path) -> ClocksFile:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), ClocksFile)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigRefused(f"{path}: cannot be read ({error}).") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigRefused(f"{path}: is not TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise ConfigRefused(f"{path}: {error}.") from error
