"""A policy that cannot work says which setting or which column is to blame, before hours are spent."""


class PolicyRefused(ValueError):
    """What is asked makes no sense: `field` names it, `reason` says why in a sentence."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason

    def __reduce__(self) -> tuple[type["PolicyRefused"], tuple[str, str]]:
        """Let it be told from one process to another, which an error with two arguments otherwise cannot."""
        return type(self), (self.field, self.reason)


def within(field: str, value: int, least: int, most: int, unit: str) -> None:
    """Raise PolicyRefused for a setting out of its range."""
    if not least <= value <= most:
        raise PolicyRefused(field, f"{value} is not between {least} and {most} {unit}")
