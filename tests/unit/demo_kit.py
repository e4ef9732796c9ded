"""What tests of the make-believe city share: a small demand, incidents as a screen shows them."""

from engine.model.demand import CareTimes, Demand, TypeShare, Zone
from engine.model.lifecycle import Outcome, Phase, Status
from gateways.demo.addresses import Addresses
from gateways.demo.callers import Callers
from gateways.views import AssignmentView, IncidentView
from tests.builders import NOW, PLANS, small_place

CARE = CareTimes(600_000, 0.5, 600_000)
NOON_ONLY = tuple(24.0 if hour == 12 else 0.0 for hour in range(24))


def demand(hourly: tuple[float, ...] = (1.0,) * 24) -> Demand:
    shares = (TypeShare("sick", 3, 0.9), TypeShare("fire", 1, 0.1))
    return Demand(2_400.0, hourly, shares, (Zone(0, 0, 500, 1.0), Zone(9_900, 9_900, 400, 0.2)), CARE)


def callers(seed: int = 7, hourly: tuple[float, ...] = (1.0,) * 24) -> Callers:
    place = small_place()
    return Callers(place, demand(hourly), Addresses(place, None), seed, NOW, 6_000)


def on(unit: str, status: Status, outcome: Outcome | None = None, eta_ms: int = 300_000) -> AssignmentView:
    stamps = {Status.DISPATCHED.value: NOW}
    return AssignmentView(
        unit=unit, slot="medic", status=status, eta_ms=eta_ms, stamps=stamps, by="engine", outcome=outcome
    )


def incident(number: int = 1, **changes: object) -> IncidentView:
    fields: dict[str, object] = {
        "id": f"I{number}",
        "type": "fire",
        "priority": 1 + number % 5,
        "phase": Phase.WAITING,
        "lat": 41.5,
        "lon": -90.5,
        "area": None,
        "address": "a very long address that no column of any terminal will ever hold",
        "caller": "",
        "external": f"C{number}",
        "plan": PLANS[0].id,
        "reported_ms": NOW,
        "waiting_since_ms": None,
        "lacks": {},
        "assigned": (),
        "past": (),
        "recommended": (),
        "short": (),
        "notes": (),
        "links": (),
        "merged_into": None,
        "ended_ms": None,
        "disposition": "",
    }
    return IncidentView(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name
