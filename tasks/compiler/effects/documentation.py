"""The effects page of the docs, written from the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from tasks.compiler.effects.row import EffectRow, EffectTable

UNSEEN = frozenset({"stabilization"})
"""Effects that one picture can't show."""

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "temperature": {"temperature": 70},
    "tint": {"tint": 70},
    "exposure": {"exposure": 1},
    "film-grain": {"intensity": 0.15, "amount": 1},
    "vignette": {"intensity": 0.8, "radius": 0.5},
    "noise-reduction": {"intensity": 8},
    "motion-blur": {"radius": 3, "angle": 360},
    "zoom-blur": {"intensity": 4},
    "chromatic-aberration": {"intensity": 2},
    "color-correction": {"midtones_r": 0.5, "shadows_b": 0.6, "contrast": 1.2},
    "lift-gamma-gain": {"lift_b": 0.2, "gain_r": 1.2, "gamma_g": 0.9},
    "curves": {"master": (0, 0, 0.25, 0.12, 0.75, 0.9, 1, 1)},
    "chroma-key": {"color": "#24c430", "similarity": 0.09},
    "lut": {"file": "example.cube"},
    "custom": {"filter": "edgedetect=mode=colormix"},
    "pixelate": {"pixelSize": 6},
    "filter-brightness": {"brightness": 0.2},
    "filter-contrast": {"contrast": 1.5},
    "filter-saturation": {"saturation": 1.8},
    "filter-gamma": {"gamma": 1.6},
    "filter-temperature": {"temperature": 60},
    "filter-tint": {"tint": 60},
    "filter-hue": {"hue": 60},
    "filter-vibrance": {"vibrance": 0.9},
    "filter-shadows": {"shadows": 0.8},
    "filter-highlights": {"highlights": -0.8},
    "filter-blacks": {"blacks": 0.7},
    "filter-whites": {"whites": 0.7},
    "filter-clarity": {"clarity": 0.9},
    "filter-dehaze": {"dehaze": 1},
    "filter-vignette": {"vignette": 0.9},
    "filter-grain": {"grain": 1},
    "filter-blur": {"blur": 2},
    "filter-sharpen": {"sharpen": 2},
    "filter-shadows-highlights": {"shadows": 0.7, "highlights": -0.7},
    "filter-white-balance": {"temperature": -40, "tint": 30},
    "filter-glow": {"glow": 0.9},
    "filter-exposure": {"exposure": 0.8},
    "filter-curves": {"red": (0, 0, 0.5, 0.65, 1, 1)},
    "filter-levels": {"black": 0.15, "white": 0.85},
    "filter-color-balance": {"midtones_b": 0.6, "highlights_r": 0.5},
}
"""Parameters of an effect's picture, where its defaults change nothing or too little to see."""

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
    if row.on == "sound":
        moves = ", ".join(f"`{name}`" for name in row.movable())
        lines += ["", f"May have keyframes: {moves}." if moves else "Nothing of it may have keyframes."]
    if row.on == "picture" and row.name not in UNSEEN:
        lines += ["", f"![{row.name}](pictures/effects/{row.name}.jpg)", *_shown(row.name)]
    fields = row.parameters.model_fields
    if fields:
        lines += ["", "| parameter | default | bounds | meaning |", "| --- | --- | --- | --- |"]
        lines += [_row(name, field) for name, field in fields.items()]
    return "\n".join(lines)


def _shown(name: str) -> list[str]:
    """What the picture was made with, where that is not the default."""
    if name not in EXAMPLES:
        return []
    return ["", "Shown with " + ", ".join(f"`{key}` {_written(value)}" for key, value in EXAMPLES[name].items()) + "."]


def _written(value: object) -> str:
    return ", ".join(f"{item:g}" for item in value) if isinstance(value, tuple) else str(value)


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
    low = f"{float(limits['ge']):g} ≤" if "ge" in limits else f"{float(limits['gt']):g} <" if "gt" in limits else ""
    high = f"≤ {float(limits['le']):g}" if "le" in limits else f"< {float(limits['lt']):g}" if "lt" in limits else ""
    return " … ".join(part for part in (low, high) if part)
