"""The hub: encoded once, kept for those who come back, and never a gap between snapshot and stream."""

import json
import random

from gateways.cad.hub import REPLAY_ON_SNAPSHOT_MAX
from tests.builders import unframed
from tests.unit.hub_kit import ALL, City, Ear


def test_a_newcomer_and_a_follower_see_the_same() -> None:
    """Whenever somebody joins, snapshot and stream together make the board; every delta is one shared object."""
    city = City()
    ears: list[tuple[Ear, list[bytes]]] = []
    for _ in range(6):
        ear = Ear()
        ears.append((ear, city.hub.begin(ALL)))
        city.hub.join(ear, ALL)
        city.report()
        city.report()
    for ear, first in ears:
        mirror = city.mirror(first + ear.frames)
        assert city.agrees(mirror)
        assert (mirror.gaps, mirror.snapshots) == (0, 1)
    assert all(ear.frames[-1] is ears[0][0].frames[-1] for ear, _ in ears)


def test_a_snapshot_is_made_once_and_topped_up() -> None:
    """Later newcomers get the kept snapshot and the deltas since; when those are too many it is made anew."""
    city = City()
    city.report()
    assert len(city.hub.begin(ALL)) == 1
    for _ in range(REPLAY_ON_SNAPSHOT_MAX):
        city.note("x")
    assert len(city.hub.begin(ALL)) == 1 + REPLAY_ON_SNAPSHOT_MAX
    assert city.statistics.snapshots == 1
    city.note("x")
    assert len(city.hub.begin(ALL)) == 1
    assert city.statistics.snapshots == 2
    assert city.agrees(city.mirror(city.hub.begin(ALL)))


def test_positions_since_the_snapshot_are_given_along() -> None:
    """Who joins after units have moved sees them where they are, without a new snapshot."""
    city = City()
    city.report()
    city.hub.begin(ALL)
    city.move(0, 2_000)
    city.move(1, 500)
    city.move(0, 3_000)
    frames = city.hub.begin(ALL)
    assert city.statistics.snapshots == 1
    assert len(frames) == 2
    assert city.agrees(city.mirror(frames))


def test_whatever_happens_a_newcomer_sees_the_board() -> None:
    """A random day of calls, notes and positions: at each moment what `begin` gives makes the board."""
    chance = random.Random(7)
    city = City(ring_messages=30)
    city.report()
    ear, first = Ear(), city.hub.begin(ALL)
    city.hub.join(ear, ALL)
    for _ in range(300):
        do = chance.choice((city.report, city.report, lambda: city.note("x"), lambda: city.move_any(chance)))
        do()
        if chance.random() < 0.3:
            assert city.agrees(city.mirror(city.hub.begin(ALL)))
    assert city.agrees(city.mirror(first + ear.everything))


def test_resuming_replays_exactly_what_was_missed() -> None:
    """From every seq that was ever published, the rest of the chain comes without gap or repeat."""
    city = City()
    city.report()
    ear, first = Ear(), city.hub.begin(ALL)
    city.hub.join(ear, ALL)
    for _ in range(20):
        city.report()
    everything = first + ear.frames
    for seen in range(len(everything)):
        before = city.mirror(everything[: seen + 1])
        missed = city.hub.resume(before.seq, ALL)
        assert missed == everything[seen + 1 :]


def test_whoever_comes_back_learns_where_units_went_meanwhile() -> None:
    """At every moment of a random day: what was seen up to then, and what resuming gives, make the board."""
    chance = random.Random(11)
    city = City()
    city.report()
    ear, first = Ear(), city.hub.begin(ALL)
    city.hub.join(ear, ALL)
    moments = []
    for _ in range(120):
        chance.choice((city.report, lambda: city.note("x"), lambda: city.move_any(chance)))()
        moments.append(len(ear.everything))
    for length in moments:
        before = city.mirror(first + ear.everything[:length])
        missed = city.hub.resume(before.seq, ALL)
        assert missed is not None
        assert city.agrees(city.mirror([*first, *ear.everything[:length], *missed]))


def test_resuming_from_what_is_not_known_gives_nothing() -> None:
    """A seq of another journal, of the future, of a turn that was no update, or none at all: start with a snapshot."""
    city = City()
    city.report()
    city.move(0, 100)
    city.report()
    assert city.hub.resume(None, ALL) is None
    assert city.hub.resume(0, ALL) is None
    assert city.hub.resume(city.hub.seq + 1, ALL) is None
    assert city.hub.resume(city.hub.seq - 1, ALL) is None  # the turn of positions
    assert city.hub.resume(city.hub.seq, ALL) == []


def test_the_ring_is_bounded_by_number_and_by_bytes() -> None:
    """What has left the ring can no longer be resumed from."""
    city = City(ring_messages=5)
    seqs = []
    for _ in range(10):
        city.report()
        seqs.append(city.hub.seq)
    assert city.hub.resume(seqs[3], ALL) is None
    assert len(city.hub.resume(seqs[4], ALL) or ()) == 5
    small = City(ring_bytes=10_000)
    small.report()
    for _ in range(20):
        small.note("x" * 3_000)
    assert small.hub._ring_bytes <= 10_000
    assert small.hub._ring_bytes == sum(len(link.frame) for link in small.hub._ring)


def test_who_has_parted_hears_nothing() -> None:
    """And may part twice."""
    city = City()
    ear = Ear()
    city.hub.join(ear, ALL)
    city.hub.part(ear)
    city.hub.part(ear)
    city.report()
    assert ear.frames == []


def test_positions_are_encoded_for_those_who_listen() -> None:
    """As arrays under `positions`."""
    city = City()
    ear = Ear()
    city.hub.join(ear, ALL)
    city.move(0, 500)
    (frame,) = ear.positions
    told = json.loads(unframed(frame))
    assert told["type"] == "positions"
    assert told["units"][0][0] == city.board.world.fleet.ids[0]
