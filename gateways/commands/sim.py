"""`turnout sim`: simulated days of a place under one policy or several, and runs held against each other."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from gateways.commands.teaching import FOLDER, Teaching


class PlaceFirst(Teaching):
    """`turnout sim PLACE …` runs; a word that is a command is one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take what is no command for the place of a run."""
        if args and args[0] not in self.commands:
            return "run", self.commands["run"], args
        return super().resolve_command(ctx, args)


@click.group(cls=PlaceFirst)
def sim() -> None:
    """Try policies out on simulated days, with the same engine that serves real ones.

    \b
    One policy:       turnout sim config/riverside --days 30
    Several:          turnout sim out/city --policy home --policy priced:budget_permille=300
    As JEMSS has it:  turnout sim out/manhattan --preset jemss --divert --policy compliance
    On one page:      turnout sim out/city --policy home --policy ahead --html out/report.html --keep out/a.run
    Recorded calls:   turnout sim out/city --calls calls.csv --policy home --policy ahead
    Held together:    turnout sim compare out/a.run out/b.run
    """  # noqa: D301  \b is click's mark for lines that stay as they are


def _results(function: Any) -> Any:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with all pictures."),
        click.option(
            "--keep", type=click.Path(dir_okay=False, path_type=Path), help="Keep the run, to compare it later."
        ),
    ):
        function = option(function)
    return function


def _runs(function: Any) -> Any:
    for option in (
        click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="Measured days."),
        click.option("--reps", type=click.IntRange(1, 1000), default=4, show_default=True, help="Replications."),
        click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed, same days."),
        click.option("--warm-up", type=click.IntRange(0, 365), default=1, show_default=True, help="Days before them."),
        click.option(
            "--preset",
            type=click.Choice(["city", "jemss"]),
            default="city",
            show_default=True,
            help="Kind of days: an ordinary city, or the rules of the JEMSS simulator.",
        ),
        click.option("--divert", is_flag=True, help="Nearest dispatch may divert units to more urgent incidents."),
        click.option(
            "--calls",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Recorded calls instead of drawn ones: CSV with time, lat, lon, type; and where known priority, taking_s, "
            "on_scene_s, transport (yes or no), handover_s. The days are those of the table.",
        ),
        click.option("--bound", is_flag=True, help="Reckon how few calls could be late at all (preset jemss)."),
        click.option("--units", type=click.IntRange(1, 100_000), help="Another size of the fleet."),
        click.option("--cores", type=click.IntRange(1), help="Processes side by side (default: all cores)."),
    ):
        function = option(function)
    return function


_policies = click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="DISPATCH/REDEPLOY",
    help="home, dmexclp:q=300, compliance, priced:price=2000, ahead; joint, nearest+divert/home … May be repeated.",
)


@sim.command()
@click.argument("place", type=FOLDER)
@_policies
@_runs
@_results
def run(place: Path, policies: tuple[str, ...], **options: Any) -> None:
    """Simulate a place, or a folder of JEMSS's, and tell how its policies did on the same calls."""
    _simulate(place, policies, **options)


@sim.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("--place", type=FOLDER, help="With it, the arguments are policies, and are simulated.")
@_runs
@_results
def compare(
    runs: tuple[str, ...], place: Path | None, as_json: bool, html: Path | None, keep: Path | None, **options: Any
) -> None:
    """Hold kept runs against each other, or with --place policies by their names; the first is what others differ from."""
    if place is not None:
        _simulate(place, runs, as_json=as_json, html=html, keep=keep, **options)
        return
    from engine.sim.parts import OutcomesRefused
    from gateways.simulation import RunRefused, load, merged
    from gateways.simulation.telling import tell

    try:
        kept = merged([(Path(each).stem, load(Path(each))) for each in runs])
        tell(kept.run, kept.by_policy, as_json=as_json, html=html, keep=keep)
    except (RunRefused, OutcomesRefused) as refused:
        raise click.ClickException(str(refused)) from None


@sim.command()
@click.argument("folder", type=FOLDER)
def runs(folder: Path) -> None:
    """List the kept runs of a folder, the latest first, as JSON."""
    from gateways.simulation.shelf import runs_in

    click.echo(msgspec.json.encode(runs_in(folder)).decode())


@sim.command()
@click.argument("run_file", metavar="RUN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def page(run_file: Path) -> None:
    """Make the page of a kept run, and print it as JSON with the policy under which it is to be served."""
    from engine.sim.parts import OutcomesRefused
    from gateways.simulation import RunRefused
    from gateways.simulation.shelf import page_of

    try:
        click.echo(msgspec.json.encode(page_of(run_file)).decode())
    except (RunRefused, OutcomesRefused) as refused:
        raise click.ClickException(str(refused)) from None


def _simulate(place: Path, policies: tuple[str, ...], **options: Any) -> None:
    from engine.policy.redeploy import PolicyRefused
    from engine.sim.callers import DemandRefused
    from gateways.places import PlaceRefused
    from gateways.simulation.asking import Asked, simulate
    from gateways.simulation.setups import NotSimulated
    from gateways.simulation.telling import tell

    shown = {name: options.pop(name) for name in ("as_json", "html", "keep")}
    command = shlex.join(["turnout", *sys.argv[1:]])
    try:
        run, by_policy = simulate(Asked(place=place, policies=policies, command=command, **options))
    except PlaceRefused as refused:
        raise click.ClickException("\n".join(str(mistake) for mistake in refused.mistakes)) from None
    except (NotSimulated, PolicyRefused, DemandRefused) as refused:
        raise click.ClickException(str(refused)) from None
    tell(run, by_policy, **shown)
