"""Plans, neighbours, codes and rules of a place: read with every slip named, judged, written and read back the same."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.model.demand import Zone
from engine.model.place import Agency, Determination, Hospital, ResponseArea, Unit
from engine.model.plans import AlarmLevel, Alternative, Gate, Mode, Option, Order, Plan, Slot
from engine.model.rules import CoverageRules, DuplicateRules, Limits, MatchingRules, WatchRules, WorkRules
from gateways.places import PlaceRefused, Severity, load, save, survey
from gateways.places.coverage import POINTS_MAX, coverage_points
from gateways.places.plan_table import plan_lines
from tests.unit.riverside_kit import RIVERSIDE, copy_of_riverside, said, spoil


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of the example place, to be spoilt."""
    return copy_of_riverside(tmp_path)


ERRORS = [
    ("plans.toml", 'order = "blended"', 'order = "nearest"', "plan[1].order: invalid enum value 'nearest'"),
    ("plans.toml", "blend_s = 60", "blends_s = 60", 'blends_s: unknown field (did you mean "blend_s"?)'),
    ("plans.toml", "spread_s = 240", "spread_s = -1", "plan[1].gate.spread_s: expected float >= 0.0; found -1"),
    ("plans.toml", "weight_percent = 50", "weight_percent = 0", "slot[1].weight_percent: expected int >= 1; found 0"),
    (
        "plans.toml",
        "level = 2",
        "level = 3",
        "plan[1].alarm[0].level: must be 2: levels rise one by one from 2; found 3",
    ),
    (
        *("plans.toml", 'id = "second_alarm_engine"\nneeds = ["pump"]', 'id = "engine"\nneeds = ["ladder"]'),
        'plan[1].alarm[0].slot[0]: "engine" differs from slot[1]: all but its count must be alike',
    ),
    (
        *("plans.toml", 'id = "first_engine"\nneeds = ["pump"]\ntarget_s = 320\n\n[[plan.option', "SAME"),
        'plan[1].option[0].slot[0]: "first_engine" differs from slot[0]',
    ),
    (
        *("plans.toml", 'needs = ["pump", "ladder"]', 'needs = ["pumps", "ladder"]'),
        'plan[1].option[0].slot[1].needs: unknown capability "pumps" (did you mean "pump"?)',
    ),
    ("plans.toml", 'codes = ["9-E"]', 'codes = ["9-*-1"]', 'plan[2].codes[0]: "9-*-1" has a * inside'),
    ("plans.toml", 'codes = ["9-E"]', 'codes = ["9-E*"]', 'codes[0]: "9-E*" needs no *: "9-E" stands for all'),
    ("plans.toml", 'codes = ["9-E"]', 'codes = ["9-E", ""]', 'codes[1]: "" is empty'),
    (
        "plans.toml",
        '["harbour", "north"]',
        '["harber", "north"]',
        'areas[0]: unknown area "harber" (did you mean "harb',
    ),
    ("plans.toml", "08:00-18:00", "8-18", 'hours[0]: "Mon-Fri 8-18" is not understood'),
    ("areas.geojson", '"S3","S1","S2"', '"S3","S1","S7"', 'properties.stations[2]: unknown station "S7"'),
    ("areas.geojson", '"S3","S1","S2"', '"S3","S1","S3"', 'properties.stations[2]: "S3" stands twice'),
    ("areas.geojson", '"stations":["S3","S1","S2"],', "", 'order: is "station", but the area names no stations'),
    (
        "areas.geojson",
        '"order":"station"',
        '"order":"first"',
        "features[0].properties.order: invalid enum value 'first'",
    ),
    ("units.csv", "4,3,millbrook", "4,3,milbrook", 'agency: unknown agency "milbrook" (did you mean "millbrook"?)'),
    (
        "units.csv",
        "80,yes,4,3,",
        "80,yes,4,5,",
        "line 2, staff_min: is 5, but its full crew is 4: it could never be sent",
    ),
    ("units.csv", "80,yes,4,3,", "80,yes,,3,", "line 2, staff_min: is 3, but staff is not given"),
    ("agencies.toml", "units_max = 1", "units_max = 0", "agency[0].units_max: expected int >= 1; found 0"),
    (
        "determinations.toml",
        'type = "collision"',
        'type = "colision"',
        'determination[1].type: unknown incident type "col',
    ),
    ("determinations.toml", '["9-E", "9-D"]', "[]", "determination[0].codes: is empty"),
    (
        *("determinations.toml", 'type = "water_rescue"\npriority = 1', 'type = "water_rescue"\npriority = 7'),
        "determination[3].priority: expected int <= 5; found 7",
    ),
    ("rules.toml", "divert_s", "diverts_s", 'matching.diverts_s: unknown field (did you mean "divert_s"?)'),
    ("rules.toml", "weights = [16, 8, 4, 2, 1]", "weights = [16, 8]", "matching.weights: expected array of length 5"),
    (
        "rules.toml",
        "on_scene = 7200",
        "on_scen = 7200",
        'unchanged_s.on_scen: unknown status "on_scen" (did you mean "on_sc',
    ),
    ("rules.toml", "[watch]", "[wotch]", 'rules.toml: wotch: unknown field (did you mean "watch"?)'),
    ("hospitals.csv", ",12", ",many", "hospitals.csv: line 2, beds: expected int, got str; found 'many'"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), ERRORS)
