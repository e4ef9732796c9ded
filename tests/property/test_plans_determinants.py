"""Determinant codes and their patterns against slow obvious twins, and plans against a reading of the words one by one."""

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.model.covering import Case, covers, plan_covering
from engine.model.determinants import LEVELS, fits, includes, normal_code, parse_code, parse_pattern, trouble_of
from engine.model.plans import AlarmLevel, Alternative, Mode, Option, Plan, Slot, holds
from tests.unit.engine_place import engine_place

WRITTEN = {"Ω": ("Ω", "ω", "O", "o", "OMEGA", "Omega", "\u2126")} | {level: (level, level.lower()) for level in "ABCDE"}

protocols, subs = st.integers(0, 999), st.integers(0, 999)
suffixes = st.text("ABPTXZ", max_size=2)
levels = st.sampled_from(LEVELS)
separators = st.sampled_from(["-", "", ".", "/", " "])


def number(value: int, width: int) -> str:
    return f"{value:0{width}}"


@given(protocols, levels, subs, suffixes, separators, separators, st.integers(1, 3), st.integers(1, 3), st.data())
def test_all_ways_to_write_a_code_are_one_code(
    protocol: int,
    level: str,
    sub: int,
    suffix: str,
    first: str,
    second: str,
    wide: int,
    broad: int,
    data: st.DataObject,
) -> None:
    """Zeros in front, lower case, other separators and all ways to write omega come to the same."""
    shown = data.draw(st.sampled_from(WRITTEN[level]))
    text = f" {number(protocol, wide)}{first}{shown}{second}{number(sub, broad)}{suffix.lower()} "
    assert normal_code(text) == f"{protocol}-{level}-{sub}{suffix}"
    assert normal_code(normal_code(text)) == normal_code(text)
    found = parse_code(text)
    assert found is not None
    assert (found.protocol, found.level, found.sub, found.suffix) == (protocol, level, sub, suffix)
    assert LEVELS[found.rank] == level


def test_levels_rise() -> None:
    """Ω below A below B … below E."""
    codes = ["1-E-1", "1-A-1", "1-O-1", "1-C-1", "1-B-1", "1-D-1"]
    ranked = sorted((parse_code(code) for code in codes), key=lambda each: each.rank)  # type: ignore[union-attr]
    assert [str(each) for each in ranked] == ["1-Ω-1", "1-A-1", "1-B-1", "1-C-1", "1-D-1", "1-E-1"]


few = st.sampled_from([1, 6, 9, 12])
codes = st.builds(
    lambda p, level, s, x: f"{p}-{level}-{s}{x}",
    few,
    levels,
    st.sampled_from([1, 2]),
    st.sampled_from("AB") | st.just(""),
)
locals_ = st.sampled_from(["FIRE", "fire-2", "Fire-21", "9", "RTC", "9-E", "X9E1", "12-F-1", "Straße"])
patterns = (
    codes
    | st.builds(lambda p, level: f"{p}-{level}", few, levels)
    | few.map(str)
    | levels.map(lambda level: f"*-{level}")
    | st.builds(lambda level, s: f"*-{level}-{s}", levels, st.sampled_from([1, 2]))
    | locals_
    | locals_.map(lambda text: f"{text}*")
    | st.just("*")
)


def twin_fits(pattern: str, code: str) -> bool:
    """Split at the dashes and compare part by part; what is not so written is compared letter by letter."""

    def parts(text: str) -> list[str] | None:
        pieces = text.split("-")
        if not ((pieces[0] == "*" and len(pieces) > 1) or pieces[0].isdigit()) or len(pieces) > 3:
            return None
        if len(pieces) > 1 and pieces[1] not in LEVELS:
            return None
        if len(pieces) == 3:
            if not pieces[2][:1].isdigit():
                return None
            pieces[2:] = [pieces[2].rstrip("AB"), pieces[2].lstrip("0123456789")]
        return [piece for piece in pieces if piece]

    wanted, given = parts(pattern), parts(code)
    if wanted is not None and given is not None and len(given) >= 3:
        return len(given) >= len(wanted) and all(w in ("*", g) for w, g in zip(wanted, given, strict=False))
    folded = pattern.casefold()
    return code.casefold().startswith(folded[:-1]) if folded.endswith("*") else code.casefold() == folded


