"""A policy that cannot work says which setting or which column is to blame, before hours are spent."""

from msgspec import Struct


class PolicyRefused(ValueError):
    """What is asked makes no sense: `field` names it, `reason` says why in a sentence."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason

    def __reduce__(self) -> tuple[type["PolicyRefused"], tuple[str, str]]:
        """Let it be told from one process to another, which an error with two arguments otherwise cannot."""
        return type(self), (self.field, self.reason)


Ranges = dict[str, tuple[int, int, str]]
"""By setting: the least and the most that makes sense, and the unit."""
BUSY_PERMILLE_MAX = 900
PRICE_MAX = 1_000_000
SHARED: Ranges = {
    "q": (0, BUSY_PERMILLE_MAX, "permille"),
    "price": (0, PRICE_MAX, "parts per million a minute"),
    "move_price": (0, PRICE_MAX, "parts per million"),
    "budget_permille": (0, 10_000, "moves for a thousand calls"),
    "at_once": (0, 1_000, "moves"),
    "drive_ms_max": (0, 86_400_000, "ms"),
}
"""Settings that mean the same in several policies."""


def check(policy: Struct, own: Ranges | None = None) -> None:
    """Raise PolicyRefused for the first setting out of its range; `own` are those of this policy alone."""
    ranges = SHARED | (own or {})
    for name in policy.__struct_fields__:
        value = getattr(policy, name)
        if name in ranges and value is not None:
            within(name, value, *ranges[name])


def within(field: str, value: int, least: int, most: int, unit: str) -> None:
    """Raise PolicyRefused for a setting out of its range."""
    if not least <= value <= most:
        raise PolicyRefused(field, f"{value} is not between {least} and {most} {unit}")
