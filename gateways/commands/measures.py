"""Numbers on the command line: how long, and what part of the usual. A wrong one is refused before a server is asked."""

from typing import Any

import click


class Measured(click.Command):
    """A command whose arguments are numbers: -5 is a wrong number, not an option nobody knows."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments. Raises click.UsageError."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name[1:2].isdigit():
                raise click.BadParameter(f"{error.option_name} is below 0.", ctx, param_hint="PERCENT") from None
            raise


class Percent(click.ParamType[int]):
    """Part of the usual travel time, as the server takes it."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the whole number. Raises click.BadParameter outside the server's bounds."""
        from engine.model.roads import PERCENT_MAX, PERCENT_MIN

        text = str(value).removesuffix("%")
        percent = int(text) if text.removeprefix("-").isdecimal() else None
        if percent is None:
            self.fail(f"{value!r} is not a whole number.", param, ctx)
        if not PERCENT_MIN <= percent <= PERCENT_MAX:
            self.fail(f"{value} is not from {PERCENT_MIN} to {PERCENT_MAX}; 100 is the usual time.", param, ctx)
        return percent


class Minutes(click.ParamType[float]):
    """How long something lasts from now on."""

    name = "float"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the minutes. Raises click.BadParameter for what is no time ahead: 0, NaN, a thousand years."""
        from engine.core.roads import DAYS_AHEAD_MAX

        minutes = float(click.FLOAT.convert(value, param, ctx))
        if not 0 < minutes <= DAYS_AHEAD_MAX * 1440:
            self.fail(f"{value} is not in the next {DAYS_AHEAD_MAX} days: minutes from now are expected.", param, ctx)
        return minutes
