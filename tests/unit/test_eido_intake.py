"""Claims about what a neighbour's documents lead to: each thing once, in our words, and nothing lost silently."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from msgspec.structs import replace

from engine.model.forgetting import ForgetIncident
from engine.model.inputs import AddNote, AmendIncident, CloseIncident, DispatchUnits, ReportIncident
from engine.model.lifecycle import Outcome, Phase, Status
from engine.model.place import Place, ResponseArea, Unit
from engine.model.turn import Answer
from gateways.eido import documents
from gateways.eido.config import EidoConfig, Neighbour, Peer, Statistics
from gateways.eido.intake import Intake
from gateways.eido.memory import Memory, Said
from gateways.eido.naming import Naming
from gateways.eido.reading import Reader, plain
from gateways.eido.registries import Registries
from gateways.eido.render import Renderer
from tests.eido_kit import CONFIG, schema_folder
from tests.property.crew_kit import neighbourly_place
from tests.unit.engine_place import ENGINE, UNITS, Town, engine_place

NORTH = ResponseArea("north", "North", ((-10_000, 0), (10_000, 0), (10_000, 10_000), (-10_000, 10_000)))
NEXT = EidoConfig(
    agency="next.example.org",
    element="cad.next.example.org",
    registries=Registries(),
    neighbours={"town": Neighbour(id="town.example.org")},
)
PEER = Peer(
    name="town",
    url="ws://127.0.0.1:1/",
    agency="town",
    incident_types={"Structure Fire": "rescue", "crime": "crime"},
)


def of_next(**changes: Any) -> Place:
    """Return the neighbour's place: it knows an engine of the town's as its neighbour's unit."""
    from engine.model.place import Agency

    units = (*UNITS, Unit("T-E1", "engine", ENGINE, "Central", agency="town", tracked=False))
    return engine_place(id="next", units=units, agencies=(Agency("town", "Town", 2),), **changes)


class Side:
    """One agency: its engine, and what takes its neighbour's documents."""

    def __init__(self, place: Place, config: EidoConfig, peer: Peer, folder: Path) -> None:
        self.town = Town(place)
        self.renderer = Renderer(config)
        self.statistics = Statistics()
        self.kept: list[str] = []
        self.memory = Memory(folder, peer.name)
        self.reader = Reader(config, peer)
        self.given: list[Any] = []
        self.intake = Intake(
            peer,
            Naming(config),
            lambda: self.town.world,
            self.ask,
            self.memory,
            self.statistics,
            lambda kind, _: self.kept.append(kind),
        )

    async def ask(self, command: Any) -> Answer:
        known = self.town.world.answer(command)
        if known is None:
            self.given.append(command)
            self.town.step(command)
            known = self.town.world.answer(command)
            assert known is not None
        return known

    def tell(self, incident: str) -> bytes:
        self.town.now += 1000
        world = self.town.world
        return documents.encode(self.renderer.render(world, world.incidents[incident], self.town.now, callers=True))

    async def hear(self, document: bytes) -> list[str]:
        """Take a document; return the kinds of commands that were new."""
        del self.given[:]
        self.town.now += 1000
        await self.intake.take(self.reader.read(documents.decode(document)))
        return [type(each).__name__ for each in self.given]


@pytest.fixture
def town(tmp_path) -> Side:
    peer = Peer(name="next", url="ws://127.0.0.1:1/", agency="next")
    (tmp_path / "town").mkdir()
    return Side(neighbourly_place(), CONFIG, peer, tmp_path / "town")


def neighbour(folder: Path, **changes: Any) -> Side:
    peer = replace(PEER, **changes)
    config = replace(NEXT, neighbours={"town": Neighbour(id="town.example.org", units={"T-E1": "E1"})})
    folder.mkdir(exist_ok=True)
    return Side(of_next(), config, peer, folder)


def fire(side: Side, **fields: Any) -> str:
    side.town.command(ReportIncident, type="fire", x_m=100, y_m=1_000, address="12 Mill Lane", **fields)
    return f"I{side.town.world.incident_number}"


def transferred(tmp_path: Path) -> Side:
    """A town that hands incidents in the north to its neighbour."""
    peer = Peer(name="next", url="ws://127.0.0.1:1/", agency="next")
    (tmp_path / "from").mkdir()
    place = replace(neighbourly_place(), areas=(NORTH,))
    return Side(place, CONFIG, peer, tmp_path / "from")


