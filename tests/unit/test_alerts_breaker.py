"""The circuit breaker, with time given to it."""

from gateways.alerts.breaker import Breaker


def tripped() -> Breaker:
    breaker = Breaker(failures=3, rest_s=10)
    for _ in range(3):
        assert breaker.refusal(100) is None
        breaker.failed(100, "HTTP 500")
    return breaker


def test_it_trips_after_failures_in_a_row() -> None:
    """Not before, and a success between starts the count anew."""
    breaker = Breaker(failures=3)
    for _ in range(5):
        breaker.failed(0, "x")
        breaker.failed(0, "x")
        assert breaker.refusal(0) is None
        breaker.succeeded()
    assert tripped().open


def test_while_it_is_open_nothing_is_tried() -> None:
    """The refusal says since how many failures, for how long, and what the last one was."""
    refusal = tripped().refusal(104)
    assert refusal == "not tried: 3 attempts in a row have failed, the next is in 6 s; the last: HTTP 500"


def test_after_the_rest_one_probe_goes_out() -> None:
    """The second is refused until the first has come back."""
    breaker = tripped()
    assert breaker.refusal(110) is None
    assert breaker.refusal(110) is not None
    breaker.succeeded()
    assert not breaker.open
    assert breaker.refusal(110) is None


def test_a_failed_probe_means_another_rest() -> None:
    """Counted from the failure."""
    breaker = tripped()
    assert breaker.refusal(111) is None
    breaker.failed(115, "reset")
    assert breaker.refusal(124.9) is not None
    assert breaker.refusal(125) is None
