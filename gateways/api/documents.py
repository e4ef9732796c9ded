"""The OpenAPI document as it is committed and served.

python -m gateways.api.documents    writes gateways/schema/api.v1.openapi.json
"""

import json
from pathlib import Path
from typing import Final

from gateways.api.openapi import document
from gateways.api.reads import read_operations
from gateways.api.table import command_operations

FILE: Final = Path(__file__).parent.parent / "schema" / "api.v1.openapi.json"


def openapi() -> str:
    """Return the content of the file."""
    return json.dumps(document((*read_operations(), *command_operations())), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the file."""
    FILE.write_text(openapi(), encoding="utf-8")


if __name__ == "__main__":
    main()
