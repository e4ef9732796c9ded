"""The AsyncAPI 3.0 document of the WebSocket, made from the types of the vocabulary."""

from typing import Any, Final, get_args

import msgspec

from gateways.auth import GRANTS, Right
from gateways.cad.messages import VERSION, ClientMessage, ServerMessage
from gateways.vocabulary.commands import QUESTIONS, RULES

FILE: Final = "cad.v1.asyncapi.json"
REF: Final = "#/components/schemas/{name}"
ABOUT: Final = """\
One WebSocket, JSON, one object a text frame; `type` names the message. Say `hello` first: a `welcome` follows, then a
`snapshot`, or the deltas that were missed since `resume_from`. Each `delta` bears in `prev` the seq of the one before it.

A command bears an `id` of your choice and is answered once it is durable, by `answer` or by `refused`, which names the
field and the reason. Sent again under the same id it happens once. What is personal and not for your role is left out,
and `redacted` says so. Pass over fields and messages that you do not know: they are added, never changed."""


def document() -> dict[str, Any]:
    """Return the document."""
    sent, told = get_args(ClientMessage), get_args(ServerMessage)
    refs, components = msgspec.json.schema_components([*sent, *told], ref_template=REF)
    messages = {kind: _message(kind, ref) for kind, ref in zip((*sent, *told), refs, strict=True)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Turnout: the board and its commands",
            "version": "1.0.0",
            "description": ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "here": {
                "host": "127.0.0.1:7010",
                "protocol": "ws",
                "description": f"Subprotocol {VERSION}. Plain text: put a proxy that speaks TLS before it.",
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            }
        },
        "channels": {"board": {"address": "/", "messages": {_tag(kind): _part("messages", kind) for kind in messages}}},
        "operations": {
            # The document describes the server: it receives what clients send.
            "take": {"action": "receive", "channel": _CHANNEL, "messages": [_named(kind) for kind in sent]},
            "tell": {"action": "send", "channel": _CHANNEL, "messages": [_named(kind) for kind in told]},
        },
        "components": {
            "messages": {_tag(kind): message for kind, message in messages.items()},
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "token": {"type": "userPassword", "description": "In `hello`: the field `token`, as name.secret."}
            },
        },
    }


_CHANNEL: Final = {"$ref": "#/channels/board"}


def _tag(kind: Any) -> str:
    return str(kind.__struct_config__.tag)


def _part(section: str, kind: Any) -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{_tag(kind)}"}


def _named(kind: Any) -> dict[str, str]:
    return {"$ref": f"#/channels/board/messages/{_tag(kind)}"}


def _message(kind: Any, ref: dict[str, Any]) -> dict[str, Any]:
    told = (kind.__doc__ or "").strip()
    right = RULES[kind].right if kind in RULES else QUESTIONS.get(kind)
    needs = "" if right is None else f" {_needs(right)}"
    return {"name": _tag(kind), "summary": told.splitlines()[0], "description": f"{told}{needs}", "payload": ref}


def _needs(right: Right) -> str:
    roles = ", ".join(role for role, rights in GRANTS.items() if right in rights)
    return f"Needs the right to {right}: {roles}."
