"""The effects page of the docs, written from the table."""

from __future__ import annotations

from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from tasks.compiler.effects.row import EffectRow, EffectTable

_SIGNS = {Gt: "gt", Ge: "ge", Lt: "lt", Le: "le"}


def effects_page(table: EffectTable) -> str:
    """Return docs/effects.md: one section per effect with its parameters, defaults and bounds, in Markdown."""
    parts = [
        "# Effects",
        "An effect is named in a clip's or a track's `effects`, with its parameters. A name that is not listed here, "
        "a parameter that an effect does not have, or a value out of its bounds is an error that names the clip.",
    ]
    for on, title in (("picture", "## Picture"), ("sound", "## Sound")):
        parts.append(title)
        parts += [_section(row) for row in table.values() if row.on == on]
    return "\n\n".join(parts) + "\n"


def _section(row: EffectRow) -> str:
    lines = [f"### {row.name}", "", row.summary]
    if row.property:
        lines += ["", f"*{row.category}.* What can be measured: {row.property[0].lower()}{row.property[1:]}"]
    if row.sounding.rings:
        lines += ["", "It rings on after the sound has ended."]
    if row.sounding.tempo or row.sounding.crosses:
        lines += ["", "It holds for the whole clip: `start` and `end` can not limit it."]
    fields = row.parameters.model_fields
    if fields:
        lines += ["", "| parameter | default | bounds | meaning |", "| --- | --- | --- | --- |"]
        lines += [_row(name, field) for name, field in fields.items()]
    return "\n".join(lines)


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.is_required() else f"`{field.default}`"
    return f"| {_names(name, field)} | {default} | {_bounds(field)} | {field.description} |"


def _names(name: str, field: FieldInfo) -> str:
    """The name, and what else is read as it."""
    if not isinstance(field.validation_alias, AliasChoices):
        return f"`{name}`"
    others = ", ".join(f"`{choice}`" for choice in field.validation_alias.choices if choice != name)
    return f"`{name}` (also {others})"


def _bounds(field: FieldInfo) -> str:
    limits: dict[str, Any] = {}
    for item in field.metadata:
        for kind, attribute in _SIGNS.items():
            if isinstance(item, kind):
                limits[attribute] = getattr(item, attribute)
    low = f"{limits['ge']:g} ≤" if "ge" in limits else f"{limits['gt']:g} <" if "gt" in limits else ""
    high = f"≤ {limits['le']:g}" if "le" in limits else f"< {limits['lt']:g}" if "lt" in limits else ""
    return " … ".join(part for part in (low, high) if part)
