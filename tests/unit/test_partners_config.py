"""The example of everything, and `turnout cap check` with it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateways.asap.config import AsapConfig, EventRule
from gateways.cap.config import CapConfig
from gateways.cli import main
from gateways.cloudevents import Subscription
from gateways.config import Config, read_config
from gateways.places import generate
from tests.live.exchange_kit import serve_exchanges
from tests.live.sink_kit import SECRET
from tests.unit.cap_kit import alert, geocode, info

EXAMPLE = Path(__file__).parents[2] / "config" / "partners.toml"


def test_the_example_holds() -> None:
    config = read_config(EXAMPLE)
    assert [rule.name for rule in config.cap.rules] == ["flood", "snow"]
    assert config.cap.publish is not None
    assert config.asap.events["burglary"].verified_priority == 2
    assert config.subscriptions[0].batch == 100
    assert "whsec" not in repr(config.subscriptions) + repr(config.asap) + repr(config.cap)


async def test_what_the_place_has_not_is_refused_at_the_start(tmp_path: Path) -> None:
    """A type or an area that is misspelt is said at once, with those that there are."""
    for change, word in (
        ({"asap": AsapConfig(events={"fire": EventRule(type="fyre")})}, "fyre"),
        (
            {"subscriptions": (Subscription(name="s", url="https://a.example/", secrets=(SECRET,), areas=("x1",)),)},
            "x1",
        ),
        ({"cap": CapConfig(geocodes={"SAME:1": ("nord",)})}, "nord"),
    ):
        with pytest.raises(ExceptionGroup) as caught:
            async with serve_exchanges(tmp_path / word, Config(**change)):  # type: ignore[arg-type]
                pass
        assert f"has no '{word}'. It has: " in str(leaves(caught.value))


def leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in leaves(inner)]


def test_cap_check_says_what_an_alert_would_do(tmp_path: Path) -> None:
    place = tmp_path / "city"
    generate(place, 7, 24, lambda *_: None)

    def check(document: bytes) -> Result:
        (tmp_path / "a.xml").write_bytes(document)
        command = ["cap", "check", str(tmp_path / "a.xml"), "--place", str(place), "--config", str(EXAMPLE)]
        return CliRunner().invoke(main, command)

    found = check(alert("A", info(area=geocode("SAME", "019163"), expires="2099-01-01T00:00:00+00:00")))
    assert found.exit_code == 0, found.output
    assert "rule snow" in found.output
    assert "weather snow: all driving takes 140 %" in found.output
    assert "caution: 'Snow Squall Warning: Heavy snow until noon'" in found.output
    assert "nothing would be done" not in found.output
    assert "It is Test" in check(alert("A", info(), status="Test")).output
    wrong = check(b"<a/>")
    assert wrong.exit_code == 1
    assert "no CAP 1.2 alert" in wrong.output
