"""The page on the exchange says what the program takes, and a wrong table is refused with its path."""

import re
from pathlib import Path

import pytest

from gateways.config import ConfigRefused, read_config
from gateways.eido.filters import Filter

README = Path(__file__).parents[2] / "gateways" / "eido" / "README.md"


def written(folder: Path, text: str) -> Path:
    file = folder / "turnout.toml"
    file.write_text(text)
    return file


def example() -> str:
    found = re.search(r"```toml\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, example())).eido
    assert config is not None
    assert config.listen is not None
    assert [Filter(text) for text in config.listen.limits.values()]
    assert [peer.agency for peer in config.peers] == ["riverbend"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('agency = "riverside.example.org"', 'agency = "not a domain"', "$.eido.agency"),
        ("port = 7020", "port = 99999", "$.eido.listen.port"),
        ("priorities = [10, 8, 6, 4, 2]", "priorities = [11, 8, 6, 4, 2]", "$.eido.registries.priorities[0]"),
        ('url = "ws://', 'url = "http://', "$.eido.peers[0].url"),
        ("aid = false", "aids = false", "aids"),
    ],
)
def test_a_wrong_table_is_refused_with_its_path(old: str, new: str, path: str, tmp_path: Path) -> None:
    text = example()
    assert old in text
    with pytest.raises(ConfigRefused) as refused:
        read_config(written(tmp_path, text.replace(old, new)))
    assert path in str(refused.value)
