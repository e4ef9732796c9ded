"""Every kernel that a day needs, called once on arrays of the right types: no call of the day pays for a compiler.

From the cache this takes a second, without one twenty.
"""

import numpy as np

from engine.kernels.arrive import COLUMNS, along_street, arrive, depart
from engine.kernels.bends import keep_bends
from engine.kernels.chains import follow, sum_along
from engine.kernels.circle import within_circle
from engine.kernels.coverage import lost_cover
from engine.kernels.crew_prices import Crews, Tariff, crew_prices
from engine.kernels.customise import customise
from engine.kernels.dense import assign_all
from engine.kernels.descend import descend, lead, unroll
from engine.kernels.dissect import dissection_order
from engine.kernels.eligible import cheapest, judge, ready, tally
from engine.kernels.fixes import believable, extremes, keep_newest, leaving, to_nodes, turn_out
from engine.kernels.futures import late_in_futures
from engine.kernels.hierarchy import contract, place_links
from engine.kernels.match import Kinds, Pool, certify_matching, match
from engine.kernels.moving import Standing, Terms, best_moves, gains_from, make_move, take_stand, tell_moves
from engine.kernels.nearest import nearest, pack, snap, snap_rows
from engine.kernels.outlook import FIRST, Points, Ranks, Units, direct_ms, rank_outlook, weigh_outlook
from engine.kernels.pace import pace
from engine.kernels.posting import Room, Sets, covered, improve, list_posts, nested_order, shares
from engine.kernels.reach import standing_at, to_points, to_posts
from engine.kernels.relax import relax
from engine.kernels.schedule import NEVER, Routes, schedule
from engine.kernels.schedule import Calls as Scheduled
from engine.kernels.soonest import soonest
from engine.kernels.spread import spread
from engine.kernels.sweep import LANES, sweep_many, to_target
from engine.kernels.travel import straight_line_ms


def warm() -> None:
    """Compile all kernels, or load them from the cache. Call it before the doors open."""
    _warm_candidates()
    _warm_matching()
    _warm_hierarchy()
    _warm_ways()
    _warm_nearest()
    _warm_posting()
    _warm_fixes()
    _warm_outlook()
    _warm_schedule()


def _warm_candidates() -> None:
    rows = np.zeros(1, np.int32)
    metres = np.zeros(1, np.int32)
    flags = np.zeros(1, np.uint8)
    travel_ms, eta_ms, cost_ms = (np.zeros(1, np.int32) for _ in range(3))
    ready(
        np.ones(1, np.uint64),
        flags,
        np.zeros(1, np.int16),
        flags,
        np.zeros(1, np.int32),
        np.zeros(1, np.uint64),
    )
    within_circle(rows, metres, metres, 0, 0, 1, rows.copy())
    straight_line_ms(rows, metres, metres, 300, 400, 130, 12_000, travel_ms)
    judge(
        rows,
        np.ones(1, np.uint64),
        flags,
        np.zeros(1, np.int16),
        np.ones(1, np.uint8),
        np.ones(1, np.uint64),
        np.zeros(1, np.int32),
        travel_ms,
        np.zeros(1, np.int32),
        eta_ms,
        cost_ms,
        flags,
    )
    short, wide = np.zeros(1, np.int16), np.zeros(1, np.int64)
    crews = Crews(short, flags, short, wide, wide, np.zeros(1, np.int32), wide, wide, wide)
    crew_prices(rows, crews, Tariff(0, 0, 0, 0, 0, 0, 0), 0, cost_ms.copy())
    soonest(flags, rows, travel_ms, np.ones(1, np.uint64), np.ones(1, np.uint64), rows)
    tally(flags)
    cheapest(rows, cost_ms, flags, 1)


