"""Signatures as Standard Webhooks 1.0 has them: HMAC-SHA256 over `id.timestamp.body`, one per live secret."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from urllib.parse import quote

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""Lengths of key that the specification allows."""
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def key_of(secret: str) -> bytes:
    """Return the key of a `whsec_…` secret. Raises ValueError, without repeating the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or len(key) not in KEY_BYTES:
        raise ValueError(f"a secret is {PREFIX!r} followed by the base64 of 24 to 64 random bytes")
    return key


def signed_headers(keys: Sequence[bytes], message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """Return the three headers. `at_s` is real time in whole seconds: receivers refuse what is minutes off.

    What a header cannot hold of the id (the name of a place may have any letters) is percent-encoded.
    """
    message_id = quote(message_id, safe=_PRINTABLE)
    signed = b".".join((message_id.encode(), str(at_s).encode(), body))
    digests = (hmac.digest(key, signed, "sha256") for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }
