"""What all are told alike: against a slow twin that gives everything to everybody at once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateways.auth import Role
from gateways.cad.messages import Positions
from gateways.cad.outbox import TOGETHER, Helping
from gateways.cad.stream import Piece, Stream
from gateways.redaction import Audience

DESK = Audience(Role.DISPATCHER)
CREW = Audience(Role.CREW, units=frozenset({"E1"}))
ONLOOKER = Audience(Role.OBSERVER)
AUDIENCES = (DESK, CREW, ONLOOKER)


class Told:
    """A follower that remembers what it was given; while it is busy nothing can be sent to it at once."""

    def __init__(self) -> None:
        self.busy = False
        self.all = b""
        self.at_once: list[bytes] = []
        self.messages = 0

    def tell_now(self, frames: bytes, messages: int) -> bool:
        if self.busy:
            return False
        self.at_once.append(frames)
        self.messages += messages
        self.all += frames
        return True

    def on_delta(self, frame: bytes) -> None:
        self.messages += 1
        self.all += frame

    def on_positions(self, helping: Helping) -> None:
        self.messages += 1
        self.all += helping.frame


def delta(number: int, size: int = 0) -> Piece:
    """Return an update that looks different to each audience."""
    words = b"x" * size
    return Piece({None: b"<d%d%s>" % (number, words), CREW: b"<c%d%s>" % (number, words), ONLOOKER: b"<o%d>" % number})


def helping(number: int) -> Piece:
    return Piece(helping=Helping(Positions(at_ms=number, units=()), b"<p%d>" % number))


def seen(audience: Audience) -> Audience | None:
    return None if audience.sees_all else audience


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["delta", "large", "positions", "join", "part", "settle", "skip", "look", "busy", "hand_out"]),
        st.integers(0, 5),
    ),
    max_size=60,
)


@given(steps=STEPS)
@settings(max_examples=300, deadline=None)
def test_everybody_is_given_everything_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    """However many rounds, whoever comes, goes, is busy, starts over or looks elsewhere in between."""
    woken: list[None] = []
    stream = Stream(lambda: woken.append(None))
    told = [Told() for _ in range(6)]
    twin: dict[int, tuple[bool, bool]] = {}
    expected = [b""] * 6
    behind: list[list[bytes]] = [[] for _ in range(6)]
    for number, (step, who) in enumerate(steps):
        follower, audience, wants = told[who], AUDIENCES[who % 3], who < 4
        if step in ("delta", "large", "positions"):
            piece = helping(number) if step == "positions" else delta(number, TOGETHER if step == "large" else 0)
            before = len(woken)
            stream.tell(piece)
            assert len(woken) - before == bool(twin)
            for each, (_, positions) in twin.items():
                if piece.helping is None:
                    behind[each].append(piece.frames[seen(AUDIENCES[each % 3])])
                elif positions:
                    behind[each].append(piece.helping.frame)
        elif step == "join" and who not in twin:
            stream.join(follower, audience, positions=wants)
            twin[who] = wants, wants
        elif step == "part":
            stream.part(follower)
            twin.pop(who, None)
        elif step == "settle":
            stream.settle(follower)
            assert who not in twin or follower.all == expected[who] + b"".join(behind[who])
        elif step == "skip" and who in twin:
            # What it was given already of what waits is not known to the twin: let it say.
            given_already = follower.all.removeprefix(expected[who])
            stream.skip(follower)
            expected[who] += given_already
            behind[who] = []
        elif step == "look" and who in twin:
            stream.look(follower, everywhere=bool(number % 2))
            twin[who] = twin[who][0], twin[who][0] and bool(number % 2)
        elif step == "busy":
            follower.busy = not follower.busy
        elif step == "hand_out":
            stream.hand_out(who + 1)
    while not stream.is_idle:
        stream.hand_out(4)
    for who, follower in enumerate(told):
        assert follower.all == expected[who] + b"".join(behind[who])
        assert follower.messages == follower.all.count(b"<")
    assert {told.index(each) for each in stream.followers} == set(twin)  # type: ignore[arg-type]  # all are Told


def test_who_acts_is_told_before_who_looks_on_and_equals_share_the_bytes() -> None:
    """An observer that came first is told last; two pieces that came together are joined once."""
    stream = Stream(lambda: None)
    onlooker, crew, one, other = told = [Told() for _ in range(4)]
    for follower, audience in zip(told, (ONLOOKER, CREW, DESK, DESK), strict=True):
        stream.join(follower, audience)
    stream.tell(delta(1))
    stream.tell(helping(2))
    stream.hand_out(3)
    assert [each.all for each in told] == [b"", b"<c1><p2>", b"<d1><p2>", b"<d1><p2>"]
    assert one.at_once[0] is other.at_once[0]
    stream.hand_out(3)
    assert (onlooker.all, crew.messages) == (b"<o1><p2>", 2)
    assert stream.is_idle


def test_nothing_is_kept_for_nobody() -> None:
    """Without followers, and after the last has gone."""
    stream = Stream(lambda: None)
    stream.tell(delta(1))
    assert stream.is_idle
    follower = Told()
    stream.join(follower, DESK)
    stream.tell(delta(2))
    stream.part(follower)
    assert (follower.all, stream.audiences) == (b"<d2>", [])
    stream.hand_out(8)
    stream.hand_out(8)
    assert stream.is_idle


def test_who_goes_in_the_middle_of_a_round_is_given_no_more() -> None:
    """What came before it went, and nothing that came behind."""
    stream = Stream(lambda: None)
    stays, goes = Told(), Told()
    stream.join(stays, DESK)
    stream.join(goes, DESK)
    stream.tell(delta(1))
    stream.hand_out(1)
    stream.part(goes)
    stream.tell(delta(2))
    while not stream.is_idle:
        stream.hand_out(1)
    assert (stays.all, goes.all) == (b"<d1><d2>", b"<d1>")
