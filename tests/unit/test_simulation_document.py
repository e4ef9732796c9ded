"""Claims about what is told of simulations: the JSON, the frontier, tables, and runs on disk."""

import io
import json
import zipfile

import click
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from engine.sim.curves import cover_by_hour, late_by_cell, late_by_hour, reached_within
from engine.sim.outcome import NEVER
from engine.sim.parts import OutcomesRefused
from engine.sim.readings import late
from engine.sim.statistics import paired, summary_of
from gateways.simulation import Kept, Run, RunRefused, document_of, load, merged, print_tables, save
from gateways.simulation.keep import VERSION
from gateways.simulation.pareto import frontier
from gateways.simulation.telling import write
from gateways.simulation.words import clock, is_clear, percent, percent_within, points, signed
from tests.unit.simulation_kit import city, outcome, outcomes

RUN = Run(
    "riverside", "jemss", 5, 4, 1, command="turnout sim riverside --reps 4", version="0.1.0", rules=("One goes.",)
)


# ── the document ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_document_begins_with_what_was_promised():
    """The keys, in their order, and shares between 0 and 1; the rest stands behind."""
    document = document_of(RUN, city())
    assert list(document)[:8] == ["place", "preset", "days", "reps", "seed", "policies", "differences", "pareto"]
    for policy in document["policies"]:
        first = list(policy)[:6]
        assert first == ["name", "calls", "late_share", "half_width", "mean_response_s", "moves_per_call"]
        assert list(policy["late_share"]) == list(policy["half_width"]) == ["high", "low"]
        assert list(policy["mean_response_s"]) == ["high", "low", "all"]
        assert all(0 < share < 1 for share in policy["late_share"].values())
    assert [policy["name"] for policy in document["policies"]] == ["static", "dmexclp", "priced", "restless"]


def test_the_document_says_what_the_statistics_say():
    """Figures, half-widths and differences are theirs, unrounded."""
    by_policy = city()
    document = document_of(RUN, by_policy)
    summary = summary_of(by_policy["priced"])
    policy = document["policies"][2]
    assert policy["late_share"]["high"] == summary.groups["high"].figures["late_share"].value
    assert policy["half_width"]["low"] == summary.groups["low"].figures["late_share"].half_width
    assert policy["groups"]["2"]["p90_response_s"]["half_width"] == (
        summary.groups["2"].figures["p90_response_s"].half_width
    )
    apart = paired(by_policy["priced"], by_policy["static"])
    told = document["differences"][1]
    assert (told["policy"], told["against"]) == ("priced", "static")
    assert told["groups"]["high"]["late_share"]["relative"] == apart.groups["high"]["late_share"].relative
    assert told["fleet"]["moves_per_call"]["difference"] == apart.figures["moves_per_call"].value


def test_the_document_is_strict_json():
    """Also of an empty city, of one day, of a group without calls: null, never NaN."""
    for by_policy in (
        city(),
        city(reps=1, days=1),
        city(priorities=(1, 2)),
        {"static": outcomes("static", per_day=0)},
    ):
        text = json.dumps(document_of(RUN, by_policy), allow_nan=False)
        assert json.loads(text)["place"] == "riverside"


def test_other_calls_are_not_compared():
    """A policy that met other calls is refused, not averaged away."""
    with pytest.raises(OutcomesRefused, match="seeds or replications"):
        document_of(RUN, {"static": outcomes("static"), "priced": outcomes("priced", seed=9)})


def test_the_frontier_leaves_out_who_is_beaten():
    """Restless moves more than priced and is later: nobody would choose it."""
    told = {entry["name"]: entry["on_frontier"] for entry in document_of(RUN, city())["pareto"]}
    assert told == {"static": True, "dmexclp": True, "priced": True, "restless": False}


coordinate = st.integers(0, 6).map(float)


@given(st.lists(st.tuples(coordinate, coordinate), max_size=25))
def test_the_frontier_is_who_nobody_beats(points):
    """Against every pair: no worse in both and better in one; equal points stay together."""

    def beats(one, other):
        return one[0] <= other[0] and one[1] <= other[1] and one != other

    slow = [row for row, point in enumerate(points) if not any(beats(other, point) for other in points)]
    found = frontier(points)
    assert sorted(found) == slow
    assert [points[row] for row in found] == sorted(points[row] for row in found)


