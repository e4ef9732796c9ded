"""The table `[eido]`: who we are to our neighbours, what our codes are called, who may follow us, whom we follow."""

from typing import Annotated, Final

from msgspec import Meta, Struct, field, structs

from gateways.eido.registries import Registries

AgencyId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$")]
"""A fully qualified domain name (NENA-STA-010: an agency's identifier)."""
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]
Types = Annotated[tuple[str, ...], Meta(min_length=1)]


class EidoRefused(Exception):
    """What the table says cannot be done. The message names the field or file, and the reason."""


class Neighbour(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agency of the place, as the rest of the world knows it."""

    id: AgencyId
    types: Types = ("psap",)
    """From the registry urn:emergency:service:responder."""
    units: dict[str, str] = {}
    """Its units by our name for them: what it calls them itself. One that is not named has the same name with both."""
    areas: tuple[str, ...] = ()
    """Response areas of our place that are its to answer for: incidents there are told as transferred to it."""


class Listen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where neighbours subscribe to us. Without a certificate keep it on the loopback, behind something with TLS."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 7020
    certificate: str | None = None
    """A file in PEM, its chain with it. With one, the listener speaks TLS."""
    key: str | None = None
    """Its key in PEM; None: in the same file."""
    authorities: str | None = None
    """A file in PEM: a client must show a certificate that one of these has signed (the PSAP Credentialing Agency)."""
    clients: dict[str, str] = {}
    """By DNS name of a client's certificate: the principal that it speaks for. Others show a bearer token."""
    followers: tuple[str, ...] = ()
    """Principals that may follow incidents: neighbours, as a rule of the role `partner`. Dispatchers and supervisors may."""
    limits: dict[str, str] = {}
    """By principal: a filter (as in qualFilter). It is told nothing of what does not pass."""
    callers_for: tuple[str, ...] = ()
    """Principals that are told who called. Nobody is unless named here."""
    max_connections: Positive = 50
    max_subscriptions: Positive = 16
    """On one connection."""
    handshake_s: Seconds = 10.0
    first_s: Seconds = 30.0
    """A connection without a subscription for that long is closed."""
    ping_s: Seconds = 10.0
    idle_s: Seconds = 30.0
    send_s: Seconds = 10.0
    message_bytes: Annotated[int, Meta(ge=65_536)] = 65_536
    """Requests of up to 65,536 bytes must be taken; larger ones are answered 413."""
    expires_s: Positive = 3_600
    """How long a subscription lasts where none is asked for."""
    max_expires_s: Positive = 86_400
    min_expires_s: Positive = 15
    unanswered_max: Positive = 32
    """Events on their way without an eventResponse. Meanwhile changes wait, only the newest of each incident."""
    answer_s: Seconds = 60.0
    """A subscriber that has not answered an event for so long is taken to be gone."""


class Peer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A neighbour's notifier that we follow."""

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    url: Annotated[str, Meta(pattern="^wss?://")]
    agency: str
    """The neighbour, by the place's id for it."""
    token: str | None = None
    """A bearer token, in clear: keep the file to yourself. Better: `token_file`."""
    token_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    authorities: str | None = None
    """What the server's certificate is held against; None: the machine's own authorities."""
    filter: str | None = None
    """A qualFilter to subscribe with."""
    expires_s: Positive = 600
    min_rate_s: Positive = 30
    """At least an empty event so often: silence for longer than that and its half means that the line is dead."""
    max_rate_s: Annotated[int, Meta(ge=0)] = 0
    accept_all: bool = False
    """Take every incident for ours, not only those in which our agency has a part."""
    incident_types: dict[str, str] = {}
    """By the registry's word for it, or the neighbour's own code: a type of our place."""
    incident_type: str = ""
    """For any other; without it such incidents are kept and counted, and not reported."""
    aid: bool = False
    """Send a unit of ours that the neighbour asks for at once; else a person reads of it on the incident."""
    caution_hours: Annotated[int, Meta(ge=1, le=168)] = 24
    """How long a neighbour's caution holds: nobody tells us when it is over."""
    backoff_s: Seconds = 1.0
    backoff_max_s: Seconds = 60.0
    park_after_s: Seconds | None = None
    """A neighbour that has refused our subscription for that long is parked, until a person has it resumed. None: never."""
    connect_s: Seconds = 10.0
    message_bytes: Annotated[int, Meta(ge=65_536)] = 4 << 20


class EidoConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """CAD to CAD by NENA's EIDO."""

    agency: AgencyId
    element: AgencyId
    """This system's own name: the last part of every identifier that it makes."""
    agency_types: Types = ("psap",)
    """From the registry urn:emergency:service:responder."""
    registries: Registries = Registries()
    neighbours: dict[str, Neighbour] = {}
    """By the place's id of the agency."""
    listen: Listen | None = None
    """None: nobody can subscribe to us."""
    peers: tuple[Peer, ...] = ()
    log_bytes: Annotated[int, Meta(ge=1 << 16)] = 64 << 20
    """Size at which a day's log of exchanges begins a new file; the one before is kept."""
    log_days: Annotated[int, Meta(ge=1, le=36_500)] = 30
    """How long it is kept: it holds people's data."""


class Statistics(Struct):
    """Counts since the start; no names and no contents. Metrics read them when they are scraped."""

    connections: int = 0
    """Subscribers' connections that are open now."""
    subscriptions: int = 0
    """That stand now."""
    accepted: int = 0
    requests: dict[str, int] = field(default_factory=dict)
    """Of subscribers, by kind and answer: subscribe_200."""
    events_out: int = 0
    documents_out: int = 0
    coalesced: int = 0
    """Changes that were told together with a newer one."""
    event_answers: dict[str, int] = field(default_factory=dict)
    """Of subscribers to our events, by code."""
    retrievals: dict[str, int] = field(default_factory=dict)
    """By answer."""
    ended: dict[str, int] = field(default_factory=dict)
    """Connections that are over, by cause."""
    faults: int = 0
    """Errors of ours, each logged."""
    peers_following: int = 0
    """Neighbours whose events reach us now."""
    reconnects: int = 0
    events_in: int = 0
    documents_in: int = 0
    documents_bad: int = 0
    """That were answered with an error."""
    commands: dict[str, int] = field(default_factory=dict)
    """Given to the engine for neighbours, by kind."""
    refused: dict[str, int] = field(default_factory=dict)
    """By the engine, by code."""
    kept: dict[str, int] = field(default_factory=dict)
    """Parts of neighbours' documents without a counterpart here, by kind; the log has them."""
    log_failed: int = 0


LEVELS: Final = ("connections", "subscriptions", "peers_following")
"""What of it goes up and down."""


def flat(statistics: Statistics) -> dict[str, int]:
    """Return every count by name; those by code as name_code."""
    counts: dict[str, int] = {}
    for name, value in structs.asdict(statistics).items():
        if isinstance(value, dict):
            counts.update({f"{name}_{code}": number for code, number in value.items()})
        elif name not in LEVELS:
            counts[name] = value
    return counts


def levels(statistics: Statistics) -> dict[str, int]:
    """Return what stands now."""
    return {name: getattr(statistics, name) for name in LEVELS}


def count(counts: dict[str, int], what: str) -> None:
    """Count one more."""
    counts[what] = counts.get(what, 0) + 1
