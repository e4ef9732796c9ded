"""`turnout replay`: recorded days under other policies, with another fleet, or in another place."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from gateways.commands.teaching import FOLDER


@click.command()
@click.argument("journal", type=FOLDER)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="DISPATCH/REDEPLOY",
    help="As in turnout sim: home, dmexclp:q=300, priced, nearest+divert/home … May be repeated.",
)
@click.option("--place", type=FOLDER, help="Another folder for the same calls: other units, posts, plans or streets.")
@click.option("--units", type=click.IntRange(1, 100_000), help="Another size of the fleet.")
@click.option("--reps", type=click.IntRange(1, 1000), default=4, show_default=True, help="Replications.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed, same figures.")
@click.option("--cores", type=click.IntRange(1), help="Processes side by side (default: all cores).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with all pictures.")
@click.option("--keep", type=click.Path(dir_okay=False, path_type=Path), help="Keep the run, to compare it later.")
def replay(as_json: bool, html: Path | None, keep: Path | None, **options: Any) -> None:
    """Ask what recorded days would have been like under another policy, fleet or plan.

    \b
    Another policy:   turnout replay out/data --policy priced --policy nearest/home
    Two units fewer:  turnout replay out/data --units 10
    Other plans:      turnout replay out/data --place out/proposal --policy home

    The calls of the journal come again: at the same times and places, with the work that crews recorded. The first row
    is what really happened. The second is the policy of then, simulated: how far the two lie apart is the simulator's
    own error. All others are held against the second, on the same calls.

    To decide every recorded turn again, and compare byte for byte, use  turnout journal replay.
    """  # noqa: D301  \b is click's mark for lines that stay as they are
    from engine.policy.redeploy import PolicyRefused
    from gateways.places import PlaceRefused
    from gateways.simulation.setups import NotSimulated
    from gateways.simulation.whatif import Question, what_if
    from gateways.simulation.whatif_tables import tell

    command = shlex.join(["turnout", *sys.argv[1:]])
    try:
        answer = what_if(Question(command=command, **options))
    except PlaceRefused as refused:
        raise click.ClickException("\n".join(str(mistake) for mistake in refused.mistakes)) from None
    except (NotSimulated, PolicyRefused) as refused:
        raise click.ClickException(str(refused)) from None
    tell(answer, as_json=as_json, html=html, keep=keep)
