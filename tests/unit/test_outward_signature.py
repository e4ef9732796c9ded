"""Signatures, read by a stranger's verifier."""

import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from gateways.outward.signature import key_of, signed_headers

OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
NEW = "whsec_" + base64.b64encode(bytes(range(64))).decode()
BODY = b'{"text":"caf\xc3\xa9"}'


def headers(*secrets: str) -> dict[str, str]:
    return signed_headers([key_of(secret) for secret in secrets], "A7", int(time.time()), BODY)


def test_the_reference_verifier_accepts_it() -> None:
    """Id, time and body are what was signed."""
    assert Webhook(NEW).verify(BODY, headers(NEW)) == {"text": "café"}


def test_during_a_rotation_either_secret_verifies() -> None:
    """Both sign; the receiver may still know the old one only."""
    both = headers(NEW, OLD)
    assert Webhook(OLD).verify(BODY, both)
    assert Webhook(NEW).verify(BODY, both)
    assert len(both["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize("field", ["webhook-id", "webhook-timestamp"])
def test_what_is_signed_cannot_be_changed(field: str) -> None:
    """Another id or time, or another secret, does not verify."""
    changed = headers(NEW)
    changed[field] = str(int(time.time()) - 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY, changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, headers(NEW))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        base64.b64encode(b"x" * 32).decode(),
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_not base64!",
        "whsec_é",
    ],
)
def test_a_wrong_secret_is_refused_and_not_repeated(secret: str) -> None:
    """The message says what a secret looks like and never shows the one given."""
    with pytest.raises(ValueError, match="whsec_") as refused:
        key_of(secret)
    assert len(secret) < 7 or secret not in str(refused.value)


def test_any_name_can_be_sent_and_verified() -> None:
    """A place is called by its own letters, and a header holds none but ASCII."""
    made = signed_headers([key_of(NEW)], "münchen 東京/7/0", int(time.time()), BODY)
    assert made["webhook-id"] == "m%C3%BCnchen %E6%9D%B1%E4%BA%AC/7/0"
    Webhook(NEW).verify(BODY, made)
    assert signed_headers([key_of(NEW)], "place/7/0", 0, BODY)["webhook-id"] == "place/7/0"
