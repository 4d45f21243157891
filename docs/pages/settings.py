"""docs/settings.md: every setting with its environment variable, default and meaning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from infra.sections import Section
from infra.settings import Settings

_HOME = "`/var/lib/kinofarm` as root, else the platform's data folder (on Linux `~/.local/share/kinofarm`)"


def page() -> str:
    """Return the page, in Markdown, one table per section of the tree."""
    parts = [
        "# Settings",
        "A setting is read once, when a command or a service starts. The first of these that names it wins: its environment "
        "variable, `config.toml` in the farm's home, the default. `kinofarm config` prints what holds and where it comes from.",
        '```toml\n# config.toml\nmedia_roots = ["/srv/footage"]\n\n[worker]\nslots = 4\n```',
        "Settings that go together can be a profile, which `KINOFARM_PROFILE` chooses: for commands and services alike, so set it "
        "for all of them. What the profile does not name holds as it stands above it. `KINOFARM_PROFILE=night kinofarm up` "
        "renders in four places here, any other farm in one.",
        "```toml\n# config.toml\n[worker]\nslots = 1\n\n[profiles.night.worker]\nslots = 4\n```",
        "## The farm",
        _table(Settings, ""),
    ]
    for name, section, description in _sections(Settings):
        parts += [f"## {name}", description, _table(section, name)]
    return "\n\n".join(parts)


def names() -> Iterator[str]:
    """Yield every setting's dotted name."""
    yield from _plain(Settings)
    for name, section, _ in _sections(Settings):
        yield from (f"{name}.{inner}" for inner in _plain(section))


def _sections(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, type[Section], str]]:
    """Yield every section of the tree with its dotted name and its meaning, those within after the one that holds them."""
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            yield above + name, section, field.description or ""
            yield from _sections(section, f"{above}{name}.")
        elif (listed := _listed(section)) is not None:
            words = f"Each `[[{above}{name}]]`; as an environment variable the whole list is one JSON text."
            yield f"{above}{name}[]", listed, words


def _listed(annotation: Any) -> type[Section] | None:
    """Return the section of a list of sections."""
    kinds = get_args(annotation) if get_origin(annotation) is tuple else ()
    return kinds[0] if kinds and isinstance(kinds[0], type) and issubclass(kinds[0], Section) else None


def _plain(model: type[BaseModel]) -> list[str]:
    """Return the names of a section's own settings, without those of sections within."""
    found = model.model_fields.items()
    return [
        name
        for name, field in found
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, Section))
    ]


def _table(model: type[BaseModel], section: str) -> str:
    rows = ["| setting | environment variable | type | default | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            continue
        dotted = f"{section}.{name}" if section else name
        variable = "" if "[]" in dotted else f"`KINOFARM_{dotted.upper().replace('.', '__')}`"
        rows.append(
            f"| `{dotted}` | {variable} | {_type(field.annotation)} | {_default(name, field)} | {_meaning(field)} |"
        )
    return "\n".join(rows)


def _meaning(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|")


def _default(name: str, field: FieldInfo) -> str:
    if name == "home":
        return _HOME
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value == ():
        return "unset"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _type(annotation: Any) -> str:
    plain = {
        int: "whole number",
        float: "number",
        str: "text",
        bool: "true or false",
        Path: "path",
        SecretStr: "secret",
    }
    if annotation in plain:
        return plain[annotation]
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{word}`" for word in get_args(annotation))
    kinds = [kind for kind in get_args(annotation) if kind not in (type(None), Ellipsis)]
    if _listed(annotation) is not None:
        return "list of tables, below"
    if get_origin(annotation) is tuple:
        return f"list of {_type(kinds[0])}s"
    return " or ".join(_type(kind) for kind in kinds)
