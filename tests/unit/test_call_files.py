"""Claims about tables of recorded calls: what is read, and that every mistake is named where it stands."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from engine.sim.given import PERHAPS, UNKNOWN, missing
from gateways.cli import main
from gateways.simulation.call_files import read_calls
from gateways.simulation.setups import NotSimulated
from tests.unit.engine_place import MORNING
from tests.unit.recorded_kit import town
from tests.unit.riverside_kit import RIVERSIDE

HEAD = "time,lat,lon,type,priority,taking_s,on_scene_s,transport,handover_s\n"
LAT, LON = 51.5, 7.0


def written(folder, text):
    path = folder / "calls.csv"
    path.write_text(text)
    return path


def refused(folder, text):
    """Return the lines of the refusal, without its head."""
    with pytest.raises(NotSimulated) as caught:
        read_calls(written(folder, text), town())
    first, *lines = str(caught.value).splitlines()
    assert first.endswith("calls.csv was refused:")
    return [line.strip() for line in lines]


def test_what_is_written_is_read_and_put_in_order(tmp_path):
    """Times in both forms, in the place's own time where no zone is named; an empty cell is not known."""
    text = HEAD + (
        f"2026-03-02T10:30:00+01:00,{LAT},{LON},fire,1,45.5,600,no,\n"
        f"2026-03-02T08:15:00,{LAT},{LON},medical,,,,,\n"
        f"{MORNING},{LAT},{LON},medical,3,0,900,Yes,720\n"
    )
    given = read_calls(written(tmp_path, text), town())
    calls = given.calls
    assert ((calls.came_ms - MORNING) // 60_000).tolist() == [0, 15, 90]
    assert [calls.type[kind] for kind in calls.kind] == ["medical", "medical", "fire"]
    assert calls.priority.tolist() == [3, 2, 1]
    assert calls.taking_ms.tolist() == [0, UNKNOWN, 45_500]
    assert calls.work_ms.tolist() == [900_000, UNKNOWN, 600_000]
    assert calls.transport.tolist() == [1, PERHAPS, 0]
    assert calls.handover_ms.tolist() == [720_000, UNKNOWN, UNKNOWN]
    assert (calls.x_m.tolist(), calls.y_m.tolist()) == ([0, 0, 0], [0, 0, 0])
    assert (missing(given).work, missing(given).transport, missing(given).handover) == (1, 1, 0)


def test_columns_that_nobody_has_may_be_left_away(tmp_path):
    """Four are enough."""
    calls = read_calls(written(tmp_path, f"time,type,lon,lat\n{MORNING},fire,{LON},{LAT}\n"), town()).calls
    assert (calls.priority.tolist(), calls.work_ms.tolist(), calls.transport.tolist()) == ([1], [UNKNOWN], [PERHAPS])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("", LAT, LON, "fire", "", "", "", "", ""), ["line 3, time", "is missing"]),
        (("yesterday", LAT, LON, "fire", "", "", "", "", ""), ["line 3, time", "neither ISO 8601"]),
        (("1772438400", LAT, LON, "fire", "", "", "", "", ""), ["line 3, time", "1970", "ms since the epoch"]),
        (("9" * 30, LAT, LON, "fire", "", "", "", "", ""), ["line 3, time", "neither"]),
        ((MORNING, "north", LON, "fire", "", "", "", "", ""), ["line 3, lat", '"north"']),
        ((MORNING, "nan", LON, "fire", "", "", "", "", ""), ["line 3, lat", '"nan"']),
        ((MORNING, LAT, 187, "fire", "", "", "", "", ""), ["line 3, lon", "-180 to 180"]),
        ((MORNING, 52.5, LON, "fire", "", "", "", "", ""), ["line 3, lat", "outside the bounds of Town"]),
        ((MORNING, LAT, 8.5, "fire", "", "", "", "", ""), ["line 3, lon", "outside the bounds of Town"]),
        ((MORNING, LAT, LON, "fier", "", "", "", "", ""), ["line 3, type", 'did you mean "fire"?']),
        ((MORNING, LAT, LON, "fire", 0, "", "", "", ""), ["line 3, priority", "1 (most urgent) to 5"]),
        ((MORNING, LAT, LON, "fire", "high", "", "", "", ""), ["line 3, priority", '"high"']),
        ((MORNING, LAT, LON, "fire", "", -1, "", "", ""), ["line 3, taking_s", "from 0 to"]),
        ((MORNING, LAT, LON, "fire", "", "", "inf", "", ""), ["line 3, on_scene_s", '"inf"']),
        ((MORNING, LAT, LON, "fire", "", "", "", "perhaps", ""), ["line 3, transport", "neither yes nor no"]),
        ((MORNING, LAT, LON, "fire", "", "", "", "", 99_999), ["line 3, handover_s", "43200"]),
        ((MORNING, LAT, LON, "fire", "", "", "", "", "", "x"), ["line 3", "10 cells"]),
        ((MORNING, LAT, LON, "unit_emergency", 3, "", "", "", ""), ["line 3", "no plan of Town"]),
        (("2126-03-02", LAT, LON, "fire", "", "", "", "", ""), ["line 3, time", "days after line 2", "slip"]),
    ],
)
def test_a_mistake_is_named_by_line_and_column(tmp_path, cells, said):
    """With what would have been right; the line before it is well."""
    good = f"{MORNING},{LAT},{LON},medical,2,10,600,yes,600\n"
    (line,) = refused(tmp_path, HEAD + good + ",".join(map(str, cells)) + "\n")
    for words in said:
        assert words in line


def test_all_mistakes_are_named_at_once(tmp_path):
    """One hides no other, in a line or in another."""
    lines = refused(tmp_path, HEAD + f"never,x,y,fier,9,a,b,c,d\n{MORNING},{LAT},{LON},crime,6,,,,\n")
    columns = [line.split(":")[1].strip() for line in lines]
    names = ("time", "lat", "lon", "type", "priority", "taking_s", "on_scene_s", "transport", "handover_s")
    assert columns == [*(f"line 2, {name}" for name in names[:1]), *columns[1:9], "line 3, priority"]
    assert {column.removeprefix("line 2, ") for column in columns[:9]} == set(names)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'column "time" is missing'),
        (HEAD, "holds no call"),
        ("time,lat,lon,kind\n", 'unknown column "kind"'),
        (HEAD + '"2026', "is not valid CSV"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(tmp_path, text, said):
    """Empty, without a call, with other columns, or broken off."""
    assert any(said in line for line in refused(tmp_path, text))


def test_simulated_from_a_table(tmp_path):
    """`turnout sim PLACE --calls`: the table's calls, in every replication, and its days; what is lacking is drawn."""
    lines = [f"2026-03-02T{8 + n // 4:02}:{n % 4 * 15:02}:00,41.51,-90.51,sick_person,2,30,,," for n in range(6)]
    path = written(tmp_path, HEAD + "\n".join(lines) + "\n")
    words = ["sim", str(RIVERSIDE), "--calls", str(path), "--policy", "nearest/home", "--reps", "2", "--cores", "1"]
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["days"], document["policies"][0]["calls"]) == (1, 12)
    assert "6 calls came from calls.csv; drawn were the work of 6" in document["run"]["rules"][0]
    assert np.isfinite(document["policies"][0]["mean_response_s"]["high"])
    result = CliRunner().invoke(main, ["sim", str(RIVERSIDE), "--calls", str(written(tmp_path, HEAD))])
    assert result.exit_code == 1
    assert "holds no call" in result.stderr
