"""Claims about the notifier, each held by a stranger's WebSocket: the whole conversation, its errors and its limits."""

import json
import ssl
from pathlib import Path

import pytest
import trio
import trustme
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from engine.model.inputs import AddNote, AmendIncident, CancelIncident
from gateways.eido.config import Listen
from tests.builders import token
from tests.eido_kit import FOLDER, mistakes
from tests.live.eido_live import Stranger, log_of, telling

URGENT = "@.incidentComponent.incidentCommonPriorityNumber >= 8"


async def test_a_new_subscription_is_told_every_open_incident_and_then_each_change(tmp_path: Path) -> None:
    async with telling(tmp_path) as town:
        first = await town.report(address="12 Mill Lane")
        async with Stranger(town.url) as stranger:
            response = await stranger.subscribe(expires=600)
            assert (response["statusCode"], response["expires"]) == (200, 600)
            (told,) = await stranger.incidents()
            assert told["incidentComponent"]["internalIncidentId"] == first
            assert told["incidentComponent"]["incidentStatusCommonRegistryText"] == ["Active", "ResourcesAssigned"]
            assert not (FOLDER.exists() and mistakes(told))
            await town.do(AddNote, incident=first, text="smoke <seen>")
            (told,) = await stranger.incidents()
            assert told["notesComponent"][0]["notesActionComments"] == "smoke &lt;seen&gt;"
            second = await town.report("theft")
            (told,) = await stranger.incidents()
            assert told["incidentComponent"]["internalIncidentId"] == second
            await town.do(CancelIncident, incident=second, reason="nothing")
            (told,) = await stranger.incidents()
            assert told["incidentComponent"]["incidentStatusCommonRegistryText"] == ["Cancelled"]
        assert town.source.statistics.event_answers == {"200": 4}


async def test_with_nothing_to_tell_the_first_event_is_empty(tmp_path: Path) -> None:
    async with telling(tmp_path) as town, Stranger(town.url) as stranger:
        await stranger.subscribe()
        assert await stranger.incidents() == []


async def test_a_filter_holds_and_one_that_no_longer_passes_is_told_once_more(tmp_path: Path) -> None:
    async with telling(tmp_path) as town, Stranger(town.url) as stranger:
        await town.report("theft")
        fire = await town.report("fire")
        assert (await stranger.subscribe(qualFilter=URGENT))["statusCode"] == 200
        (told,) = await stranger.incidents()
        assert told["incidentComponent"]["internalIncidentId"] == fire
        await town.do(AmendIncident, incident=fire, priority=5)
        (told,) = await stranger.incidents()
        assert told["incidentComponent"]["incidentCommonPriorityNumber"] == 2
        await town.do(AddNote, incident=fire, text="not told any more")
        await town.do(AmendIncident, incident=fire, priority=1)
        (told,) = await stranger.incidents()
        assert told["incidentComponent"]["incidentCommonPriorityNumber"] == 10


async def test_a_single_subscription_is_for_one_incident_and_outlives_it_by_five_minutes(tmp_path: Path) -> None:
    async with telling(tmp_path) as town, Stranger(town.url) as stranger:
        one, other = await town.report("theft"), await town.report("theft")
        name = town.source.renderer.naming.tracking(town.source.world.incidents[one])
        assert (await stranger.subscribe(requestSubType="single", incidentId=name))["statusCode"] == 200
        assert [told["$id"] for told in await stranger.incidents()] == [name]
        await town.do(AddNote, incident=other, text="not about it")
        await town.do(CancelIncident, incident=one, reason="nothing")
        (told,) = await stranger.incidents()
        assert (told["$id"], told["incidentComponent"]["incidentStatusCommonRegistryText"]) == (name, ["Cancelled"])
        assert (await stranger.subscribe(requestSubType="single", incidentId=name))["statusCode"] == 200
        assert len(await stranger.incidents()) == 1
        honest, ended = town.source.now, town.source.world.incidents[one].ended_ms
        town.source.now = lambda: ended + 300_001
        assert (await stranger.subscribe(requestSubType="single", incidentId=name))["statusCode"] == 404
        town.source.now = honest


