"""What a what-if rests on, in sentences: which calls, what was drawn, what a simulation cannot do again."""

from engine.sim.given import missing
from engine.sim.outcome import NEVER
from engine.sim.recorded import TURNED_BACK, Recorded
from gateways.records import clock
from gateways.simulation.setups import Scene
from gateways.simulation.words import count, listed


def sentences(days: Recorded, scene: Scene, then: str) -> tuple[str, ...]:
    """Return what a reader of the figures has to know."""
    judged = sum(days.happened.reached_ms != NEVER)
    calls, whole = f"{count(len(days.calls))} calls", f"{clock(days.from_ms)} to {clock(days.to_ms)}"
    own_error = "how far it lies from what was recorded is the simulator's own error, which the other rows share"
    told = [
        f"{calls}, {whole}; judged are the {count(judged)} whose first arrival was recorded.",
        *_left_out(days),
        *_drawn(scene),
        *_not_again(days),
        "Clocks start with the report, as call-taking is not in a journal; late is by the targets of then, in every row.",
        "Plans in shadow or advise mode are served as if what was recommended had been accepted at once.",
        f"{then} is the policy of then, simulated: {own_error}.",
    ]
    return tuple(told)


def _left_out(days: Recorded) -> list[str]:
    parts = [f"{reason} ({count(number)})" for reason, number in days.left_out.items()]
    return [f"Incidents left out as they {listed(parts)}."] if parts else []


def _drawn(scene: Scene) -> list[str]:
    assert scene.given is not None, "recorded calls are given"
    lacking = missing(scene.given)
    parts = [
        f"{what} ({count(number)} calls)"
        for what, number in (
            ("the work", lacking.work),
            ("whether anybody went to hospital", lacking.transport),
            ("the handover", lacking.handover),
        )
        if number
    ]
    return [f"Not recorded, so drawn from what is usual: {listed(parts)}."] if parts else []


def _not_again(days: Recorded) -> list[str]:
    back = days.oddities.get(TURNED_BACK, 0)
    parts = [f"{what} ({count(number)})" for what, number in days.oddities.items() if what != TURNED_BACK]
    told = [f"Not done again as it was: {listed(parts)}."] if parts else []
    if back:
        told.append(f"To {TURNED_BACK} ({count(back)}) somebody drives all the same, and is clear at once.")
    return told
