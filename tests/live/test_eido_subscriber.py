"""Claims about following a neighbour, held by a stranger's server: what it sends is checked, answered, and asked anew."""

import json
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import trio
import trustme
from msgspec import Struct
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from engine.model.inputs import ReportIncident
from engine.model.place import Agency
from gateways.eido import documents
from gateways.eido.config import EidoConfig, EidoRefused, Peer
from gateways.eido.log import ExchangeLog
from gateways.eido.peers import Followed, Peers
from gateways.eido.render import Renderer
from gateways.eido.source import Source
from tests.builders import serve_place, small_place
from tests.eido_kit import CONFIG
from tests.live.eido_live import log_of
from tests.unit.engine_place import Town, engine_place

PLACE = small_place(agencies=(Agency("next", "Next Town", 2),))
WAIT_S = 120.0


class Neighbourly(Struct):
    """The neighbour's server, and what it has heard."""

    url: str
    heard: Queue[dict[str, Any]]
    say: Queue[dict[str, Any] | None]
    """What it says next; None: it hangs up."""
    headers: list[str]


@contextmanager
def notifier(context: ssl.SSLContext | None = None, *, subscribes: int = 200) -> Iterator[Neighbourly]:
    """Serve one subscriber after another from a thread, until the block is left."""
    made = Neighbourly("", Queue(), Queue(), [])

    def handle(socket: ServerConnection) -> None:
        made.headers.append(socket.request.headers.get("Authorization", "") if socket.request else "")
        try:
            _converse(socket, made, subscribes)
        except ConnectionClosed:
            made.heard.put({"closed": True})

    with serve(handle, "127.0.0.1", 0, ssl=context, subprotocols=["emergency-ent1.0"], compression=None) as server:
        made.url = f"{'ws' if context is None else 'wss'}://127.0.0.1:{server.socket.getsockname()[1]}/IncidentData/ent"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            made.say.put(None)
            server.shutdown()
            thread.join(10)


def _converse(socket: ServerConnection, made: Neighbourly, code: int) -> None:
    request = json.loads(socket.recv(timeout=WAIT_S))
    made.heard.put(request)
    answer = {"requestId": request["subscribe"]["requestId"], "subscriptionId": "s1", "expires": 600}
    socket.send(json.dumps({"subscribeResponse": {**answer, "statusCode": code, "statusText": "said"}}))
    while (say := made.say.get()) is not None:
        socket.send(json.dumps(say))
        if "event" in say or "terminate" in say:
            made.heard.put(json.loads(socket.recv(timeout=WAIT_S)))


@asynccontextmanager
async def following(
    folder: Path, url: str, followed: list[Followed] | None = None, **changes: Any
) -> AsyncIterator[Source]:
    """Serve the small place, and follow the neighbour, who is put into the list that is given."""
    peer = Peer(
        name="next", url=url, agency="next", token="a.b", backoff_s=0.05, accept_all=True, incident_type="theft"
    )
    config = replace(CONFIG, peers=(replace(peer, **changes),))
    async with serve_place(folder / "journal", place=PLACE) as running:
        source = Source(running.board, config, running.service.clock.now)
        log = ExchangeLog(folder, config.log_bytes, source.statistics)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log.run)
            peers = Peers(running.service, source, log, folder)
            if followed is not None:
                followed += peers.followed
            nursery.start_soon(peers.run)
            yield source
            nursery.cancel_scope.cancel()


def document(**changes: Any) -> dict[str, Any]:
    """Return a document of the neighbour."""
    town = Town(engine_place())
    town.command(ReportIncident, type="crime", x_m=0, y_m=0, note="bang")
    config = EidoConfig(agency="next.example.org", element="cad.next.example.org")
    made = Renderer(config).render(town.world, town.world.incidents["I1"])
    inside = replace(made, location_component=())
    parsed: dict[str, Any] = json.loads(documents.encode(inside))
    from gateways.eido import pidf

    place = {key: parsed[key] for key in ("lastUpdateTimeStamp", "updatedByAgencyReference")}
    spot = pidf.write(pidf.Spot(41.51, -90.5, "3 Quay"), "x", "2026-01-01T00:00:00Z")
    name = parsed["incidentComponent"]["locationReference"][0]["$ref"]
    located = {**place, "$id": name, "locationTypeDescriptionRegistryText": "CurrentIncident", "locationByValue": spot}
    return {**parsed, "locationComponent": [located], **changes}


def event(*told: Any, subscription: str = "s1") -> dict[str, Any]:
    return {"event": {"subscriptionId": subscription, "transactionId": "t1", "notification": list(told)}}


async def heard(server: Neighbourly) -> dict[str, Any]:
    return await trio.to_thread.run_sync(lambda: server.heard.get(timeout=WAIT_S), abandon_on_cancel=True)


async def until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(WAIT_S):
        while not holds():  # noqa: ASYNC110  plain counters have no event
            await trio.sleep(0.01)


async def test_an_event_is_answered_once_what_follows_from_it_is_durable(tmp_path: Path) -> None:
    with notifier() as server:
        async with following(tmp_path, server.url, filter="@.incidentComponent") as source:
            asked = (await heard(server))["subscribe"]
            assert (asked["requestType"], asked["requestSubType"], asked["qualFilter"]) == (
                "EIDO",
                "new",
                "@.incidentComponent",
            )
            assert server.headers == ["Bearer a.b"]
            server.say.put(event(document()))
            answer = (await heard(server))["eventResponse"]
            assert (answer["transactionId"], answer["statusCode"]) == ("t1", 200)
            await until(lambda: len(source.world.incidents) == 1)
            (made,) = source.world.incidents.values()
            assert (made.type, made.address, made.notes[-1].text) == ("theft", "3 Quay", "next.example.org: bang")
            assert source.statistics.peers_following == 1


