"""Which policies nobody beats: less late only at a higher price (Pareto)."""

from collections.abc import Sequence


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the positions of (price, loss) points that no other point beats, by rising price.

    One point beats another if it is no worse in both and better in one; equal points do not beat each other. NaN is
    not allowed.
    """
    kept: list[int] = []
    for number in sorted(range(len(points)), key=lambda number: (points[number], number)):
        if not kept or points[number][1] < points[kept[-1]][1] or points[number] == points[kept[-1]]:
            kept.append(number)
    return kept
