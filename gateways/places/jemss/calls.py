"""Reads how a JEMSS city makes its calls: gen_config.xml with distributions such as `Exponential(1/(18.8*24))`.

Rule: times in JEMSS are days; only what is written as arithmetic is worked out, nothing is executed.
"""

import ast
import math
import operator
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

from msgspec import Struct

from gateways.places.jemss.sheets import read_file
from gateways.places.mistakes import refused

FILE = "gen_config.xml"
DAY_MS = 86_400_000

_DO: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Calls(Struct, frozen=True):
    """The call process; durations are means."""

    per_day: float
    priority_shares: tuple[float, ...]
    dispatch_delay_ms: int
    on_scene_ms: int
    transport_share: float
    handover_ms: int


def read_calls(folder: Path) -> Calls:
    """Read gen_config.xml. Raises PlaceRefused naming the distribution that cannot be read."""
    text = read_file(folder, FILE)
    try:
        root = ET.fromstring(text)  # noqa: S314 - expat itself refuses entity bombs
    except ET.ParseError as error:
        raise refused(folder, FILE, f"is not valid XML: {error}") from error

    def mean(name: str) -> float:
        return _mean(*_distribution(folder, root, name), folder, name)

    between = mean("interarrivalTime")
    if between <= 0:
        raise refused(folder, FILE, "the mean time between calls must be above zero", "interarrivalTime")
    kind, shares = _distribution(folder, root, "priority")
    if (
        kind != "Categorical"
        or not 1 <= len(shares) <= 5
        or min(shares) < 0
        or not math.isclose(sum(shares), 1, rel_tol=1e-6)
    ):
        raise refused(folder, FILE, "must be Categorical([…]) of one to five shares that sum to 1", "priority")
    return Calls(
        per_day=1 / between,
        priority_shares=shares,
        dispatch_delay_ms=round(mean("dispatchDelay") * DAY_MS),
        on_scene_ms=round(mean("onSceneDuration") * DAY_MS),
        transport_share=mean("transport"),
        handover_ms=round(mean("handoverDuration") * DAY_MS),
    )


def _distribution(folder: Path, root: ET.Element, name: str) -> tuple[str, tuple[float, ...]]:
    """Return the kind and its parameters: ("Exponential", (0.1,))."""
    text = (root.findtext(f"sim/callDistributions/{name}") or "").strip()
    if not text:
        raise refused(folder, FILE, "is missing under sim/callDistributions", name)
    try:
        call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise refused(folder, FILE, f'"{text}" is not a distribution', name)
        numbers = [_value(each) for each in _flat(call.args)]
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
        raise refused(folder, FILE, f'"{text}" cannot be worked out: {error}', name) from error
    if not numbers or not all(math.isfinite(number) for number in numbers):
        raise refused(folder, FILE, f'"{text}" has no finite parameters', name)
    return call.func.id, tuple(numbers)


def _flat(nodes: list[ast.expr]) -> list[ast.expr]:
    return [each for node in nodes for each in (node.elts if isinstance(node, ast.List) else [node])]


def _value(node: ast.expr) -> float:
    """Work out numbers joined by + - * / and brackets. Raises ValueError for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _DO:
        return _DO[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    raise ValueError(f"{ast.unparse(node)} is not plain arithmetic")


def _mean(kind: str, numbers: tuple[float, ...], folder: Path, name: str) -> float:
    """Return the distribution's mean, not below zero."""
    first = numbers[0]
    match kind:
        case "Exponential" | "Normal" | "Bernoulli":
            mean = first
        case "Weibull" if len(numbers) == 2 and first > 0:
            mean = numbers[1] * math.gamma(1 + 1 / first)
        case "Uniform" if len(numbers) == 2:
            mean = (first + numbers[1]) / 2
        case _:
            raise refused(folder, FILE, f"{kind} with {len(numbers)} parameters is not known here", name)
    if mean < 0 or (kind == "Bernoulli" and mean > 1):
        raise refused(folder, FILE, f"the mean {mean:g} is out of range", name)
    return mean
