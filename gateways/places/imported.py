"""The last steps of every import: no place is written that `load` would refuse."""

from pathlib import Path

from msgspec import Struct

from engine.model.demand import Demand
from engine.model.place import Place
from gateways.places.addresses import Addresses, check_addresses
from gateways.places.connected import Dropped, connected
from gateways.places.mistakes import Findings, refused
from gateways.places.save import save
from gateways.places.soundness import check_soundness
from gateways.places.streets import Streets
from gateways.places.timezones import utc_offsets


class Imported(Struct, frozen=True):
    """A place that was written, and what the person who asked for it should know."""

    place: Place
    notes: tuple[str, ...]
    """Sentences: what was left out, and what had to be assumed."""
    dropped: Dropped


def keep_connected(source: Path, file: str, streets: Streets) -> tuple[Streets, Dropped]:
    """Return the largest part that hangs together. Raises PlaceRefused when no road leads anywhere and back."""
    left, _, dropped = connected(streets)
    if not len(left.arc_from):
        raise refused(source, file, "holds no two places with a road from each to the other")
    return left, dropped


def offsets(source: Path, timezone: str) -> tuple[tuple[int, int], ...]:
    """Return the table of local times. Raises PlaceRefused for a zone that is not known."""
    try:
        return utc_offsets(timezone)
    except ValueError as error:
        raise refused(source, "", str(error), "timezone") from error


def write(
    source: Path, out: Path, place: Place, demand: Demand, streets: Streets, addresses: Addresses | None = None
) -> None:
    """Write the place. Raises PlaceRefused when it would not work or cannot be written."""
    findings = Findings()
    check_soundness(place, demand, findings)
    if addresses is not None:
        check_addresses(addresses, place, findings)
    findings.refuse_errors(source)
    save(out, place, demand, streets, addresses)
