"""The transition table: which names a project may use, and the xfade that each becomes.

A catalogue name wins over an xfade of the same name: `dissolve` is a cross-fade, `xfade:dissolve` is ffmpeg's
grainy one. A transition of the catalogue that is not in this table is not built yet and is refused by name.

Source: ffmpeg-filters(1), xfade; docs/format.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tasks.compiler.transitions.xfade import XFADES


@dataclass(frozen=True)
class TransitionRow:
    """A transition: the xfade it becomes, and the slider of the editor in seconds (None: free).

    direction maps the project's `direction` parameter to another xfade.
    """

    name: str
    summary: str
    xfade: str
    seconds: tuple[float, float] | None = None
    direction: Mapping[str, str] = field(default_factory=dict)


_CATALOGUE = (
    TransitionRow("fade", "A cross-fade from one picture to the next.", "fade", (0.3, 2.0)),
    TransitionRow("dissolve", "A cross-fade from one picture to the next.", "fade", (0.8, 3.0)),
    TransitionRow("pixelize", "Both pictures turn into growing, then shrinking blocks.", "pixelize", (0.8, 3.0)),
    TransitionRow(
        "wipe-horizontal",
        "A straight edge uncovers the next picture, to the right or to the left.",
        "wiperight",
        (0.5, 3.0),
        {"right": "wiperight", "left": "wipeleft"},
    ),
    TransitionRow(
        "wipe-vertical",
        "A straight edge uncovers the next picture, downwards or upwards.",
        "wipedown",
        (0.5, 3.0),
        {"down": "wipedown", "up": "wipeup"},
    ),
)

TRANSITIONS: Mapping[str, TransitionRow] = MappingProxyType(
    {
        **{name: TransitionRow(name, summary, name) for name, summary in XFADES.items()},
        **{f"xfade:{name}": TransitionRow(f"xfade:{name}", summary, name) for name, summary in XFADES.items()},
        **{row.name: row for row in _CATALOGUE},
    }
)
"""Every name that a project may use."""
