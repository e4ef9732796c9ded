"""What ended while nobody listened is asked after: within five minutes it is still told of, later a person is told."""

from gateways.eido import frames
from gateways.eido.config import Peer
from gateways.eido.frames import frame
from gateways.eido.subscriber import CATCH_UP_S, Lost, Say, Subscriber, Take, Unknown

PEER = Peer(name="next", url="ws://127.0.0.1:1/", agency="next", min_rate_s=600)


def begun() -> Subscriber:
    made = Subscriber(PEER, 0.0)
    made.begin(0.0)
    answer = frames.SubscribeResponse(
        request_id="r", subscription_id="main", expires=600, status_code=200, status_text=""
    )
    assert made.feed(frame(answer), 1.0)
    made.catch_up(["a", "b", "c"], 1.0)
    made.seen("b")
    return made


def asked(made: Subscriber, now_s: float) -> frames.Subscribe:
    assert made.due_s() <= now_s
    (say,) = made.tick(now_s)
    assert isinstance(say, Say)
    said = frames.read(say.frame)
    assert isinstance(said, frames.Subscribe)
    assert said.request_sub_type == "single"
    return said


def test_each_that_was_not_told_of_is_asked_after_one_by_one() -> None:
    made = begun()
    assert made.tick(1.0 + CATCH_UP_S / 2) == []
    first = asked(made, 1.0 + CATCH_UP_S)
    assert first.incident_id == "a"
    ok = frames.SubscribeResponse(request_id=first.request_id, subscription_id="one", status_code=200, status_text="")
    assert made.feed(frame(ok), 17.0) == []
    assert made.due_s() > 17.0, "one at a time"
    take, say = made.feed(frame(frames.Event(subscription_id="one", transaction_id="t")), 18.0)
    assert isinstance(take, Take)
    assert isinstance(say, Say)
    assert isinstance(frames.read(say.frame), frames.Unsubscribe)
    second = asked(made, 18.0)
    gone = frames.SubscribeResponse(request_id=second.request_id, status_code=404, status_text="not known")
    assert made.feed(frame(gone), 19.0) == [Unknown("c")]
    assert made.due_s() > 100.0


def test_the_end_of_another_subscription_is_no_loss() -> None:
    made = begun()
    (say,) = made.feed(frame(frames.Terminate(request_id="r", subscription_id="one")), 2.0)
    assert isinstance(say, Say)
    assert isinstance(made.feed(frame(frames.Terminate(request_id="r", subscription_id="main")), 3.0)[1], Lost)
