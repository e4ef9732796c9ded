"""Claims about `turnout replay`: recorded days again, under other policies, paired; and what is refused before."""

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from engine.journal import Journal, Record, Settings
from engine.journal.recovery import take_snapshot, turns
from engine.model.lifecycle import Status
from engine.policy import dispatch_named
from engine.policy.dispatch.named import NEAREST
from engine.sim.happened import AS_RECORDED
from engine.sim.recorded import UNSEEN, read_recorded
from gateways.cli import main
from gateways.places import save
from gateways.simulation import load as load_run
from gateways.simulation.recorded_days import policy_then, read_days
from gateways.simulation.setups import NotSimulated
from tests.builders import SMALL_JOURNAL
from tests.unit.engine_place import MORNING, Town
from tests.unit.recorded_kit import HOUR_MS, lived, some_calls, town, write_journal
from tests.unit.riverside_kit import RIVERSIDE

POLICIES = ("--policy", "nearest/home", "--policy", "dmexclp")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Return a data folder whose journal holds a morning of the town."""
    folder = tmp_path_factory.mktemp("data")
    city = lived(some_calls(16, 3), until_ms=MORNING + 5 * HOUR_MS)
    write_journal(folder / "journal", city.written)
    return folder


def run(*words):
    return CliRunner().invoke(main, ["replay", *map(str, words)])


def told(*words):
    """Return the JSON, without what the clock on the wall says."""
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output + result.stderr
    document = json.loads(result.stdout)
    del document["speed"], document["run"]["command"]
    return document


@pytest.fixture(scope="module")
def document(data):
    """Return what two policies would have made of it, in two replications."""
    return told(data, *POLICIES, "--reps", 2, "--cores", 1)


def test_rows_are_what_happened_then_the_policy_of_then_then_the_others(document):
    """And all are judged on the same calls."""
    assert [each["name"] for each in document["policies"]] == [
        AS_RECORDED,
        "joint/home",
        "nearest/home",
        "joint/dmexclp",
    ]
    assert {each["calls"] for each in document["policies"]} == {32}
    assert document["recorded"]["judged"] == document["recorded"]["calls"] == 16


def test_the_first_row_is_what_the_journal_says(document, data):
    """Its figures are those of the recorded arrivals, exactly, without an interval."""
    days = read_recorded(_turns(data))
    waits_s = (days.happened.reached_ms - days.calls.came_ms) / 1000
    high = days.calls.priority <= 2
    first = document["policies"][0]
    assert first["mean_response_s"]["all"] == pytest.approx(waits_s.mean())
    assert first["late_share"]["high"] == pytest.approx((waits_s > days.happened.target_ms / 1000)[high].mean())
    assert first["half_width"] == {"high": None, "low": None}
    assert first["groups"]["all"]["mean_response_s"]["half_width"] is None


def test_others_are_held_against_the_policy_of_then_as_simulated(document):
    """Over replications and call by call; both are differences of the same means."""
    by_name = {each["name"]: each for each in document["policies"]}
    assert [(each["policy"], each["against"]) for each in document["differences"]] == [
        ("nearest/home", "joint/home"),
        ("joint/dmexclp", "joint/home"),
    ]
    for each in document["differences"]:
        apart = by_name[each["policy"]]["late_share"]["high"] - by_name["joint/home"]["late_share"]["high"]
        for pairs in (each["groups"], each["by_call"]):
            assert pairs["high"]["late_share"]["difference"] == pytest.approx(apart)
            assert pairs["high"]["mean_response_s"]["half_width"] > 0


def test_the_simulators_own_error_is_told(document):
    """The policy of then, simulated, against what was recorded: the same calls, the same work, nearly the same waits."""
    simulator = document["simulator"]
    assert (simulator["policy"], simulator["against"]) == ("joint/home", AS_RECORDED)
    mean = simulator["by_call"]["all"]["mean_response_s"]
    recorded_s = document["policies"][0]["mean_response_s"]["all"]
    assert abs(mean["difference"]) < 0.25 * recorded_s


def test_the_same_seed_gives_the_same_bytes(document, data):
    """On one core or on two; another seed draws other drives."""
    assert told(data, *POLICIES, "--reps", 2, "--cores", 2) == document
    assert told(data, *POLICIES, "--reps", 2, "--cores", 1, "--seed", 2)["policies"] != document["policies"]


def test_one_replication_falls_back_to_pairs_of_calls(data):
    """There are no intervals over replications, and it says so."""
    words = (data / "journal", "--policy", "nearest/home", "--reps", 1, "--cores", 1)
    alone = told(*words)["differences"][0]
    assert alone["groups"]["all"]["mean_response_s"]["half_width"] is None
    assert alone["by_call"]["all"]["mean_response_s"]["half_width"] > 0
    result = run(*words)
    assert "Student's t over calls" in result.stdout
    assert "One replication says nothing" in " ".join(result.stdout.split())


def test_what_changes_nothing_makes_no_difference(data):
    """As many units as there were, under the policy of then: every call is met just as before."""
    (same,) = told(data, "--units", 15, "--reps", 2, "--cores", 1)["differences"]
    for figures in (same["groups"]["all"], same["by_call"]["all"]):
        assert (figures["mean_response_s"]["difference"], figures["mean_response_s"]["half_width"]) == (0.0, 0.0)


def test_another_fleet_and_a_kept_run(data, tmp_path):
    """The policy of then keeps its own fleet; the page is whole, and the run can be compared later."""
    kept, page = tmp_path / "a.run", tmp_path / "a.html"
    words = ("--units", 10, "--reps", 1, "--cores", 1, "--keep", kept, "--html", page)
    result = run(data, *words)
    assert result.exit_code == 0, result.output + result.stderr
    by_policy = load_run(kept).by_policy
    assert list(by_policy) == [AS_RECORDED, "joint/home", "joint/home, 10 units"]
    assert [len(outcomes[0].units.ids) for outcomes in by_policy.values()] == [15, 15, 10]
    assert "the simulator&#x27;s own error" in page.read_text("utf-8")
    again = CliRunner().invoke(main, ["sim", "compare", str(kept)])
    assert again.exit_code == 0, again.output


def test_other_plans_are_judged_by_the_targets_of_then(data, tmp_path):
    """A place with laxer targets is not better for it."""
    lax = town()
    slots = [tuple(replace(slot, target_ms=3_600_000) for slot in plan.slots) for plan in lax.plans]
    plans = tuple(replace(plan, slots=own) for plan, own in zip(lax.plans, slots, strict=True))
    save(tmp_path / "lax", replace(lax, plans=plans))
    document = told(data, "--place", tmp_path / "lax", "--policy", "joint/home", "--reps", 1, "--cores", 1)
    then, other = document["policies"][1:]
    assert other["name"] == "joint/home, in lax"
    assert other["late_share"]["high"] > 0.0
    assert then["late_share"]["high"] > 0.0


def test_calls_that_nobody_reached_are_simulated_but_not_judged(tmp_path):
    """They keep units busy; how late they were is not known."""
    story = Town(town())
    served = story.report("medical", 2, at=(500, 0), after_s=60)
    unit = next(iter(served.assigned))
    for status, after_s in ((Status.EN_ROUTE, 60), (Status.ON_SCENE, 200), (Status.RETURNING, 900)):
        story.says(unit, status, after_s=after_s)
    story.report("medical", 2, at=(900, 0), after_s=60)
    write_journal(tmp_path / "journal", story.turns)
    document = told(tmp_path, "--policy", "nearest/home", "--reps", 2, "--cores", 1)
    assert (document["recorded"]["calls"], document["recorded"]["judged"]) == (2, 1)
    assert [each["calls"] for each in document["policies"]] == [2, 2, 2]


def test_the_policy_of_then_is_the_one_that_recommended(data):
    """By the name in its reasons; people who moved units by hand were no policy."""
    days = read_recorded(_turns(data))
    assert policy_then(days).name == "joint/home"
    for name in (*NEAREST, "joint", "joint-soon-free", "joint-divert-supersede"):
        policy = dispatch_named(name)[0]
        assert policy_then(replace(days, dispatch={policy.name: 2, "else": 1})).dispatch == name
    with pytest.raises(NotSimulated, match="'of the future'"):
        policy_then(replace(days, dispatch={"of the future": 2}))
    assert policy_then(replace(days, dispatch={"nearest, diverts from 2345 to 1": 9}, moves="priced")).name == (
        "nearest+divert/priced"
    )


# ── bad input ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_cannot_be_simulated_is_refused_with_a_sentence(data, tmp_path):
    """Before the first simulated day."""
    refusals = [
        ((tmp_path, "--policy", "home"), "there is no journal here"),
        ((data,), "Nothing is asked"),
        ((data, "--policy", "nobody"), "there is no 'nobody'"),
        ((data, "--policy", "dmexclp:q=9000"), "q"),
        ((data, "--policy", "nowhere/home"), "there is no dispatch policy 'nowhere'"),
        ((data, "--policy", "nearest/home", "--policy", "nearest"), "named twice"),
        ((data, "--place", RIVERSIDE, "--policy", "home"), "14 of 16 calls"),
        ((data, "--place", tmp_path, "--policy", "home"), "place.toml"),
    ]
    for words, sentence in refusals:
        result = run(*words)
        assert result.exit_code == 1, (words, result.output)
        assert sentence in result.stderr, (words, result.stderr)
        assert "Traceback" not in result.stderr


def test_a_journal_that_holds_no_days_is_refused(tmp_path):
    """Without a place, without a call, without an arrival, without anywhere to cover."""
    story = Town()
    nothing = write_journal(tmp_path / "a", [replace(story.turns[1], seq=1)])
    quiet = write_journal(tmp_path / "b", story.turns)
    story.report("medical", 2, after_s=60)
    silent = write_journal(tmp_path / "c", story.turns)
    unit = next(iter(story.world.incidents["I1"].assigned))
    story.says(unit, "en_route", after_s=60)
    story.says(unit, "on_scene", after_s=60)
    bare = write_journal(tmp_path / "d", story.turns)
    for journal, policy, sentence in (
        (nothing, "home", "No place was ever adopted"),
        (quiet, "home", "nobody called"),
        (silent, "nearest", "no unit ever said that it was on scene"),
        (bare, "dmexclp", "says nowhere where cover is wanted"),
    ):
        result = run(journal, "--policy", policy, "--reps", 1)
        assert result.exit_code == 1, result.output
        assert sentence in result.stderr


def test_a_journal_of_another_version_or_a_damaged_one_is_refused(data, tmp_path):
    """The sentence says which, and what to do."""
    with Journal.open(
        tmp_path / "other", on_durable=lambda _: None, on_failure=lambda _: None, settings=SMALL_JOURNAL
    ) as journal:
        journal.submit(Record(1, msgspec.msgpack.encode([1, MORNING, ["from_the_future"], []])))
    result = run(tmp_path / "other", "--policy", "home")
    assert result.exit_code == 1
    assert "was written by another version of the model" in result.stderr
    damaged = Path(shutil.copytree(data / "journal", tmp_path / "damaged"))
    segment = min(damaged.glob("*.seg"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 50] ^= 0xFF
    segment.write_bytes(content)
    result = run(damaged, "--policy", "home")
    assert result.exit_code == 1
    assert "damaged at byte" in result.stderr


def test_a_journal_that_begins_in_the_middle_is_read_from_there(tmp_path):
    """Its snapshot names place and fleet; incidents of before are counted and left out. Without one it is refused."""
    small = Settings(segment_bytes=1 << 16, track_step_bytes=1 << 14, ballast_bytes=1 << 14)
    journal = write_journal(
        tmp_path / "journal", lived(some_calls(16, 3), until_ms=MORNING + 5 * HOUR_MS).written, small
    )
    whole = read_recorded(turns(journal))
    take_snapshot(journal)
    first, second = sorted(journal.glob("*.seg"))[:2]
    first.unlink()
    first.with_suffix(".track").unlink(missing_ok=True)
    _, days = read_days(tmp_path)
    assert days.units.ids == whole.units.ids
    assert 0 < len(days.calls) < len(whole.calls)
    assert days.left_out[UNSEEN] > 0
    assert np.isin(days.calls.came_ms, whole.calls.came_ms).all()
    assert days.from_ms == next(turns(journal, int(second.stem))).now
    result = run(tmp_path, "--policy", "nearest/home", "--reps", 1, "--cores", 1)
    assert result.exit_code == 0, result.stderr
    shutil.rmtree(journal / "snapshots")
    result = run(tmp_path, "--policy", "nearest/home")
    assert result.exit_code == 1
    assert "has no snapshot that names the place" in result.stderr


def test_streets_that_are_gone_are_named(tmp_path):
    """The journal alone does not hold them."""
    story = Town(town())
    served = story.report("medical", 2, at=(500, 0), after_s=60)
    unit = next(iter(served.assigned))
    story.says(unit, "en_route", after_s=60)
    story.says(unit, "on_scene", after_s=60)
    first = story.turns[0]
    lost = replace(town(), streets="ab" * 32)
    facts = tuple(replace(fact, place=lost) if hasattr(fact, "place") else fact for fact in first.facts)
    write_journal(tmp_path / "journal", [replace(first, facts=facts), *story.turns[1:]])
    result = run(tmp_path, "--policy", "nearest")
    assert result.exit_code == 1
    assert "rested on these streets" in result.stderr


def test_help_teaches():
    """With an example of each kind of question, and what the rows are."""
    result = run("--help")
    for words in ("Another policy:", "Two units fewer:", "Other plans:", "simulator's own error", "journal replay"):
        assert words in " ".join(result.stdout.split())


def _turns(data):
    return turns(data / "journal")