@pytest.mark.parametrize(
    ("fields", "code", "word"),
    [
        ({"requestType": "LOGS"}, 400, "requestType"),
        ({"requestSubType": "some"}, 400, "requestSubType"),
        ({"requestAccepts": 'application/emergency.eido+json; version="2,3"'}, 406, "requestAccepts"),
        ({"requestAccepts": "text/html"}, 406, "requestAccepts"),
        ({"requestAccepts": 'application/emergency.eido+json; version="1,2,3"'}, 200, "OK"),
        ({"qualFilter": "@.a >"}, 400, "qualFilter"),
        ({"qualFilter": "__import__('os')"}, 400, "qualFilter"),
        ({"incidentId": "I1"}, 400, "incidentId"),
        ({"requestSubType": "single"}, 400, "incidentId"),
        ({"requestSubType": "single", "incidentId": "I99"}, 404, "incidentId"),
        ({"subscriptionId": "nobody's"}, 481, "subscriptionId"),
        ({"expires": "soon"}, 400, "$.subscribe.expires"),
        ({"minRate": 0}, 400, "$.subscribe.minRate"),
        ({"requestType": None}, 400, "requestType"),
    ],
)
async def test_each_request_is_answered_with_the_code_of_the_standard(fields, code, word, tmp_path: Path) -> None:
    async with telling(tmp_path) as town, Stranger(town.url) as stranger:
        response = await stranger.subscribe(**fields)
        assert response["statusCode"] == code
        assert word in response["statusText"]


async def test_large_requests_are_taken_up_to_the_standard_s_size_and_answered_beyond(tmp_path: Path) -> None:
    async with telling(tmp_path) as town, Stranger(town.url) as stranger:
        request = {"subscribe": {"requestId": "big", "requestType": "EIDO", "padding": ""}}
        request["subscribe"]["padding"] = "x" * (65_536 - len(json.dumps(request)))
        await stranger.say(request)
        assert (await stranger.hear("subscribeResponse"))["statusCode"] == 200
        request["subscribe"]["padding"] += "x"
        await stranger.say(request)
        assert (await stranger.hear("subscribeResponse"))["statusCode"] == 413
        await stranger.say("x" * 300_000)
        assert await stranger.closed() == 1009


async def test_several_subscriptions_share_a_socket_until_there_are_too_many(tmp_path: Path) -> None:
    async with telling(tmp_path, Listen(max_subscriptions=2)) as town, Stranger(town.url) as stranger:
        first, second = await stranger.subscribe(), await stranger.subscribe()
        assert (await stranger.subscribe())["statusCode"] == 503
        await stranger.say({"unsubscribe": {"requestId": "u", "subscriptionId": first["subscriptionId"]}})
        assert (await stranger.hear("unsubscribeResponse"))["statusCode"] == 200
        await stranger.say({"unsubscribe": {"requestId": "u", "subscriptionId": first["subscriptionId"]}})
        assert (await stranger.hear("unsubscribeResponse"))["statusCode"] == 481
        await town.report()
        while not (event := await stranger.hear("event")).get("notification"):
            pass
        assert event["subscriptionId"] == second["subscriptionId"]
        assert town.source.statistics.subscriptions == 1
    assert town.source.statistics.subscriptions == 0


async def test_a_subscription_is_renewed_and_the_socket_closes_when_the_last_has_expired(tmp_path: Path) -> None:
    async with telling(tmp_path, Listen(min_expires_s=1)) as town, Stranger(town.url) as stranger:
        made = await stranger.subscribe(expires=600, minRate=300)
        name = made["subscriptionId"]
        changed = await stranger.subscribe(subscriptionId=name, requestSubType=None, minRate=7)
        assert changed["statusCode"] == 400
        renewed = await stranger.subscribe(subscriptionId=name, requestSubType=None, expires=1)
        assert (renewed["statusCode"], renewed["expires"]) == (200, 1)
        assert (await stranger.hear("terminate"))["subscriptionId"] == name
        assert await stranger.closed() == 1000


async def test_min_rate_fills_silence_and_max_rate_keeps_events_apart(tmp_path: Path) -> None:
    async with telling(tmp_path) as town, Stranger(town.url) as stranger:
        await stranger.subscribe(minRate=1)
        for _ in range(3):
            assert await stranger.incidents() == []
    async with telling(tmp_path / "b") as town, Stranger(town.url) as stranger:
        theft = await town.report("theft")
        await stranger.subscribe(maxRate=2)
        assert len(await stranger.incidents()) == 1
        begun_s = trio.current_time()
        for number in range(5):
            await town.do(AddNote, incident=theft, text=f"note {number}")
        (told,) = await stranger.incidents()
        assert [note["notesActionComments"] for note in told["notesComponent"]][-1] == "note 4", "only the newest"
        assert trio.current_time() - begun_s > 1.5
        assert town.source.statistics.coalesced == 4


