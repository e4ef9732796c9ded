"""The histogram against counting one by one."""

from hypothesis import given
from hypothesis import strategies as st

from gateways.metrics.histogram import Histogram

BOUNDS = (0.001, 0.01, 0.1, 1.0)
VALUES = st.lists(st.one_of(st.floats(0, 10), st.sampled_from(BOUNDS)), max_size=50)


@given(VALUES)
def test_each_bucket_holds_what_is_at_most_its_bound(values: list[float]) -> None:
    """A value on a bound belongs to that bound's bucket; +Inf holds everything; the sum is the sum."""
    held = Histogram(*BOUNDS)
    for value in values:
        held.observe(value)
    expected = [sum(value <= bound for value in values) for bound in (*BOUNDS, float("inf"))]
    assert [count for _, count in held.cumulative()] == expected
    assert [float(name) for name, _ in held.cumulative()] == [*BOUNDS, float("inf")]
    assert len(held) == len(values)
    assert held.total == sum(values)
