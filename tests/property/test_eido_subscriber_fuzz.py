"""Whatever a notifier sends: it is answered, nothing raises, and each document that holds is taken without a fault."""

import copy
import json
from pathlib import Path
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.inputs import ReportIncident
from engine.model.turn import Answer
from gateways.eido import documents, frames
from gateways.eido.config import Peer, Statistics
from gateways.eido.documents import BadDocument
from gateways.eido.intake import Intake
from gateways.eido.memory import Memory
from gateways.eido.naming import Naming
from gateways.eido.reading import Reader
from gateways.eido.render import Renderer
from gateways.eido.subscriber import Effect, Lost, Say, Subscriber, Take
from tests.eido_kit import CONFIG
from tests.property.crew_kit import neighbourly_place
from tests.unit.engine_place import Town

PEER = Peer(name="next", url="ws://127.0.0.1:1/", agency="next", accept_all=True, incident_type="crime", aid=True)
MESSAGES = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    st.builds(
        lambda name, body: json.dumps({name: body}),
        st.sampled_from((*frames.KINDS, "x")),
        st.dictionaries(
            st.sampled_from(("requestId", "subscriptionId", "transactionId", "statusCode", "expires", "notification")),
            st.one_of(st.sampled_from(("s", "t")), st.integers(-1, 700), st.just([{}, 1, "x"]), st.none()),
        ),
    ),
    st.just(
        frames.frame(frames.SubscribeResponse(request_id="r", subscription_id="s", status_code=200, status_text=""))
    ),
    st.just("[" * 5_000),
)


@given(st.lists(st.tuples(MESSAGES, st.floats(0, 30)), max_size=25))
@settings(max_examples=150, deadline=None)
def test_whatever_a_notifier_sends_is_answered_or_ends_the_connection(steps: list[tuple[Any, float]]) -> None:
    subscriber, now_s = Subscriber(PEER, 0.0), 0.0
    effects: list[Effect] = subscriber.begin(0.0)
    for message, wait_s in steps:
        for effect in effects:
            if isinstance(effect, Say):
                frames.read(effect.frame)
            elif isinstance(effect, Take):
                frames.read(subscriber.answer(effect.transaction, 200).frame)
            elif isinstance(effect, Lost):
                return
        now_s += wait_s
        due = now_s >= subscriber.due_s()
        effects = subscriber.tick(now_s) if due else subscriber.feed(message, now_s)
        assert effects or not due


def whole() -> dict[str, Any]:
    """Return a document with something in every component that is read."""
    town = Town(neighbourly_place())
    town.command(
        ReportIncident, type="fire", x_m=100, y_m=1_000, address="12 Mill Lane", caller="555 0100", note="smoke"
    )
    made = Renderer(CONFIG).render(town.world, town.world.incidents["I1"], callers=True)
    document: dict[str, Any] = json.loads(documents.encode(made))
    prologue = {key: document[key] for key in ("lastUpdateTimeStamp", "updatedByAgencyReference")}
    other = "urn:emergency:uid:incidentid:x1:cad.next.example.org"
    document["linkComponent"] = [
        {**prologue, "$id": "l", "incidentTrackingIdentifier": other, "linkDirectionCode": "RELATED"}
    ]
    document["mergeComponent"] = [
        {**prologue, "$id": "m", "incidentTrackingIdentifier": other, "incidentMergeDirectionCode": "REPLACED"}
    ]
    document["cautionComponent"] = [
        {
            **prologue,
            "$id": "c",
            "cautionTypeInternalText": "dog",
            "cautionTypeCommonRegistryText": "Location",
            "cautionSeverity": "high",
        }
    ]
    document["unitEmergencyStateComponent"] = [
        {
            **prologue,
            "$id": "e",
            "severity": "highest",
            "startTimestamp": "2026-01-01T00:00:00Z",
            "originatingDevice": "E2",
        }
    ]
    text = json.dumps(document).replace("town.example.org", "next.example.org").replace("E1@next", "E2@next")
    return dict(json.loads(text))


WHOLE = whole()


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        found += paths(value, (*path, key))
    return found


PATHS = paths(WHOLE)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.integers(-5, 2**63),
    st.text(max_size=30),
    st.just([]),
    st.just({}),
    st.just("x" * 5_000),
    st.sampled_from(("NaN NaN", "91 0", "Cancelled", ["Closed"], ["AssignmentCancelled"], "2026-02-30T00:00:00Z")),
)


class Twice:
    """An engine that takes what a document leads to."""

    def __init__(self, folder: Path) -> None:
        self.town = Town(neighbourly_place(2))
        self.town.command(ReportIncident, type="fire", x_m=0, y_m=0)
        self.commands = 0
        memory = Memory(folder, "next")
        self.intake = Intake(
            PEER, Naming(CONFIG), lambda: self.town.world, self.ask, memory, Statistics(), lambda *_: None
        )

    async def ask(self, command: Any) -> Answer:
        known = self.town.world.answer(command)
        if known is None:
            self.commands += 1
            self.town.step(command)
            known = self.town.world.answer(command)
        assert known is not None
        return known


@given(st.lists(st.tuples(st.sampled_from(PATHS), VALUES), max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_spoilt_document_is_refused_with_its_field_or_taken_once(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = copy.deepcopy(WHOLE)
    for path, value in changes:
        node: Any = document
        for key in path[:-1]:
            ok = (isinstance(node, dict) and key in node) or (
                isinstance(node, list) and isinstance(key, int) and key < len(node)
            )
            node = node[key] if ok else None
        if isinstance(node, dict) or (isinstance(node, list) and isinstance(path[-1], int) and path[-1] < len(node)):
            node[path[-1]] = value
    data = json.dumps(document).encode()
    try:
        reading = Reader(CONFIG, PEER).read(documents.decode(data))
    except BadDocument as bad:
        text = str(bad)
    else:
        trio.run(_taken_once, reading)
        return
    assert text.startswith("$")


async def _taken_once(reading: Any) -> None:
    engine = Twice(Path("/nonexistent"))
    await engine.intake.take(reading)
    assert len(engine.town.world.incidents) <= 2 + len(reading.distressed)
    before = engine.commands
    await engine.intake.take(reading)
    await engine.intake.take(reading)
    assert engine.commands <= before + len(reading.units) + len(reading.asked_for) + 1, "state was seen, not done again"
