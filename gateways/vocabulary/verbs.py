"""The one registry of verbs: what may be typed on a command line, what it is for, and which messages it becomes.

The console's line, completion, help and cheat sheet are made from it, and so are `/v1/verbs` and `/docs` of the HTTP
API. Which right a verb needs is not said here: it is that of its messages.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeAlias

from msgspec import Struct

from engine.model.lifecycle import Status
from engine.model.words import tag
from gateways.auth import Right
from gateways.vocabulary import crew_messages as crew
from gateways.vocabulary import incident_messages as incidents
from gateways.vocabulary import move_messages as moves
from gateways.vocabulary import questions
from gateways.vocabulary import response_messages as response
from gateways.vocabulary.commands import QUESTIONS, RULES
from gateways.vocabulary.words import FromClient

Says: TypeAlias = tuple[type[FromClient], ...]


class Group(StrEnum):
    """What a verb is about, in the order of the help sheet."""

    CALLS = "Calls"
    SENDING = "Sending"
    STATUS = "Status"
    INCIDENTS = "Incidents"
    CREWS = "Crews"
    ATTENTION = "Attention"
    LOOKING = "Looking"


class Want(StrEnum):
    """What the words behind a verb name, for completion."""

    TYPE = "type"
    PLACE = "place"
    INCIDENT = "incident"
    UNIT = "unit"
    STATION = "station"


class Verb(Struct, frozen=True, kw_only=True):
    """One verb of the command line."""

    verb: str
    """Its letters."""
    name: str
    """Its name: an unambiguous beginning of it will do as well."""
    usage: str
    """What is typed: CAPITALS stand for what is meant, words in brackets may be left out."""
    about: str
    """What it is for."""
    group: Group
    says: Says = ()
    """Messages that it becomes; none where it only changes what the page shows."""
    wants: tuple[Want, ...] = ()
    status: Status | None = None
    """The status that it reports; it may stand behind its units as well."""
    fms: tuple[str, ...] = ()
    """Digits of the German radio's status (FMS) that mean the same."""

    @property
    def rights(self) -> tuple[Right, ...]:
        """Rights that its messages need; a verb without messages is for whoever sees the board."""
        return tuple(sorted({_right(kind) for kind in self.says} or {Right.WATCH}))

    @property
    def messages(self) -> tuple[str, ...]:
        """Types of its messages, as they are called on the wire."""
        return tuple(tag(kind.__name__) for kind in self.says)


def _right(kind: type[FromClient]) -> Right:
    """Return the right that a message needs; KeyError if it is neither a command nor a question."""
    asked = QUESTIONS.get(kind)  # type: ignore[arg-type]  # it may be a command as well
    return RULES[kind].right if asked is None else asked  # type: ignore[index]  # what is no question is a command


def _status(verb: str, status: Status, about: str, *fms: str) -> Verb:
    return Verb(
        verb=verb,
        name=status.plain,
        usage=f"{verb} UNIT …   or   UNIT … {verb}",
        about=about,
        group=Group.STATUS,
        says=(incidents.UnitStatus,),
        wants=(Want.UNIT,),
        status=status,
        fms=fms,
    )


def _verb(verb: str, name: str, usage: str, about: str, group: Group, says: Says, *wants: Want) -> Verb:
    return Verb(verb=verb, name=name, usage=usage, about=about, group=group, says=says, wants=wants)


_I, _U = Want.INCIDENT, Want.UNIT
_DISPATCH: Final = (response.Accept, incidents.Dispatch)
_ROLLING: Final = (incidents.Dispatch, incidents.UnitStatus)
_ENTER: Final = (incidents.ReportIncident, questions.AskSuspects, questions.AskPreview, questions.AskAddress)

