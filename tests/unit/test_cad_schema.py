"""The committed JSON Schema is what the program speaks."""

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from gateways.cad.schema import FOLDER, schemas
from tests.unit.test_cad_session import BAD_COMMANDS, EXAMPLES, command, hello, text

DOCUMENTS = [row[0] for row in BAD_COMMANDS if row[1] not in {"malformed", "already_greeted"} and "[[" not in row[0]]
"""Bad messages whose fault a schema can express."""


def validator(name: str) -> Any:
    return jsonschema.Draft202012Validator(json.loads(schemas()[name]))


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    """Whoever changes a message generates the schema anew: python -m gateways.cad.schema."""
    assert (FOLDER / name).read_text(encoding="utf-8") == schemas()[name]


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_schema_is_a_schema(name: str) -> None:
    """By the meta-schema it names."""
    jsonschema.Draft202012Validator.check_schema(json.loads(schemas()[name]))


def test_good_messages_are_valid() -> None:
    """Every example passes."""
    client = validator("cad.v1.client.json")
    for given in (hello(), text("ping", id="p"), *(command(kind) for kind in EXAMPLES)):
        client.validate(json.loads(given))


@pytest.mark.parametrize("given", DOCUMENTS)
def test_what_we_refuse_the_schema_refuses(given: str) -> None:
    """Schema and decoder agree on every bad message, but for 3.0, which JSON Schema counts as a whole number."""
    assert validator("cad.v1.client.json").is_valid(json.loads(given)) == ('"priority": 3.0' in given)