@given(patterns, codes | locals_)
@example("9-E", "9-E")
@example("9", "9")
@example("6-D-1", "6-D-1A")
@example("6-D-1A", "6-D-1")
@example("6-D-1", "6-D-12")
def test_a_pattern_means_what_a_person_reads_in_it(pattern: str, code: str) -> None:
    """Against a twin that splits at the dashes."""
    assert fits(pattern, code) == twin_fits(pattern, code)
    assert fits(pattern.lower(), code.upper()) == fits(pattern, code)
    assert not fits(pattern, "")
    assert not trouble_of(pattern) or (pattern.endswith("*") and parse_pattern(pattern[:-1]) is not None)


@given(patterns, patterns, codes | locals_)
def test_what_a_narrow_pattern_means_a_wider_one_means_too(wide: str, narrow: str, code: str) -> None:
    """A plan is called unreachable only if it really is."""
    if includes(wide, narrow) and fits(narrow, code):
        assert fits(wide, code)
    assert includes(wide, wide)


names = st.sampled_from(["fire", "crime", "medical"])
areas = st.sampled_from(["north", "south"])
plans = st.builds(
    lambda types, priorities, codes, areas, windows: Plan(
        *("p", tuple(types), tuple(priorities), Mode.AUTO, ()),
        codes=tuple(codes),
        areas=tuple(areas),
        windows=tuple((start, start + 60) for start in windows),
    ),
    st.lists(names | st.just("*"), min_size=1, max_size=2),
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.lists(patterns, max_size=2),
    st.lists(areas, max_size=2),
    st.lists(st.sampled_from([0, 60, 90]), max_size=2),
)
cases = st.builds(
    Case,
    names,
    st.integers(1, 5),
    codes | locals_ | st.just(""),
    areas | st.none(),
    st.sampled_from([0, 59, 60, 149, 150]),
)


@given(st.lists(plans, max_size=6), cases)
def test_the_first_plan_whose_conditions_all_hold_is_the_one(listed: list[Plan], case: Case) -> None:
    """Each condition is counted by itself here; the plan is the first where none fails."""
    listed = [replace(plan, id=f"p{number}") for number, plan in enumerate(listed)]
    expected = None
    for plan in reversed(listed):
        failed = 0
        failed += sum(p == case.priority for p in plan.priorities) == 0
        failed += sum(t in ("*", case.type) for t in plan.types) == 0
        failed += bool(plan.areas) and case.area not in plan.areas
        failed += bool(plan.windows) and case.minute not in [m for a, b in plan.windows for m in range(a, b)]
        failed += bool(plan.codes) and not [p for p in plan.codes if case.code and twin_fits(p, case.code)]
        assert covers(plan, case) == (not failed)
        expected = plan if not failed else expected
    assert plan_covering(engine_place(plans=tuple(listed)), case) is expected


slots = st.lists(
    st.builds(lambda name, count: Slot(name, (Alternative(1),), count), st.sampled_from("abc"), st.integers(1, 3)),
    min_size=1,
    max_size=3,
    unique_by=lambda slot: slot.id,
)


@given(
    slots,
    st.lists(slots, max_size=2),
    st.lists(slots, max_size=2),
    st.integers(1, 4),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 7)),
)
def test_alarm_levels_add_to_every_way_to_answer(
    own: list[Slot], others: list[list[Slot]], added: list[list[Slot]], alarm: int, filled: dict[str, int]
) -> None:
    """Places are counted one by one; a way holds what is filled if each filled place has one of its own."""
    plan = Plan(
        *("p", ("*",), (1,), Mode.AUTO, tuple(own)),
        options=tuple(Option(f"o{number}", tuple(each)) for number, each in enumerate(others)),
        alarms=tuple(AlarmLevel(number, tuple(each)) for number, each in enumerate(added, start=2)),
    )
    for number, way in enumerate([own, *others]):
        name = f"o{number - 1}" if number else ""
        places = [slot.id for slot in way for _ in range(slot.count)]
        for level in added[: alarm - 1]:
            places += [slot.id for slot in level for _ in range(slot.count)]
        wanted = plan.wanted(name, alarm)
        assert sorted(slot.id for slot in wanted for _ in range(slot.count)) == sorted(places)
        assert len({slot.id for slot in wanted}) == len(wanted)
        assert holds(wanted, filled) == all(places.count(slot) >= count for slot, count in filled.items())
        first, *rest = plan.ways_from(name, alarm)
        assert first == (name, wanted)
        assert [way for way, _ in rest] == [each.id for each in plan.ways() if each.id != name]
    assert plan.level_at_most(alarm) == min(alarm, len(added) + 1)
