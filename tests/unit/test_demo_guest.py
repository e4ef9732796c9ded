"""Somebody sits down at the demo's console: what its own desk leaves them, for how long, and the links that open it."""

from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace

from engine.core.recorder import ENGINE
from engine.model.lifecycle import Status
from gateways.demo.board import Seen
from gateways.demo.desk import DESK
from gateways.demo.guest import CALLS_MAX, LEAVE_S, Courtesy, connections, in_hand
from gateways.demo.invitation import Invitation
from gateways.demo.supervisor import Supervisor
from tests.builders import small_place
from tests.unit.demo_kit import incident, on


def test_calls_that_are_not_urgent_are_left_for_a_while() -> None:
    """A few at a time, whatever the desk would do with them; then it does it, and does not leave them again."""
    courtesy = Courtesy()
    assert not courtesy.leaves(("accept", "I1"), 0.0, priority=1)
    left = [courtesy.leaves(("accept", f"I{number}"), 0.0, priority=3) for number in range(2, 4 + CALLS_MAX)]
    assert left == [True] * CALLS_MAX + [False] * 2
    assert courtesy.leaves(("override", "I2"), LEAVE_S - 1, priority=3)
    assert not courtesy.leaves(("accept", "I2"), LEAVE_S, priority=3)
    assert courtesy.leaves(("accept", "I9"), LEAVE_S, priority=3)  # for those that were left are over
    assert not courtesy.leaves(("accept", "I2"), LEAVE_S + 1, priority=3)


def test_moves_and_alarms_are_left_besides() -> None:
    """However many calls are left; what is no decision never is."""
    courtesy = Courtesy()
    for number in range(CALLS_MAX):
        assert courtesy.leaves(("accept", f"I{number}"), 0.0, priority=2)
    assert courtesy.leaves(("move", "M1"), 0.0)
    assert courtesy.leaves(("alarm", "A1"), 0.0)
    assert not courtesy.leaves(("close", "I0"), 0.0, priority=5)


def test_what_the_guest_has_in_hand_stays_theirs() -> None:
    """The calls that they took, and the incidents to which they sent somebody; the desk only closes what is over."""
    ours = (DESK, ENGINE)
    own, guests = incident(1, reported_by=DESK), incident(2, reported_by="dispatcher")
    sent = replace(own, assigned=(replace(on("E1", Status.EN_ROUTE), by="dispatcher"),))
    assert not in_hand(("accept", "I1"), own, ours)
    for theirs in (guests, sent):
        assert in_hand(("accept", "I2"), theirs, ours)
        assert in_hand(("release", "E1"), theirs, ours)
        assert not in_hand(("close", "I2"), theirs, ours)
        assert not in_hand(("aid", "N1 I2"), theirs, ours)


def test_what_has_left_the_screen_is_forgotten() -> None:
    """Its place is free for another, and should it come again it is new."""
    courtesy = Courtesy()
    for number in range(CALLS_MAX):
        assert courtesy.leaves(("accept", f"I{number}"), 0.0, priority=2)
    courtesy.forget([("hold", "I0")])
    assert courtesy.leaves(("accept", "I8"), 1.0, priority=2)
    assert courtesy.leaves(("accept", "I1"), LEAVE_S + 1, priority=2)
    assert not courtesy.leaves(("accept", "I0"), LEAVE_S + 1, priority=2)


def test_who_is_connected_is_read_off_the_metrics() -> None:
    """Nothing that cannot be read is taken for a guest."""
    told = b"# TYPE turnout_cad_connections gauge\nturnout_cad_connections 3.0\nturnout_other 9\n"
    assert connections(told) == 3.0
    assert connections(b"<html>") == 0


async def test_the_links_stand_first_and_say_whose_they_are() -> None:
    """A dispatcher's and a supervisor's; none before the engine has given any."""
    supervisor = Supervisor([], Path("log"))
    invitation = Invitation(supervisor)
    nothing = cast("Any", None)
    seen = Seen(
        small_place(), Path("data/journal"), nothing, nothing, nothing, nothing, supervisor, invitation=invitation
    )
    assert seen.links() == ()
    assert not any("open" in hint for hint in seen.hints())
    invitation.links = {"dispatcher": "http://d", "supervisor": "http://s"}
    dispatcher, supervisor_s = seen.hints()[:2]
    assert dispatcher.startswith("open http://d")
    assert "dispatcher" in dispatcher
    assert supervisor_s.startswith("open http://s")
    assert "S DESK" in supervisor_s
