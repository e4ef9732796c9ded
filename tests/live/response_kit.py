"""A small place for the whole response over the wire, and how a client asks and looks."""

from typing import Any

import msgspec
from msgspec.structs import replace

from engine.model.lifecycle import Status
from engine.model.place import Agency, Hospital, Place
from engine.model.plans import AlarmLevel
from gateways.cad.messages import Delta, Snapshot, decode_server
from gateways.cad.mirror import Mirror
from tests.builders import PLANS, UNITS, Running, small_place
from tests.live.cad_kit import Wire

SICK = {"incident_type": "sick", "lat": 41.5, "lon": -90.5, "priority": 3, "address": "12 Mill Lane"}
HOUR_MS = 3_600_000


def place() -> Place:
    """The small place, with a second alarm at fires, a neighbour's engine, people on M1 and two hospitals."""
    fire = next(plan for plan in PLANS if plan.id == "fire")
    level = AlarmLevel(2, (replace(fire.slots[0], id="more", count=1),))
    plans = tuple(replace(plan, alarms=(level,)) if plan is fire else plan for plan in PLANS)
    changes: dict[str, dict[str, Any]] = {"E3": {"agency": "next"}, "M1": {"staff": 2, "staff_min": 1}}
    return small_place(
        plans=plans,
        units=tuple(replace(unit, **changes.get(unit.id, {})) for unit in UNITS),
        agencies=(Agency("next", "Next Town", 1),),
        hospitals=(Hospital("H1", "General", 0, 1_000, ("stroke",)), Hospital("H2", "Eastern", 6_000, 0, ("burns",))),
    )


def refused(told: dict[str, Any]) -> tuple[str, str]:
    assert told["type"] == "refused", told
    assert len(told["reason"]) > 10
    return told["code"], told["field"]


async def reported(client: Wire, **fields: object) -> str:
    told = await client.say("report_incident", **{**SICK, **fields})
    assert told["type"] == "answer", told
    return str(told["incident"])


async def shown(client: Wire, incident: str) -> dict[str, Any]:
    """Return the latest view of the incident that the client was sent, once it has been sent all there is."""
    await client.say("ping")
    views = [view for each in client.seen for view in each.get("incidents", ()) if view["id"] == incident]
    return dict(views[-1])


def statuses(running: Running, incident: str) -> dict[str, Status]:
    return {unit: each.status for unit, each in running.service.world.incidents[incident].assigned.items()}


async def on_scene(client: Wire, incident: str, *units: str) -> None:
    for unit in units:
        told = await client.say("unit_status", unit=unit, status="on_scene", incident=incident)
        assert told["type"] == "answer", told


async def picture(client: Wire, known: Mirror | None = None) -> Mirror:
    """Return what the client has been shown by now, on top of what it knew."""
    await client.say("ping")
    mirror = known or Mirror()
    for message in client.seen:
        if message["type"] in ("snapshot", "delta"):
            decoded = decode_server(msgspec.json.encode(message))
            assert isinstance(decoded, Snapshot | Delta)
            mirror.take(decoded)
    return mirror