# ── curves ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_hours_and_cells_count_each_call_once():
    """Against a loop over the calls; cells hold points west and south of the middle too."""
    reps = outcomes(reps=2)
    hours, cells = late_by_hour(reps, (1, 2)), late_by_cell(reps, 500, (1, 2))
    by_hour, by_cell = [[0, 0] for _ in range(24)], {}
    for one in reps:
        calls, lates = one.calls, late(one.calls)
        for row in np.flatnonzero(calls.priority <= 2):
            hour = int(calls.came_ms[row]) // 3_600_000 % 24
            cell = (int(calls.x_m[row] // 500), int(calls.y_m[row] // 500))
            for tally in (by_hour[hour], by_cell.setdefault(cell, [0, 0])):
                tally[0] += 1
                tally[1] += int(lates[row])
    assert list(zip(hours.calls, hours.late, strict=True)) == [tuple(tally) for tally in by_hour]
    found = zip(cells.column.tolist(), cells.row.tolist(), cells.calls.tolist(), cells.late.tolist(), strict=True)
    assert {(column, row): [calls, lates] for column, row, calls, lates in found} == by_cell
    assert min(column for column, _ in by_cell) < 0


def test_the_curve_ends_below_one_where_calls_were_never_reached():
    """Share reached within each time, of all calls; the time itself counts."""
    reps = outcomes(reps=2, never=0.05)
    seconds = [0, 200, 480, 1_000, 100_000]
    response = [
        (int(reached) - int(came)) / 1000 if reached != NEVER else float("inf")
        for one in reps
        for came, reached in zip(one.calls.came_ms, one.calls.reached_ms, strict=True)
    ]
    wanted = [sum(each <= second for each in response) / len(response) for second in seconds]
    assert reached_within(reps, (1, 2, 3, 4, 5), seconds) == pytest.approx(wanted)
    assert wanted[-1] < 1


def test_coverage_by_hour_is_of_that_hour():
    """Mean and nearest rank of the samples taken in it; none where there is none."""
    reps = outcomes(reps=2)
    told = cover_by_hour(reps)
    samples = sorted(
        int(cover)
        for one in reps
        for at, cover in zip(one.cover.at_ms, one.cover.cover, strict=True)
        if at // 3_600_000 % 24 == 7
    )
    assert told.mean[7] == pytest.approx(sum(samples) / len(samples) / 1e6)
    assert told.p10[7] == samples[-(-len(samples) // 10) - 1] / 1e6
    night = msgspec.structs.replace(reps[0].cover, at_ms=reps[0].cover.at_ms % 3_600_000)
    assert cover_by_hour([msgspec.structs.replace(reps[0], cover=night)]).mean[7] is None


# ── tables and words ────────────────────────────────────────────────────────────────────────────────────────


def printed(document):
    console = Console(width=100, file=io.StringIO(), color_system=None)
    print_tables(document, console)
    return console.file.getvalue()


def test_tables_fit_a_hundred_columns_and_say_it_all():
    """Also with long names; intervals, the paired change, and how to run it again."""
    long = "weighted matching with soon-free units + position-aware"
    by_policy = city() | {long: outcomes(long, pace=0.8, moves=0.7)}
    text = printed(document_of(RUN, by_policy))
    assert max(map(len, text.splitlines())) <= 100
    document = document_of(RUN, by_policy)
    for policy in document["policies"][:4]:
        assert percent_within(policy["groups"]["high"]["late_share"]) in text
    assert "A  static" in text
    assert f"E  {long}" in text
    assert "Against A, on the same calls" in text
    assert "Against static, on the same calls" in printed(document_of(RUN, city())), "short names stand for themselves"
    assert "Student's t over 4 replications" in text
    assert "turnout sim riverside --reps 4" in text


def test_names_with_brackets_are_printed_as_they_are():
    """They are names, not marks for the terminal."""
    by_policy = {f"{name} [north]": outcomes for name, outcomes in city(reps=1, days=1).items()}
    text = printed(document_of(msgspec.structs.replace(RUN, place="Riverside [old]", command="sim 'a[b]'"), by_policy))
    assert text.count("static [north]") >= 3
    assert "Riverside [old]" in text
    assert "sim 'a[b]'" in text


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    """Neither a page nor a run ends in a traceback."""
    (tmp_path / "taken").touch()
    for kept in ({"html": tmp_path / "taken" / "a.html"}, {"keep": tmp_path / "taken" / "a.run"}):
        with pytest.raises(click.ClickException, match=r"a\.\w+: cannot be written"):
            write(RUN, city(reps=1, days=1), **kept)


def test_tables_say_what_intervals_rest_on():
    """Batch means for one replication, nothing for one day."""
    assert "batch means over days" in printed(document_of(RUN, city(reps=1)))
    assert "no intervals" in printed(document_of(RUN, city(reps=1, days=1)))
    assert "never reached" in printed(document_of(RUN, city(never=0.1))).lower()


def test_words():
    """Signs, rounding, nothing."""
    assert clock(59.6) == "1:00"
    assert clock(-61) == "\u22121:01"
    assert clock(None) == percent(None) == "-"
    assert signed(-0.001, 0.00001, 2) == "0.00 ± <0.01"
    assert signed(0.25, None, 1) == "+0.2"
    assert points({"difference": -0.145, "half_width": 0.012}) == "\u221214.5 ± 1.2"
    assert is_clear({"difference": -0.02, "half_width": 0.01})
    assert not is_clear({"difference": -0.02, "half_width": 0.03})
    assert not is_clear({"difference": -0.02, "half_width": None})


# ── on disk ─────────────────────────────────────────────────────────────────────────────────────────────────


def same(one, other):
    for part in ("calls", "units", "cover"):
        a, b = getattr(one, part), getattr(other, part)
        for name in a.__struct_fields__:
            assert np.array_equal(getattr(a, name), getattr(b, name))
            assert getattr(getattr(a, name), "dtype", None) == getattr(getattr(b, name), "dtype", None)
    plain = ("policy", "seed", "rep", "days", "turns", "state_hash", "wall_s")
    assert [getattr(one, name) for name in plain] == [getattr(other, name) for name in plain]


def test_a_run_comes_back_as_it_was(tmp_path):
    """Every column with its type, every plain field, the run; so the document is the same."""
    by_policy = city(reps=2)
    path = tmp_path / "out" / "run.npz"
    save(path, RUN, by_policy)
    kept = load(path)
    assert kept.run == RUN
    assert list(kept.by_policy) == list(by_policy)
    for name, reps in by_policy.items():
        for one, other in zip(reps, kept.by_policy[name], strict=True):
            same(one, other)
    assert document_of(kept.run, kept.by_policy) == document_of(RUN, by_policy)
    assert [each.name for each in path.parent.iterdir()] == ["run.npz"]


def reason(path):
    """Return why the file is refused; if it is not, it must hold what was written."""
    try:
        kept = load(path)
    except RunRefused as error:
        return str(error)
    same(kept.by_policy["static"][0], outcome("static", days=1, per_day=40))
    return None


def test_damage_is_said_whatever_is_damaged(tmp_path):
    """A byte turned or the end cut off: either the run is read as it was, or it is refused in a sentence."""
    path = tmp_path / "run.npz"
    save(path, RUN, {"static": [outcome("static", days=1, per_day=40)]})
    whole = path.read_bytes()
    chance, refused = np.random.default_rng(2), 0
    for number in range(300):
        spoiled = bytearray(whole)
        if number % 3:
            spoiled[chance.integers(len(whole))] ^= 1 << int(chance.integers(8))
        else:
            del spoiled[chance.integers(len(whole)) :]
        path.write_bytes(bytes(spoiled))
        told = reason(path)
        refused += told is not None
        assert told is None or str(path) in told
    assert refused > 150


def rewritten(path, change):
    """Write the archive again with its head changed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    head = json.loads(bytes(np.load(io.BytesIO(members["head.npy"]))))
    change(head, members)
    buffer = io.BytesIO()
    np.save(buffer, np.frombuffer(json.dumps(head).encode(), np.uint8))
    members["head.npy"] = buffer.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def newer(head, _):
    head["version"] = VERSION + 1


def stranger(head, _):
    head["format"] = "something"


def nameless(head, _):
    del head["outcomes"][0]["policy"]


def unequal(_, members):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3, np.int64))
    members["0.calls.came_ms.npy"] = buffer.getvalue()


def incomplete(_, members):
    del members["0.units.jobs.npy"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (newer, f"version {VERSION + 1}"),
        (stranger, "no run"),
        (nameless, "damaged"),
        (unequal, "equally long"),
        (incomplete, "damaged"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused(tmp_path, change, why):
    """Another version, another program's archive, a field or column that is missing or does not fit."""
    path = tmp_path / "run.npz"
    save(path, RUN, {"static": [outcome("static")]})
    rewritten(path, change)
    with pytest.raises(RunRefused, match=why):
        load(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"{}", b"\x93NUMPY\x01\x00"])
def test_any_other_file_is_refused(tmp_path, content):
    """Empty, cut short, JSON, a bare array; and none at all."""
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    with pytest.raises(RunRefused, match=r"run\.npz"):
        load(path)
    with pytest.raises(RunRefused, match="no such file"):
        load(tmp_path / "none.npz")


def test_runs_are_put_together():
    """Names that clash bear the file they came from; other places and the same file twice are refused."""
    one = Kept(RUN, {"static": outcomes("static")})
    two = Kept(RUN, {"static": outcomes("static", pace=0.9), "priced": outcomes("priced")})
    both = merged([("a.npz", one), ("b.npz", two)])
    assert list(both.by_policy) == ["static", "static (b.npz)", "priced"]
    assert document_of(both.run, both.by_policy)["differences"][0]["policy"] == "static (b.npz)"
    elsewhere = Kept(msgspec.structs.replace(RUN, place="springfield"), {"other": outcomes("other")})
    for those, why in (
        ([("a.npz", one), ("c.npz", elsewhere)], "another place"),
        ([("a.npz", one), ("a.npz", one), ("a.npz", one)], "twice"),
        ([], "no run"),
    ):
        with pytest.raises(RunRefused, match=why):
            merged(those)
