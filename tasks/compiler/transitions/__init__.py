"""The transition table: which names a project may use, and how each is built.

A catalogue name wins over an xfade of the same name: `dissolve` is a cross-fade, `xfade:dissolve` is ffmpeg's
grainy one.

Source: ffmpeg-filters(1), xfade; docs/format.md; docs/adr/0013.
"""

from __future__ import annotations

from types import MappingProxyType

from tasks.compiler.transitions.breaks import BREAKS
from tasks.compiler.transitions.fades import DISSOLVE, FADE
from tasks.compiler.transitions.moves import MOVES
from tasks.compiler.transitions.row import TransitionRow, TransitionTable
from tasks.compiler.transitions.shards import SHATTER
from tasks.compiler.transitions.turns import TURNS
from tasks.compiler.transitions.waves import WAVES
from tasks.compiler.transitions.wipes import WIPES
from tasks.compiler.transitions.xfade import XFADES, xfade_row

CATALOGUE: tuple[TransitionRow, ...] = (FADE, DISSOLVE, *MOVES, *WIPES, *TURNS, *WAVES, *BREAKS, SHATTER)

TRANSITIONS: TransitionTable = MappingProxyType(
    {
        **{name: xfade_row(name, name, summary) for name, summary in XFADES.items()},
        **{f"xfade:{name}": xfade_row(f"xfade:{name}", name, summary) for name, summary in XFADES.items()},
        **{row.name: row for row in CATALOGUE},
    }
)
"""Every name that a project may use."""
