"""SNPP (RFC 1861) as conversations without a socket: bytes in, bytes out, at the end what came of it.

Rule: pure. A conversation is a list of commands, one at a time: the next goes out when the server has answered the
last. What a level 3 command asks for beyond paging (2WAY, ACKRead) is left away where the server does not know it.
Nothing that a server sends raises; more than it may send ends the conversation with a sentence.
"""

import re
from typing import Final

from msgspec import Struct

from engine.model.alert_facts import CopyState
from gateways.alerts.wording import clean, plain

LINE_MAX: Final = 1_024
"""Bytes of one line of a server."""
LINES_MAX: Final = 100
"""Lines of one answer: help may be longish."""
_LINE: Final = re.compile(rb"([0-9]{3})(?:[ -](.*))?", re.DOTALL)
_HELP: Final = 214
"""Lines of information in front of an answer, not an answer."""
GOODBYE: Final = 221
OWN: Final = ("PAGE", "MESS", "SEND", "SUBJ")
"""A refusal of one of these is about this page; one of another is about the server."""
_UNKNOWN: Final = frozenset({500, 502, 550})
"""How servers of level 1 and 2 say that they do not know 2WAY."""


class Reply(Struct, frozen=True):
    """A server's answer."""

    code: int
    text: str

    @property
    def good(self) -> bool:
        """2xx but the goodbye, and those of two-way transactions: 8xx it has been done, 9xx it will be."""
        return self.code // 100 in (2, 8, 9) and self.code != GOODBYE


class Ticket(Struct, frozen=True):
    """What a two-way server calls the message, to be asked about it."""

    tag: str
    passcode: str


class Result(Struct, frozen=True, kw_only=True):
    """What came of a conversation."""

    taken: bool
    """Of a page: the server has it. Of a question: it has been answered."""
    state: CopyState = CopyState.FAILED
    ticket: Ticket | None = None
    detail: str = ""
    only_this: bool = False
    """The server refuses this page, and may well take another."""


class Step(Struct, frozen=True):
    """A command, and what to make of a refusal."""

    name: str
    line: str
    may_fail: bool = False
    """Then the conversation goes on without it."""


STATES: Final = {
    860: CopyState.DELIVERED,
    861: CopyState.DELIVERED,
    870: CopyState.ACKNOWLEDGED,
    880: CopyState.DELIVERED,
    881: CopyState.ACKNOWLEDGED,
    888: CopyState.ACKNOWLEDGED,
    889: CopyState.ACKNOWLEDGED,
    960: CopyState.SENT,
    780: CopyState.EXPIRED,
}
"""What a message tag's status stands for: read, or answered, is acknowledged."""


class Conversation:
    """One connection, from the greeting to the last answer that matters."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self._at = -1
        self._buffer = b""
        self._lines = 0
        self.result: Result | None = None
        """None until it is over."""

    def is_over(self) -> bool:
        """Tell whether there is a result."""
        return self.result is not None

    def receive(self, data: bytes) -> bytes:
        """Take what the server sent; return what to send. Look at `result` afterwards."""
        self._buffer += data
        out = b""
        while self.result is None:
            line, found, rest = self._buffer.partition(b"\n")
            if len(line) > LINE_MAX:
                self._end(f"the server sent a line of more than {LINE_MAX} bytes")
            if not found or self.result is not None:
                break
            self._buffer = rest
            out += self._take(line.rstrip(b"\r"))
        return out

    def closed(self) -> bytes:
        """The server has closed the connection: there is nothing more to send."""
        if self.result is None:
            self._end(f"the server closed the connection {self._when()}")
        return b""

    def _take(self, line: bytes) -> bytes:
        self._lines += 1
        form = _LINE.fullmatch(line)
        if self._lines > LINES_MAX:
            self._end(f"the server sent more than {LINES_MAX} lines {self._when()}")
        elif form is None:
            # Help may be shown in lines without a number, inside two lines with one.
            return b""
        elif int(form[1]) != _HELP:
            self._lines = 0
            return self._answered(Reply(int(form[1]), clean((form[2] or b"").decode("utf-8", "replace"))))
        return b""

    def _answered(self, reply: Reply) -> bytes:
        step = self._steps[self._at] if self._at >= 0 else Step("greeting", "")
        if not reply.good and not (step.may_fail and reply.code in _UNKNOWN):
            # A question about a message is answered by a refusal as well: it has expired.
            self.result = self._judge(step, reply)
            return b""
        self._at += 1
        if self._at >= len(self._steps):
            self.result = self._judge(step, reply)
            return b"QUIT\r\n"
        return self._steps[self._at].line.encode("ascii", "replace") + b"\r\n"

    def _judge(self, step: Step, reply: Reply) -> Result:
        words = f"{reply.code} {reply.text}".strip()[:200]
        last = self._at + 1 >= len(self._steps) or step is self._steps[-1]
        if last and step.name == "MSTA" and reply.code in STATES:
            return Result(taken=True, state=STATES[reply.code], detail=words)
        if not reply.good:
            own = step.name in OWN and reply.code // 100 in (5, 7)
            return Result(taken=False, detail=f"the paging server refuses {step.name}: {words}", only_this=own)
        return Result(taken=True, state=STATES.get(reply.code, CopyState.SENT), ticket=_ticket(reply), detail=words)

    def _end(self, detail: str) -> None:
        self.result = Result(taken=False, detail=detail)

    def _when(self) -> str:
        return "before it said anything" if self._at < 0 else f"instead of answering {self._steps[self._at].name}"


def _ticket(reply: Reply) -> Ticket | None:
    words = reply.text.split()
    if reply.code // 100 not in (8, 9) or len(words) < 2 or not _is_tag(words[0]) or not _is_tag(words[1]):
        return None
    return Ticket(words[0], words[1])


def _is_tag(word: str) -> bool:
    return word.isascii() and word.isalnum() and len(word) <= 64


def page(pager: str, text: str, *, login: tuple[str, str] | None, two_way: bool, subject: str = "") -> Conversation:
    """Return the conversation that brings one message to one pager."""
    steps = _begun(login)
    if two_way:
        steps.append(Step("2WAY", "2WAY", may_fail=True))
    steps.append(Step("PAGE", f"PAGE {_word(pager)}"))
    if two_way:
        steps.append(Step("ACKR", "ACKR 1", may_fail=True))
    if subject:
        steps.append(Step("SUBJ", f"SUBJ {_words(subject)}", may_fail=True))
    return Conversation([*steps, Step("MESS", f"MESS {_words(text)}"), Step("SEND", "SEND")])


def question(ticket: Ticket, *, login: tuple[str, str] | None) -> Conversation:
    """Return the conversation that asks what has become of a message."""
    steps = [*_begun(login), Step("2WAY", "2WAY", may_fail=True)]
    return Conversation([*steps, Step("MSTA", f"MSTA {_word(ticket.tag)} {_word(ticket.passcode)}")])


def _begun(login: tuple[str, str] | None) -> list[Step]:
    return [] if login is None else [Step("LOGI", f"LOGI {_word(login[0])} {_word(login[1])}")]


def _word(value: str) -> str:
    """One argument: nothing in it ends the command or begins another argument."""
    return plain(clean(value)).replace(" ", "")


def _words(value: str) -> str:
    return plain(clean(value))
