"""Forgetting: afterwards no byte of the folder holds what was planted, the chain is whole, and every decision is the same."""

from pathlib import Path
from threading import Condition
from typing import Final, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.engine import Engine
from engine.journal import Journal, JournalError, verify
from engine.journal.codec import record_of, turn_of
from engine.journal.errors import KeysForeign
from engine.journal.keys import BLOCK, Keyring, number_of
from engine.journal.reader import Reader
from engine.journal.recovery import recover_world, scrub_snapshots, take_snapshot, turns
from engine.model.alert_facts import AlertRequested
from engine.model.crew_inputs import RequestHelp, TellDispatch, TellUnit
from engine.model.facts import AnyFact, CommandRefused, IncidentReported
from engine.model.forgetting import ForgetIncident, IncidentForgotten
from engine.model.inputs import (
    AddNote,
    AdoptPlace,
    AmendIncident,
    AnyInput,
    CancelIncident,
    DispatchUnits,
    ReleaseUnit,
    ReportIncident,
    Resume,
    Tick,
)
from engine.model.personal import ERASED, PERSONAL, QUOTING
from engine.model.response_facts import DuplicatesSuspected
from engine.model.response_inputs import HoldIncident
from engine.model.turn import Turn
from engine.replay import replay
from engine.state.image import state_hash
from tests.builders import NOW, SMALL_JOURNAL, small_place

WORDS = "PLANT"
DURABLE_S: Final = 60.0
"""In every text about incident I1, and nowhere else."""


