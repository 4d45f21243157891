"""kinofarm/commands.py: the registry's commands as typed methods of the Python client.

What a command answers becomes TypedDicts, made of its JSON Schema, so that the client needs nothing of the farm's own code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from apps.registry import COMMANDS, GROUPS
from infra.commands import Command

WIDTH = 120
_HEAD = '''"""The farm's commands as methods. Made from the registry by `make docs`: change the commands, not this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict
from urllib.parse import quote


class Send(Protocol):
    """Sends a request and returns what was answered."""

    def __call__(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, /) -> Any: ...
'''
_TAIL = '''

def _given(**fields: Any) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def _path(value: str) -> str:
    return quote(value, safe="")
'''


def module() -> str:
    """Return the module's text."""
    adapters: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = []
    for command in COMMANDS.values():
        adapters.append((command.name, "validation", TypeAdapter(command.input)))
        adapters.append((command.name, "serialization", TypeAdapter(command.output)))
    models = TypeAdapter.json_schemas(adapters, ref_template="{model}")
    found, defs = models[0], models[1].get("$defs", {})
    used = {_name(found[(command.name, "serialization")]["$ref"]) for command in COMMANDS.values()}
    parts = [_HEAD]
    parts += [_typed_dict(name, schema) for name, schema in sorted(defs.items()) if _needed(name, defs, used)]
    for group, words in GROUPS.items():
        commands = [command for command in COMMANDS.values() if command.group == group]
        parts.append(_group(group, words, commands, found, defs))
    parts.append(_all())
    return "\n\n".join(part.strip("\n") + "\n" for part in parts) + _TAIL


def _needed(name: str, defs: Mapping[str, Any], used: set[str]) -> bool:
    """Whether a type is part of an answer, or of a list or object among a command's fields."""
    reached, left = set(used), list(used)
    for command in COMMANDS.values():
        for field in command.input.model_json_schema(ref_template="{model}").get("properties", {}).values():
            left += re.findall(r'"\$ref": "([^"]+)"', json.dumps(field))
    while left:
        one = left.pop()
        reached.add(one)
        for other in re.findall(r'"\$ref": "([^"]+)"', json.dumps(defs.get(one, {}))):
            if other not in reached:
                left.append(other)
    return _name(name) in {_name(each) for each in reached}


def _typed_dict(name: str, schema: Mapping[str, Any]) -> str:
    summary = str(schema.get("description", name)).partition("\n")[0]
    if "properties" not in schema:
        return f"{_name(name)} = {_type(schema)}"
    required = schema.get("required", ())
    fields = [f"    {key}: {_type(field)}" for key, field in schema["properties"].items() if key.isidentifier()]
    total = "" if set(required) >= set(schema["properties"]) else ", total=False"
    body = "\n".join(fields) or "    pass"
    return f'class {_name(name)}(TypedDict{total}):\n    """{summary}"""\n\n{body}'


def _group(group: str, words: str, commands: list[Command], found: Mapping[Any, Any], defs: Mapping[str, Any]) -> str:
    lines = [
        f"class {_class(group)}:",
        f'    """{words}."""',
        "",
        "    def __init__(self, send: Send) -> None:",
        "        self._send = send",
    ]
    for command in commands:
        lines += ["", *_method(command, found, defs)]
    return "\n".join(lines)


def _method(command: Command, found: Mapping[Any, Any], defs: Mapping[str, Any]) -> Iterator[str]:
    schema = defs[found[(command.name, "validation")]["$ref"]]
    fields, required = schema.get("properties", {}), schema.get("required", ())
    verb = command.name.partition(".")[2]
    parameters = [f"{name}: {_type(fields[name], given=True)}" for name in fields if name in required]
    named = re.findall(r"{(\w+)}", command.path)
    for name, field in fields.items():
        if name in named and name not in required:
            parameters.append(f"{name}: {_type(field, given=True)} = {json.dumps(field['default'])}")
        elif name not in required:
            parameters.append(f"{name}: {_optional(field)} = None")
    answer = _name(found[(command.name, "serialization")]["$ref"])
    head = f"    def {verb}({', '.join(['self', *(['*'] if parameters else []), *parameters])}) -> {answer}:"
    if len(head) <= WIDTH:
        yield head
    else:
        yield f"    def {verb}("
        yield from (f"        {each}," for each in ("self", "*", *parameters))
        yield f"    ) -> {answer}:"
    yield f'        """{command.summary}"""'
    rest = ", ".join(f"{name}={name}" for name in fields if name not in named)
    path = command.path
    for name in named:
        path = path.replace(f"{{{name}}}", f"{{_path({name})}}")
    place = f'f"{path}"' if named else f'"{path}"'
    sent = f"_given({rest})"
    query, body = (sent, "None") if command.method in ("GET", "DELETE") else ("{}", sent)
    yield f'        answer: {answer} = self._send("{command.method}", {place}, {query}, {body})'
    yield "        return answer"


def _optional(field: Mapping[str, Any]) -> str:
    kind = _type(field, given=True)
    return kind if kind.endswith("| None") or kind == "Any" else f"{kind} | None"


def _all() -> str:
    lines = [
        "class Commands:",
        '    """Every command, by its group."""',
        "",
        "    def __init__(self, send: Send) -> None:",
    ]
    lines += [f"        self.{group} = {_class(group)}(send)" for group in GROUPS]
    return "\n".join(lines)


def _type(schema: Mapping[str, Any], *, given: bool = False) -> str:
    """The Python type of a JSON Schema. given: of an argument, which may be any sequence or mapping."""
    if "$ref" in schema:
        return _name(str(schema["$ref"]))
    for union in ("anyOf", "oneOf"):
        if union in schema:
            kinds = list(dict.fromkeys(_type(one, given=given) for one in schema[union]))
            plain = [kind for kind in kinds if kind != "None"]
            return "Any" if "Any" in kinds else " | ".join([*plain, *(["None"] if "None" in kinds else [])])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]".replace("'", '"')
    if "enum" in schema:
        return f"Literal[{', '.join(json.dumps(one) for one in schema['enum'])}]"
    match schema.get("type"):
        case "string":
            return "str"
        case "integer":
            return "int"
        case "number":
            return "float"
        case "boolean":
            return "bool"
        case "null":
            return "None"
        case "array":
            item = _type(schema["items"], given=given) if isinstance(schema.get("items"), dict) else "Any"
            return f"Sequence[{item}]" if given else f"list[{item}]"
        case "object":
            more = schema.get("additionalProperties")
            item = _type(more, given=given) if isinstance(more, dict) else "Any"
            return f"Mapping[str, {item}]" if given else f"dict[str, {item}]"
    return "Any"


def _name(reference: str) -> str:
    """A type's name; one that two modules have is told apart by its module's."""
    parts = reference.rpartition("/")[2].split("__")
    own = parts[-1].replace("-Output", "").replace("-Input", "Given")
    return "".join([part.title() for part in parts[1:-1]] + [re.sub(r"\W", "", own)])


def _class(group: str) -> str:
    return f"{group.title()}Commands"
