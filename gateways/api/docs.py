"""The documents as pages that people read: self-contained HTML, made from the committed JSON, without a script.

Rule: everything on a page comes from its document, and is escaped; what the document does not say, the page does not.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import msgspec

CSS: Final = (Path(__file__).parent / "docs.css").read_text(encoding="utf-8")
OTHERS: Final = {"/docs": ("/docs/websocket", "The WebSocket"), "/docs/websocket": ("/docs", "The HTTP API")}
SOURCES: Final = {"/docs": "/v1/openapi.json", "/docs/websocket": "/v1/asyncapi.json"}
_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")


def page(document: bytes, path: str) -> bytes:
    """Return the page of an OpenAPI or AsyncAPI document, to be served at that path."""
    described = msgspec.json.decode(document)
    schemas = described["components"]["schemas"]
    groups = _of_http(described, schemas) if "openapi" in described else _of_messages(described, schemas)
    sections, links = [], []
    for title, entries in groups.items():
        sections.append(
            f'<section><h2 id="{_id(title)}">{escape(title)}</h2>{"".join(body for _, body in entries)}</section>'
        )
        links.append(f"<h2>{escape(title)}</h2>{''.join(link for link, _ in entries)}")
    if "x-verbs" in described:
        sections.append(f'<section><h2 id="verbs">Command line</h2>{_verbs(described["x-verbs"])}</section>')
        links.append('<h2><a href="#verbs">Command line</a></h2>')
    kinds = [_kind(name, schema, schemas) for name, schema in sorted(schemas.items())]
    sections.append(f'<section><h2 id="types">Types</h2>{"".join(kinds)}</section>')
    links.append('<h2><a href="#types">Types</a></h2>')
    return _frame(described["info"], path, "".join(links), "".join(sections)).encode()


def _frame(info: Mapping[str, Any], path: str, links: str, sections: str) -> str:
    other, name = OTHERS[path]
    title = escape(info["title"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f'<link rel="icon" href="data:,"><style>{CSS}</style></head><body><div class="page">'
        f'<nav aria-label="Contents"><h1>{title}</h1><a class="other" href="{other}">{name} →</a>{links}</nav>'
        f'<main><header><h1>{title}</h1><p class="version">Version {escape(info["version"])} · '
        f'<a href="{SOURCES[path]}">{SOURCES[path]}</a></p>{_paragraphs(info["description"])}</header>'
        f"{sections}</main></div></body></html>"
    )


# ── operations and messages ─────────────────────────────────────────────────────────────────────────────────────


def _of_http(described: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    groups: dict[str, list[tuple[str, str]]] = {tag["name"]: [] for tag in described["tags"]}
    shared = described["components"]["responses"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            tag = operation["tags"][0]
            link = _link(name, method, path.removeprefix(f"/v1/{tag}") or f"/{tag}", path)
            groups[tag].append((link, _operation(path, method, operation, schemas, shared)))
    return groups


def _operation(
    path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any], shared: Mapping[str, Any]
) -> str:
    parts = [_head(operation["operationId"], method, path), f"<p>{_text(operation['summary'])}"]
    parts.append(f' <span class="needs">{_text(operation.get("description", ""))}</span></p>')
    rows = [
        _row(given["name"], given["schema"], given["in"], schemas, must=given["required"])
        for given in operation["parameters"]
    ]
    if rows:
        parts.append(f"<h4>Parameters</h4><table>{''.join(rows)}</table>")
    if "requestBody" in operation:
        kind = operation["requestBody"]["content"]["application/json"]["schema"]
        rows = list(_rows(_resolved(kind, schemas), schemas))
        parts.append(
            f"<h4>Body</h4><table>{''.join(rows)}</table>" if rows else "<h4>Body</h4>None, or <code>{}</code>."
        )
    parts.append(f'<h4>Answers</h4><ul class="statuses">{"".join(_answers(operation["responses"], shared))}</ul>')
    return f"{''.join(parts)}</article>"


def _answers(responses: Mapping[str, Any], shared: Mapping[str, Any]) -> Iterator[str]:
    for status, response in responses.items():
        if "$ref" in response:
            told = shared[response["$ref"].rpartition("/")[2]]["description"]
            yield f'<li title="{escape(told)}">{status}</li>'
        else:
            content = response.get("content", {}).get("application/json", {}).get("schema")
            yield f"<li>{status} {_type(content, {}) if content else _text(response['description'])}</li>"


def _of_messages(described: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for title, name, action in (("You send", "take", "send"), ("You receive", "tell", "receive")):
        groups[title] = []
        for each in described["operations"][name]["messages"]:
            message = described["components"]["messages"][each["$ref"].rpartition("/")[2]]
            tag = message["name"]
            rows = "".join(_rows(_resolved(message["payload"], schemas), schemas))
            body = f"{_head(tag, action, tag)}<p>{_text(message['description'])}</p><table>{rows}</table></article>"
            groups[title].append((_link(tag, "", tag, tag), body))
    return groups


def _head(name: str, method: str, path: str) -> str:
    shown = f'<span class="method {method}">{method.upper()}</span>'
    return f'<article id="{_id(name)}"><h3>{shown}<span class="path">{escape(path)}</span></h3>'


def _link(name: str, method: str, text: str, title: str) -> str:
    shown = f'<span class="method {method}">{method.upper()}</span>' if method else ""
    return f'<a class="to" href="#{_id(name)}" title="{escape(title)}">{shown}<span>{escape(text)}</span></a>'


def _verbs(sheet: Sequence[Mapping[str, Any]]) -> str:
    """Return the verbs of the console as a table: what is typed, what for, and the operations that it becomes."""
    rows = []
    for each in sheet:
        digits = f" In digits: {' or '.join(each['fms'])}." if each["fms"] else ""
        links = ", ".join(f'<a href="#{_id(name)}">{escape(name)}</a>' for name in each["operations"])
        needs = f'<span class="needs">needs {escape(", ".join(each["rights"]))}</span>'
        rows.append(
            f"<tr><td><code>{escape(each['usage'])}</code></td><td>{escape(each['about'])}.{digits}</td>"
            f"<td>{links} {needs}</td></tr>"
        )
    return f"<article><table>{''.join(rows)}</table></article>"


# ── types ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _kind(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    body = f"<table>{''.join(_rows(schema, schemas))}</table>" if schema.get("properties") else _type(schema, schemas)
    return f'<article id="type-{_id(name)}"><h3>{escape(name)}</h3><p>{_text(schema.get("description", ""))}</p>{body}</article>'


def _rows(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield _row(name, field, "", schemas, must=name in required)


def _row(name: str, schema: Mapping[str, Any], where: str, schemas: Mapping[str, Any], *, must: bool) -> str:
    mark = '<span class="must">required</span>' if must else ""
    about = ", ".join(part for part in (where, _bounds(schema)) if part)
    return f'<tr><td><code>{escape(name)}</code>{mark}</td><td>{_type(schema, schemas)}</td><td class="soft">{escape(about)}</td></tr>'


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        found: Mapping[str, Any] = schemas[schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _type(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#type-{_id(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(each, schemas) for each in schema["anyOf"])
    if "enum" in schema:
        return " · ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'], schemas)}" if isinstance(schema.get("items"), dict) else "list"
    return escape(str(schema.get("type", "anything")))


def _bounds(schema: Mapping[str, Any]) -> str:
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    held = choices[0] if len(choices) == 1 else schema
    words = {"minLength": "at least {} long", "maxLength": "at most {} long", "minimum": "from {}", "maximum": "to {}"}
    words |= {"minItems": "at least {}", "maxItems": "at most {}"}
    told = [text.format(held[key]) for key, text in words.items() if key in held]
    if schema.get("default") not in (None, "", [], False):
        told.append(f"{msgspec.json.encode(schema['default']).decode()} if left out")
    return ", ".join(told)


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _id(name: str) -> str:
    return re.sub(r"\W+", "-", name).strip("-").lower()


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_text(each)}</p>" for each in text.split("\n\n"))


def _text(text: str) -> str:
    return _BOLD.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", escape(text)))