async def test_an_incident_that_is_transferred_is_reported_once_and_amended_as_it_changes(tmp_path: Path) -> None:
    there, here = transferred(tmp_path), neighbour(tmp_path / "here")
    name = fire(there, caller="+1 555 0100", note="smoke & fire")
    document = there.tell(name)
    assert await here.hear(document) == ["ReportIncident", "ReportStatus", "AddNote"]
    (made,) = here.town.world.open.values()
    assert (made.type, made.priority, made.address, made.caller) == ("rescue", 1, "12 Mill Lane", "+15550100")
    assert (made.x_m, made.y_m) == (100, 1_000)
    assert made.external == json.loads(document)["$id"]
    assert [note.text for note in made.notes] == ["town.example.org: fire", "town.example.org: smoke & fire"]
    assert await here.hear(document) == []
    assert await here.hear(there.tell(name)) == [], "nothing has changed but the time"
    there.town.command(AmendIncident, incident=name, priority=3, address="14 Mill Lane")
    assert await here.hear(there.tell(name)) == ["AmendIncident"]
    assert (made.priority, made.address) == (3, "14 Mill Lane")
    here.town.command(AmendIncident, incident=made.id, priority=2)
    there.town.command(AddNote, incident=name, text="more smoke")
    assert await here.hear(there.tell(name)) == ["AddNote"], "what a person here has said of it stands"
    assert made.priority == 2


async def test_with_its_memory_lost_nothing_is_doubled(tmp_path: Path) -> None:
    there, here = transferred(tmp_path), neighbour(tmp_path / "here")
    name = fire(there, note="smoke")
    await here.hear(there.tell(name))
    here.memory._said.clear()
    assert await here.hear(there.tell(name)) == []
    assert len(here.town.world.incidents) == 1


async def test_a_person_is_told_once_where_the_neighbour_no_longer_tells_of_an_incident(tmp_path: Path) -> None:
    there, here = transferred(tmp_path), neighbour(tmp_path / "here")
    tracking = json.loads(there.tell(fire(there)))["$id"]
    await here.hear(there.tell("I1"))
    assert here.intake.open_ones() == [tracking]
    for _ in range(2):
        await here.intake.lost_sight(tracking)
    (made,) = here.town.world.open.values()
    assert [note.text for note in made.notes].count(
        "town no longer tells of this incident: it may have ended there."
    ) == 1
    await here.intake.lost_sight("never heard of")


async def test_an_incident_that_is_only_related_to_one_of_ours_is_another(tmp_path: Path) -> None:
    there, here = transferred(tmp_path), neighbour(tmp_path / "here")
    ours = here.town.report("crime")
    document = json.loads(there.tell(fire(there)))
    prologue = {key: document[key] for key in ("lastUpdateTimeStamp", "updatedByAgencyReference")}
    tracking = here.renderer.naming.tracking(ours)
    link = {**prologue, "$id": "l", "incidentTrackingIdentifier": tracking, "linkDirectionCode": "RELATED"}
    document["linkComponent"] = [link, {**link, "$id": "m", "incidentTrackingIdentifier": "urn:unknown"}]
    assert "LinkIncidents" in await here.hear(msgspec.json.encode(document))
    assert len(here.town.world.open) == 2
    assert ours.links
    assert here.kept == ["link"]
    assert await here.hear(msgspec.json.encode(document)) == []


async def test_our_own_document_that_comes_back_changes_nothing(tmp_path: Path) -> None:
    there, here = transferred(tmp_path), neighbour(tmp_path / "here", accept_all=True)
    here.town.report("crime")
    before = here.tell("I1")
    here.town.command(AmendIncident, incident="I1", priority=1, address="elsewhere")
    here.town.command(AddNote, incident="I1", text="said here")
    assert await here.hear(before) == []
    assert await here.hear(here.tell("I1")) == []
    document = json.loads(there.tell(fire(there)))
    document["$id"] = json.loads(before)["$id"]
    document["incidentComponent"]["incidentStatusCommonRegistryText"] = ["Closed"]
    assert "CloseIncident" not in await here.hear(msgspec.json.encode(document))
    assert here.town.world.incidents["I1"].open


