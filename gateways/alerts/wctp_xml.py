"""WCTP documents (PCIA, version 1.1 and up), written and read without a network.

Rule: pure. What is read goes through defusedxml: entities and whatever else a document may pull in are refused, the
document type that every WCTP gateway writes is passed over. Everything else that is no WCTP raises NotWctp with a sentence.
"""

from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

import defusedxml
from defusedxml.ElementTree import fromstring
from msgspec import Struct

from engine.model.alert_facts import CopyState
from gateways.alerts.wording import clean

VERSION: Final = "wctp-dtd-v1r1"
DOCUMENT_TYPE: Final = f'<!DOCTYPE wctp-Operation SYSTEM "http://www.wctp.org/dtd/{VERSION}.dtd">'
WORDS_MAX: Final = 200
_NOTIFIED: Final = {"QUEUED": CopyState.SENT, "DELIVERED": CopyState.DELIVERED, "READ": CopyState.ACKNOWLEDGED}


class NotWctp(ValueError):
    """It is not to be understood. The message says why."""


class Submission(Struct, frozen=True, kw_only=True):
    """A message to be submitted."""

    sender: str
    security_code: str
    to: str
    message: str
    """Our own id for it, which comes back in notifications and replies."""
    text: str
    at_ms: int


class Confirmed(Struct, frozen=True):
    """What a gateway answers: taken, or why not."""

    taken: bool
    words: str


class Notified(Struct, frozen=True):
    """What a gateway says later of a message: its state, or a reply, which is an acknowledgement."""

    message: str
    state: CopyState
    words: str = ""


def submit(given: Submission) -> bytes:
    """Return a wctp-SubmitRequest that asks to be told of delivery and reading."""
    root = Element("wctp-Operation", wctpVersion=VERSION)
    request = SubElement(root, "wctp-SubmitRequest")
    header = SubElement(request, "wctp-SubmitHeader", submitTimestamp=_stamp(given.at_ms))
    origin = SubElement(header, "wctp-Originator", senderID=clean(given.sender))
    if given.security_code:
        origin.set("securityCode", given.security_code)
    SubElement(
        header,
        "wctp-MessageControl",
        messageID=given.message,
        allowResponse="true",
        notifyWhenDelivered="true",
        notifyWhenRead="true",
        deliveryPriority="HIGH",
    )
    SubElement(header, "wctp-Recipient", recipientID=clean(given.to))
    payload = SubElement(request, "wctp-Payload")
    SubElement(payload, "wctp-Alphanumeric").text = given.text
    return _written(root)


def confirm(*, good: bool, code: int, words: str) -> bytes:
    """Return a wctp-Confirmation, the answer to what a gateway sends us."""
    root = Element("wctp-Operation", wctpVersion=VERSION)
    confirmation = SubElement(root, "wctp-Confirmation")
    if good:
        SubElement(confirmation, "wctp-Success", successCode=str(code), successText=clean(words))
    else:
        SubElement(confirmation, "wctp-Failure", errorCode=str(code), errorText=clean(words))
    return _written(root)


def read_confirmation(data: bytes) -> Confirmed:
    """Return what a gateway answered to a submission. Raises NotWctp."""
    root = _root(data)
    success = root.find("wctp-Confirmation/wctp-Success")
    if success is not None:
        return Confirmed(taken=True, words=_words(success, "success"))
    failure = root.find("wctp-Confirmation/wctp-Failure")
    if failure is None:
        # An error in the document as a whole is told without a confirmation round it.
        failure = root.find("wctp-Failure")
    if failure is None:
        raise NotWctp("there is neither a success nor a failure in it")
    return Confirmed(taken=False, words=_words(failure, "error"))


def read_notification(data: bytes) -> Notified:
    """Return what a gateway tells of a message. Raises NotWctp."""
    root = _root(data)
    reply = root.find("wctp-MessageReply")
    if reply is not None:
        text = reply.findtext("wctp-Payload/wctp-Alphanumeric") or ""
        return Notified(_about(reply), CopyState.ACKNOWLEDGED, clean(text)[:WORDS_MAX])
    status = root.find("wctp-StatusInfo")
    if status is None:
        raise NotWctp("it is neither a wctp-StatusInfo nor a wctp-MessageReply")
    failure = status.find("wctp-Failure")
    if failure is not None:
        return Notified(_about(status), CopyState.FAILED, _words(failure, "error"))
    notification = status.find("wctp-Notification")
    kind = "" if notification is None else notification.get("type", "").upper()
    if kind not in _NOTIFIED:
        raise NotWctp(f"a notification of type {clean(kind)[:40]!r} is not known; there are {', '.join(_NOTIFIED)}")
    return Notified(_about(status), _NOTIFIED[kind])


def _root(data: bytes) -> Element:
    try:
        root: Element = fromstring(data)
    except defusedxml.DefusedXmlException as error:
        raise NotWctp(f"it holds what is not allowed: {type(error).__name__}") from None
    except (SyntaxError, ValueError, LookupError) as error:  # ElementTree's ParseError; encodings that there are not
        raise NotWctp(f"it is no XML: {error}") from None
    if root.tag != "wctp-Operation":
        raise NotWctp(f"its root is {clean(root.tag)[:40]!r}, not wctp-Operation")
    return root


def _about(element: Element) -> str:
    header = element.find("wctp-ResponseHeader")
    message = "" if header is None else header.get("responseToMessageID", "")
    if not message:
        raise NotWctp("it does not say which message it is about (responseToMessageID)")
    return message


def _words(element: Element, prefix: str) -> str:
    code, text = element.get(f"{prefix}Code", ""), element.get(f"{prefix}Text") or element.text or ""
    return clean(f"{code} {text}")[:WORDS_MAX]


def _stamp(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}"


def _written(root: Element) -> bytes:
    body: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{DOCUMENT_TYPE}\n{body}'.encode()