class Town:
    """An engine whose turns go to a journal that seals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = Engine()
        self.keys = Keyring(folder)
        self.number = 0
        self._kept, self._news = 0, Condition()
        """Through which turn the journal is on the disk."""
        self.journal = Journal.open(folder, on_durable=self._keep, on_failure=print, settings=SMALL_JOURNAL)

    def give(self, given: AnyInput) -> Turn:
        self.number += 1
        turn = self.engine.step(given, NOW + 1_000 * self.number)
        self.journal.submit(record_of(turn, self.keys))
        return turn

    def say(self, kind: type, **fields: object) -> Turn:
        # What was typed says all that the command says.
        line = " ".join(text for text in fields.values() if isinstance(text, str))
        return self.give(kind(id=f"c{self.number}", by="cad", line=line, **fields))

    def snapshot(self) -> None:
        """Take one of all that was given."""
        with self._news:
            assert self._news.wait_for(lambda: self._kept >= self.engine.world.seq, DURABLE_S)
        take_snapshot(self.folder)

    def _keep(self, seq: int) -> None:
        with self._news:
            self._kept = seq
            self._news.notify()

    def forget(self, incident: str) -> None:
        turn = self.say(ForgetIncident, incident=incident, reason="asked for")
        assert isinstance(turn.facts[0], IncidentForgotten)
        self.journal.close()
        self.keys.destroy(number_of(incident))
        scrub_snapshots(self.folder)


def report(town: Town, word: str, address: str, caller: str, kind: str = "theft") -> None:
    town.say(ReportIncident, type=kind, x_m=0, y_m=0, address=f"{word} {address}", caller=caller, note=f"{word} said")


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


STEPS = st.lists(
    st.sampled_from(
        ("note", "amend", "other", "hold", "send", "free", "help", "told", "said", "tick", "snap", "refused")
    ),
    max_size=16,
)


def play(town: Town, steps: list[str]) -> None:
    """Let things happen to I1, all with planted words, and to others."""
    world = town.engine.world
    for step in steps:
        # A crew that is elsewhere speaks of something else.
        about = WORDS if world.units[world.fleet.rows["E1"]].incident == "I1" else "other"
        if step == "note":
            town.say(AddNote, incident="I1", text=f"{WORDS} a note")
        elif step == "amend":
            town.say(AmendIncident, incident="I1", address=f"{WORDS} 2", caller=f"{WORDS} 5550001")
        elif step == "other":
            report(town, "other", "Mill Lane", "5550001", "sick")
        elif step == "hold":
            town.say(HoldIncident, incident="I1", until_ms=NOW + 3_600_000, reason=f"{WORDS} hold")
        elif step == "send":
            town.say(DispatchUnits, incident="I1", units=("E1",), reason=f"{WORDS} sent")
        elif step == "free":
            town.say(ReleaseUnit, incident="I1", unit="E1", reason=f"{WORDS} freed")
        elif step == "help":
            town.say(RequestHelp, unit="E1", what="police", text=f"{about} help")
        elif step == "told":
            town.say(TellUnit, unit="E1", text=f"{about} told")
        elif step == "said":
            town.say(TellDispatch, unit="E1", text=f"{about} told")
        elif step == "refused":
            town.say(CancelIncident, incident="I1", reason="")
        elif step == "snap":
            town.snapshot()
        else:
            town.give(Tick())


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_nothing_is_left_but_what_was_decided(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """No byte of what was said; verify, recovery and replay hold; and the World is that of the engine that forgot."""
    folder = tmp_path_factory.mktemp("town")
    town = Town(folder)
    town.give(AdoptPlace(small_place()))
    town.give(Resume())
    report(town, WORDS, "Street", f"{WORDS} 5550001")
    town.say(DispatchUnits, incident="I1", units=("E1",), reason=f"{WORDS} sent")
    play(town, steps)
    town.say(CancelIncident, incident="I1", reason=f"{WORDS} end")
    town.forget("I1")
    assert WORDS.encode() not in bytes_of(folder)
    assert verify(folder).records == town.engine.world.seq
    take_snapshot(folder)
    assert WORDS.encode() not in bytes_of(folder)
    for use_snapshot in (True, False):
        assert state_hash(recover_world(folder, use_snapshot=use_snapshot).world) == state_hash(town.engine.world)
    again = replay(folder)
    assert again.difference is None, again.difference
    assert again.state_hash == state_hash(town.engine.world)


def test_suspected_duplicates_are_taken_as_recorded(tmp_path: Path) -> None:
    """Whether two callers were one can no longer be told; what was told then stands, and replay says no difference."""
    town = Town(tmp_path)
    town.give(AdoptPlace(small_place()))
    report(town, WORDS, "Elm Street", "5550001")
    turn = town.say(ReportIncident, type="theft", x_m=0, y_m=0, address=f"{WORDS} elm street", caller="5550001")
    suspected = next(fact for fact in turn.facts if isinstance(fact, DuplicatesSuspected))
    assert "same caller" in suspected.suspects[0].reasons
    town.say(CancelIncident, incident="I1", reason="nothing")
    town.forget("I1")
    assert replay(tmp_path).difference is None
    assert recover_world(tmp_path).world.incidents["I2"].caller == "5550001"


def test_others_are_read_as_they_were_written(tmp_path: Path) -> None:
    """With the keys every turn comes back whole; without the folder of keys all is erased, and still a journal."""
    town = Town(tmp_path)
    told = [town.give(AdoptPlace(small_place()))]
    report(town, WORDS, "Street", "A")
    told.append(town.say(ReportIncident, type="fire", x_m=0, y_m=0, address="B street", caller="B"))
    told.append(town.say(AddNote, incident="I2", text="on the roof"))
    told.append(town.say(ReportIncident, type="no such", x_m=0, y_m=0, address=f"{WORDS} refused", caller="C"))
    assert isinstance(told[-1].facts[0], CommandRefused)
    assert any(isinstance(fact, AlertRequested) and "B street" in fact.text for fact in told[1].facts)
    town.journal.close()
    assert WORDS.encode() not in bytes_of(tmp_path)
    read = {turn.seq: turn for turn in turns(tmp_path)}
    assert all(read[turn.seq] == turn for turn in told)
    bare = [turn_of(record) for record in Reader(tmp_path).read(1)]
    reported = next(fact for fact in bare[2].facts if isinstance(fact, IncidentReported))
    assert (reported.address, reported.caller, reported.note) == (ERASED, ERASED, "")
    for path in (tmp_path / "keys").iterdir():
        path.write_bytes(bytes(range(32)) * BLOCK)
    with pytest.raises(KeysForeign):
        list(turns(tmp_path))


def test_what_is_open_or_was_never_there_is_refused(tmp_path: Path) -> None:
    """An incident's crews need what would be erased; nothing is said of it any more once it is."""
    town = Town(tmp_path)
    town.give(AdoptPlace(small_place()))
    report(town, "x", "Street", "A")
    codes = []
    for name in ("I1", "I2", "I0", "X1", "I٣", "I" + "9" * 40, ""):
        fact = town.say(ForgetIncident, incident=name, reason="asked for").facts[0]
        assert isinstance(fact, CommandRefused)
        codes.append(fact.code)
    assert codes == ["incident_open", *["unknown_incident"] * 6]
    town.say(CancelIncident, incident="I1", reason="nothing")
    assert isinstance(town.say(ForgetIncident, incident="I1", reason="asked for").facts[0], IncidentForgotten)
    fact = town.say(AddNote, incident="I1", text="more").facts[0]
    assert isinstance(fact, CommandRefused)
    assert fact.code == "incident_forgotten"
    town.journal.close()


