"""A place is whole and sound or it is refused, with every mistake named by file and path."""

from pathlib import Path

import pytest

from gateways.places import PlaceRefused, Severity, check, load
from tests.unit.riverside_kit import RIVERSIDE, copy_of_riverside, said, spoil


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of the example place, to be spoilt."""
    return copy_of_riverside(tmp_path)


def test_the_example_is_sound_to_the_last_warning() -> None:
    """A newcomer who runs `turnout check config/riverside` sees nothing to mend."""
    assert check(RIVERSIDE) == ()


ERRORS = [
    ("place.toml", "margin_m = 8000", "margin = 8000", 'place.toml: margin: unknown field (did you mean "margin_m"?)'),
    (
        "place.toml",
        '"America/Chicago"',
        '"America/Chikago"',
        'place.toml: timezone: time zone "America/Chikago" is not',
    ),
    ("place.toml", "lat = 41.4970", "lat = nan", "place.toml: centre.lat: expected float >= -85.0; found nan"),
    ("place.toml", "lat = 41.4970", "lat = 95.0", "place.toml: centre.lat: expected float <= 85.0; found 95.0"),
    ("place.toml", 'ladder = ["log"]', "ladder = []", "place.toml: alerts.ladder: is empty"),
    ("place.toml", '"rescue", "boat"', '"rescue", "pump", "boat"', 'place.toml: capabilities[3]: "pump" stands twice'),
    ("place.toml", '"unit_emergency"', '"unit_emergancy"', '(did you mean "unit_emergency"?)'),
    (
        "place.toml",
        "stale_after_s = 600",
        "stale_after_s = -1",
        "limits.stale_after_s: expected float >= 0.0; found -1",
    ),
    ("place.toml", "stale_after_s = 600", "pending_after_s = [1]", "pending_after_s: expected array of length 5"),
    (
        "place.toml",
        "margin_m = 8000",
        "margin_m = 1\nbounds = { south = 1, west = 1, north = 2, east = 2 }",
        "not both",
    ),
    ("place.toml", "margin_m = 8000", "bounds = { south = 2, west = 1, north = 1, east = 2 }", "bounds: is empty"),
    (
        *("place.toml", "margin_m = 8000", "bounds = { south = 41.4, west = -91, north = 41.53, east = -90 }"),
        'stations.csv: "S2": lies outside the bounds',
    ),
    ("place.toml", "[travel]", "[travel", "place.toml: is not valid TOML"),
    ("types.toml", "priority = 3", "priority = 9", "types.toml: type[2].priority: expected int <= 5; found 9"),
    (
        *("types.toml", "[[type]]", '[[type]]\nid = "collision"\nname = "Again"\npriority = 2\n\n[[type]]'),
        'types.toml: type[6].id: "collision" stands twice',
    ),
    ("types.toml", "[[type]]", "[[kind]]", "types.toml: kind: unknown field; this file is a list of [[type]]"),
    (
        *("plans.toml", 'needs = ["als"]', 'needs = ["alss"]'),
        'plans.toml: plan[0].slot[1].needs: unknown capability "alss" (did you mean "als"?)',
    ),
    ("plans.toml", '{ needs = ["bls"]', '{ needs = ["bsl"]', 'plan[0].slot[1].or[0].needs: unknown capability "bsl"'),
    ("plans.toml", 'needs = ["als"]', "needs = []", "plan[0].slot[1].needs: is empty: any unit at all would do"),
    ("plans.toml", 'mode = "auto"', 'mode = "automatic"', "plan[0].mode: invalid enum value 'automatic'"),
    ("plans.toml", '["structure_fire"]', '["structure_fires"]', "plan[1].types[0]: unknown incident type"),
    ("plans.toml", "priorities = [1, 2]", "priorities = []", "plan[1].priorities: is empty"),
    ("plans.toml", "priorities = [1, 2]", "priorities = [0]", "plan[1].priorities[0]: expected int >= 1; found 0"),
    ("plans.toml", 'id = "medic"', 'id = "help"', 'plan[0].slot[1]: "help" stands twice'),
    ("plans.toml", 'needs = ["boat"]', 'needs = ["boat", "ladder"]', 'no unit can fill "boat": none has ladder+boat'),
    ("plans.toml", "count = 2", "count = 2.5", "plan[0].slot[0].count: expected int, got float; found 2.5"),
    ("shifts.toml", "daily 07:00-19:00", "daily 7-19", 'shift[0].windows[0]: "daily 7-19" is not understood'),
    ("shifts.toml", '["daily 07:00-19:00"]', "[]", 'shift[0].windows: is empty: shift "day" has no hours'),
    ("stations.csv", "41.5028", "NaN", "stations.csv: line 2, lat: expected float >= -85.0; found 'NaN'"),
    ("stations.csv", "41.5028", "north", "stations.csv: line 2, lat: expected float, got str; found 'north'"),
    ("stations.csv", "S2,", "S1,Again,41.5,-90.5,no\nS2,", 'stations.csv: line 3, id: "S1" stands twice'),
    ("stations.csv", "lon,post", "lon,posts", 'line 1: unknown column "posts" (did you mean "post"?)'),
    ("stations.csv", "lon,post", "lon,lon", 'line 1: column "lon" stands twice'),
    ("stations.csv", "S2,North Hill Station", ",North Hill Station", "line 3, id: is missing"),
    ("stations.csv", "-90.5148,no", "-90.5148,no,9", "line 2: has 8 cells; the header has 7"),
    ("units.csv", "E2,engine,pump,S2", "E2,engine,pump,S9", 'units.csv: line 3, station: unknown station "S9"'),
    ("units.csv", "E2,engine,pump", "E2,engine,pmup", 'line 3, capabilities: unknown capability "pmup"'),
    ("units.csv", "S3,harbour", "S3,harber", 'line 4, crew: unknown crew "harber" (did you mean "harbour"?)'),
    ("units.csv", ",day,", ",dya,", 'unknown shift "dya" (did you mean "day"?)'),
    ("units.csv", "S1,,,80,yes", "S1,,,80,maybe", "line 2, tracked: invalid enum value 'maybe'"),
    ("crews.csv", "harbour,", "harbour,nights", 'crews.csv: line 2, shift: unknown shift "nights"'),
    ("demand.toml", "calls_per_day = 40", "calls_per_day = 0", "demand.toml: calls_per_day: is zero"),
    ("demand.toml", "calls_per_day = 40", "calls_per_day = inf", "calls_per_day: expected float <= 1000000000.0"),
    ("demand.toml", "share = 0.55", "share = 0.75", "demand.toml: share: the shares must sum to 1; theirs is 1.2"),
    ("demand.toml", "0.7, 0.6, 0.5,", "9.7, 0.6, 0.5,", "hourly: the factors must have mean 1"),
    ("demand.toml", "0.7, 0.6, 0.5,", "0.6, 0.5,", "hourly: needs 24 factors, one for each hour; found 23"),
    ("demand.csv", "900,9", "900,-9", "demand.csv: line 2, weight: expected float >= 0.0"),
    ("areas.geojson", '"Polygon"', '"MultiPolygon"', "features[0].geometry.type: must be Polygon; found MultiPolygon"),
    ("areas.geojson", "[-90.5700,41.4700],[-90.5250", "[-90.5700,41.4999],[-90.5250", "must end where it began"),
    ("areas.geojson", "[-90.5250,41.4700]", "[-90.5250,41.4990]", 'area "harbour" crosses itself (sides 0 and 2)'),
    ("areas.geojson", "41.4960],[-90.5700,41.4960]", "41.4700],[-90.5700,41.4700]", 'area "harbour" has no surface'),
    ("stations.csv", "no,7,2", "no,4,2", 'stations.csv: "S1": 5 units are based here at once, and its capacity is 4'),
    ("stations.csv", "no,7,2", "no,7,8", '"S1": its minimum of 8 is more than its capacity of 7'),
    ("stations.csv", "no,7,2", "no,7,-1", "stations.csv: line 2, minimum: expected int >= 0; found '-1'"),
    ("rules.toml", "gain_min_percent = 0.2", "gain_min_percent = 200", "moves.gain_min_percent: expected float <= 100"),
    ("rules.toml", 'mode = "advise"', 'mode = "advice"', "rules.toml: moves.mode: invalid enum value 'advice'"),
    ("rules.toml", "cool_down_s = 1200", "cool_down_s = -1", "moves.cool_down_s: expected float >= 0"),
    ("areas.geojson", "-90.5250", "null", "features[0].geometry.coordinates"),
    ("areas.geojson", '"id":"north"', '"id":"harbour"', 'properties.id: "harbour" stands twice'),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), ERRORS)
def test_one_mistake_is_one_error_that_names_file_and_place(
    place: Path, file: str, old: str, new: str, message: str
) -> None:
    """Each slip is said in the words a person needs to mend it, and brings no other errors with it."""
    spoil(place, file, old, new)
    errors = said(place)
    assert len(errors) == 1, errors
    assert message in errors[0]
    with pytest.raises(PlaceRefused) as refusal:
        load(place)
    assert [str(mistake) for mistake in refusal.value.mistakes] == errors


WARNINGS = [
    ("stations.csv", "no,6,1", "no,6,5", '"S2": its minimum is 5, but only 4 units are based here'),
    ("units.csv", ",harbour,,120", ",harbour,day,120", 'crews.csv: "harbour": its units have different shifts'),
    ("units.csv", "boat,boat,S3,", "boat,boat,S1,", 'crews.csv: "harbour": its units stand at different stations'),
    ("units.csv", "bls transport,P1,,day", "bls transport,P1,,", 'shifts.toml: "day": no unit and no crew works'),
    (
        "units.csv",
        "B3,boat,boat,S3,harbour,",
        "B3,boat,boat,S3,,day",
        "no unit that fits is on duty from Mon 00:00 to Mon 07:00",
    ),
    ("plans.toml", "count = 2\ntarget_s = 300", "count = 9", '"help" asks for 9, but only 3 units fit'),
    ("plans.toml", 'types = ["*"]', 'types = ["fire_alarm"]', "has no plan at priority 3, 4, 5"),
    ("place.toml", "deadline_s = 120", "deadline_s = 10", "alerts.deadline_s: is shorter than acknowledge_within_s"),
    ("place.toml", '"patrol"]', '"patrol", "helicopter"]', 'capabilities[9]: "helicopter" is neither offered nor'),
    ("stations.csv", "S1,Central", "S9,Old,41.5,-90.5,no\nS1,Central", 'stations.csv: "S9": no unit is based here'),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), WARNINGS)
def test_what_is_probably_not_meant_is_a_warning_and_the_place_still_loads(
    place: Path, file: str, old: str, new: str, message: str
) -> None:
    """A chief is told of gaps in cover and leftovers, but they do not keep the engine from starting."""
    spoil(place, file, old, new)
    assert said(place) == []
    warnings = said(place, Severity.WARNING)
    assert any(message in warning for warning in warnings), warnings
    assert [str(warning) for warning in load(place).warnings] == warnings


def test_all_mistakes_are_named_at_once(place: Path) -> None:
    """A person mends all files in one go instead of meeting the mistakes one by one."""
    spoil(place, "plans.toml", 'needs = ["als"]', 'needs = ["alss"]')
    spoil(place, "plans.toml", 'needs = ["boat"]', 'needs = ["boot"]')
    spoil(place, "units.csv", "E1,engine,pump,S1,,,80", "E1,engine,pump,S1,,,soon")
    spoil(place, "units.csv", "E2,engine,pump,S2", "E2,engine,pump,S22")
    spoil(place, "types.toml", "priority = 1", "priority = 7")
    assert [error.split(": ")[0] for error in said(place)] == [
        *("types.toml", "units.csv", "plans.toml", "plans.toml", "units.csv"),
    ]


def test_a_row_that_does_not_fit_still_counts_as_known(place: Path) -> None:
    """One slip in a station does not make its units look homeless."""
    spoil(place, "stations.csv", "41.5028", "x")
    assert len(said(place)) == 1


def test_a_type_without_a_plan_at_its_own_priority_is_an_error(place: Path) -> None:
    """A call that is sure to come must never find nobody to send."""
    spoil(place, "plans.toml", '["*"]\npriorities = [1, 2, 3, 4, 5]', '["*"]\npriorities = [4, 5]')
    assert any('type[2]: "fire_alarm" has no plan at priority 3' in error for error in said(place))


def test_the_emergency_type_needs_a_plan_at_priority_one(place: Path) -> None:
    """A crew in distress is never left to a person's guess."""
    spoil(place, "plans.toml", '["unit_emergency"]\npriorities = [1, ', '["unit_emergency"]\npriorities = [')
    spoil(place, "plans.toml", '["*"]\npriorities = [1, ', '["*"]\npriorities = [')
    assert any("has no plan at priority 1 (it is the emergency_type)" in error for error in said(place))


