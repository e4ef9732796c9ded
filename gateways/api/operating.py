"""What operators ask of the server itself: devices, exchanges, recipients. Done at the desk, which writes it down.

Rule: no command of the vocabulary: the World does not know of it, so there is no turn and no Idempotency-Key. Said twice, it is
done once, or refused.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from gateways.api.operation import Call, Operation, Reply, Room
from gateways.api.paging import page_of
from gateways.api.problems import Problem
from gateways.api.shapes import Page
from gateways.auth import Right
from gateways.upkeep import Desk, DeviceView, ExchangeView, NotDone, ReloadView
from gateways.upkeep.views import StrangerView
from gateways.vocabulary.words import Name, Said


class ReasonBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why; it goes into the record."""

    reason: Said


class MoveBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the device rides from now on."""

    unit: Name


class SkipBody(ReasonBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out: the `head`, as it was read."""

    head: Name


class Devices(Struct, frozen=True, kw_only=True):
    """Devices, in the order of their names."""

    items: tuple[DeviceView, ...]
    next: str | None = None
    """Cursor of the next page; None: this was the last."""
    strangers: tuple[StrangerView, ...] = ()
    """With the first page: devices that send and are on no roster, latest first; at most 256."""


class Exchanges(Struct, frozen=True, kw_only=True):
    """Whom we tell, or follow."""

    items: tuple[ExchangeView, ...]


def _desk(room: Room) -> Desk:
    if room.desk is None:
        raise Problem(503, "unavailable", "This server has no desk for operators.")
    return room.desk


def _told(work: Callable[[Desk, Call], Any]) -> Callable[[Room, Call], Any]:
    """Return the handler of a deed; what the desk will not do is a problem."""

    async def handle(room: Room, call: Call) -> Reply:
        try:
            return Reply(await work(_desk(room), call))
        except NotDone as refused:
            raise _problem(refused, call) from refused

    return handle


def _problem(refused: NotDone, call: Call) -> Problem:
    if refused.code in ("unavailable", "not_written"):
        return Problem(503, refused.code, refused.reason, refused.field, {"Retry-After": "60"})
    if refused.code.startswith("unknown_"):
        return Problem(404 if refused.field in call.path else 422, refused.code, refused.reason, refused.field)
    return Problem(409, refused.code, refused.reason, refused.field)


async def devices(room: Room, call: Call) -> Reply:
    """Which device rides on which unit, by the list or by whose word."""
    try:
        there = _desk(room).the_devices()
    except NotDone as refused:
        raise _problem(refused, call) from refused
    views: Sequence[DeviceView] = there.views()
    items, following = page_of(enumerate(views), call.query, lambda each: each[0])
    strangers = () if call.query.cursor else tuple(there.strangers())
    return Reply(Devices(items=tuple(view for _, view in items), next=following, strangers=strangers))


async def exchanges(room: Room, call: Call) -> Reply:
    """How it stands with subscriptions, alarm companies and neighbours."""
    del call
    return Reply(Exchanges(items=tuple(_desk(room).views_of_exchanges())))


def _post(
    path: str, name: str, summary: str, work: Callable[[Desk, Call], Any], answers: Any, body: type[Struct] = ReasonBody
) -> Operation:
    return Operation(
        method="POST",
        path=path,
        name=name,
        tag=path.split("/")[2],
        summary=summary,
        right=Right.OPERATE,
        answers=answers,
        body=body,
        handle=_told(work),
        statuses=(404, 409) if "{" in path else (409,),
    )


def _get(path: str, handle: Any, answers: Any, query: type[Struct] | None = None) -> Operation:
    return Operation(
        method="GET",
        path=path,
        name=f"get_{handle.__name__}",
        tag=path.split("/")[2],
        summary=(handle.__doc__ or "").strip(),
        right=Right.OPERATE,
        answers=answers,
        query=query,
        handle=handle,
    )


def desk_operations() -> tuple[Operation, ...]:
    """Return every operation of the desk."""
    device, exchange = "/v1/devices/{device}", "/v1/exchanges/{exchange}"
    return (
        _get("/v1/devices", devices, Devices, Page),
        _post(
            f"{device}/move",
            "move_device",
            "Put a device on a unit, whatever the list says.",
            lambda desk, call: desk.move_device(
                call.path["device"], call.body.unit, call.principal.name, call.body.reason
            ),
            DeviceView,
            MoveBody,
        ),
        _post(
            f"{device}/remove",
            "remove_device",
            "Let a device move nothing any more.",
            lambda desk, call: desk.move_device(call.path["device"], None, call.principal.name, call.body.reason),
            DeviceView,
        ),
        _post(
            f"{device}/restore",
            "restore_device",
            "Let the list say again what a device rides on.",
            lambda desk, call: desk.restore_device(call.path["device"], call.principal.name, call.body.reason),
            DeviceView,
        ),
        _get("/v1/exchanges", exchanges, Exchanges),
        _post(
            f"{exchange}/park",
            "park_exchange",
            "Leave somebody whom we tell, or follow, alone.",
            lambda desk, call: desk.park(call.path["exchange"], call.principal.name, call.body.reason),
            ExchangeView,
        ),
        _post(
            f"{exchange}/resume",
            "resume_exchange",
            "Go on with a parked one, where it stopped.",
            lambda desk, call: desk.resume(call.path["exchange"], call.principal.name, call.body.reason),
            ExchangeView,
        ),
        _post(
            f"{exchange}/skip",
            "skip_head",
            "Leave out what a receiver does not take, and go on behind it.",
            lambda desk, call: desk.skip(call.path["exchange"], call.body.head, call.principal.name, call.body.reason),
            ExchangeView,
            SkipBody,
        ),
        _post(
            "/v1/recipients/reload",
            "reload_recipients",
            "Read the table of recipients again; one that does not hold changes nothing.",
            lambda desk, call: desk.reload_recipients(call.principal.name, call.body.reason),
            ReloadView,
        ),
    )
