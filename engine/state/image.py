"""The World on paper: what a snapshot holds, and what two Worlds are compared by.

The image holds what was folded and nothing that can be worked out again (queues, the R-tree, columns of the
place), so equal images mean equal Worlds.
"""

from collections import OrderedDict

from msgspec import Struct

from engine.model.fixes import Fixes
from engine.model.moves import Cover
from engine.model.paper import decode_as, encode, fingerprint
from engine.model.place import Place, Unit
from engine.model.surroundings import Caution, HospitalReport
from engine.model.turn import Answer
from engine.state.deadlines import Deadline, Deadlines
from engine.state.filed import Filed
from engine.state.fold_driver import index_place
from engine.state.records import Alarm, Alert, Incident, Move, UnitRecord
from engine.state.road_book import RoadBook
from engine.state.world import Library, World, no_streets


class Image(Struct, frozen=True):
    """A World at one seq."""

    seq: int
    now: int
    place: Place | None
    fleet: list[Unit]
    """By row: the order is history, not the place's."""
    positions: Fixes
    units: list[UnitRecord]
    incidents: list[Incident]
    closed: list[str]
    alerts: list[Alert]
    alarms: list[Alarm]
    deadlines: list[Deadline]
    deadline_number: int
    looking_again: bool
    watching: bool
    road_book: RoadBook
    cautions: list[Caution]
    caution_number: int
    hospitals: list[HospitalReport]
    answers: list[tuple[str, Answer]]
    numbers: tuple[int, int, int]
    """Incidents, alerts and alarms counted so far."""
    moves: list[Move]
    move_number: int
    refused_moves: list[tuple[str, str, int]]
    """Unit, post, until when."""
    held_moves: list[tuple[str, str, str, int]]
    """Unit, post, code, since when."""
    cover: tuple[Cover, ...]
    cover_seq: int
    tally: dict[str, int]
    forgotten: list[str] = []


def image_of(world: World) -> Image:
    """Return the image."""
    return Image(
        seq=world.seq,
        now=world.now,
        place=world.place,
        fleet=world.fleet.units,
        positions=world.fleet.positions(),
        units=world.units,
        incidents=list(world.incidents.values()),
        closed=list(world.closed),
        alerts=list(world.alerts.values()),
        alarms=list(world.alarms.values()),
        deadlines=world.deadlines.entries(),
        deadline_number=world.deadlines.number,
        looking_again=world.looking_again,
        watching=world.watching,
        road_book=world.road_book,
        cautions=list(world.cautions.values()),
        caution_number=world.caution_number,
        hospitals=list(world.hospitals.values()),
        answers=list(world.answers.items()),
        numbers=(world.incident_number, world.alert_number, world.alarm_number),
        moves=list(world.moves.values()),
        move_number=world.move_number,
        refused_moves=[(*pair, until_ms) for pair, until_ms in world.refused_moves.items()],
        held_moves=[(*pair, *held) for pair, held in world.held_moves.items()],
        cover=world.cover,
        cover_seq=world.cover_seq,
        tally=dict(sorted(world.tally.items())),
        forgotten=list(world.forgotten),
    )


def save(world: World) -> bytes:
    """Return the image as bytes."""
    return encode(image_of(world))


def state_hash(world: World) -> str:
    """Return a SHA-256 that two Worlds share only if the same became true in both."""
    return fingerprint(save(world))


def restore(data: bytes, *, indexed: bool = True, streets: Library = no_streets) -> World:
    """Build the World of an image. Raises msgspec.ValidationError if the bytes are no image of this version.

    A World that decides needs the `streets` of its place; one that only follows does not.
    """
    image: Image = decode_as(Image, data)
    world = World(indexed=indexed, streets=streets)
    world.seq, world.now, world.place = image.seq, image.now, image.place
    world.units = image.units
    world.fleet.enlist(image.fleet)
    if image.place is not None:
        index_place(world)
    world.fleet.restore_positions(image.positions)
    for incident in image.incidents:
        world.incidents[incident.id] = incident
        if incident.open:
            world.open[incident.id] = incident
            world.track(incident)
            world.note_relief(incident)
            if incident.stacked_on is not None:
                world.stacked[incident.id] = incident
            if world.lacking(incident) and not incident.set_aside:
                world.waiting.put(incident)
    world.closed = OrderedDict.fromkeys(image.closed)
    world.alerts = Filed(image.alerts)
    world.alarms = Filed(image.alarms)
    world.deadlines = Deadlines(image.deadlines, image.deadline_number)
    world.looking_again = image.looking_again
    world.watching = image.watching
    world.road_book = image.road_book
    world.cautions = {caution.id: caution for caution in image.cautions}
    for name in world.cautions:
        world.track_caution(name)
    world.caution_number = image.caution_number
    world.hospitals = {report.hospital: report for report in image.hospitals}
    world.fleet.turn_out(world.road_book.usual_turnouts_ms())
    world.answers = OrderedDict(image.answers)
    world.incident_number, world.alert_number, world.alarm_number = image.numbers
    world.moves = {move.id: move for move in image.moves}
    world.move_number = image.move_number
    world.refused_moves = {(unit, post): until_ms for unit, post, until_ms in image.refused_moves}
    world.held_moves = {(unit, post): (code, at_ms) for unit, post, code, at_ms in image.held_moves}
    world.cover, world.cover_seq = image.cover, image.cover_seq
    world.tally = image.tally
    world.forgotten = dict.fromkeys(image.forgotten)
    for unit in world.units:
        world.restand(unit)
    return world