def test_a_plan_that_never_comes_first_is_named(place: Path) -> None:
    """What is written in vain is probably in the wrong order."""
    text = (place / "plans.toml").read_text()
    start = text.index('[[plan]]\nid = "look-and-see"')
    (place / "plans.toml").write_text(text[start:] + "\n" + text[:start])
    warnings = said(place, Severity.WARNING)
    assert sum("is never reached: look-and-see comes first" in warning for warning in warnings) == 8


def test_sixty_four_capabilities_do_not_fit(place: Path) -> None:
    """A mask holds 63 of them."""
    names = ", ".join(f'"c{number}"' for number in range(55))
    spoil(place, "place.toml", '"patrol"]', f'"patrol", {names}]')
    assert any("capabilities: has 64 names; at most 63 fit" in error for error in said(place))


def test_a_zone_outside_the_bounds_is_refused(place: Path) -> None:
    """A call from there would be refused at work."""
    spoil(place, "place.toml", "margin_m = 8000", "bounds = { south = 41.4, west = -90.7, north = 41.6, east = -90.4 }")
    spoil(place, "demand.csv", "41.5030,-90.5150", "42.5030,-90.5150")
    assert said(place) == ["demand.csv: line 2: lies outside the bounds of place.toml: calls would be refused"]


def test_demand_without_any_weight_is_refused(place: Path) -> None:
    """Calls must come from somewhere."""
    (place / "demand.csv").write_text("lat,lon,half_m,weight\n41.5,-90.5,100,0\n")
    assert said(place) == ["demand.csv: has no weight: calls would have nowhere to come from"]