def test_one_mistake_is_one_error_that_names_file_and_place(
    place: Path, file: str, old: str, new: str, message: str
) -> None:
    """Each slip in the words of a response is said as a person needs it to mend it, and brings no other errors."""
    spoil(place, file, old, old.replace("320", "300") if new == "SAME" else new)
    errors = said(place)
    assert len(errors) == 1, errors
    assert message in errors[0]


def test_a_plan_that_only_its_options_can_answer_is_a_warning(place: Path) -> None:
    """No ladder is left, but a quint is: the plan works by its other way. Without that it is refused."""
    spoil(place, "units.csv", "L1,ladder,ladder,", "L1,ladder,patrol,")
    spoil(place, "units.csv", "Q2,quint,pump ladder,", "Q2,quint,pump boat,")
    spoil(place, "plans.toml", 'needs = ["pump", "ladder"]', 'needs = ["pump", "boat"]')
    assert said(place) == []
    assert any('slot[2]: no unit can fill "ladder"' in warning for warning in said(place, Severity.WARNING))
    spoil(place, "units.csv", "Q2,quint,pump boat,", "Q2,quint,pump,")
    assert any('no unit can fill "ladder"' in error for error in said(place))


def test_alarms_are_counted_together_with_what_they_add_to(place: Path) -> None:
    """Seven units pump: three at the second alarm are there, eight are not."""
    spoil(
        place,
        "plans.toml",
        'id = "second_alarm_engine"\nneeds = ["pump"]\ncount = 2',
        'id = "x"\nneeds = ["pump"]\ncount = 8',
    )
    assert any('"x" asks for 8, but only 7 units fit' in warning for warning in said(place, Severity.WARNING))


def test_a_gap_beside_a_condition_is_named(place: Path) -> None:
    """A plan by day, or for one area, leaves nights and the other areas to another plan; codes cover no call without."""
    spoil(place, "plans.toml", '["unit_emergency"]', '["unit_emergency"]\nhours = ["daily 08:00-20:00"]')
    spoil(place, "plans.toml", 'types = ["*"]', 'types = ["fire_alarm"]')
    errors = said(place)
    assert any('"unit_emergency" has no plan at priority 1 from Mon 00:00 to Mon 08:00' in e for e in errors)
    spoil(place, "plans.toml", 'hours = ["daily 08:00-20:00"]', 'areas = ["north"]')
    assert any("has no plan at priority 1 outside the areas" in error for error in said(place))
    spoil(place, "plans.toml", 'areas = ["north"]', 'codes = ["HELP"]')
    assert any('"unit_emergency" has no plan at priority 1 (it is the' in error for error in said(place))


