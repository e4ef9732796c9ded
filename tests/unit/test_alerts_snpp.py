"""SNPP conversations, held against the transcripts of RFC 1861 (re-typed), and against anything at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.alert_facts import CopyState
from gateways.alerts.snpp import LINE_MAX, LINES_MAX, Conversation, Ticket, page, question

ANYTHING = st.lists(st.binary(max_size=200) | st.sampled_from([b"220 x\r\n", b"250 OK\r\n", b"960 1 2 q\r\n", b"214 "]))


def talk(conversation: Conversation, *answers: bytes) -> list[bytes]:
    """Return what was sent after each answer."""
    return [conversation.receive(answer + b"\r\n") for answer in answers]


def plain(text: str = "STRUCTURE FIRE") -> Conversation:
    return page("5551212", text, login=None, two_way=False)


def two_way(login: tuple[str, str] | None = None) -> Conversation:
    return page("5551212", "STRUCTURE FIRE", login=login, two_way=True)


def test_level_1_pages_and_says_goodbye() -> None:
    """Greeting, pager, message, send."""
    conversation = plain()
    sent = talk(
        conversation,
        b"220 SNPP Gateway Ready",
        b"250 Pager ID Accepted",
        b"250 Message OK",
        b"250 Message Sent Successfully",
    )
    assert sent == [b"PAGE 5551212\r\n", b"MESS STRUCTURE FIRE\r\n", b"SEND\r\n", b"QUIT\r\n"]
    assert conversation.result is not None
    assert (conversation.result.taken, conversation.result.state) == (True, CopyState.SENT)
    assert conversation.result.ticket is None


def test_level_3_asks_for_a_read_acknowledgement_and_keeps_the_ticket() -> None:
    """The tag and the pass code are what a later question names."""
    conversation = two_way(("turnout", "secret"))
    sent = talk(
        conversation,
        b"220 SNPP (V3) Gateway Ready",
        b"250 Login Accepted",
        b"250 OK, Beginning 2-Way Transaction",
        b"850 Unit Online and Available; Transaction Accepted",
        b"250 Read Acknowledgment Enabled",
        b"250 Message OK",
        b"960 1231 2442 OK, Message QUEUED for Delivery",
    )
    assert [line.strip().decode() for line in sent] == [
        "LOGI turnout secret",
        "2WAY",
        "PAGE 5551212",
        "ACKR 1",
        "MESS STRUCTURE FIRE",
        "SEND",
        "QUIT",
    ]
    assert conversation.result is not None
    assert conversation.result.ticket == Ticket("1231", "2442")
    assert conversation.result.state is CopyState.SENT


@pytest.mark.parametrize("answer", [b"500 Command Not Implemented", b"502 no", b"550 No two-way here"])
def test_a_server_without_level_3_is_paged_all_the_same(answer: bytes) -> None:
    """It refuses 2WAY and ACKR, and is sent the rest."""
    conversation = two_way()
    sent = talk(conversation, b"220 hi", answer, b"250 ok", answer, b"250 ok", b"250 sent")
    assert sent[-1] == b"QUIT\r\n"
    assert conversation.result is not None
    assert conversation.result.taken


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((b"421 Gateway Service Unavailable",), "refuses greeting: 421 Gateway Service Unavailable"),
        ((b"220 hi", b"550 Invalid Pager ID"), "refuses PAGE: 550 Invalid Pager ID"),
        ((b"220 hi", b"250 ok", b"550 Invalid Message"), "refuses MESS: 550 Invalid Message"),
        ((b"220 hi", b"250 ok", b"250 ok", b"554 Message Failed"), "refuses SEND: 554 Message Failed"),
        ((b"220 hi", b"750 Unit Valid But Not Online"), "refuses PAGE: 750 Unit Valid"),
    ],
)
def test_a_refusal_ends_it_with_the_server_s_own_words(answers: tuple[bytes, ...], words: str) -> None:
    """And with the command that was refused."""
    conversation = plain()
    talk(conversation, *answers)
    assert conversation.result is not None
    assert not conversation.result.taken
    assert words in conversation.result.detail


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"960 1231 951012120000 OK, Queued", CopyState.SENT),
        (b"860 1231 951012120000 Delivered, Awaiting Read Ack", CopyState.DELIVERED),
        (b"861 1231 951012120000 Delivered, Awaiting Reply", CopyState.DELIVERED),
        (b"880 1231 951012120000 Message Delivered (No Reply Pending)", CopyState.DELIVERED),
        (b"870 1231 951012120000 Delivered, Read, Awaiting Reply", CopyState.ACKNOWLEDGED),
        (b"881 1231 951012120000 Message Delivered and Read by Recipient", CopyState.ACKNOWLEDGED),
        (b"888 1231 951012120000 01 MCR Reply Received", CopyState.ACKNOWLEDGED),
        (b"889 1231 951012120000 on our way", CopyState.ACKNOWLEDGED),
        (b"780 1231 951012120000 Message Expired Before Delivery", CopyState.EXPIRED),
    ],
)
def test_what_became_of_a_page(answer: bytes, state: CopyState) -> None:
    """Every answer of MSTAtus has its state; an expired page is an answer too."""
    conversation = question(Ticket("1231", "2442"), login=None)
    sent = talk(conversation, b"220 hi", b"250 two-way", answer)
    assert sent[:2] == [b"2WAY\r\n", b"MSTA 1231 2442\r\n"]
    assert conversation.result is not None
    assert (conversation.result.taken, conversation.result.state) == (True, state)


def test_a_question_that_is_not_understood_says_nothing() -> None:
    """An unknown tag changes nothing about the page."""
    conversation = question(Ticket("1231", "2442"), login=None)
    talk(conversation, b"220 hi", b"250 two-way", b"550 Unknown or Illegal Message_Tag or Pass_Code")
    assert conversation.result is not None
    assert not conversation.result.taken


def test_help_in_front_of_an_answer_is_no_answer() -> None:
    """214 lines, with or without their number, are passed over; but not for ever."""
    conversation = plain()
    assert talk(conversation, b"214 Type HELP", b"plain words", b"250 Ready") == [b"", b"", b"PAGE 5551212\r\n"]
    conversation = plain()
    talk(conversation, *[b"214 more"] * (LINES_MAX + 1))
    assert conversation.result is not None
    assert "more than 100 lines" in conversation.result.detail


def test_nothing_in_a_message_is_a_command() -> None:
    """Line ends become spaces, letters lose their accents, a pager's id is one word."""
    conversation = page("555\r\nRESE", "Zoë\r\nQUIT Straße", login=None, two_way=False)
    sent = talk(conversation, b"220 hi", b"250 ok", b"250 ok")
    assert sent == [b"PAGE 555RESE\r\n", b"MESS Zoe QUIT Stra?e\r\n", b"SEND\r\n"]


def test_a_server_that_goes_away_is_a_failure_that_says_when() -> None:
    """Before anything, and in the middle; after the end it changes nothing."""
    conversation = plain()
    conversation.closed()
    assert conversation.result is not None
    assert conversation.result.detail == "the server closed the connection before it said anything"
    conversation = plain()
    talk(conversation, b"220 hi")
    conversation.closed()
    assert conversation.result is not None
    assert "instead of answering PAGE" in conversation.result.detail


@given(ANYTHING)
def test_whatever_a_server_sends_there_is_no_exception_and_no_growth(chunks: list[bytes]) -> None:
    """Each conversation is over, or waits, with a bounded buffer; after its end it says nothing more."""
    for conversation in (plain(), two_way(("a", "b")), question(Ticket("1", "2"), login=None)):
        for chunk in chunks:
            over = conversation.is_over()
            out = conversation.receive(chunk)
            assert not (over and out)
            assert out.isascii()
            assert conversation.is_over() or len(conversation._buffer) <= LINE_MAX
        conversation.closed()
        assert conversation.is_over()
