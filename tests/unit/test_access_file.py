"""The tokens that a data folder keeps: made once, read again, and refused in words where somebody has broken them."""

from pathlib import Path

import pytest

from gateways.auth import Gatekeeper, Role
from gateways.config import ACCESS_FILE, Config, ConfigRefused, grant_access, make_tokens


def test_tokens_are_made_once_and_stay(tmp_path: Path) -> None:
    """One for each role, and more names beside them, also where somebody has left the last line without its end."""
    made = grant_access(Config(), tmp_path).tokens
    assert set(made) == {role.value for role in Role}
    path = tmp_path / ACCESS_FILE
    path.write_text(path.read_text().rstrip())
    make_tokens(path, (*Role, "dispatcher-night"))
    access = grant_access(Config(), tmp_path)
    assert {name: access.tokens[name] for name in made} == made
    principal = Gatekeeper(access.credentials).authenticate(access.tokens["dispatcher-night"])
    assert principal is not None
    assert (principal.name, principal.role) == ("dispatcher-night", Role.DISPATCHER)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"dispatcher = ", "cannot be read"),
        (b"dispatcher = 3", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b'[dispatcher]\ntoken = "x"', "cannot be read"),
        (b'boss = "boss.secret"', "boss begins with no role"),
        (b'supervisor = "supervisor"', "token of supervisor"),
        (b'supervisor = "supervisor."', "token of supervisor"),
        (b'supervisor = "a password"', "token of supervisor"),
        (b'supervisor = "dispatcher.secret"', "token of supervisor"),
    ],
)
def test_a_file_that_does_not_hold_is_refused(tmp_path: Path, content: bytes, named: str) -> None:
    """By name, and without a word of the secret; above all a token without one, which would let everybody in."""
    (tmp_path / ACCESS_FILE).write_bytes(content)
    with pytest.raises(ConfigRefused, match=named) as refused:
        grant_access(Config(), tmp_path)
    assert "password" not in str(refused.value)
    assert ACCESS_FILE in str(refused.value)
