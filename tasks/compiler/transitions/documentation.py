"""The transitions page of the docs, written from the table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from tasks.compiler.transitions.row import TransitionRow, TransitionTable
from tasks.subtitles.easing import EASINGS


def transitions_page(catalogue: Iterable[TransitionRow], table: TransitionTable) -> str:
    """Return docs/transitions.md: the catalogue's with their parameters, then ffmpeg's own, in Markdown."""
    own = [row for name, row in table.items() if name.startswith("xfade:")]
    bare = [name for name, row in table.items() if row.seconds is None and not name.startswith("xfade:")]
    return "\n\n".join(
        (
            "# Transitions",
            "A transition joins two neighbouring clips of a track. It takes both clips' handles and leaves the film's length "
            "as it is. A name that is not listed here, a parameter that a transition does not have, or a value out of its "
            "bounds is an error that names the clips.",
            "Its first frame is the old picture; the first frame after it is the next one. Sound crosses over with the picture, "
            "at equal power.",
            "## Easings",
            "`easing` is a parameter of all of them: " + ", ".join(f"`{name}`" for name in EASINGS) + ".",
            "A family alone (`quad`) is its ease-in-out; `elastic`, `back` and `bounce` alone are their ease-out. Where elastic and "
            "back go beyond their goal, a transition stands at its end.",
            "## The catalogue",
            "Durations are those of the editor's slider; one outside is rendered, with a warning.",
            *(_section(row) for row in catalogue),
            "## Every transition of ffmpeg's xfade",
            f"Under its own name with `xfade:` before it, and, where the catalogue has no such name, without "
            f"({len(bare)} of {len(own)}). They take `easing` (`linear`).",
            "\n".join(
                ["| name | what one sees |", "| --- | --- |", *(f"| `{row.name}` | {row.summary} |" for row in own)]
            ),
        )
    )


def _section(row: TransitionRow) -> str:
    assert row.seconds is not None
    lines = [f"### `{row.name}`", "", f"{row.summary} {row.seconds[0]:g} to {row.seconds[1]:g} s.", ""]
    lines += ["| parameter | default | values | meaning |", "| --- | --- | --- | --- |"]
    for name, field in row.parameters.model_fields.items():
        if name == "direction" and not row.directions:
            continue
        lines.append(f"| `{name}` | {_written(field.default)} | {_values(name, field)} | {field.description} |")
    return "\n".join(lines)


def _written(value: Any) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else ""


def _values(name: str, field: FieldInfo) -> str:
    if name == "easing":
        return "[easings](#easings)"
    if words := get_args(field.annotation):
        return ", ".join(f"`{word}`" for word in words if word)
    if field.annotation is bool:
        return "`true`, `false`"
    low = next(item.ge for item in field.metadata if isinstance(item, Ge))
    high = next(item.le for item in field.metadata if isinstance(item, Le))
    kind = "whole, " if field.annotation is int else ""
    return f"{kind}{low} to {high}"
