"""How open alerts look to people and other systems: who has been told, through what, and how far it has come."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from engine.model.alert_facts import (
    AlertAcknowledged,
    AlertHandedOver,
    AlertWithdrawn,
    CopyMarked,
    CopyState,
    Purpose,
)
from engine.state.records import Alert, AlertState
from engine.state.world import World

ENDS = (AlertAcknowledged, AlertHandedOver, AlertWithdrawn)


class CopyView(Struct, frozen=True, gc=False, kw_only=True):
    """One recipient's copy of an alert at one endpoint."""

    endpoint: str
    recipient: str
    """The name in the table of recipients; "" for whoever the endpoint itself tells."""
    state: CopyState
    since_ms: int
    detail: str = ""


class AlertView(Struct, frozen=True, gc=False, kw_only=True):
    """An alert that is not over."""

    id: str
    purpose: Purpose
    unit: str
    incident: str
    """"" where it is about no incident: a move."""
    rung: int
    """Of the place's ladder, from 0."""
    endpoint: str
    """Of that rung; several with a + between them are told at once."""
    attempt: int
    state: AlertState
    created_ms: int
    copies: tuple[CopyView, ...] = ()


def view_alert(alert: Alert) -> AlertView:
    """Return the alert."""
    return AlertView(
        id=alert.id,
        purpose=alert.purpose,
        unit=alert.unit,
        incident=alert.incident,
        rung=alert.rung,
        endpoint=alert.endpoint,
        attempt=alert.attempt,
        state=alert.state,
        created_ms=alert.created_ms,
        copies=tuple(
            CopyView(
                endpoint=each.endpoint,
                recipient=each.recipient,
                state=each.state,
                since_ms=each.since_ms,
                detail=each.detail,
            )
            for each in alert.copies
        ),
    )


def view_alerts(world: World) -> tuple[AlertView, ...]:
    """Return all that are not over."""
    return tuple(view_alert(alert) for alert in world.alerts.values())


def view_alert_changes(world: World, facts: Sequence[Any]) -> tuple[tuple[AlertView, ...], tuple[str, ...]]:
    """Return the alerts that these facts touched and that are not over, and the ids of those that now are."""
    named = dict.fromkeys(fact.alert for fact in facts if hasattr(fact, "alert"))
    ended = tuple(fact.alert for fact in facts if isinstance(fact, ENDS))
    return tuple(view_alert(world.alerts[name]) for name in named if name in world.alerts), ended


def alert_words(fact: Any) -> str | None:
    """Return what a fact about a copy says to people; None for other facts."""
    if not isinstance(fact, CopyMarked):
        return None
    who = f"{fact.recipient} at {fact.endpoint}" if fact.recipient else fact.endpoint
    why = f" ({fact.detail})" if fact.detail else ""
    return f"{fact.alert} for {fact.unit}, {who}: {fact.state.replace('_', ' ')}{why}"
