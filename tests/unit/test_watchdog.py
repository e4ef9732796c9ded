"""What counts as the loop's own silence, and what does not: the machine's, or another thread's."""

import threading
import time

import pytest
import trio

from engine.live.watchdog import BEAT_S, TICK_MOST_S, Silence, Watchdog, waited_for_processor_s


def looked(looks: list[tuple[float, float, float]]) -> Silence:
    silence = Silence(0.0, 0.0, 0.0)
    for now_s, beat_s, starved_s in looks:
        silence.look(now_s, beat_s, starved_s)
    return silence


def test_a_loop_that_runs_and_does_not_come_round_is_silent_by_its_own_doing() -> None:
    """Looks come in time, nobody waits for a processor: all of it counts."""
    silence = looked([(number * BEAT_S, 0.0, 0.0) for number in range(1, 61)])
    assert silence.lasts_s == pytest.approx(3.0)
    assert silence.own_s == pytest.approx(3.0)


def test_a_look_that_was_held_up_itself_says_little() -> None:
    """Whoever held the interpreter for three seconds held up the loop as well as the look: it will come round now."""
    silence = looked([(BEAT_S, 0.0, 0.0), (3.0, 0.0, 0.0)])
    assert silence.lasts_s == pytest.approx(3.0)
    assert silence.own_s <= BEAT_S + TICK_MOST_S


def test_a_loop_that_waits_for_a_processor_is_not_stopped() -> None:
    """The machine has none for it: nine parts of ten of these three seconds do not count."""
    silence = looked([(number * BEAT_S, 0.0, number * BEAT_S * 0.9) for number in range(1, 61)])
    assert silence.lasts_s == pytest.approx(3.0)
    assert silence.own_s == pytest.approx(0.3)


def test_a_beat_ends_the_silence() -> None:
    """What is counted begins anew with it."""
    silence = looked([*((number * BEAT_S, 0.0, 0.0) for number in range(1, 31)), (1.55, 1.54, 0.0)])
    assert silence.lasts_s == pytest.approx(0.01)
    assert silence.own_s == pytest.approx(0.01)


async def test_a_thread_that_holds_the_interpreter_ends_no_process() -> None:
    """One call into C, many times as long as what is hopeless: the loop goes on as soon as it may."""
    ended: list[bool] = []
    dog = Watchdog(lambda: ended.append(True), hopeless_s=4 * TICK_MOST_S)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(dog.run)
        await trio.sleep(2 * BEAT_S)
        held_s, numbers = 0.0, 20_000_000
        while held_s < 5 * TICK_MOST_S:
            began_s = time.perf_counter()
            await trio.to_thread.run_sync(sum, range(numbers))
            held_s, numbers = time.perf_counter() - began_s, 2 * numbers
        await trio.sleep(4 * BEAT_S)
        nursery.cancel_scope.cancel()
    assert ended == []


def test_what_a_thread_waited_is_told_where_the_system_tells() -> None:
    """Never less than before; nothing of a thread that there is not."""
    before = waited_for_processor_s(threading.get_native_id())
    assert waited_for_processor_s(threading.get_native_id()) >= before >= 0
    assert waited_for_processor_s(-1) == 0
