"""docs/commands.md: every command of the registry, grouped by what it is for, with its route, scope, input and answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from apps.api.app import ROOT
from apps.registry import COMMANDS, GROUPS
from infra.access.scopes import SCOPES
from infra.commands import Command


def page() -> str:
    """Return the page, in Markdown, one section per group."""
    parts = [
        "# Commands",
        "What the farm can be asked, by programs and by hand. Each command is a route of the REST API, described at "
        "`/api/openapi.json`, and can be called on the command line: `kinofarm call NAME FIELD=VALUE`. The Python client "
        "(`import kinofarm`) has them as methods.",
        "Requests carry a token: `Authorization: Bearer TOKEN`. `kinofarm token NAME --scope SCOPE` makes one; the first one "
        "lies in `admin.token` in the farm's home. Errors are problem+json with the fields of [errors.md](errors.md).",
        "\n".join(
            [
                "| scope | allows, beside what those before it do |",
                "| --- | --- |",
                *(f"| `{scope}` | {words} |" for scope, words in SCOPES.items()),
            ]
        ),
        "A command that changes something stands in the audit log. One that is a *job* answers at once (202), and its work goes on.",
    ]
    for group, words in GROUPS.items():
        parts.append(f"## {words}")
        parts += [section(command) for command in COMMANDS.values() if command.group == group]
    return "\n\n".join(parts)


def section(command: Command) -> str:
    """Return what the page says of one command."""
    kind = ", a job" if command.kind == "job" else ""
    parts = [
        f"### {command.name}",
        command.description,
        f"`{command.method} {ROOT}{command.path}`, scope `{command.scope}`{kind}.",
    ]
    schema = command.input.model_json_schema()
    if schema.get("properties"):
        rows = ["| field | type | default | meaning |", "| --- | --- | --- | --- |", *_rows(schema)]
        parts.append("\n".join(rows))
    parts.append(f"```sh\n{example(command)}\n```")
    answer = command.output.model_json_schema()
    fields = ", ".join(f"`{name}`" for name in answer.get("properties", {}))
    file = f" `--output FILE` writes `{command.file_field}` into a file." if command.file_field else ""
    parts.append(f"Answers {_first_line(answer)}: {fields}.{file}")
    return "\n\n".join(parts)


def example(command: Command) -> str:
    """Return the example of a command as one types it."""
    fields = [f"{name}={_typed(value)}" for name, value in command.example.items()]
    return " ".join(["kinofarm call", command.name, *fields])


def _typed(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, (list, dict)) else str(value)
    return f"'{text}'" if set(text) & set(' "*[{') else text


def _rows(schema: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        default = "required" if name in required else _default(field.get("default"))
        meaning = (field.get("description") or _first_line(_resolved(field, schema))).replace("|", "\\|")
        yield f"| `{name}` | {_type(field, schema)} | {default} | {meaning} |"


def _default(value: Any) -> str:
    return "" if value in (None, [], "") else f"`{value}`"


def _type(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    kinds = field.get("anyOf")
    if kinds:
        return " or ".join(_type(kind, schema) for kind in kinds if kind.get("type") != "null")
    field = _resolved(field, schema)
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if field.get("type") == "array":
        items = field.get("items", {})
        return f"list of {_type(items, schema)}"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    if field.get("format") == "date-time":
        return "time"
    if field.get("type") == "object":
        return str(field.get("title", "object")) if "properties" in field else "object"
    return words.get(str(field.get("type")), "any")


def _resolved(field: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = field.get("$ref")
    found: Mapping[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else field
    return found


def _first_line(schema: Mapping[str, Any]) -> str:
    text = str(schema.get("description", "")).partition("\n")[0].strip().rstrip(".")
    return text[:1].lower() + text[1:]
