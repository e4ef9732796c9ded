"""A race: everybody answers the same questions in the same minutes, and every answer is held against the reference.

Rule: in each round all entrants are asked the same few new questions, in an order drawn anew. So a machine that is
slow for a while is slow for all, and nobody always runs in the caches that another one warmed. Only the call itself
is timed; the garbage collector has run just before, and the answers are compared afterwards.
"""

import gc
import random
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from loadtests.peers import UNREACHABLE, Times, as_ms
from loadtests.report import Row, quantile

Question = TypeVar("Question")
Whole = npt.NDArray[np.int64]
NOT_COMPARED: Final = -2
"""In a reference: it does not say."""
BUDGET_S: Final = 8
"""The time of each entrant in one race."""


class Entrant(Struct, Generic[Question]):
    """Somebody who answers. With a limit, times above it are not told."""

    name: str
    ask: Callable[[Question], Times]
    limit_ms: float = np.inf


class Wrong(Exception):
    """An answer differs from the reference: there are no figures for wrong answers."""


class Lane(Generic[Question]):
    """One entrant's figures so far."""

    def __init__(self, entrant: Entrant[Question]) -> None:
        self.entrant = entrant
        self.warm_ns: list[int] = []
        self.taken_ns: list[int] = []
        self.pairs = 0

    @property
    def spent(self) -> bool:
        """Whether it has had its time: a method that needs seconds shall not make the others wait for minutes."""
        return sum(self.warm_ns) + sum(self.taken_ns) > BUDGET_S * 1e9

    def ask(self, case: str, questions: Sequence[Question], right: Sequence[Whole], into: list[int]) -> None:
        """Ask and time in a row, then compare. Raises Wrong."""
        answers: list[Times] = []
        gc.collect()
        for question in questions:
            if self.spent:
                break
            begun_ns = time.perf_counter_ns()
            answer = self.entrant.ask(question)
            into.append(time.perf_counter_ns() - begun_ns)
            answers.append(answer)
        for question, answer, expected in zip(questions, answers, right, strict=False):
            self._compare(f"{case}: {self.entrant.name}, {question}", as_ms(answer), expected)

    def _compare(self, words: str, answer: Whole, expected: Whole) -> None:
        told = np.where(expected > self.entrant.limit_ms, UNREACHABLE, expected)
        compared = expected != NOT_COMPARED
        wrong = compared & (answer != told)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise Wrong(f"{words}: says {answer[row]} ms for unit {row}, not {told[row]}")
        self.pairs += int(np.count_nonzero(compared))

    def row(self, case: str) -> Row:
        """Return the figures. Who was out of time in the first round already has no others."""
        counted = self.taken_ns or self.warm_ns
        return {
            "case": case,
            "method": self.entrant.name,
            "median_ms": round(quantile(counted, 0.5) / 1e6, 4),
            "p99_ms": round(quantile(counted, 0.99) / 1e6, 4),
            "asked": len(counted),
            "pairs_checked": self.pairs,
        }


def race(
    case: str,
    entrants: Sequence[Entrant[Question]],
    rounds: Sequence[Sequence[Question]],
    reference: Callable[[Question], Whole],
    seed: int = 1,
) -> list[Row]:
    """Ask everybody everything; return one row each. The first round is not counted. Raises Wrong."""
    lanes = [Lane(entrant) for entrant in entrants]
    chance = random.Random(seed)
    gc.collect()
    gc.freeze()
    for number, questions in enumerate(rounds):
        right = [reference(question) for question in questions]
        for lane in chance.sample(lanes, len(lanes)):
            lane.ask(case, questions, right, lane.taken_ns if number else lane.warm_ns)
    gc.unfreeze()
    return [lane.row(case) for lane in lanes]
