"""What is shipped for operations holds together, by the word of the real tools."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.metrics_kit import serve_metrics

OPS = Path(__file__).parents[2] / "ops"
PROMETHEUS = OPS / "prometheus"
RULES = (PROMETHEUS / "turnout.rules.yml").read_text()
ALERTS = re.findall(r"- alert: (\w+)", RULES)
DASHBOARD = json.loads((OPS / "grafana" / "turnout.json").read_text())
DRAWN = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
RUNBOOK = "https://github.com/turnout-dispatch/turnout/blob/main/ops/runbook.md#"


def run(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of strangers; without it the test is skipped, and says what to install."""
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is missing: apt-get install --no-install-recommends prometheus systemd")
    return subprocess.run([found, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize(
    "command",
    [
        ("check", "rules", PROMETHEUS / "turnout.rules.yml"),
        ("check", "config", PROMETHEUS / "prometheus.yml"),
        ("test", "rules", PROMETHEUS / "turnout.rules.test.yml"),
    ],
    ids=["rules", "config", "alerts fire when they should"],
)
def test_promtool_agrees(command: tuple[str | Path, ...]) -> None:
    """Rules and configuration are valid, and each alert fires in its trouble and not before."""
    answer = run("promtool", *command)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_promtool_would_notice(tmp_path: Path) -> None:
    """The tests of the rules are about the rules: with a wrong threshold they fail."""
    shutil.copytree(PROMETHEUS, tmp_path / "rules")
    (tmp_path / "rules" / "turnout.rules.yml").write_text(RULES.replace("seconds > 90", "seconds > 900"))
    assert run("promtool", "test", "rules", tmp_path / "rules" / "turnout.rules.test.yml").returncode == 1


async def test_every_number_that_a_rule_reads_is_exposed(tmp_path: Path) -> None:
    """A renamed metric cannot leave an alert that never fires. Labels that rules choose by are there as well."""
    async with serve_metrics(tmp_path) as measured:
        await measured.plan()
        exposed = {sample.name: set[str]() for sample in measured.samples()}
        for sample in measured.samples():
            exposed[sample.name] |= {f'{name}="{value}"' for name, value in sample.labels.items()}
    expressions = re.findall(r"^ +expr: '(.*)'$", RULES, re.MULTILINE)
    assert len(expressions) == len(ALERTS)
    for expression in (*expressions, *DRAWN):
        for name, labels in re.findall(r"(turnout_\w+)(?:\{([^}]*)\})?", expression):
            assert name in exposed, expression
            for label, value in re.findall(r'(\w+)[=!]~?"([^"]*)"', labels):
                assert {f'{label}="{each}"' for each in value.split("|")} <= exposed[name], expression


def test_what_the_dashboard_draws_can_be_drawn(tmp_path: Path) -> None:
    """Prometheus understands each expression; each panel has its own place, and says an alert only if there is one."""
    recorded = [
        f"      - record: drawn:{number}\n        expr: {json.dumps(expr)}" for number, expr in enumerate(DRAWN)
    ]
    rules = tmp_path / "drawn.yml"
    rules.write_text("groups:\n  - name: drawn\n    rules:\n" + "\n".join(recorded) + "\n")
    answer = run("promtool", "check", "rules", rules)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    named = set(re.findall(r"\bTurnout[A-Z]\w+", json.dumps(panels)))
    assert named
    assert named <= set(ALERTS)


def test_every_alert_leads_to_its_chapter() -> None:
    """Its address is the chapter's; the chapter says what happened, what it means and what to do; none is left over."""
    text = (OPS / "runbook.md").read_text()
    chapters = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert list(chapters) == ALERTS
    assert re.findall(r"runbook_url: (\S+)", RULES) == [RUNBOOK + alert.lower() for alert in ALERTS]
    for chapter in chapters.values():
        assert all(part in chapter for part in ("**What happened.**", "**What it means.**", "**What to do.**\n\n1. "))
    anchors = {alert.lower() for alert in ALERTS}
    assert set(re.findall(r"\(#(\w+)\)", text)) <= anchors


def test_every_alert_has_a_test() -> None:
    """An alert that nobody has seen fire is a wish."""
    tested = set(re.findall(r'alertname="(\w+)"', (PROMETHEUS / "turnout.rules.test.yml").read_text()))
    assert tested == set(ALERTS)


async def test_the_runbook_names_only_numbers_that_there_are(tmp_path: Path) -> None:
    """Whoever is woken at night is not sent to look at a number that was renamed."""
    async with serve_metrics(tmp_path) as measured:
        families = measured.families()
    exposed = {f"{name}_total" if family.type == "counter" else name for name, family in families.items()}
    named = set(re.findall(r"turnout_[a-z0-9_]+", (OPS / "runbook.md").read_text()))
    assert named
    assert named <= exposed


def test_the_unit_is_sound(tmp_path: Path) -> None:
    """systemd accepts it; only the program's own path is replaced, because it is not installed here."""
    unit = (OPS / "systemd" / "turnout.service").read_text()
    (tmp_path / "turnout.service").write_text(unit.replace("/opt/turnout/bin/turnout", "/bin/true"))
    answer = run("systemd-analyze", "verify", tmp_path / "turnout.service")
    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


def test_the_unit_is_hardened(tmp_path: Path) -> None:
    """By systemd's own judgement its exposure is low: 2 of 10 at most."""
    shutil.copy(OPS / "systemd" / "turnout.service", tmp_path)
    threshold = ("security", "--offline=true", "--threshold=20", "--no-pager", tmp_path / "turnout.service")
    answer = run("systemd-analyze", *threshold)
    assert answer.returncode == 0, answer.stdout[-200:]
