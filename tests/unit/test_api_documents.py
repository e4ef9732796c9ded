"""The committed documents are what the program serves, and hold every command of the vocabulary."""

import json

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from gateways.api.documents import FILE, openapi
from gateways.api.routes import operations
from gateways.api.table import command_operations
from gateways.cad.schema import FOLDER, documents
from gateways.vocabulary.commands import RULES


def test_the_committed_openapi_is_the_generated_one() -> None:
    """Whoever changes a type or an operation writes it anew: python -m gateways.api.documents."""
    assert FILE.read_text(encoding="utf-8") == openapi()


def test_the_committed_asyncapi_is_the_generated_one() -> None:
    """Whoever changes a message writes it anew: python -m gateways.cad.schema."""
    for name, content in documents().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == content


def test_every_command_has_one_path() -> None:
    """Nothing that can be said on the WebSocket is missing here."""
    commands = [each.command for each in command_operations()]
    assert len(commands) == len(set(commands))
    assert set(commands) == set(RULES)


def test_names_are_unique() -> None:
    """An operationId is what generated clients call it."""
    names = [each.name for each in operations()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", sorted(json.loads(openapi())["components"]["schemas"]))
def test_each_type_is_a_schema(name: str) -> None:
    """By the meta-schema of OpenAPI 3.1."""
    jsonschema.Draft202012Validator.check_schema(json.loads(openapi())["components"]["schemas"][name])
