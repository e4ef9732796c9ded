"""A way over the streets, in words and as a line: what a crew is told and a map shows."""

from msgspec import Struct


class RouteLeg(Struct, frozen=True, gc=False):
    """One street of a way."""

    street: str
    """Its name; where it has none, its class in brackets: "(service)"."""
    metres: int
    travel_ms: int


class Route(Struct, frozen=True, gc=False):
    """From one point to another."""

    travel_ms: int
    """All of it, the ways from and to the road included."""
    metres: int
    """On streets."""
    legs: tuple[RouteLeg, ...]
    """In the order in which they are driven."""
    line: tuple[tuple[int, int], ...]
    """(x_m, y_m), first to last."""
