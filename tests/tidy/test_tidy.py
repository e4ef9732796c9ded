"""The house rules that a machine can hold: sizes, words, what a room may import, and that nothing is half added."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from engine.core.engine import DECIDERS
from engine.model.fact import Fact
from engine.model.facts import AnyFact
from engine.model.input import Command, Input
from engine.model.inputs import AnyCommand, AnyInput
from engine.policy import JointMatch
from engine.state.world import FOLDS
from gateways.log import PERSONAL

ROOT = Path(__file__).parents[2]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

PURE = ("model", "kernels", "streets", "state", "policy", "learning", "clocks", "core")
"""Rooms below the journal: no clock, no chance, nothing from outside."""
OUTSIDE = (
    "asyncio",
    "concurrent",
    "datetime",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "queue",
    "random",
    "secrets",
    "select",
    "shutil",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "trio",
    "urllib",
    "uuid",
    "zoneinfo",
)
"""Modules through which a clock, chance, a thread or the outside comes in."""
WORDS_OF_OTHERS = re.compile(
    r"\b(preempt\w*|dataclass(es)?|TODO|FIXME|XXX|HACK|behavior|color(s|ed)?|favorite|neighbor\w*|canceled|canceling)\b"
)
"""Words that DESIGN.md replaces, spelling that is not ours, and notes to oneself."""
NAMES_OF_OTHERS = re.compile(r"\bcolors?[:=]|color-|-color")
"""What other people's interfaces are called."""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


IN_ORDER = ("list", "tuple", "iter", "enumerate", "next", "zip", "map")
"""Calls that hand on the order of their first argument."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


OURS = sources("engine", "gateways", "loadtests", "tests")
each_file = pytest.mark.parametrize("path", OURS, ids=name_of)
COMPILED_WITH = ROOT / "engine" / "kernels" / "keeping.py"
"""Numba's files and who may touch them: part of compiling. Nothing that a kernel or a decision does goes through it."""
each_pure = pytest.mark.parametrize(
    "path", [each for each in sources(*(f"engine/{room}" for room in PURE)) if each != COMPILED_WITH], ids=name_of
)


# ── nothing is half added ───────────────────────────────────────────────────────────────────────────────────


def kinds_below(base: type[Any]) -> set[type[Any]]:
    """Return every class below the base that has none below it."""
    found = set()
    for kind in base.__subclasses__():
        found |= kinds_below(kind) or {kind}
    return found


def test_every_fact_is_in_the_union_and_has_a_fold() -> None:
    """A fact without a fold would stop the engine on the day it first becomes true."""
    assert set(get_args(AnyFact)) == kinds_below(Fact) == set(FOLDS)


def test_every_input_is_in_the_union_and_has_a_decider() -> None:
    """And every command is among the commands."""
    assert set(get_args(AnyInput)) == kinds_below(Input) == set(DECIDERS)
    assert set(get_args(AnyCommand)) == kinds_below(Command)


def test_facts_and_inputs_bear_names_of_their_own() -> None:
    """The tag on paper is unique among facts and among inputs, so a journal can be read back."""
    for union in (AnyFact, AnyInput):
        tags = [kind.__struct_config__.tag for kind in get_args(union)]
        assert len(set(tags)) == len(tags)
    assert JointMatch.__struct_config__.tag == "joint_match"


# ── sizes and beginnings ────────────────────────────────────────────────────────────────────────────────────


@each_file
def test_files_and_functions_are_small(path: Path) -> None:
    """At most 400 lines a file and 60 a function: what does not fit on a screen is two things."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= FILE_LINES_MAX
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < FUNCTION_LINES_MAX, f"{node.name} at line {node.lineno}"


def test_no_two_files_of_tests_bear_one_name() -> None:
    """They are modules without a package: of two, pytest would read the one that comes first, and refuse the other."""
    counted = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in counted.items() if count > 1] == []


@each_file
def test_a_file_opens_with_its_rule(path: Path) -> None:
    """Every file with code in it begins with a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree)


@pytest.mark.parametrize("path", sources("engine", "gateways"), ids=name_of)
def test_an_exception_from_a_rule_says_why(path: Path) -> None:
    """`noqa` and `type: ignore` name their rule; a reason stands behind it, once in the file for each rule."""
    mark = re.compile(r"#\s*(?:noqa: ([A-Z0-9, ]+\d)|type: ignore\[([a-z, -]+)\])(.*)")
    reasons: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if re.search(r"#\s*(noqa|type:\s*ignore)", line):
            shown = mark.search(line)
            assert shown, f"line {number} names no rule"
            rule = shown.group(1) or shown.group(2)
            reasons[rule] = reasons.get(rule, "") + shown.group(3).strip(" #-")
    assert all(reasons.values()), f"no reason is given for {[rule for rule, why in reasons.items() if not why]}"


