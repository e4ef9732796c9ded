"""`turnout report …`: response clocks, where the rules are wrong, and what shadow plans would have done."""

from datetime import datetime
from pathlib import Path

import click

from gateways.commands.spans import in_ms, spanned
from gateways.commands.teaching import FOLDER, Teaching


class Reporting(Teaching):
    """`turnout report DATA` is `turnout report clocks DATA`: the question that is asked most."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; where no report is named, that of the clocks is meant."""
        if args and args[0] not in (*self.commands, *self.get_help_option_names(ctx)):
            args = ["clocks", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Reporting, no_args_is_help=True)
def report() -> None:
    """Response clocks, overrides and shadow plans, read off a journal (or the data folder that holds it).

    `turnout report out/data` is short for `turnout report clocks out/data`.
    """


@report.command()
@click.argument("directory", metavar="JOURNAL_OR_DATA", type=FOLDER)
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="Only this one, as nfpa-1710; repeatable.")
@spanned
@click.option(
    "--clocks",
    "clocks_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own profiles (TOML).  [default: clocks.toml in the data folder]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def clocks(
    directory: Path,
    profiles: tuple[str, ...],
    from_: datetime | None,
    to: datetime | None,
    clocks_file: Path | None,
    as_json: bool,
) -> None:
    """Hold response times against standards: share within the limit, mean, percentiles, and what was left out.

    Incidents count by the start of their clock. Standard profiles: nfpa-1225, nfpa-1221, nfpa-1710, nhs-arp.
    """
    from gateways.reports import report_clocks

    raise SystemExit(report_clocks(directory, profiles, clocks_file, (in_ms(from_), in_ms(to)), as_json=as_json))


@report.command()
@click.argument("directory", metavar="JOURNAL_OR_DATA", type=FOLDER)
@spanned
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def overrides(directory: Path, from_: datetime | None, to: datetime | None, as_json: bool) -> None:
    """Say where people passed the recommendations over, why, and what it cost: where the rules are wrong."""
    from gateways.reports import report_overrides

    raise SystemExit(report_overrides(directory, (in_ms(from_), in_ms(to)), as_json=as_json))


@report.command()
@click.argument("directory", metavar="JOURNAL_OR_DATA", type=FOLDER)
@spanned
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def shadow(directory: Path, from_: datetime | None, to: datetime | None, as_json: bool) -> None:
    """Hold what shadow plans would have sent against what the CAD sent: agreement, and minutes that would be saved."""
    from gateways.reports import report_shadow

    raise SystemExit(report_shadow(directory, (in_ms(from_), in_ms(to)), as_json=as_json))


@report.command()
@click.argument("directory", metavar="JOURNAL_OR_DATA", type=FOLDER)
@spanned
@click.option(
    "--recent",
    "recent_min",
    type=click.IntRange(1, 10_080),
    default=60,
    show_default=True,
    help="Minutes at its end that are told beside it.",
)
@click.option(
    "--follow",
    "follow_ms",
    type=click.IntRange(0),
    metavar="FROM_MS",
    help="From this time on (ms since the epoch): for each line of standard input, a time, one line of JSON.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def shift(
    directory: Path,
    from_: datetime | None,
    to: datetime | None,
    recent_min: int,
    follow_ms: int | None,
    as_json: bool,
) -> None:
    """Tell a shift as its supervisor sees it: clocks by priority, work of crews, coverage, what was overruled.

    Without --from it is the last twelve hours.
    """
    from gateways.shift_reports import follow_shift, report_shift

    if follow_ms is not None:
        raise SystemExit(follow_shift(directory, follow_ms, recent_min * 60_000))
    raise SystemExit(report_shift(directory, (in_ms(from_), in_ms(to)), recent_min * 60_000, as_json=as_json))