@pytest.mark.parametrize("file", ["types.toml", "plans.toml", "stations.csv", "units.csv"])
def test_a_missing_file_is_one_error(place: Path, file: str) -> None:
    """What refers into it is not reported on top."""
    (place / file).unlink()
    errors = said(place)
    assert len(errors) == 1
    assert errors[0].startswith(f"{file}: is missing")


def test_half_of_the_demand_is_refused(place: Path) -> None:
    """demand.toml and demand.csv go together."""
    (place / "demand.csv").unlink()
    assert said(place) == ["demand.csv: is missing: demand.toml and demand.csv go together"]


def test_a_folder_that_is_no_place_is_refused(tmp_path: Path) -> None:
    """So is one that is not there at all."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(PlaceRefused, match=r"place\.toml: is not there: a place is a folder with"):
            load(folder)


def test_a_file_with_a_nearly_right_name_is_pointed_out(place: Path) -> None:
    """Otherwise its contents would be missed without a word."""
    (place / "hospitals.csv").rename(place / "hospital.csv")
    warnings = said(place, Severity.WARNING)
    assert 'hospital.csv: is not a file of a place and is not read (did you mean "hospitals.csv"?)' in warnings
    assert any("names no hospital" in warning for warning in warnings)


def test_text_that_is_not_utf8_is_named(place: Path) -> None:
    """A table saved by a spreadsheet in its own encoding is told apart from an empty one."""
    (place / "stations.csv").write_bytes("id,name,lat,lon\nS1,Zürich,1,1\n".encode("latin-1"))
    assert said(place) == ["stations.csv: is not UTF-8 text (byte 20); save it as UTF-8"]


def test_a_thousand_like_mistakes_are_counted_not_listed(place: Path) -> None:
    """The person sees a hundred of them and how many there are."""
    rows = "".join(f"X{number},engine,pump,S77,,,80,yes\n" for number in range(1000))
    (place / "units.csv").write_text("id,kind,capabilities,station,crew,shift,turnout_s,tracked\n" + rows)
    errors = said(place)
    assert len(errors) == 101
    assert errors[-1] == "units.csv: and 900 more like these"
    with pytest.raises(PlaceRefused, match="and 81 more"):
        load(place)


def test_a_damaged_street_file_is_refused(place: Path) -> None:
    """Streets are not used yet, but what is in the folder must be whole."""
    (place / "streets.npz").write_bytes(b"PK\x03\x04 cut")
    assert said(place)[0].startswith("streets.npz: cannot be read")