ROOMS = sorted(
    {path.parent for path in sources("engine", "gateways") if path.name == "__init__.py"}
    - {ROOT / "gateways", ROOT / "engine" / "policy" / "dispatch"}
    - {path for path in (ROOT / "gateways" / "places").iterdir() if path.is_dir()}
)


@pytest.mark.parametrize("room", ROOMS, ids=name_of)
def test_each_room_has_a_short_readme(room: Path) -> None:
    """Its rule, a trace, how to add one more; a page or two, not a book."""
    text = (room / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert len(text.splitlines()) <= 120


# ── purity ──────────────────────────────────────────────────────────────────────────────────────────────────


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@each_pure
def test_below_the_journal_nothing_comes_in_from_outside(path: Path) -> None:
    """No clock, no chance, no thread, no file: the same inputs and times give the same bytes."""
    taken = {name.split(".")[0] for name in imports(ast.parse(path.read_text(encoding="utf-8")))}
    assert not taken & set(OUTSIDE)


@each_pure
def test_below_the_journal_nothing_goes_through_a_set_in_its_own_order(path: Path) -> None:
    """The order of a set differs from one interpreter to the next; sorted, counted or asked it is harmless."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    everywhere = names_of_sets(tree.body)
    scopes = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]
    for scope in scopes:
        named = everywhere if scope is tree else everywhere | names_of_sets(list(ast.walk(scope)))
        assert not [each.lineno for each in walked_in(scope) if is_set(each, named)]


def names_of_sets(nodes: Sequence[ast.AST]) -> set[str]:
    """Return the names to which these statements give a set."""
    return {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and is_set(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def walked_in(scope: ast.AST) -> Iterator[ast.expr]:
    """Yield every expression whose order matters to the code of this scope, its inner functions left out."""
    inner = [node for node in ast.walk(scope) if isinstance(node, ast.FunctionDef) and node is not scope]
    left_out = {id(node) for function in inner for node in ast.walk(function)}
    for node in ast.walk(scope):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.For | ast.comprehension):
            yield node.iter
        if isinstance(node, ast.Starred):
            yield node.value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IN_ORDER:
            yield from node.args[:1]


def is_set(node: ast.expr, named: set[str]) -> bool:
    """Tell whether the expression plainly is a set."""
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Name(id=name):
            return name in named
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right=right):
            return is_set(left, named) or is_set(right, named)
    return False


def test_the_check_for_sets_sees_them() -> None:
    """The checker itself is held against lines that it must and must not flag."""
    wrong = ("{1, 2}", "set(x)", "frozenset(x) | y", "{a for a in b}", "known")
    fine = ("[1]", "sorted({1, 2})", "(1, 2)", "unknown", "{1: 2}")
    assert all(is_set(ast.parse(text, mode="eval").body, {"known"}) for text in wrong)
    assert not any(is_set(ast.parse(text, mode="eval").body, {"known"}) for text in fine)


def test_the_compiler_s_flags_stand_in_one_file() -> None:
    """Numba is named in `engine/kernels/accelerate.py`, its files beside it, and nowhere else in the program."""
    users = [
        name_of(path)
        for path in sources("engine", "gateways")
        if any(name.split(".")[0] == "numba" for name in imports(ast.parse(path.read_text(encoding="utf-8"))))
    ]
    assert users == ["engine/kernels/accelerate.py", name_of(COMPILED_WITH)]


def test_trio_and_the_clock_stay_upstairs() -> None:
    """In the engine only `live` knows trio, and only `live` and the journal's thread look at a clock."""
    for path in (each for each in sources("engine") if each != COMPILED_WITH):
        taken = {name.split(".")[0] for name in imports(ast.parse(path.read_text(encoding="utf-8")))}
        room = path.relative_to(ROOT / "engine").parts[0]
        assert room == "live" or "trio" not in taken, name_of(path)
        assert room in ("live", "journal") or not taken & {"time", "threading"}, name_of(path)


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", sources("engine", "gateways", "loadtests"), ids=name_of)
def test_words_are_ours(path: Path) -> None:
    """One word for one thing, British spelling, no notes to oneself."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = WORDS_OF_OTHERS.search(NAMES_OF_OTHERS.sub("", line))
        assert not found, f"line {number}: {line.strip()}"


@pytest.mark.parametrize("path", sources("engine", "gateways"), ids=name_of)
def test_nothing_is_logged_under_a_field_that_is_blanked(path: Path) -> None:
    """`gateways/log.py` leaves out what may be personal: whoever logs which feed it was as its `name` says nothing."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_log."):
            blanked = {word.arg for word in node.keywords} & PERSONAL
            assert not blanked, f"line {node.lineno}: {', '.join(map(str, blanked))}"