async def test_memory_is_kept_on_the_disk(tmp_path: Path) -> None:
    there, here = transferred(tmp_path), neighbour(tmp_path / "here")
    await here.hear(there.tell(fire(there)))
    here.memory.saver()()
    again = Memory(tmp_path / "here", "town")
    assert again._said == here.memory._said != {}
    (tmp_path / "here" / "eido-town.json").write_text("{broken")
    assert Memory(tmp_path / "here", "town")._said == {}


async def test_what_is_said_of_a_forgotten_incident_is_neither_kept_nor_remembered(tmp_path: Path) -> None:
    there, here = transferred(tmp_path), neighbour(tmp_path / "here")
    document = json.loads(there.tell(fire(there)))
    await here.hear(msgspec.json.encode(document))
    here.town.command(CloseIncident, incident="I1", disposition="done")
    here.town.command(ForgetIncident, incident="I1", reason="asked for")
    assert here.memory.forget("I1") == [document["$id"]]
    kept = list(here.kept)
    prologue = {key: document[key] for key in ("lastUpdateTimeStamp", "updatedByAgencyReference")}
    document["personComponent"] = [{**prologue, "$id": "p", "personIncidentRoleRegistryText": ["Caller"]}]
    document["incidentComponent"]["incidentTypeInternalText"] = "another"
    assert await here.hear(msgspec.json.encode(document)) == []
    assert here.kept == kept
    assert here.statistics.kept["forgotten"] == 1
    assert here.memory.get(document["$id"]) == Said("I1", "", None, None, None, "")
    here.memory.saver()()
    assert b"Mill" not in (tmp_path / "here" / "eido-town.json").read_bytes()


def test_an_older_copy_of_the_memory_is_never_written_over_a_newer_one(tmp_path: Path) -> None:
    """Words that were on their way to the disk when they were forgotten do not come back; nor what a crash has left."""
    memory = Memory(tmp_path, "town")
    memory.put("t", Said("I1", "fire", 1, 1.0, 2.0, "12 Mill Lane"))
    older = memory.saver()
    memory.forget("I1")
    memory.saver()()
    older()
    (tmp_path / "eido-town.new").write_text("12 Mill Lane")
    assert Memory(tmp_path, "town").get("t") == Said("I1", "", None, None, None, "")
    assert all(b"Mill" not in path.read_bytes() for path in tmp_path.iterdir())
    memory.put("t", Said("I2", "fire", 1, 1.0, 2.0, "12 Mill Lane"))
    memory.saver()()
    assert Memory(tmp_path, "town", forgotten=["I2"]).get("t") == Said("I2", "", None, None, None, "")


async def test_what_is_none_of_ours_or_cannot_be_placed_is_kept_and_counted(town: Side, tmp_path: Path) -> None:
    here = neighbour(tmp_path / "here")
    await here.hear(town.tell(fire(town)))
    assert (here.kept, here.town.world.incidents) == (["not_ours"], {})
    everything = neighbour(tmp_path / "all", accept_all=True, incident_types={})
    await everything.hear(town.tell("I1"))
    assert everything.kept == ["type"]


async def test_nenas_own_sample_is_taken(tmp_path: Path) -> None:
    """It tells of a caller, not of an incident yet: what has no counterpart is counted by kind."""
    here = neighbour(tmp_path / "here", accept_all=True, incident_type="crime")
    await here.hear(await trio.Path(schema_folder() / "sample-call-transfer.json").read_bytes())
    kinds = {"personComponent", "additionalDataComponent", "locationByReferenceUrl", "type"}
    assert kinds <= set(here.kept), here.kept


async def test_an_incident_that_ends_there_ends_here_unless_crews_are_on_it(tmp_path: Path) -> None:
    there, here = transferred(tmp_path), neighbour(tmp_path / "here")
    there.town.command(ReportIncident, type="crime", x_m=0, y_m=900)
    await here.hear(there.tell("I1"))
    (made,) = here.town.world.open.values()
    there.town.command(CloseIncident, incident="I1", disposition="nothing")
    assert await here.hear(there.tell("I1")) == ["CloseIncident"]
    assert (made.phase, made.disposition) == (Phase.CLOSED, "closed by town.example.org")
    assert await here.hear(there.tell("I1")) == []
    there.town.command(ReportIncident, type="crime", x_m=0, y_m=950)
    await here.hear(there.tell("I2"))
    (second,) = here.town.world.open.values()
    here.town.send(second, "P1", reason="near")
    here.town.says("P1", Status.EN_ROUTE)
    here.town.says("P1", Status.ON_SCENE)
    there.town.command(CloseIncident, incident="I2", disposition="nothing")
    assert await here.hear(there.tell("I2")) == ["CloseIncident", "AddNote"]
    assert second.open
    assert "closed by town.example.org" in second.notes[-1].text


