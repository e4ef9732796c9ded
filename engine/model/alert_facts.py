"""Facts about alerts, the messages owed to crews, and alarms, the matters for a person."""

from enum import StrEnum
from typing import TypeAlias

from engine.model.fact import Fact


class Purpose(StrEnum):
    """What an alert tells its recipient."""

    DISPATCH = "dispatch"
    RELEASE = "release"
    ROLL_CALL = "roll_call"
    """Asks whether its people are well. That the crew has read it is not yet an answer."""
    CAUTION = "caution"
    """A danger where the crew is, or goes, has come up since it was sent."""
    MESSAGE = "message"
    """Somebody's own words for the crew. It is about no incident: `incident` is empty."""
    MOVE = "move"
    """Drive to the post that the unit belongs to from now on. It is about no incident: `incident` is empty."""


class AlertRequested(Fact, frozen=True, gc=False, kw_only=True):
    """Deliver this, at this rung of the ladder. Every attempt bears the same key: the alert's id."""

    alert: str
    purpose: Purpose
    unit: str
    incident: str
    rung: int
    endpoint: str
    attempt: int
    text: str


class AlertDelivered(Fact, frozen=True, gc=False):
    """An endpoint has taken it."""

    alert: str
    rung: int
    attempt: int


class AlertAttemptFailed(Fact, frozen=True, gc=False):
    """An endpoint has not taken it; the next attempt is due then (0: none at this rung)."""

    alert: str
    rung: int
    attempt: int
    detail: str
    retry_at_ms: int


class AlertEscalated(Fact, frozen=True, gc=False):
    """The rung did not lead to an acknowledgement."""

    alert: str
    rung: int
    reason: str


class AlertAcknowledged(Fact, frozen=True, gc=False):
    """The recipient knows. First acknowledgement stops the ladder."""

    alert: str
    by: str


class AlertHandedOver(Fact, frozen=True, gc=False):
    """The ladder is at its end or out of time: a person has to tell the recipient."""

    alert: str
    reason: str


class AlertWithdrawn(Fact, frozen=True, gc=False):
    """What it would have told no longer holds."""

    alert: str
    reason: str


class CopyState(StrEnum):
    """How far one recipient's copy of an alert has come."""

    SENT = "sent"
    """The endpoint has taken it for this recipient."""
    DELIVERED = "delivered"
    """It has come to the recipient's own device."""
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    """The endpoint has not taken it, or could not bring it."""
    EXPIRED = "expired"
    """Taken, and nobody has acknowledged it in time."""
    OFF_DUTY = "off_duty"
    """Not sent: the recipient was off duty, or wants to be left alone at this hour."""


class CopyMarked(Fact, frozen=True, gc=False, kw_only=True):
    """One recipient's copy of the alert has come this far."""

    alert: str
    unit: str
    incident: str
    rung: int
    endpoint: str
    recipient: str
    """The name in the table of recipients, never an address; "" for whoever the endpoint itself tells."""
    state: CopyState
    detail: str = ""
    at_ms: int = 0
    """When, by the other side's own clock; 0 if it does not say."""


class AlarmKind(StrEnum):
    """What a person is asked to look at."""

    PENDING = "pending"
    """An incident has waited too long for its units."""
    NOT_ACKNOWLEDGED = "not_acknowledged"
    """A dispatched unit has not acknowledged."""
    NOT_SENT = "not_sent"
    """A reserved unit has not been sent: somebody may have forgotten that nobody is on the way."""
    ALERT_UNDELIVERED = "alert_undelivered"
    """An alert could not be brought to its recipient: tell the crew by voice."""
    CAUTION_UNTOLD = "caution_untold"
    """A crew could not be told of a danger: tell it by voice."""
    UNIT_EMERGENCY = "unit_emergency"
    TURNOUT = "turnout"
    """A unit was told to go and is not rolling."""
    OVERDUE = "overdue"
    """A unit should have been on scene."""
    UNCHANGED = "unchanged"
    """A unit has said nothing for too long."""
    ROLL_UNANSWERED = "roll_unanswered"
    """A unit on scene has not answered a roll-call (PAR)."""
    ORPHAN = "orphan"
    """An open incident that no unit serves, and no queue, hold, stack or timer has: a fault of the program."""
    WITHHELD = "withheld"
    """A plan that dispatches by itself asks a person this time."""
    DECLINED = "declined"
    """A crew does not go where it was sent: it stands until a person has seen it, whoever goes in its place."""
    HELP_REQUESTED = "help_requested"
    """A crew asks for more units, or for others."""
    MESSAGE_UNTOLD = "message_untold"
    """Somebody's words could not be brought to a crew: say them by voice."""


class AlarmRaised(Fact, frozen=True, gc=False, kw_only=True):
    """A person has to look."""

    alarm: str
    about: AlarmKind
    incident: str
    unit: str | None
    text: str


class AlarmEscalated(Fact, frozen=True, gc=False):
    """Nobody has acknowledged it: it is now for those of this rung, 1 and up."""

    alarm: str
    rung: int


class AlarmAcknowledged(Fact, frozen=True, gc=False):
    """A person owns it."""

    alarm: str
    by: str


class AlarmCleared(Fact, frozen=True, gc=False):
    """Its cause is gone."""

    alarm: str
    reason: str


AnyAlertFact: TypeAlias = (
    AlertRequested
    | AlertDelivered
    | AlertAttemptFailed
    | AlertEscalated
    | AlertAcknowledged
    | AlertHandedOver
    | AlertWithdrawn
    | CopyMarked
    | AlarmRaised
    | AlarmEscalated
    | AlarmAcknowledged
    | AlarmCleared
)
