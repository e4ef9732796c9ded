"""Tokens made at the first start: one for each role, and for further names where the configuration wants them."""

import stat
from pathlib import Path

import pytest

from gateways.auth import Gatekeeper, Role
from gateways.config import ACCESS_FILE, Config, ConfigRefused, grant_access, read_config


def test_a_further_name_has_a_token_of_its_own_and_the_others_keep_theirs(tmp_path: Path) -> None:
    """It is added to what is there; whoever is no longer wanted does not come in."""
    first = grant_access(Config(), tmp_path)
    assert set(first.tokens) == {role.value for role in Role}
    more = grant_access(Config(also={"demo-cad": Role.DISPATCHER}), tmp_path)
    assert {name: more.tokens[name] for name in first.tokens} == first.tokens
    principal = Gatekeeper(more.credentials).authenticate(more.tokens["demo-cad"])
    assert principal is not None
    assert (principal.name, principal.role) == ("demo-cad", Role.DISPATCHER)
    assert stat.S_IMODE((tmp_path / ACCESS_FILE).stat().st_mode) == 0o600
    again = grant_access(Config(), tmp_path)
    assert Gatekeeper(again.credentials).authenticate(more.tokens["demo-cad"]) is None


def test_a_name_that_could_not_stand_in_a_token_is_refused(tmp_path: Path) -> None:
    """A dot ends a name in a token."""
    file = tmp_path / "turnout.toml"
    file.write_text('[also]\n"a.b" = "dispatcher"\n')
    with pytest.raises(ConfigRefused):
        read_config(file)