def _warm_matching() -> None:
    offsets = np.array([0, 1], np.int64)
    units = np.zeros(1, np.int32)
    pool = Pool(units, units, units, offsets, units)
    one = np.ones(1, np.int64)
    kinds = Kinds(units, units, np.ones(1, np.int32), one, one, one, one, one, offsets, units, units)
    times_ms = np.zeros((1, 1), np.int32)
    certify_matching(times_ms, times_ms, pool, kinds, match(times_ms, times_ms, pool, kinds))
    lost_cover(units, units, np.ones(1, np.int32), units, units, 1, 300, units.copy())


def _warm_hierarchy() -> None:
    """Two junctions, a link each way."""
    tails, heads = np.array([0, 1], np.int32), np.array([1, 0], np.int32)
    dissection_order(tails, tails, tails, heads)
    hierarchy = contract(2, tails, heads)
    forward, backward = np.empty((2, 1), np.int32)
    customise(*hierarchy, *place_links(*hierarchy, tails, heads), np.ones(2, np.int32), forward, backward)
    seeds, begin = np.zeros(1, np.int32), np.array([0, 1], np.int64)
    to_target(*hierarchy, forward, backward, seeds, seeds.copy(), np.empty(2, np.int32))
    sweep_many(*hierarchy, forward, backward, begin, seeds, seeds.copy(), np.empty((2, LANES), np.int32))


def _warm_ways() -> None:
    zero, flag = np.zeros(1, np.int32), np.zeros(1, np.uint8)
    descend(np.array([0, 1], np.int32), zero, zero, zero, 0, zero.copy())
    unroll(zero, zero, np.array([0, 1], np.int32), zero, zero.copy())
    two, ends = np.array([0, 1], np.int32), np.zeros((1, 3), np.int32)
    lead(0, two, two, two, two, two, two, two, two, two, two, ends, zero.copy())
    follow(zero, zero - 1, np.zeros(2, np.int32), zero.copy(), zero.copy(), zero.copy())
    sum_along(np.array([0, 1], np.int32), zero, zero, zero.copy(), zero.copy(), zero.copy())
    pace(zero, 0, 0, zero, zero, zero, zero, zero, 0, 0, 0, np.empty(4, np.int64), np.empty((2, 4)))
    line = np.zeros(1, np.int64)
    keep_bends(line, line, 1, flag.copy())
    relax(zero, zero, zero, zero.copy())
    departures = np.empty((1, COLUMNS), np.int32)
    depart(zero, zero, np.zeros(1, np.int16), zero, flag, zero, zero, zero, zero, zero, 0, departures)
    arrive(zero, departures, zero, -1, -1, zero.copy(), zero.copy())
    short, ends = np.zeros(1, np.int16), np.array([0, 1], np.int32)
    streets = (zero, zero, zero, ends, zero, zero, np.zeros(1, np.bool_))
    along_street(zero, zero, zero, short, zero, flag, *streets, 0, zero, zero, zero.copy())


def _warm_nearest() -> None:
    zero, short, flag = np.zeros(1, np.int32), np.zeros(1, np.int16), np.zeros(1, np.uint8)
    tree = pack(zero, zero, zero, zero)
    nearest(tree, flag, zero, zero, short, zero, 1, zero.copy(), short.copy(), zero.copy(), flag.copy())
    found = (zero.copy(), zero.copy(), short.copy(), zero.copy())
    snap(tree, flag, zero, zero, zero, zero, short, zero, 1, 1, 1, *found)
    columns = (zero, zero, zero, short, short, 1, *found, flag.copy())
    snap_rows(tree, flag, zero, zero, 1, 1, 1, *columns)