async def test_mutual_aid_goes_all_the_way_round(town: Side, tmp_path: Path) -> None:
    """The town asks for the neighbour's engine; it is sent, arrives and is done, and the town knows each time."""
    here = neighbour(tmp_path / "here", accept_all=True, aid=True)
    name = fire(town)
    fire_there = town.town.world.incidents[name]
    asked = [unit for unit in fire_there.assigned if town.town.status(unit) is Status.REQUESTED]
    if not asked:
        town.town.send(fire_there, "E3", reason="more")
        asked = ["E3"]
    (unit,) = asked
    theirs = CONFIG.neighbours["next"].units.get(unit, unit)
    here.reader = Reader(NEXT, replace(PEER, accept_all=True))
    document = json.loads(town.tell(name))
    for each in document["emergencyResourceComponent"]:
        if each["$id"] == f"{theirs}@next.example.org":
            each["$id"] = "E2@next.example.org"  # as the neighbour calls the one that it has
    kinds = await here.hear(msgspec.json.encode(document))
    assert "DispatchUnits" in kinds
    (made,) = here.town.world.open.values()
    assert "E2" in made.assigned
    for status, expected in (
        (Status.EN_ROUTE, ["AnswerAid", "ReportStatus"]),
        (Status.ON_SCENE, ["ReportStatus"]),
        (Status.AVAILABLE, ["ReportStatus"]),
    ):
        here.town.says("E2", status)
        told = json.loads(here.tell(made.id))
        for each in told["emergencyResourceComponent"]:
            if each["$id"] == "E2@next.example.org":
                each["$id"] = f"{theirs}@next.example.org"
        kinds = await town.hear(msgspec.json.encode(told))
        assert [kind for kind in kinds if kind != "AddNote"] == expected
    assert town.town.unit(unit).incident is None
    assert fire_there.past[-1].outcome is Outcome.CLEARED
    assert len(town.town.world.incidents) == 1, "the town's own incident did not come back as another"


async def test_a_person_is_asked_where_aid_is_not_sent_by_itself(town: Side, tmp_path: Path) -> None:
    here = neighbour(tmp_path / "here", accept_all=True)
    name = fire(town)
    document = json.loads(town.tell(name))
    document["emergencyResourceComponent"][0]["$id"] = "E2@next.example.org"
    assert await here.hear(msgspec.json.encode(document)) == ["ReportIncident", "AddNote"]
    (made,) = here.town.world.open.values()
    assert made.notes[-1].text == "town.example.org asks for E2"
    assert DispatchUnits.__name__ not in here.statistics.commands


async def test_duty_and_distress_of_the_neighbour_s_units_are_followed(town: Side, tmp_path: Path) -> None:
    here = neighbour(tmp_path / "here")
    name = fire(town)
    assert "E1" in town.town.world.incidents[name].assigned
    assert await here.hear(town.tell(name)) == ["ReportStatus"]
    assert here.town.status("T-E1") is Status.OUT_OF_SERVICE
    assert await here.hear(town.tell(name)) == []
    document = json.loads(town.tell(name))
    distress = {
        **{key: document["incidentComponent"][key] for key in ("lastUpdateTimeStamp", "updatedByAgencyReference")},
        "$id": "d1",
        "severity": "highest",
        "startTimestamp": "2026-03-02T08:00:00Z",
        "originatingDevice": "E1",
    }
    document["unitEmergencyStateComponent"] = [distress]
    assert "DeclareEmergency" in await here.hear(msgspec.json.encode(document))
    assert here.town.unit("T-E1").emergency is not None
    assert await here.hear(msgspec.json.encode(document)) == []


def test_notes_in_html_become_words() -> None:
    assert plain("<p>Smoke &amp; <b>fire</b></p>") == "Smoke & fire"
