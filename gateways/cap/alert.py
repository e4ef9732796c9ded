"""A CAP 1.2 alert (OASIS, urn:oasis:names:tc:emergency:cap:1.2) as data: what we understand of it, with its own words.

Rule: pure values. Times are ms since the epoch, UTC; positions WGS84 degrees; radii metres.
"""

from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
PREFIX = "cap:"
"""Begins the names of all that an alert of another agency brings in here."""


class Status(StrEnum):
    """How an alert is meant. Only `Actual` is about the world."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MessageType(StrEnum):
    """What an alert does."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Scope(StrEnum):
    """For whom it is."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


class Category(StrEnum):
    """What it is about."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class Urgency(StrEnum):
    """How soon something is to be done."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """How grave it is, gravest first."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """How sure it is, surest first."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


Point = tuple[float, float]
"""(latitude, longitude)."""


class Circle(Struct, frozen=True):
    """A middle and what it reaches."""

    lat: float
    lon: float
    radius_m: float


class Named(Struct, frozen=True):
    """A value in somebody's own code list: an event code, a geocode, a parameter."""

    name: str
    value: str

    @property
    def key(self) -> str:
        """How configurations name it: `SAME:019163`."""
        return f"{self.name}:{self.value}"


class Area(Struct, frozen=True):
    """Where: any of its shapes, or what its codes stand for."""

    described: str
    polygons: tuple[tuple[Point, ...], ...] = ()
    """Rings, the last corner not repeated."""
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Named, ...] = ()


class Info(Struct, frozen=True, kw_only=True):
    """What, when and where, in one language."""

    language: str = "en-US"
    categories: tuple[Category, ...]
    event: str
    responses: tuple[str, ...] = ()
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    codes: tuple[Named, ...] = ()
    effective_ms: int | None = None
    onset_ms: int | None = None
    expires_ms: int | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Named, ...] = ()
    areas: tuple[Area, ...] = ()


class Reference(Struct, frozen=True, order=True):
    """An alert by what makes it one: these three are unique together."""

    sender: str
    identifier: str
    sent_ms: int
    """To the second: references may write the same moment in another zone."""

    @property
    def name(self) -> str:
        """Return a short name that no other alert has."""
        return sha256(f"{self.sender}\n{self.identifier}\n{self.sent_ms}".encode()).hexdigest()[:16]


class CapAlert(Struct, frozen=True, kw_only=True):
    """One message."""

    identifier: str
    sender: str
    sent_ms: int
    status: Status
    kind: MessageType
    source: str = ""
    scope: Scope
    restriction: str = ""
    addresses: str = ""
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: str = ""
    infos: tuple[Info, ...] = ()

    @property
    def reference(self) -> Reference:
        """How others refer to it."""
        return Reference(self.sender, self.identifier, self.sent_ms)