def _warm_fixes() -> None:
    zero, wide, flag, flags = np.zeros(1, np.int32), np.zeros(1, np.int64), np.zeros(1, np.bool_), np.zeros(1, np.uint8)
    believable(zero, zero, zero, wide, wide, 0, (0, 0, 0, 0), flag.copy())
    turn_out(zero, zero, zero, zero, zero, 0, flags, flags, zero, zero.copy())
    leaving(wide, wide, wide, flag, wide, wide, 0, wide.copy(), wide.copy())
    extremes(wide)
    short = np.zeros(1, np.int16)
    to_nodes(zero, zero, short.copy(), flags.copy(), zero, zero, zero.copy(), zero.copy())
    keep_newest(zero, zero, zero, wide, short, short, flag.copy(), zero.copy(), zero.copy(), wide.copy(), short, short)
    spread(zero, wide, wide, zero, 0, zero, 0, flags, wide, short, 0, 0, 0, wide.copy())


def _warm_posting() -> None:
    """One post that covers one set, one unit."""
    one, bounds = np.ones(1, np.int64), np.array([0, 1], np.int64)
    zero, flag = np.zeros(1, np.int32), np.ones(1, np.uint8)
    sets = Sets(one, bounds, bounds, zero, one, zero, 1)
    room = Room(np.ones(1, np.int32), zero)
    times_ms, wide = np.zeros((1, 1), np.int32), np.zeros((1, 1), np.int64)
    list_posts(np.ones((1, 1), np.uint8), bounds, zero.copy())
    covered(sets, zero, one, np.empty(1, np.int64))
    first, lists = np.empty(3, np.int64), (one.copy(), one.copy(), one.copy())
    standing = Standing(shares(one, 1), first, lists[0], lists[1], lists[2], wide, wide.copy())
    take_stand(sets, zero, one, standing)
    gains_from(sets, standing, 1, 0, one.copy())
    make_move(sets, standing, 1, 0, 0)
    best = one.copy(), one.copy()
    best_moves(sets, standing, one, one, zero, zero, times_ms, flag, room, Terms(1, 1, 1), 0, *best)
    tell_moves(sets, standing, zero, one, np.zeros(1, np.int64), zero, np.empty((1, 3), np.int64))
    nested_order(sets, 1, room, 300, zero.copy())
    improve(sets, 1, room, 1, zero.copy())
    assign_all(np.zeros((1, 1), np.int64), zero.copy())
    departures = np.zeros((1, COLUMNS), np.int32)
    standing_at(zero, zero, zero, np.zeros((2, 1), np.int32), 1, zero.copy())
    to_posts(zero, departures, times_ms, np.zeros((1, 2), np.int32), zero, times_ms.copy(), np.zeros((1, 1), np.uint8))
    to_points(np.zeros((1, LANES), np.int32), bounds, zero, zero, zero, np.zeros((1, 1), np.int32))


def _warm_outlook() -> None:
    """One point, one post, one unit, one future."""
    one, zero, none = np.ones(1, np.int64), np.zeros(1, np.int32), np.zeros(1, np.int64)
    curve, which = np.ones((1, 1), np.int64), np.zeros((1, 1), np.int32)
    points = Points(np.zeros((2, 1, 1), np.int32), one, none, one, one, one, which, np.ones(2, np.int64), curve)
    units = Units(none, zero, np.zeros((1, 1), np.int32), one)
    direct = np.zeros((2, 1, 1), np.int32)
    direct_ms(points, units, direct)
    wide = np.empty((1, FIRST + 1), np.int64)
    ranks = Ranks(wide, wide.copy(), one.copy())
    rank_outlook(points, units, direct, none, -1, ranks)
    weigh_outlook(points, units, direct, none, ranks, none, none, one.copy())
    late_in_futures(points, units, direct, 1, 1, 1, 1, 1, np.ones(1024, np.int64), none, none, one.copy())


def _warm_schedule() -> None:
    wide, each = np.zeros(1, np.int64), np.zeros((1, 1), np.int64)
    calls = Scheduled(wide, wide, np.ones(1, np.bool_), wide, np.zeros(1, np.int32), each, each, each)
    routes = Routes(np.zeros((1, 1), np.int32), wide.copy(), wide + NEVER, wide + NEVER)
    schedule(calls, routes, 0, 1, wide)
