"""qualFilter: which documents somebody wants to be told of. In the form of a JSONPath filter (RFC 9535, 2.3.5).

    @.incidentComponent.incidentCommonPriorityNumber >= 8 && @.incidentComponent.beatOrDispatchGroupText == 'north'

Paths begin at the document (`@` or `$`); `.name`, `["name"]`, `[0]` and `[*]` go down, and a list that is met without
an index stands for all that is in it. A path alone asks whether there is such a thing. A comparison holds if any value
that the path finds fulfils it; `!=` is the opposite of `==`. `&&`, `||`, `!` and parentheses as usual. Nothing of it
can run for ever or call anything.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct

CHARACTERS_MAX: Final = 4_096
DEPTH_MAX: Final = 32
PATHS_MAX: Final = 64
STARS_MAX: Final = 8
"""Every document is held against every filter, on the loop: a star may look at all of it."""
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<op>\|\||&&|==|!=|<=|>=|[()!<>])"
    r"|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<number>-?\d{1,18}(?:\.\d{1,18})?)"
    r"|(?P<path>[@$](?:\.[A-Za-z_$@][\w$@]*|\.\*|\[\*\]|\[\d{1,6}\]|\['[^'\\]*'\]|\[\"[^\"\\]*\"\])*)"
    r"|(?P<word>true|false|null)\b)"
)
_STEP: Final = re.compile(r"\.\*|\[\*\]|\.([A-Za-z_$@][\w$@]*)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_WORDS: Final = {"true": True, "false": False, "null": None}
_ESCAPED: Final = re.compile(r"\\(.)")
Judge = Callable[[Any], bool]
Step = str | int | None
"""None: everything there."""


class BadFilter(Exception):
    """The filter cannot be understood. The message says where and why."""


class Token(Struct, frozen=True):
    """A word of the filter."""

    kind: str
    text: str
    at: int


class Filter:
    """A filter that has been understood."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._judge = _Parser(text).whole()

    def passes(self, document: Any) -> bool:
        """Tell whether a document, as decoded from JSON, passes."""
        return self._judge(document)


def _tokens(text: str) -> list[Token]:
    if len(text) > CHARACTERS_MAX:
        raise BadFilter(f"A filter has at most {CHARACTERS_MAX} characters.")
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise BadFilter(f"Nothing is known that begins at character {at + 1}: {text[at : at + 20].strip()!r}.")
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return found


class _Parser:
    """Reads one filter."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0
        self._paths = self._stars = 0

    def whole(self) -> Judge:
        judge = self._either()
        if self._next < len(self._tokens):
            raise self._unexpected()
        return judge

    def _either(self) -> Judge:
        return self._series("||", self._both, any)

    def _both(self) -> Judge:
        return self._series("&&", self._one, all)

    def _series(self, joint: str, part: Callable[[], Judge], combine: Callable[[Iterator[bool]], bool]) -> Judge:
        judges = [part()]
        while self._took(joint):
            judges.append(part())
        if len(judges) == 1:
            return judges[0]
        return lambda document: combine(judge(document) for judge in judges)

    def _one(self) -> Judge:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise BadFilter(f"A filter is nested {DEPTH_MAX} deep at most.")
        try:
            if self._took("!"):
                judge = self._one()
                return lambda document: not judge(document)
            if self._took("("):
                judge = self._either()
                if not self._took(")"):
                    raise self._unexpected("a closing parenthesis")
                return judge
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Judge:
        token = self._peek()
        if token is None or token.kind != "path":
            raise self._unexpected("a path, such as @.incidentComponent")
        self._next += 1
        steps = _steps(token.text)
        self._paths += 1
        self._stars += steps.count(None)
        if self._paths > PATHS_MAX or self._stars > STARS_MAX:
            raise BadFilter(f"A filter names {PATHS_MAX} paths at most, and has {STARS_MAX} stars.")
        operator = self._peek()
        if operator is None or operator.kind != "op" or operator.text not in _COMPARE:
            return lambda document: next(_values(document, steps), None) is not None
        self._next += 1
        literal = self._literal()
        return _COMPARE[operator.text](steps, literal)

    def _literal(self) -> Any:
        token = self._peek()
        if token is None or token.kind not in ("string", "number", "word"):
            raise self._unexpected("a text in quotes, a number, true, false or null")
        self._next += 1
        if token.kind == "string":
            return _ESCAPED.sub(r"\1", token.text[1:-1])
        return float(token.text) if token.kind == "number" else _WORDS[token.text]

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _took(self, text: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "op" or token.text != text:
            return False
        self._next += 1
        return True

    def _unexpected(self, wanted: str = "the end, && or ||") -> BadFilter:
        token = self._peek()
        if token is None:
            return BadFilter(f"It ends where {wanted} should stand.")
        return BadFilter(f"At character {token.at + 1} should stand {wanted}, not {token.text[:20]!r}.")


def _steps(path: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for match in _STEP.finditer(path, 1):
        if match[2] is not None:
            steps.append(int(match[2]))
        else:
            steps.append(next((each for each in (match[1], match[3], match[4]) if each is not None), None))
    return tuple(steps)


def _values(node: Any, steps: tuple[Step, ...]) -> Iterator[Any]:
    """Yield what the path finds; a list stands for all that is in it, at its end too."""
    if isinstance(node, list) and not (steps and (isinstance(steps[0], int) or steps[0] is None)):
        for each in node:
            yield from _values(each, steps)
    elif not steps:
        yield node
    else:
        first, rest = steps[0], steps[1:]
        for each in _below(node, first):
            yield from _values(each, rest)


def _below(node: Any, step: Step) -> list[Any]:
    """Return what one step leads to."""
    if step is None:
        return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    if isinstance(step, int):
        return node[step : step + 1] if isinstance(node, list) else []
    return [node[step]] if isinstance(node, dict) and step in node else []


def _equal(steps: tuple[Step, ...], literal: Any) -> Judge:
    return lambda document: any(_same(value, literal) for value in _values(document, steps))


def _unequal(steps: tuple[Step, ...], literal: Any) -> Judge:
    judge = _equal(steps, literal)
    return lambda document: not judge(document)


def _same(value: Any, literal: Any) -> bool:
    """Compare; True is not 1."""
    return isinstance(value, bool) == isinstance(literal, bool) and bool(value == literal)


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[tuple[Step, ...], Any], Judge]:
    """Return a comparison of numbers with numbers, or of texts with texts; anything else does not hold."""

    def compare(steps: tuple[Step, ...], literal: Any) -> Judge:
        kinds: tuple[type, ...] = (str,) if isinstance(literal, str) else (int, float)
        if literal is None or isinstance(literal, bool):
            raise BadFilter("Only numbers and texts are less or more than others.")

        def judge(document: Any) -> bool:
            values = _values(document, steps)
            return any(
                isinstance(each, kinds) and not isinstance(each, bool) and holds(each, literal) for each in values
            )

        return judge

    return compare


_COMPARE: Final[dict[str, Callable[[tuple[Step, ...], Any], Judge]]] = {
    "==": _equal,
    "!=": _unequal,
    "<": _ordered(lambda a, b: bool(a < b)),
    "<=": _ordered(lambda a, b: bool(a <= b)),
    ">": _ordered(lambda a, b: bool(a > b)),
    ">=": _ordered(lambda a, b: bool(a >= b)),
}
