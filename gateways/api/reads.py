"""What can be read over the API. Everything comes from the board, which holds what is durable, and goes out redacted."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import asdict

from engine.state.records import Incident, UnitRecord
from engine.state.world import World
from gateways.api import shapes
from gateways.api.operation import Call, Operation, Reply, Room
from gateways.api.paging import page_of
from gateways.api.problems import Problem
from gateways.api.verbs import Verbs, verbs
from gateways.auth import GRANTS, Right
from gateways.geocoding import Answer, look_up
from gateways.inquiries import NoAnswer
from gateways.move_views import MoveView, view_coverage, view_moves
from gateways.previews import preview
from gateways.redaction import Kind, alarm_for, incident_for, surroundings_for, unit_for
from gateways.road_views import RoadsView, view_roads
from gateways.surroundings_views import SurroundingsView, view_surroundings
from gateways.views import IncidentView, UnitView, suspects_of, view_alarm, view_incident, view_unit
from gateways.vocabulary.commands import QUESTIONS
from gateways.vocabulary.questions import AskAddress, AskPreview, AskSuspects, AskWhy, Foreseen, Question
from gateways.workers import NOT_STARTED


def _known_incident(world: World, call: Call) -> Incident:
    found = world.incidents.get(call.path["incident"])
    if found is None:
        reason = f"{call.path['incident'][:80]} is not in memory: there has been none, or it ended long ago."
        raise Problem(404, "unknown_incident", reason, "incident")
    return found


def shown(world: World, call: Call) -> IncidentView:
    """Return the incident of the path as the caller may see it. Raises Problem 404."""
    return incident_for(call.audience, view_incident(world, _known_incident(world, call)))


async def incident(room: Room, call: Call) -> Reply:
    """One incident as it stands."""
    view = shown(room.board.world, call)
    _note(room, call, "incident", [view])
    return Reply(view)


def _note(room: Room, call: Call, how: str, views: Iterable[IncidentView]) -> None:
    """Write down whose people the caller was shown: of all incidents of which anything personal was left in."""
    named = [view.id for view in views if len(view.redacted) < len(Kind)]
    if named:
        room.read(call, f"api.{how}", named)


async def incidents(room: Room, call: Call) -> Reply:
    """Incidents, newest first."""
    query: shapes.IncidentsQuery = call.query
    world = room.board.world
    found = (each for each in reversed(world.incidents.values()) if _matches(each, query))
    items, following = page_of(found, query, lambda each: -each.number)
    views = tuple(incident_for(call.audience, view_incident(world, each)) for each in items)
    _note(room, call, "incidents", views)
    return Reply(shapes.Incidents(seq=world.seq, items=views, next=following))


def _matches(each: Incident, query: shapes.IncidentsQuery) -> bool:
    wanted: tuple[tuple[Any, Callable[[], Any]], ...] = (
        (query.open, lambda: each.open),
        (query.phase, lambda: each.phase),
        (query.type, lambda: each.type),
        (query.priority, lambda: each.priority),
        (query.area, lambda: each.area),
        (query.external, lambda: each.external),
    )
    if any(value is not None and value != found() for value, found in wanted):
        return False
    if query.since_ms is not None and each.reported_ms < query.since_ms:
        return False
    return query.unit is None or query.unit in each.assigned


async def recommendation(room: Room, call: Call) -> Reply:
    """What is recommended for an incident now."""
    view = shown(room.board.world, call)
    return Reply(
        shapes.Recommendation(
            incident=view.id,
            decision=view.decided_seq,
            choices=view.recommended,
            short=view.short,
            option=view.option,
            held_until_ms=view.held_until_ms,
            held_reason=view.held_reason,
        )
    )


async def why(room: Room, call: Call) -> Reply:
    """What happened to an incident, and what each decision rested on."""
    found = room.board.world.incidents.get(call.path["incident"])
    view = None if found is None else view_incident(room.board.world, found)
    hidden = call.audience.hidden(view)
    query: shapes.WhyQuery = call.query
    if room.inquiries is None:
        raise Problem(503, "unavailable", "This server keeps no journal that could be asked.")
    try:
        told = await room.inquiries.why(call.path["incident"], query.unit, query.at, personal=not hidden)
    except NoAnswer as none:
        raise _unanswered(none) from none
    if not hidden:
        room.read(call, "api.why", [call.path["incident"]])
    return Reply(msgspec.Raw(told))


def _unanswered(none: NoAnswer) -> Problem:
    if none.code in ("busy", "too_long", NOT_STARTED):
        return Problem(503, none.code, none.reason, none.field, {"Retry-After": "60"})
    return Problem(404, none.code, none.reason, none.field)


def report(name: str) -> Callable[[Room, Call], Any]:
    """Return the handler of a report that the command line has under that name."""

    async def told(room: Room, call: Call) -> Reply:
        query: shapes.SpanQuery = call.query
        if query.from_ms is not None and query.to_ms is not None and query.from_ms >= query.to_ms:
            raise Problem(422, "out_of_range", "The span ends before it begins.", "to_ms")
        if room.inquiries is None:
            raise Problem(503, "unavailable", "This server keeps no journal that could be asked.")
        profile = getattr(query, "profile", None)
        try:
            return Reply(msgspec.Raw(await room.inquiries.report(name, query.from_ms, query.to_ms, profile)))
        except NoAnswer as none:
            raise _unanswered(none) from none

    return told


async def units(room: Room, call: Call) -> Reply:
    """Units, in the order in which the place lists them."""
    query: shapes.UnitsQuery = call.query
    world = room.board.world
    names = world.settled.capabilities
    needs = (
        None
        if query.capability is None
        else sum(1 << bit for bit, name in enumerate(names) if name == query.capability)
    )
    found = (each for each in world.units if _fits(world, each, query, needs))
    items, following = page_of(found, query, lambda each: each.row)
    return Reply(
        shapes.Units(
            seq=world.seq,
            items=tuple(unit_for(call.audience, view_unit(world, each)) for each in items),
            next=following,
        )
    )


def _fits(world: World, each: UnitRecord, query: shapes.UnitsQuery, needs: int | None) -> bool:
    """Tell whether the unit is asked for. `needs` is the bit of the capability; 0: none has what the place does not know."""
    described = world.fleet.units[each.row]
    if needs is not None and not described.capabilities & needs:
        return False
    return (
        query.status in (None, world.status(each))
        and query.station in (None, described.station)
        and query.kind in (None, described.kind)
        and query.incident in (None, each.incident)
    )


async def unit(room: Room, call: Call) -> Reply:
    """One unit as it stands."""
    world = room.board.world
    found = world.unit(call.path["unit"])
    if found is None:
        raise Problem(404, "unknown_unit", f"The place has no unit {call.path['unit'][:80]}.", "unit")
    return Reply(unit_for(call.audience, view_unit(world, found)))


async def roster(room: Room, call: Call) -> Reply:
    """Units with their people: who is on, how many, what they bring."""
    world = room.board.world
    items, following = page_of(world.units, call.query, lambda each: each.row)
    manned = []
    for each in items:
        described, view = world.fleet.units[each.row], view_unit(world, each)
        manned.append(
            shapes.Manned(
                unit=each.id,
                kind=described.kind,
                station=described.station,
                post=view.post,
                crew=described.crew,
                status=view.status,
                staff=each.staff,
                staff_full=described.staff,
                staff_min=described.staff_min,
                brings=world.settled.names(each.brings),
                understaffed=world.understaffed(each),
                duty_since_ms=each.duty_since_ms or None,
                jobs=each.jobs,
            )
        )
    return Reply(shapes.Roster(seq=world.seq, items=tuple(manned), next=following))


async def alarms(room: Room, call: Call) -> Reply:
    """Matters for a person, oldest first."""
    world = room.board.world

    def find(name: str) -> IncidentView | None:
        found = world.incidents.get(name)
        return None if found is None else view_incident(world, found)

    views = [alarm_for(call.audience, view_alarm(alarm), find) for alarm in world.alarms.values()]
    return _listed(shapes.Alarms, world, views, call)


async def moves(room: Room, call: Call) -> Reply:
    """Moves between posts, proposed or under way."""
    world = room.board.world
    views: Sequence[MoveView] = view_moves(world)
    return _listed(shapes.Moves, world, views, call)


async def coverage(room: Room, call: Call) -> Reply:
    """How well demand is covered, as the planner saw it last."""
    world = room.board.world
    return _listed(shapes.Coverage, world, view_coverage(world), call)


async def roads(room: Room, call: Call) -> Reply:
    """What is closed, what is slow, what the weather does."""
    del call
    return Reply(view_roads(room.board.world))


def _surroundings(room: Room, call: Call) -> SurroundingsView:
    return surroundings_for(call.audience, view_surroundings(room.board.world))


async def cautions(room: Room, call: Call) -> Reply:
    """Dangers of places that crews are told of."""
    return _listed(shapes.Cautions, room.board.world, _surroundings(room, call).cautions, call)


async def hospitals(room: Room, call: Call) -> Reply:
    """Hospitals, as they say they are."""
    return _listed(shapes.Hospitals, room.board.world, _surroundings(room, call).hospitals, call)


def _listed(kind: type[Any], world: World, views: Iterable[Any], call: Call) -> Reply:
    items, following = page_of(enumerate(views), call.query, lambda each: each[0])
    return Reply(kind(seq=world.seq, items=tuple(view for _, view in items), next=following))


async def suspects(room: Room, call: Call) -> Reply:
    """Is this call about something that is on the board already? Asked while the caller speaks."""
    body: shapes.SuspectsBody = call.body
    found = suspects_of(room.board.world, body.lat, body.lon, body.incident_type, body.address, body.caller)
    return Reply(shapes.Suspects(suspects=found))


async def foresee(room: Room, call: Call) -> Reply:
    """Who would be recommended for a call that is being typed? Nothing is reported, kept or reserved by it."""
    body: shapes.PreviewBody = call.body
    try:
        return Reply(await preview(room.service, AskPreview(id="http", **asdict(body))))
    except NoAnswer as none:
        if none.code == "busy":
            raise Problem(503, none.code, none.reason, none.field, {"Retry-After": "1"}) from none
        raise Problem(422, none.code, none.reason, none.field) from none


async def addresses(room: Room, call: Call) -> Reply:
    """Where is this address? House numbers before or behind the street, loosely written; the surest answer first."""
    query: shapes.AddressQuery = call.query
    try:
        return Reply(look_up(room.geocoder, query.text, query.most))
    except NoAnswer as none:
        raise Problem(404, none.code, none.reason, none.field) from none


async def me(room: Room, call: Call) -> Reply:
    """Who your token says you are, and what you may do."""
    principal, config = call.principal, room.config
    return Reply(
        shapes.Me(
            principal=principal.name,
            role=principal.role,
            rights=tuple(sorted(GRANTS[principal.role])),
            units=None if principal.units is None else tuple(sorted(principal.units)),
            requests_per_s=config.requests_per_s,
            burst=config.burst,
            now_ms=room.service.clock.now(),
            seq=room.board.world.seq,
        )
    )


def _get(path: str, handle: Any, answers: Any, query: type[Any] | None = None, **more: Any) -> Operation:
    tag = path.split("/")[2]
    summary = more.pop("summary", None) or (handle.__doc__ or "").strip()
    name = more.pop("name", None) or f"get_{handle.__name__}"
    named = "{" in path
    return Operation(
        method=more.pop("method", "GET"),
        path=path,
        name=name,
        tag=tag,
        summary=summary,
        right=more.pop("right", Right.WATCH),
        answers=answers,
        query=query,
        handle=handle,
        statuses=more.pop("statuses", (404,) if named else ()),
        **more,
    )


def _questions() -> tuple[Operation, ...]:
    """Return the operations that answer questions about a call while the caller speaks."""

    def asked(question: type[Question], path: str, handle: Any, answers: Any, **more: Any) -> Operation:
        return _get(path, handle, answers, right=QUESTIONS[question], question=question, **more)

    return (
        asked(
            AskAddress,
            "/v1/addresses",
            addresses,
            Answer,
            query=shapes.AddressQuery,
            name="find_addresses",
            statuses=(404,),
        ),
        asked(
            AskSuspects,
            "/v1/suspects",
            suspects,
            shapes.Suspects,
            method="POST",
            name="find_suspects",
            body=shapes.SuspectsBody,
        ),
        asked(AskPreview, "/v1/preview", foresee, Foreseen, method="POST", name="preview", body=shapes.PreviewBody),
    )


def read_operations() -> tuple[Operation, ...]:
    """Return every operation that changes nothing."""
    one, told = "/v1/incidents/{incident}", shapes.Told
    return (
        _get("/v1/me", me, shapes.Me, right=None),
        _get("/v1/incidents", incidents, shapes.Incidents, shapes.IncidentsQuery),
        _get(one, incident, IncidentView),
        _get(f"{one}/recommendation", recommendation, shapes.Recommendation),
        _get(f"{one}/why", why, told, shapes.WhyQuery, slow=True, question=AskWhy),
        _get("/v1/units", units, shapes.Units, shapes.UnitsQuery),
        _get("/v1/units/{unit}", unit, UnitView),
        _get("/v1/roster", roster, shapes.Roster, shapes.Page),
        _get("/v1/alarms", alarms, shapes.Alarms, shapes.Page),
        _get("/v1/moves", moves, shapes.Moves, shapes.Page),
        _get("/v1/coverage", coverage, shapes.Coverage, shapes.Page),
        _get("/v1/roads", roads, RoadsView),
        _get("/v1/cautions", cautions, shapes.Cautions, shapes.Page),
        _get("/v1/hospitals", hospitals, shapes.Hospitals, shapes.Page),
        _get("/v1/verbs", verbs, Verbs, right=None),
        *_questions(),
        *(
            _get(
                f"/v1/reports/{name}",
                report(name),
                told,
                shapes.ClocksQuery if name == "clocks" else shapes.SpanQuery,
                name=f"report_{name}",
                summary=summary,
                slow=True,
                statuses=(404,),
                right=right,
            )
            for name, right, summary in (
                ("clocks", Right.WATCH, "Response times against standards, read off the journal."),
                # People's own words stand in it, as reasons.
                ("overrides", Right.ORDER, "Where people passed recommendations over, why, and what it cost."),
                ("shadow", Right.WATCH, "What shadow plans would have sent against what was sent."),
            )
        ),
    )


__all__ = ["read_operations", "shown"]
