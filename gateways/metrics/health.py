"""Whether the engine really works. Ready means: proven by work that was done a moment ago, not by the lack of errors.

Rule: a reason stops traffic (503), so it is something that makes an answer of ours late or wrong now. What needs a
person soon but harms no call yet is a warning.
"""

import time

from msgspec import Struct

from engine.journal.space import Space
from engine.live.service import Service, Stage
from gateways.board import Board

QUIET_MAX_S = 15.0
"""A turn becomes durable at least this often: the heartbeat makes one where nothing happens."""
BOARD_LAG_MAX = 5_000
"""Turns that the board may be behind what is durable."""
SPACE_WARNING_PERCENT = 10


class Readiness(Struct, frozen=True, kw_only=True):
    """What `/readyz` answers."""

    ready: bool
    stage: Stage
    reasons: tuple[str, ...]
    """Why not: what happened, what it means, what to do."""
    warnings: tuple[str, ...]
    last_durable_age_s: float | None
    """Since the last turn that is safe on the disk; None: there has been none since the start."""
    undurable_turns: int
    board_lag_turns: int
    journal: Space | None
    """None: the disk did not tell."""
    loop_blocked: int
    loop_longest_block_s: float


def judge(service: Service, board: Board) -> Readiness:
    """Return how the engine is at this moment. Waits for nothing."""
    age_s = last_durable_age_s(service)
    lag = board_lag(service, board)
    space = _space(service)
    found = (_of_stage(service.stage), _of_age(age_s, service.undurable), _of_lag(lag))
    reasons = tuple(reason for reason in found if reason)
    warning = _of_space(space)
    return Readiness(
        ready=not reasons,
        stage=service.stage,
        reasons=reasons,
        warnings=(warning,) if warning else (),
        last_durable_age_s=None if age_s is None else round(age_s, 3),
        undurable_turns=service.undurable,
        board_lag_turns=lag,
        journal=space,
        loop_blocked=service.watchdog.blocked,
        loop_longest_block_s=round(service.watchdog.longest_s, 3),
    )


def last_durable_age_s(service: Service) -> float | None:
    """Return the seconds since a turn last became durable; None if none has since the start."""
    last_s = service.measures.last_durable_monotonic_s
    return time.monotonic() - last_s if last_s else None


def board_lag(service: Service, board: Board) -> int:
    """Return how many durable turns the board has not folded yet."""
    return max(0, service.world.seq - service.undurable - board.world.seq)


def _of_stage(stage: Stage) -> str:
    if stage is Stage.READY:
        return ""
    if stage is Stage.FAILED:
        return (
            "The journal has failed. Nothing more is accepted and the process ends; what was acknowledged is safe. "
            "Look at the disk, then start it again."
        )
    return f"The engine is {stage}. It takes no work in this stage; wait, or look at its log if this lasts."


def _of_age(age_s: float | None, undurable: int) -> str:
    if age_s is None:
        return "No turn has become durable since the start, so nothing is known to work yet. Wait for the first."
    if age_s <= QUIET_MAX_S:
        return ""
    return (
        f"No turn has become durable for {age_s:.0f} s ({undurable} wait for the disk), although the heartbeat makes "
        "one every few seconds. Nothing can be acknowledged. Look at the disk, and at the log for a blocked loop."
    )


def _of_lag(lag: int) -> str:
    if lag <= BOARD_LAG_MAX:
        return ""
    return f"The board is {lag} turns behind the journal: screens show the past. Is the processor overloaded?"


def _space(service: Service) -> Space | None:
    try:
        return service.journal.space()
    except OSError:
        return None


def _of_space(space: Space | None) -> str:
    if space is None:
        return "The disk of the journal does not tell how much room it has. Look at its mount."
    if not space.ballast_held:
        return "The disk of the journal was full and the reserve is spent. Make room now: the next time it stops."
    if space.alarm_percent and space.alarm_percent <= SPACE_WARNING_PERCENT:
        return f"Less than {space.alarm_percent} % of the journal's disk is free. Make room or move what is old."
    return ""
