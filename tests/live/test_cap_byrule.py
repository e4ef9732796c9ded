"""CAP out by rule: off by default; goes out by itself, once, with the rule's words only, and follows what it is about."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.model.inputs import AmendIncident, CloseIncident, ReportIncident
from engine.model.response_inputs import ReopenIncident
from engine.model.surroundings import EndCaution, RecordCaution, Severity
from gateways.cap.byrule import PublishRule
from gateways.cap.config import CapConfig, PublishConfig
from gateways.config import Config, ConfigRefused
from gateways.partners import _fit
from tests.builders import small_place
from tests.live.exchange_kit import Served, serve_exchanges

WORDS = {"scope": "Public", "categories": ["Safety"], "event": "Danger", "severity": "Severe", "headline": "Keep away"}


def rule(name: str = "theft", about: str = "incident", **fields: Any) -> PublishRule:
    told = {"name": name, "about": about, "words": {**WORDS, "area": "See map"}, **fields}
    return msgspec.convert(told, PublishRule)


def config(*rules: PublishRule) -> Config:
    return Config(cap=CapConfig(publish=PublishConfig(sender="alerts@smallville.example", rules=rules)))


async def report(served: Served, command: str = "r", kind: str = "theft", **fields: Any) -> str:
    answer = await served.service.ask(
        ReportIncident(id=command, by="desk", type=kind, x_m=500, y_m=0, caller="Ann", address="12 Mill Ln", **fields)
    )
    assert answer.incident is not None
    return answer.incident


async def shown(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await served.http.get("/cap/published")).json()
    return found


def numbers(served: Served) -> dict[str, int]:
    return dict(served.exchanges.numbers["cap-out"]())


async def test_an_incident_that_a_rule_means_goes_out_by_itself(tmp_path: Path) -> None:
    """Once, also over a restart; cancelled with its end; out anew when it is open again. Others are not published."""
    async with serve_exchanges(tmp_path, config(rule(types=["theft"]))) as served:
        await report(served, "f", "fire")
        theft = await report(served)
        await served.until(lambda: numbers(served).get("published_alert") == 1)
        (out,) = await shown(served)
        text = (await served.http.get(out["url"])).text
        assert "Keep away" in text
        assert "rule:theft" in text
        assert not any(word in text for word in ("Ann", "Mill"))
    async with serve_exchanges(tmp_path, config(rule(types=["theft"]))) as served:
        await served.service.ask(CloseIncident(id="x", by="desk", incident=theft, disposition="done"))
        await served.until(lambda: numbers(served).get("published_cancel") == 1)
        assert await shown(served) == []
        await served.service.ask(ReopenIncident(id="o", by="desk", incident=theft, reason="again"))
        await served.until(lambda: numbers(served).get("published_alert") == 1)
        assert [each["kind"] for each in await shown(served)] == ["Alert"]


async def test_what_a_rule_no_longer_means_is_cancelled(tmp_path: Path) -> None:
    """Amended to less urgent; and whatever a rule had out that is no rule any more."""
    urgent = rule(priority=2)
    async with serve_exchanges(tmp_path, config(urgent)) as served:
        first = await report(served, "a", priority=1)
        await report(served, "b", priority=2)
        await served.until(lambda: numbers(served).get("published_by_rule") == 2)
        await served.service.ask(AmendIncident(id="m", by="desk", incident=first, priority=4))
        await served.until(lambda: numbers(served).get("published_cancel") == 1)
    async with serve_exchanges(tmp_path, config()) as served:
        await served.until(lambda: numbers(served).get("published_cancel") == 1)
        assert await shown(served) == []


async def test_a_caution_goes_out_by_its_gravity_unless_another_agency_brought_it(tmp_path: Path) -> None:
    """A danger does, a notice does not, and what an alert of somebody else has made is not sent round again."""
    async with serve_exchanges(tmp_path, config(rule("danger", "caution", severity="danger"))) as served:
        for name, severity in (("cap:1f:1", Severity.DANGER), ("dog", Severity.NOTICE), ("gas", Severity.DANGER)):
            given = {"x_m": 0, "y_m": 0, "radius_m": 700, "severity": severity, "text": "of Ann", "caution": name}
            assert (await served.service.ask(RecordCaution(id=name, by="desk", **given))).refusal is None
        await served.until(lambda: numbers(served).get("published_alert") == 1)
        (out,) = await shown(served)
        assert "of Ann" not in (await served.http.get(out["url"])).text
        await served.service.ask(EndCaution(id="e", by="desk", caution="gas", reason="mended"))
        await served.until(lambda: numbers(served).get("published_cancel") == 1)
        assert numbers(served)["published_by_rule"] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"about": "incident"},
        {"about": "incident", "types": ["fire"], "severity": "danger"},
        {"about": "caution"},
        {"about": "caution", "severity": "danger", "types": ["fire"]},
    ],
)
def test_a_rule_says_which(fields: dict[str, Any]) -> None:
    """All incidents, or all cautions, is what nobody means."""
    with pytest.raises(msgspec.ValidationError, match="which"):
        rule(**fields)


def test_a_rule_names_what_the_place_has() -> None:
    """A type that there is not would wait for ever: it is refused at the start."""
    with pytest.raises(ConfigRefused, match="dragon"):
        _fit(config(rule(types=["dragon"])), small_place())
