"""NENA's schema of the EIDO, read from its 44 files, and what tests of the exchange share."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from gateways.eido.config import EidoConfig, Neighbour
from gateways.eido.registries import Registries

FOLDER = Path("/work/shared/data/eido")
ROOT = "https://nena.example/eido/"
TYPE = "EmergencyIncidentDataObjectType"


def schema_folder() -> Path:
    """Return where the schema is, or skip: NENA's files are not ours to hand on."""
    if not (FOLDER / "openapi.yaml").exists():
        pytest.skip("NENA's schema of the EIDO is not on this machine: github.com/NENA911/EIDO-JSON has it")
    return FOLDER


@cache
def _registry() -> Registry[Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resources = []
    for file in sorted(FOLDER.rglob("*.yaml")):
        contents = _mended(yaml.load(file.read_text(encoding="utf-8"), loader))  # noqa: S506  a safe loader
        name = ROOT + str(file.relative_to(FOLDER))
        resources.append((name, Resource.from_contents(contents, default_specification=DRAFT202012)))
    return Registry().with_resources(resources)


def _mended(node: Any) -> Any:
    """Mend what is no schema: one `minItems` is the string '1,', which no validator can read, and one path has two slashes."""
    if isinstance(node, dict):
        return {
            key: 1 if key == "minItems" and value == "1," else _mended(value)
            for key, value in node.items()
            if not (key == "$schema" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_mended(each) for each in node]
    if isinstance(node, str) and node.startswith("NIEMComponents//"):
        return node.replace("//", "/")
    return node


_FORMATS = FormatChecker(())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


@cache
def validator(kind: str = TYPE) -> Draft202012Validator:
    """Return a validator of one of the schema's types."""
    schema = {"$ref": f"{ROOT}openapi.yaml#/components/schemas/{kind}"}
    return Draft202012Validator(schema, registry=_registry(), format_checker=_FORMATS)


def mistakes(document: bytes | dict[str, Any], kind: str = TYPE) -> list[str]:
    """Return what the schema finds wrong; the draft's own component is held against its own type."""
    parsed = json.loads(document) if isinstance(document, bytes) else document
    found = [f"{error.json_path}: {error.message}" for error in validator(kind).iter_errors(parsed)]
    for each in parsed.get("unitEmergencyStateComponent", ()) if kind == TYPE else ():
        found += mistakes(each, "UnitEmergencyStateType")
    return found


CONFIG = EidoConfig(
    agency="town.example.org",
    element="cad.town.example.org",
    agency_types=("fire", "ems"),
    registries=Registries(
        incident_types={"medical": "Medical", "fire": "Structure Fire", "cardiac": "Medical"},
        unit_kinds={"engine": "Engine"},
        capabilities={"als": "ALS"},
    ),
    neighbours={
        "next": Neighbour(id="next.example.org", types=("fire",), units={"E2": "Engine 12"}, areas=("north",)),
    },
)


def dangling(document: dict[str, Any]) -> set[str]:
    """Return the references of a document that name nothing in it; incidents are named by string, not by reference."""
    known: set[str] = set()
    named: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$id" in node:
                assert node["$id"] not in known, f"two parts are called {node['$id']}"
                known.add(node["$id"])
            if "$ref" in node:
                named.add(node["$ref"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    return named - known