def test_keys_are_made_once_and_destroyed_for_good(tmp_path: Path) -> None:
    """Readable by their owner only; a destroyed key stays so; the others stay as they are."""
    keys = Keyring(tmp_path)
    assert keys.key(5) is None
    assert not keys.is_destroyed(5)
    keys.prepare(BLOCK + 1)
    first, other = keys.key(5), keys.key(6)
    assert first is not None
    assert first != other
    assert keys.destroy(5)
    assert not keys.destroy(5)
    keys.prepare(2 * BLOCK)
    assert (keys.key(5), keys.is_destroyed(5), keys.key(6)) == (None, True, other)
    assert Keyring(tmp_path).key(6) == other
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_personal_fields_are_there_and_are_texts() -> None:
    """The table names no field that is not, so that nothing is sealed in vain or missed by a slip."""
    for kind, fields in PERSONAL.items():
        assert set(fields) <= set(kind.__struct_fields__), kind


PLAIN = {
    "AlarmCleared",
    "AlertAttemptFailed",
    "AlertEscalated",
    "AlertHandedOver",
    "AlertWithdrawn",
    "AutoWithheld",
    "CautionEnded",
    "CloseRoad",
    "CommandRefused",
    "EmergencyResolved",
    "EndCaution",
    "ForgetIncident",
    "IncidentForgotten",
    "MoveHeldBack",
    "MoveOrdered",
    "MoveRefused",
    "MoveWithdrawn",
    "OpenRoad",
    "OrderMove",
    "RecallUnit",
    "RecommendationStale",
    "RecordCaution",
    "RejectMove",
    "ReleaseProposed",
    "ReportAttempt",
    "ResolveEmergency",
    "RoadOpened",
    "StatusSuggested",
}
"""Kinds whose words are the program's own, an endpoint's, or about no incident: crews' emergencies, roads, cautions, moves."""


def test_every_text_is_personal_or_said_to_be_plain() -> None:
    """Whoever adds words to an input or a fact decides whose they are."""
    kinds = (*get_args(AnyInput), *get_args(AnyFact))
    left = [kind for kind in kinds if set(QUOTING) & set(kind.__struct_fields__) - set(PERSONAL.get(kind, ()))]
    assert {kind.__name__ for kind in left} == PLAIN


def test_an_error_says_what_to_do() -> None:
    """Keys of another journal are not a damaged journal, but cannot be gone on with either."""
    assert issubclass(KeysForeign, JournalError)
