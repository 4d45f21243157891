"""The transitions that ffmpeg's xfade filter brings along, by ffmpeg's own names.

Source: ffmpeg-filters(1), xfade, as built into ffmpeg 9.
"""

from __future__ import annotations

from collections.abc import Mapping

from tasks.compiler.effects.row import Stream
from tasks.compiler.transitions.mixing import mixed
from tasks.compiler.transitions.moves import Push, push
from tasks.compiler.transitions.row import Paced, Setting, TransitionRow

_FROM = {"left": "towards the left", "right": "towards the right", "up": "upwards", "down": "downwards"}
_CORNER = {
    "tl": "towards the top left",
    "tr": "towards the top right",
    "bl": "towards the bottom left",
    "br": "towards the bottom right",
}

XFADES: dict[str, str] = {
    "fade": "A cross-fade.",
    "fadefast": "A cross-fade in which changes of brightness come early.",
    "fadeslow": "A cross-fade in which changes of brightness come late.",
    "fadeblack": "A fade through black.",
    "fadewhite": "A fade through white.",
    "fadegrays": "A fade through grey values.",
    "dissolve": "Pixels change over one by one, at random.",
    "pixelize": "Both pictures turn into growing, then shrinking blocks.",
    "distance": "Pixels change over by how far their colours lie apart.",
    "hblur": "A horizontal blur in and out.",
    "radial": "A hand of a clock uncovers the next picture.",
    "circlecrop": "A circle closes to black and opens on the next picture.",
    "rectcrop": "A rectangle closes to black and opens on the next picture.",
    "circleopen": "A growing circle uncovers the next picture.",
    "circleclose": "A shrinking circle gives way to the next picture.",
    "vertopen": "The next picture opens from a vertical line.",
    "vertclose": "The next picture closes in on a vertical line.",
    "horzopen": "The next picture opens from a horizontal line.",
    "horzclose": "The next picture closes in on a horizontal line.",
    "squeezeh": "The old picture is squeezed to a horizontal line.",
    "squeezev": "The old picture is squeezed to a vertical line.",
    "zoomin": "The camera dives into the old picture and comes out in the next.",
    **{f"wipe{way}": f"A straight edge moves {words}." for way, words in _FROM.items()},
    **{f"wipe{corner}": f"A diagonal edge moves {words}." for corner, words in _CORNER.items()},
    **{f"smooth{way}": f"A soft edge moves {words}." for way, words in _FROM.items()},
    **{f"slide{way}": f"The next picture pushes the old one {words}." for way, words in _FROM.items()},
    **{f"cover{way}": f"The next picture slides over the old one {words}." for way, words in _FROM.items()},
    **{f"reveal{way}": f"The old picture slides away {words}." for way, words in _FROM.items()},
    **{f"diag{corner}": f"A soft diagonal edge moves {words}." for corner, words in _CORNER.items()},
    "hlslice": "Slices change over from the left.",
    "hrslice": "Slices change over from the right.",
    "vuslice": "Slices change over from the bottom.",
    "vdslice": "Slices change over from the top.",
    "hlwind": "Streaks blow the old picture away to the left.",
    "hrwind": "Streaks blow the old picture away to the right.",
    "vuwind": "Streaks blow the old picture away upwards.",
    "vdwind": "Streaks blow the old picture away downwards.",
}
"""Name → what one sees."""


SLIDES: Mapping[str, Push] = {
    "slideleft": Push(direction="left"),
    "slideright": Push(direction="right"),
    "slideup": Push(direction="up"),
    "slidedown": Push(direction="down"),
}
"""Those that are made as the catalogue's `push` is: ffmpeg's own read beyond the picture at their beginning."""


def xfade_row(name: str, xfade: str, summary: str) -> TransitionRow:
    """Return the row of one of ffmpeg's own transitions."""

    def build(before: Stream, after: Stream, parameters: Paced, setting: Setting) -> Stream:
        if xfade in SLIDES:
            return push(before, after, SLIDES[xfade], setting)
        return mixed(before, after, setting.progress, setting, xfade)

    return TransitionRow(name, summary, Paced, build, lambda parameters: None if xfade in SLIDES else xfade)