async def test_who_shows_no_token_or_has_no_right_or_speaks_otherwise_is_not_let_in(tmp_path: Path) -> None:
    async with telling(tmp_path) as town:
        for name, options, status in (
            ("", {}, 401),
            ("wall", {}, 403),
            ("crew-m1", {}, 403),
            ("cad", {"subprotocols": ["chat"]}, 400),
        ):
            with pytest.raises(InvalidStatus) as refused:
                async with Stranger(town.url, name, **options):
                    pass
            assert refused.value.response.status_code == status


async def test_a_limited_neighbour_is_told_of_what_it_may_know_and_no_callers(tmp_path: Path) -> None:
    limits = {"cad": "@.incidentComponent.incidentTypeCommonRegistryText == 'Structure Fire'"}
    async with telling(tmp_path, Listen(limits=limits, callers_for=("desk",))) as town:
        theft, fire = await town.report("theft"), await town.report("fire", caller="+1 555 0100")
        async with Stranger(town.url) as stranger, Stranger(town.url, "desk") as trusted:
            await stranger.subscribe()
            (told,) = await stranger.incidents()
            assert told["incidentComponent"]["internalIncidentId"] == fire
            assert "callbackComponent" not in told
            denied = await stranger.subscribe(requestSubType="single", incidentId=theft)
            assert denied["statusCode"] == 403
            await trusted.subscribe()
            told = (await trusted.incidents())[1]
            assert told["callbackComponent"][0]["callBackInformationUri"] == ["tel:+15550100"]


async def test_a_subscriber_that_never_answers_is_taken_to_be_gone_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    listen = Listen(answer_s=1.0, unanswered_max=2)
    async with telling(tmp_path, listen) as town, Stranger(town.url) as deaf, Stranger(town.url) as other:
        await deaf.say({"subscribe": {"requestId": "q", "requestType": "EIDO"}})
        await other.subscribe()
        await other.incidents()
        for _ in range(5):
            await town.report("theft")
            assert len(await other.incidents()) == 1
        assert await deaf.closed(answer=None) == 1008
        assert sum("event" in message for message in deaf.heard) == 2


async def test_a_client_certificate_of_a_known_authority_is_enough(tmp_path: Path) -> None:
    authority, foreign = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    listen = Listen(
        certificate=str(tmp_path / "server.pem"),
        authorities=str(tmp_path / "ca.pem"),
        clients={"cad.county.example": "cad", "wall.county.example": "wall", "gone.county.example": "nobody"},
    )

    def context(signed_by: trustme.CA | None, name: str = "cad.county.example") -> ssl.SSLContext:
        made = ssl.create_default_context()
        authority.configure_trust(made)
        if signed_by is not None:
            signed_by.issue_cert(name).configure_cert(made)
        return made

    async with telling(tmp_path, listen, secure=True) as town:
        async with Stranger(town.url, "", context(authority)) as stranger:
            await stranger.subscribe()
            assert await stranger.incidents() == []
        for name in ("wall.county.example", "gone.county.example"):
            # A name in the table is not enough: whom it speaks for must be there, and allowed to follow.
            with pytest.raises(InvalidStatus, match=r"40[13]"):
                async with Stranger(town.url, "", context(authority, name)) as stranger:
                    await stranger.subscribe()
        for signer in (foreign, None):
            # TLS 1.3 tells a client only after its own part of the handshake that it is not let in.
            with pytest.raises((OSError, InvalidMessage, ConnectionClosed)):
                async with Stranger(town.url, "", context(signer)) as stranger:
                    await stranger.subscribe()
    assert town.source.statistics.accepted == 1


async def test_at_a_stop_subscriptions_are_terminated_and_subscribers_told_to_come_back(tmp_path: Path) -> None:
    async with telling(tmp_path) as town:
        stranger = await Stranger(town.url).__aenter__()
        await stranger.subscribe()
        await stranger.incidents()
    assert await stranger.closed() == 1012
    assert "terminate" in stranger.heard[-1]
    assert token("cad") not in log_of(tmp_path).read_text()
