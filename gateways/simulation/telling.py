"""What is done with a run's outcomes: a table or JSON, a page, a file to compare with later."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from engine.sim.outcome import Outcome
from gateways.simulation.document import Run, document_of
from gateways.simulation.keep import save
from gateways.simulation.page import render_page
from gateways.simulation.tables import print_tables


def tell(
    run: Run,
    by_policy: Mapping[str, Sequence[Outcome]],
    *,
    as_json: bool = False,
    html: Path | None = None,
    keep: Path | None = None,
) -> None:
    """Print the tables or the JSON, and write what else was asked for."""
    document = document_of(run, by_policy)
    if as_json:
        click.echo(json.dumps(document, allow_nan=False))
    else:
        print_tables(document, Console())
    write(run, by_policy, html=html, keep=keep)


def write(
    run: Run, by_policy: Mapping[str, Sequence[Outcome]], *, html: Path | None = None, keep: Path | None = None
) -> None:
    """Write the page and the file to compare with later, as far as they were asked for. Raises ClickException."""
    if html is not None:
        with _written(html):
            html.write_text(render_page(document_of(run, by_policy), by_policy, run), encoding="utf-8")
        click.echo(f"{html}: open it in a browser.", err=True)
    if keep is not None:
        with _written(keep):
            save(keep, run, by_policy)
        click.echo(f"{keep}: compare it with  turnout sim compare {keep} OTHER", err=True)


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Make the folder, and say in words what stands in the way of the file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise click.ClickException(
            f"{path}: cannot be written ({error.strerror}). Make room, or name another."
        ) from error
