"""Who sees what of people's data: each cell of the table, by looking for what was planted in what goes out."""

from collections.abc import Iterator

import msgspec
import pytest

from engine.core.engine import Engine
from engine.model.alert_facts import CopyState
from engine.model.inputs import AddNote, AdoptPlace, DispatchUnits, ReportCopy, ReportIncident
from engine.model.surroundings import RecordCaution, Severity
from engine.state.image import restore, save
from gateways.auth import Principal, Role
from gateways.board import Board, Snapshot, Update
from gateways.redaction import SEES, Kind, Scope, audience_of, snapshot_for, update_for
from gateways.views import IncidentView
from tests.builders import NOW, small_place

PLANTED = {
    Kind.CALLER: "PLANT-CALLER",
    Kind.NARRATIVE: "PLANT-NOTE",
    Kind.MEDICAL: "9-E-1",
    Kind.PLACE: "PLANT-STREET",
}
OWN = {
    Role.CALL_TAKER: (Principal("ann", Role.CALL_TAKER), Principal("bob", Role.CALL_TAKER)),
    Role.CREW: (Principal("m", Role.CREW, frozenset({"E1"})), Principal("n", Role.CREW, frozenset({"P2"}))),
}
"""By role: to whom the incident belongs, and to whom it does not."""


def told() -> tuple[Snapshot, list[Update]]:
    """Return the board and all updates of a city in which one incident has everything."""
    engine = Engine()
    engine.step(AdoptPlace(small_place()), NOW)
    board = Board(restore(save(engine.world), indexed=False))
    updates: list[Update] = []
    board.on_update.append(updates.append)
    for number, given in enumerate(
        (
            ReportIncident(
                id="1",
                by="ann",
                type="theft",
                x_m=40,
                y_m=40,
                priority=4,
                address=PLANTED[Kind.PLACE],
                caller=PLANTED[Kind.CALLER],
                note=PLANTED[Kind.NARRATIVE],
                code=PLANTED[Kind.MEDICAL],
            ),
            AddNote(id="2", by="ann", incident="I1", text=PLANTED[Kind.NARRATIVE]),
            DispatchUnits(id="3", by="desk", incident="I1", units=("E1",), reason=PLANTED[Kind.NARRATIVE]),
            RecordCaution(
                id="4", by="desk", x_m=40, y_m=40, radius_m=50, severity=Severity.DANGER, text=PLANTED[Kind.PLACE]
            ),
        )
    ):
        board.fold(engine.step(given, NOW + number))
    return board.snapshot(), updates


SNAPSHOT, UPDATES = told()
LATEST = {incident.id: incident for incident in SNAPSHOT.incidents}


def cells() -> Iterator[tuple[Principal, Kind, bool]]:
    for role in Role:
        for kind in Kind:
            scope = SEES[role][kind]
            owner, other = OWN.get(role, (Principal("x", role), Principal("y", role)))
            yield owner, kind, scope is not Scope.NONE
            yield other, kind, scope is Scope.ALL


@pytest.mark.parametrize(("principal", "kind", "sees"), list(cells()), ids=str)
def test_each_cell_of_the_table(principal: Principal, kind: Kind, sees: bool) -> None:
    """What a role may see is in the snapshot, and what it may not is nowhere in it."""
    seen = snapshot_for(audience_of(principal), SNAPSHOT)
    incident = msgspec.json.encode(seen.incidents).decode()
    assert (PLANTED[kind] in incident) is sees
    assert (kind.value not in seen.incidents[0].redacted) is sees
    if kind is Kind.PLACE:
        assert (seen.incidents[0].lat == SNAPSHOT.incidents[0].lat) is sees


@pytest.mark.parametrize(("principal", "kind", "sees"), list(cells()), ids=str)
def test_updates_tell_no_more_than_the_snapshot(principal: Principal, kind: Kind, sees: bool) -> None:
    """Nor do the lines of the timeline, the alarms, the reasons. A caution is for all who go there."""
    audience = audience_of(principal)
    if audience.role is Role.CREW and not sees and kind is Kind.PLACE:
        pytest.skip("crews see every caution, wherever it is")

    def find(name: str) -> IncidentView | None:
        return LATEST.get(name)

    # A crew's incident is its own from the moment that it is sent.
    updates = UPDATES if principal.role is not Role.CREW else UPDATES[2:]
    text = msgspec.json.encode([update_for(audience, update, find) for update in updates]).decode()
    assert (PLANTED[kind] in text) is sees


def test_who_sees_all_is_sent_the_same_object() -> None:
    """Nothing is copied for dispatchers: most of those who follow are."""
    audience = audience_of(Principal("d", Role.DISPATCHER))
    assert snapshot_for(audience, SNAPSHOT) is SNAPSHOT
    assert all(update_for(audience, update, LATEST.get) is update for update in UPDATES)


def test_decisions_units_and_times_are_never_hidden() -> None:
    """What is left out for an observer is people's data, and no more."""
    seen = snapshot_for(audience_of(Principal("o", Role.OBSERVER)), SNAPSHOT).incidents[0]
    whole = SNAPSHOT.incidents[0]
    for field in ("id", "type", "priority", "phase", "plan", "reported_ms", "lacks", "recommended", "links"):
        assert getattr(seen, field) == getattr(whole, field)
    assert [each.unit for each in seen.assigned] == [each.unit for each in whole.assigned]
    assert seen.redacted == ("caller", "narrative", "medical", "place")


def test_every_role_has_a_row() -> None:
    """Default deny: a role that was forgotten would see nothing, and fail."""
    assert set(SEES) == set(Role)
    assert all(set(row) == set(Kind) for row in SEES.values())


def test_who_of_a_crew_was_told_is_the_crew_s_affair() -> None:
    """Copies of an alert name people: dispatchers see them, and the crew itself; for others there is only the alert."""
    engine = Engine()
    engine.step(AdoptPlace(small_place()), NOW)
    board = Board(restore(save(engine.world), indexed=False))
    updates: list[Update] = []
    board.on_update.append(updates.append)
    given = ReportIncident(id="1", by="ann", type="theft", x_m=40, y_m=40, priority=4)
    board.fold(engine.step(given, NOW))
    board.fold(engine.step(DispatchUnits(id="2", by="desk", incident="I1", units=("E1",), reason="near"), NOW + 1))
    alert = next(iter(engine.world.alerts))
    copy = ReportCopy(alert=alert, endpoint="sms", recipient="PLANT-PERSON", state=CopyState.FAILED, detail="full")
    board.fold(engine.step(copy, NOW + 2))
    crew, stranger = OWN[Role.CREW]
    for principal, sees in (
        (Principal("d", Role.DISPATCHER), True),
        (crew, True),
        (stranger, False),
        (Principal("o", Role.OBSERVER), False),
    ):
        audience = audience_of(principal)
        for shown in (snapshot_for(audience, board.snapshot()), update_for(audience, updates[-1], lambda _: None)):
            assert (b"PLANT-PERSON" in msgspec.json.encode(shown)) == sees
            assert [view.id for view in shown.alerts] == [alert]