def test_a_determination_without_a_plan_is_an_error(place: Path) -> None:
    """A code must not lead to a priority at which nobody would be sent."""
    spoil(place, "plans.toml", 'types = ["*"]\npriorities = [1, 2, 3, 4, 5]', 'types = ["*"]\npriorities = [1, 2, 3]')
    spoil(place, "determinations.toml", 'type = "water_rescue"\npriority = 1', 'type = "water_rescue"\npriority = 4')
    assert said(place) == ['types.toml: type[6]: "water_rescue" has no plan at priority 4']


def plan(name: str, **fields: object) -> Plan:
    return Plan(name, ("fire",), (1,), Mode.AUTO, (Slot("engine", (Alternative(1),)),), **fields)  # type: ignore[arg-type]


UNREACHED = [
    (plan("a"), plan("b", codes=("9-E",), areas=("x",), windows=((0, 60),)), True),
    (plan("a", codes=("9",)), plan("b", codes=("9-E", "9-D-1")), True),
    (plan("a", codes=("9-E",)), plan("b", codes=("9",)), False),
    (plan("a", codes=("9",)), plan("b"), False),
    (plan("a", areas=("x", "y")), plan("b", areas=("y",)), True),
    (plan("a", areas=("x",)), plan("b", areas=("x", "y")), False),
    (plan("a", areas=("x",)), plan("b"), False),
    (plan("a", windows=((0, 600),)), plan("b", windows=((60, 120), (300, 600))), True),
    (plan("a", windows=((0, 600),)), plan("b", windows=((60, 601),)), False),
    (plan("a", windows=((0, 10_080),)), plan("b"), True),
]


@pytest.mark.parametrize(("first", "second", "in_vain"), UNREACHED)
def test_a_plan_is_in_vain_if_an_earlier_one_has_its_conditions_wherever_it_has(
    first: Plan, second: Plan, *, in_vain: bool
) -> None:
    """Codes, areas and hours each must be taken in; what is wider stays reachable."""
    from gateways.places.mistakes import Findings
    from gateways.places.plan_soundness import check_reachable

    findings = Findings()
    check_reachable(replace(load(RIVERSIDE).place, plans=(first, second), determinations=()), findings)
    said = [mistake.message for mistake in findings.mistakes]
    assert said == (['"b" is never reached: a comes first'] if in_vain else [])


def test_a_determination_behind_a_wider_one_is_named(place: Path) -> None:
    """The list is read from the top."""
    spoil(place, "determinations.toml", '["29-E", "29-D"]', '["9-E-1"]')
    assert said(place, Severity.WARNING) == [
        "determinations.toml: determination[1]: 9-E-1 is never reached: an earlier one comes first"
    ]


def test_check_says_which_plan_answers_what() -> None:
    """One line a type; conditions are told, and what comes where they do not hold."""
    lines = survey(RIVERSIDE).plans
    assert "structure_fire  1-2 working-fire; 3-5 look-and-see" in lines
    assert "cardiac_arrest  1 arrest (code 9-E), else medical-urgent; 2 medical-urgent; 3-5 medical-routine" in lines
    assert any("3 alarm-by-day (in harbour, north; Mon-Fri 08:00-18:00), else look-and-see" in line for line in lines)
    only = replace(load(RIVERSIDE).place, plans=(replace(plan("night", codes=("9",)), types=("structure_fire",)),))
    assert "structure_fire  1 night (code 9), else nobody; 2-5 nobody" in plan_lines(only)


