"""One attempt at a rung of the ladder: a copy for everybody who is told, at every endpoint of the rung, side by side.

Rule: it decides nothing. The first copy that is taken makes the attempt a delivery; the attempt has failed when every
copy has. What failed beside a delivery is reported as well, so that the engine has it tried again: a copy that was
taken at this rung is not made a second time.
"""

from collections.abc import Collection

from msgspec import Struct, field

from engine.model.alert_facts import CopyState, Purpose
from engine.model.inputs import ReportAttempt
from engine.model.place import JOINT
from engine.state.records import Alert
from engine.state.world import World
from gateways.alerts.channel import NOBODY, Copy, Outcome
from gateways.alerts.recipients import Recipients, left_alone


def endpoints_of(rung: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the endpoints that a rung of the ladder names."""
    return (rung,) if rung in known or JOINT not in rung else tuple(dict.fromkeys(rung.split(JOINT)))


class Round(Struct):
    """An attempt under way."""

    alert: str
    purpose: Purpose
    rung: int
    attempt: int
    left: int = 0
    """Copies whose outcome is still to come."""
    alone: bool = True
    """One copy that names nobody: the attempt itself says all there is to say."""
    delivered: bool = False
    failures: list[str] = field(default_factory=list)

    def settle(self, outcome: Outcome) -> list[ReportAttempt]:
        """Take the outcome of a copy; return what the engine is to be told of the attempt now."""
        self.left -= 1
        first = outcome.delivered and not self.delivered
        self.delivered = self.delivered or outcome.delivered
        if not outcome.delivered:
            self.failures.append(outcome.detail)
        detail = "; ".join(dict.fromkeys(self.failures))
        if self.purpose is Purpose.RELEASE:
            # It is over with its delivery, and what is over is sent to nobody: so all of it is tried before.
            return [] if self.left else [self._report(self.delivered, "" if self.delivered else detail)]
        told = [self._report(True, outcome.detail)] if first else []
        if not self.left and self.failures:
            told.append(self._report(False, detail))
        return told

    def _report(self, delivered: bool, detail: str) -> ReportAttempt:
        return ReportAttempt(self.alert, self.rung, self.attempt, delivered, detail)


class Leg(Struct, frozen=True):
    """A copy of the round at one endpoint."""

    endpoint: str
    copy: Copy = NOBODY
    refusal: str = ""
    """Why it cannot even be tried; "" if it can."""
    state: CopyState | None = None
    """Instead of trying: how the copy stands."""


def legs_of(
    world: World,
    alert: Alert,
    rung: str,
    recipients: Recipients,
    addressed: dict[str, bool],
    now: int,
) -> list[Leg]:
    """Return the copies of this attempt. `addressed` says of each endpoint whether it needs an address."""
    legs: list[Leg] = []
    for name in endpoints_of(rung, addressed):
        if name not in addressed:
            refusal = f"no endpoint is named {name!r}; add it to the endpoints, or take it off the place's ladder"
            legs.append(Leg(name, refusal=refusal))
        elif not addressed[name]:
            legs.append(Leg(name))
        else:
            legs += _addressed(world, alert, name, recipients, now)
    return [leg for leg in legs if not _has_it(alert, leg)]


def _addressed(world: World, alert: Alert, endpoint: str, recipients: Recipients, now: int) -> list[Leg]:
    listed = recipients.listed(world, alert.unit, endpoint)
    if not listed:
        return [
            Leg(endpoint, refusal=f"nobody is listed for {alert.unit} at {endpoint}; add recipients, with addresses")
        ]
    legs = []
    for each in listed:
        why = left_alone(world, alert, each, now)
        copy = Copy(each.name, each.addresses[endpoint], exercise=each.exercise)
        legs.append(Leg(endpoint, copy, refusal=why, state=CopyState.OFF_DUTY if why else None))
    if all(leg.state for leg in legs):
        legs.append(Leg(endpoint, refusal=f"everybody who is listed for {alert.unit} at {endpoint} is off duty"))
    return legs


def _has_it(alert: Alert, leg: Leg) -> bool:
    """Tell whether the copy was taken at this rung, or is known to be left out of it."""
    known = alert.copy_of(leg.endpoint, leg.copy.recipient)
    if known is None or known.rung != alert.rung:
        return False
    return known.taken or (leg.state is CopyState.OFF_DUTY and known.state is CopyState.OFF_DUTY)