@pytest.mark.parametrize(
    ("told", "code", "word"),
    [
        ({"$id": "x"}, 400, "notification[0]: $: Object missing required field `lastUpdateTimeStamp`"),
        ("not an object", 400, "notification[0]: $: Expected `object`, got `str`"),
        (document(eidoVersion="9.0"), 400, "$.eidoVersion"),
        (document(lastUpdateTimeStamp="2026-02-30T00:00:00Z"), 400, "$.lastUpdateTimeStamp"),
        (document(linkComponent=[{"$id": 1}]), 400, "$.linkComponent[0].$id"),
    ],
)
async def test_a_document_that_does_not_hold_is_answered_with_its_field(told, code, word, tmp_path: Path) -> None:
    with notifier() as server:
        async with following(tmp_path, server.url) as source:
            await heard(server)
            server.say.put(event(told, document()))
            answer = (await heard(server))["eventResponse"]
            assert answer["statusCode"] == code
            assert word in answer["statusText"]
            await until(lambda: len(source.world.incidents) == 1)  # the other one was taken all the same
            assert source.statistics.documents_bad == 1


async def test_what_is_kept_is_in_the_log_and_in_no_count_by_name(tmp_path: Path) -> None:
    with notifier() as server:
        async with following(tmp_path, server.url) as source:
            await heard(server)
            prologue = {key: document()[key] for key in ("lastUpdateTimeStamp", "updatedByAgencyReference")}
            person = {**prologue, "$id": "p", "personIncidentRoleRegistryText": ["Caller"], "name": "Jo Bloggs"}
            server.say.put(event(document(personComponent=[person])))
            assert (await heard(server))["eventResponse"]["statusCode"] == 200
            assert source.statistics.kept == {"personComponent": 1}
    file = log_of(tmp_path)
    assert "Jo Bloggs" in await trio.Path(file).read_text()
    assert (await trio.Path(file).stat()).st_mode & 0o077 == 0


async def test_a_foreign_subscription_is_answered_481_and_a_terminated_one_is_taken_up_anew(tmp_path: Path) -> None:
    with notifier() as server:
        async with following(tmp_path, server.url) as source:
            await heard(server)
            server.say.put(event(subscription="other"))
            assert (await heard(server))["eventResponse"]["statusCode"] == 481
            server.say.put({"terminate": {"requestId": "r", "subscriptionId": "s1"}})
            assert (await heard(server))["terminateResponse"]["statusCode"] == 200
            server.say.put(None)
            while "subscribe" not in await heard(server):
                pass
            assert source.statistics.reconnects == 1


async def test_a_refused_subscription_is_tried_again_later(tmp_path: Path) -> None:
    with notifier(subscribes=503) as server:
        async with following(tmp_path, server.url) as source:
            for _ in range(3):
                assert "subscribe" in await heard(server)
                server.say.put(None)
            assert source.statistics.peers_following == 0
            assert source.world.incidents == {}


async def test_who_refuses_for_as_long_as_is_configured_is_parked(tmp_path: Path) -> None:
    """Also over a restart: nobody is asked then. Resumed, it is asked again; a person's word parks it while it is followed."""
    followed: list[Followed] = []
    with notifier(subscribes=403) as server:
        async with following(tmp_path, server.url, followed, park_after_s=0.001):
            for _ in range(2):
                assert "subscribe" in await heard(server)
                server.say.put(None)
            await until(lambda: followed[0].parking.parked is not None)
            assert "refused_403" in followed[0].last
    followed.clear()
    with notifier() as server:
        async with following(tmp_path, server.url, followed) as source:
            (peer,) = followed
            assert peer.parking.parked is not None
            assert peer.parking.parked.by == "turnout"
            assert server.heard.empty()
            await peer.parking.resume()
            assert "subscribe" in await heard(server)
            await until(lambda: source.statistics.peers_following == 1)
            await peer.parking.park("desk", "they move house")
            await until(lambda: source.statistics.peers_following == 0)


async def test_both_sides_show_certificates(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("cad.town.example.org").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "us.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    ours = {"authorities": str(tmp_path / "ca.pem"), "certificate": str(tmp_path / "us.pem"), "token": None}
    with notifier(context) as server:
        async with following(tmp_path, server.url, **ours) as source:
            await heard(server)
            server.say.put(event(document()))
            assert (await heard(server))["eventResponse"]["statusCode"] == 200
        async with following(tmp_path / "b", server.url, **{**ours, "authorities": None}) as source:
            await until(lambda: source.statistics.reconnects > 0)
            assert source.statistics.peers_following == 0


async def test_a_peer_that_does_not_fit_the_place_is_refused_before_anything_starts(tmp_path: Path) -> None:
    for changes, word in (
        ({"agency": "nobody"}, "agency"),
        ({"incident_type": "dragon"}, "dragon"),
        ({"filter": "@.a >"}, "filter"),
        ({"token_file": str(tmp_path / "none")}, "none"),
        ({"authorities": str(tmp_path / "none")}, "none"),
    ):
        with pytest.RaisesGroup(
            pytest.RaisesExc(EidoRefused, match=word), allow_unwrapped=True, flatten_subgroups=True
        ):
            async with following(tmp_path / word, "wss://127.0.0.1:1/", **changes):
                pass