def test_every_word_of_a_response_survives(tmp_path: Path) -> None:
    """Also odd milliseconds, and values that differ from every default."""
    given = load(RIVERSIDE).place
    slot = Slot("a", (Alternative(1), Alternative(2, 1_501)), 3, 7_001, 55)
    full = Plan(
        *("p", ("*",), (1, 2, 3, 4, 5), Mode.ADVISE, (slot,), 2_001),
        codes=("9-E", "LOCAL-*"),
        areas=("harbour",),
        windows=((0, 60), (1_500, 1_560)),
        options=(Option("o", (replace(slot, count=1),), 1_001), Option("q", (Slot("b", (Alternative(4),)),))),
        alarms=(AlarmLevel(2, (slot,)), AlarmLevel(3, (Slot("c", (Alternative(4),)),))),
        order=Order.STATION,
        blend_ms=61_001,
        gate=Gate(5_001, None, complete=True),
        par_every_ms=901_000,
    )
    (first, *others), (unit, *units) = given.areas, given.units
    place = replace(
        given,
        plans=(full, *given.plans),
        areas=(ResponseArea("first", "First", first.polygon, ("S2", "S1"), Order.BLENDED), first, *others),
        units=(Unit(unit.id, unit.kind, unit.capabilities, unit.station, staff=9, staff_min=7, agency="other"), *units),
        hospitals=(Hospital("H9", "Nine", 10, 20, ("burns", "stroke"), 7),),
        agencies=(*given.agencies, Agency("other", "Other", 1, 5_001, 6_001, automatic=True)),
        determinations=(Determination(("9", "X*"), "sick_person", 4),),
        limits=Limits(hold_ms=61_001),
        matching=MatchingRules(
            (9, 8, 7, 6, 5), 1, 2_001, 1_001, 3_001, 4, 5_001, 6_001, 3, 7_001, 8_001, (1_001, 2, 3, 4, 5)
        ),
        coverage=CoverageRules(((10, 20, 30), (-40, 50, 1)), 77, 99),
        work=WorkRules(4, 1, 2_001, 3_001, 4_001, 5_001, 5, 6_001, 7_001, 8_001, 9_001),
        watch=WatchRules(1_001, 2_001, 3, 4_001, 5_001, (("at_hospital", 1_001), ("reserved", 0)), 6_001, 7, 8_001),
        duplicates=DuplicateRules(1_001, 2, 3, 4),
    )
    save(tmp_path / "p", place)
    assert load(tmp_path / "p").place == place


def test_where_cover_is_wanted_comes_from_demand_unless_the_place_says_otherwise(tmp_path: Path) -> None:
    """A table of its own counts, even one without a line: then nowhere is."""
    loaded = load(RIVERSIDE)
    assert loaded.demand is not None
    assert loaded.place.coverage.points == coverage_points(loaded.demand.zones)
    assert sum(weight for _, _, weight in loaded.place.coverage.points) == pytest.approx(1_000_000, abs=3)
    nowhere = replace(loaded.place, coverage=replace(loaded.place.coverage, points=()))
    save(tmp_path / "p", nowhere, loaded.demand)
    assert (tmp_path / "p" / "coverage.csv").read_text() == "lat,lon,weight\n"
    assert load(tmp_path / "p").place == nowhere


def test_many_zones_become_few_points_that_keep_the_weight_and_its_middle() -> None:
    """Ten thousand zones: at most four hundred points, the same total to a rounding, the same centre to some metres."""
    zones = [Zone(x * 400, y * 400, 200, float(1 + (x * y) % 7)) for x in range(100) for y in range(100)]
    points = coverage_points(zones)
    assert 100 < len(points) <= POINTS_MAX
    assert coverage_points(zones) == points
    total = sum(zone.weight for zone in zones)
    for axis in ("x_m", "y_m"):
        middle = sum(getattr(zone, axis) * zone.weight for zone in zones) / total
        position = 0 if axis == "x_m" else 1
        assert sum(point[position] * point[2] for point in points) / 1e6 == pytest.approx(middle, abs=20)
    assert all(weight > 0 for _, _, weight in points)
    assert coverage_points([]) == coverage_points([Zone(1, 2, 3, 0.0)]) == ()
    assert coverage_points([Zone(1, 2, 3, 5.0), Zone(9, 9, 3, 15.0)]) == ((1, 2, 250_000), (9, 9, 750_000))


def test_a_place_without_the_new_files_stands_by_its_defaults(place: Path) -> None:
    """An agency that has no neighbours, no codes and no wish to tune anything writes none of it."""
    for file in ("rules.toml", "determinations.toml"):
        (place / file).unlink()
    found = load(place).place
    assert (found.matching, found.work, found.watch) == (MatchingRules(), WorkRules(), WatchRules())
    assert found.determinations == ()
    (place / "agencies.toml").unlink()
    with pytest.raises(PlaceRefused, match='agency: unknown agency "millbrook"'):
        load(place)
