"""The vocabulary as JSON Schema and as AsyncAPI, for those who write clients in other languages.

python -m gateways.cad.schema    writes gateways/schema/cad.v1.client.json, cad.v1.server.json and cad.v1.asyncapi.json
"""

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from gateways.cad import asyncapi
from gateways.cad.messages import VERSION, ClientMessage, ServerMessage

FOLDER: Final = Path(__file__).parent.parent / "schema"
_SIDES: Final[dict[str, tuple[Any, str]]] = {
    "cad.v1.client.json": (ClientMessage, "what a client may send"),
    "cad.v1.server.json": (ServerMessage, "what the server sends; fields may be added"),
}


def schemas() -> dict[str, str]:
    """Return the schema files: name to content."""
    return {name: _schema(kind, f"{VERSION}: {title}") for name, (kind, title) in _SIDES.items()}


def documents() -> dict[str, str]:
    """Return all files: name to content."""
    described = json.dumps(asyncapi.document(), indent=1, ensure_ascii=False) + "\n"
    return {**schemas(), asyncapi.FILE: described}


def _schema(kind: Any, title: str) -> str:
    (root,), components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **root,
        "$defs": dict(sorted(components.items())),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in documents().items():
        (FOLDER / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
