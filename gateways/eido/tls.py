"""TLS of both sides: contexts from files, and the name that a client's certificate bears."""

import ssl
from pathlib import Path
from typing import Any

from gateways.eido.config import EidoRefused, Listen, Peer


def server_context(listen: Listen) -> ssl.SSLContext | None:
    """Return the context of the listener; None where it has no certificate. Raises EidoRefused."""
    if listen.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _load(context, listen.certificate, listen.key)
    if listen.authorities is not None:
        _trust(context, listen.authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(peer: Peer) -> ssl.SSLContext:
    """Return the context to connect to a peer with. Raises EidoRefused."""
    context = ssl.create_default_context()
    if peer.authorities is not None:
        _trust(context, peer.authorities)
    if peer.certificate is not None:
        _load(context, peer.certificate, peer.key)
    return context


def names_of(certificate: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the DNS names that a peer's certificate bears, as the `ssl` module tells it."""
    return tuple(value for kind, value in (certificate or {}).get("subjectAltName", ()) if kind == "DNS")


def _load(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise EidoRefused(f"{certificate}: cannot be used as a certificate with its key ({error}).") from None


def _trust(context: ssl.SSLContext, authorities: str) -> None:
    if not Path(authorities).is_file():
        raise EidoRefused(f"{authorities}: there is no such file of authorities.")
    try:
        context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        raise EidoRefused(f"{authorities}: cannot be used as authorities ({error}).") from None
