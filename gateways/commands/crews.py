"""`turnout crew …`: let a crew's phone in."""

from pathlib import Path

import click

from gateways.commands.teaching import Teaching


@click.group(cls=Teaching)
def crew() -> None:
    """Let a crew's phone or tablet in."""


@crew.command()
@click.argument("unit")
@click.option("--token", help="That may speak for the unit; without it, the data folder's.")
@click.option("--server", "url", help="http://host:port of its HTTP listener; without it, the data folder's.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("out/data"), show_default=True)
def code(unit: str, token: str | None, url: str | None, data: Path) -> None:
    """Print a code that signs one browser in for UNIT: once, within ten minutes."""
    from gateways.crew_codes import CodeRefused, ask_for_code

    try:
        made = ask_for_code(unit, token=token, url=url, data=data)
    except CodeRefused as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(
        f"{made.code[:4]}-{made.code[4:]}   for {unit}, once, within {made.seconds // 60} minutes, at {made.page}"
    )