VERBS: Final[tuple[Verb, ...]] = (
    _verb(
        "N",
        "new",
        "N TYPE PLACE [P1…P5] [> [UNIT … REASON]] [; NOTE]",
        "Enter a call. PLACE is a house (12 MILL ST) where the place lists them, a street, two streets with & between "
        "them, a station or hospital, lat,lon, or @: where you double-clicked the map. Behind >: who goes instead of "
        "whom the plan would send, and why; or nobody",
        Group.CALLS,
        _ENTER,
        Want.TYPE,
        Want.PLACE,
    ),
    _verb(
        "D",
        "dispatch",
        "D [INCIDENT] [UNIT …] [REASON]",
        "Send units, besides those that are on it. Without units: accept what is recommended",
        Group.SENDING,
        _DISPATCH,
        _I,
        _U,
    ),
    _verb(
        "DE",
        "send rolling",
        "DE [INCIDENT] UNIT …",
        "Send units that are rolling already",
        Group.SENDING,
        _ROLLING,
        _I,
        _U,
    ),
    _verb(
        "DV",
        "divert",
        "DV UNIT … [INCIDENT] REASON",
        "Turn units round that are under way elsewhere",
        Group.SENDING,
        (incidents.Divert,),
        _U,
        _I,
    ),
    _verb(
        "RP",
        "replace",
        "RP UNIT UNIT REASON",
        "The second unit goes in the place of the first, which has not arrived",
        Group.SENDING,
        (response.Supersede,),
        _U,
    ),
    _verb(
        "RL",
        "release",
        "RL UNIT … REASON",
        "Take units off their incidents",
        Group.SENDING,
        (incidents.Release,),
        _U,
    ),
    _verb("R", "recommend", "R [INCIDENT]", "Judge anew who should go", Group.SENDING, (incidents.Recommend,), _I),
    _status("EN", Status.EN_ROUTE, "Rolling", "3"),
    _status("A", Status.ON_SCENE, "Arrived on scene", "4"),
    _status("T", Status.TRANSPORTING, "Bringing a patient", "7"),
    _status("AT", Status.AT_HOSPITAL, "At the hospital", "8"),
    _status("AV", Status.AVAILABLE, "Free", "1", "2"),
    _status("OS", Status.OUT_OF_SERVICE, "Cannot be sent", "6"),
    _verb(
        "H",
        "hold",
        "H [INCIDENT] MINUTES REASON",
        "Send nobody more for a while; 0 minutes ends it",
        Group.INCIDENTS,
        (response.Hold, response.EndHold),
        _I,
    ),
    _verb(
        "P", "priority", "P [INCIDENT] 1…5", "Change how urgent it is", Group.INCIDENTS, (incidents.AmendIncident,), _I
    ),
    _verb("NT", "note", "NT [INCIDENT] TEXT", "Write something down", Group.INCIDENTS, (incidents.Note,), _I),
    _verb(
        "AL",
        "alarm level",
        "AL [INCIDENT] [REASON]",
        "Strike the next alarm",
        Group.INCIDENTS,
        (response.StrikeAlarm,),
        _I,
    ),
    _verb(
        "X",
        "close",
        "X [INCIDENT] DISPOSITION",
        "Close it; say how it ended",
        Group.INCIDENTS,
        (incidents.CloseIncident,),
        _I,
    ),
    _verb(
        "C",
        "cancel",
        "C [INCIDENT] REASON",
        "Cancel it; its units are released",
        Group.INCIDENTS,
        (incidents.CancelIncident,),
        _I,
    ),
    _verb("PAR", "roll-call", "PAR [INCIDENT]", "Call the roll of those on scene", Group.CREWS, (crew.CallRoll,), _I),
    _verb("M", "message", "M UNIT … TEXT", "Say something to crews", Group.CREWS, (crew.TellUnit,), _U),
    _verb(
        "MV",
        "move",
        "MV UNIT STATION REASON",
        "Send an idle unit to cover a station",
        Group.CREWS,
        (moves.OrderMove,),
        _U,
        Want.STATION,
    ),
    _verb(
        "NM",
        "no move",
        "NM UNIT REASON",
        "Reject the move that is proposed for a unit",
        Group.CREWS,
        (moves.RejectMove,),
        _U,
    ),
    _verb(
        "K",
        "acknowledge",
        "K [UNIT or INCIDENT]",
        "Acknowledge the most urgent alarm, or all about that one",
        Group.ATTENTION,
        (incidents.AcknowledgeAlarm,),
        _U,
        _I,
    ),
    _verb(
        "OK",
        "emergency over",
        "OK UNIT REASON",
        "Somebody has spoken to the crew: its emergency is over",
        Group.ATTENTION,
        (incidents.ResolveEmergency,),
        _U,
    ),
    _verb(
        "V",
        "view",
        "V INCIDENT   ·   V UNIT",
        "Select an incident, or show where a unit is",
        Group.LOOKING,
        (),
        _I,
        _U,
    ),
    _verb(
        "W",
        "why",
        "W [INCIDENT] [UNIT]",
        "Why these units; why not that one",
        Group.LOOKING,
        (questions.AskWhy,),
        _U,
        _I,
    ),
    _verb(
        "S",
        "screen",
        "S MAP   ·   S WALL   ·   S DESK   ·   S PAST [TIME]",
        "Open a window for a second screen: the map alone, the wall, the supervisor's desk, or the past: the hour of a "
        "time (14:32, 2026-11-28 14:32)",
        Group.LOOKING,
        (),
    ),
    _verb(
        "U",
        "undo",
        "U",
        "Take back what was just done, where that is safe: a dispatch, a hold, a priority, in or out of service",
        Group.LOOKING,
        (),
    ),
    _verb("?", "help", "?", "Every command and key", Group.LOOKING, ()),
)


class VerbView(Struct, frozen=True, kw_only=True):
    """A verb as it is told to pages and programs."""

    verb: str
    name: str
    usage: str
    about: str
    group: Group
    rights: tuple[Right, ...]
    """All of them are needed."""
    messages: tuple[str, ...]
    """Types of the messages that it becomes."""
    wants: tuple[Want, ...]
    status: Status | None
    fms: tuple[str, ...]


def view_verbs(verbs: Iterable[Verb] = VERBS) -> tuple[VerbView, ...]:
    """Return every verb as it is told."""
    return tuple(
        VerbView(
            verb=each.verb,
            name=each.name,
            usage=each.usage,
            about=each.about,
            group=each.group,
            rights=each.rights,
            messages=each.messages,
            wants=each.wants,
            status=each.status,
            fms=each.fms,
        )
        for each in verbs
    )
