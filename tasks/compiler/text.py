"""Text: the scripts that libass draws into a picture, and the files and fonts that they need.

A script holds no timeline position: the same words over the same frames of a chunk give the same script, so that
a ripple edit finds its chunks again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction

import ffmpeg

from tasks.compiler.effects.row import Stream
from tasks.compiler.model import Clip, Subtitle, Timeline, TitleSource
from tasks.compiler.notice import Notice, notice
from tasks.compiler.work import FontUse, TextFile
from tasks.media.colour_table import ColourTable
from tasks.subtitles.ass import AssScript, Title, area_script, overlay_script
from tasks.subtitles.fonts import FontCatalogue
from tasks.subtitles.paint import FrameSize


class TextFiles:
    """The scripts, fonts and look-up tables of one piece of work, each once."""

    def __init__(self, fonts: FontCatalogue) -> None:
        self.catalogue = fonts
        self._files: dict[str, TextFile] = {}
        self._fonts: dict[str, FontUse] = {}
        self.warnings: dict[Notice, None] = {}

    @property
    def files(self) -> tuple[TextFile, ...]:
        return tuple(self._files[name] for name in sorted(self._files))

    @property
    def fonts(self) -> tuple[FontUse, ...]:
        return tuple(self._fonts[sha256] for sha256 in sorted(self._fonts))

    def add(self, script: AssScript) -> str:
        """Keep a script and its fonts; returns the name under which the filter finds it."""
        for font in script.fonts:
            self._fonts[font.sha256] = FontUse(sha256=font.sha256, path=str(font.path))
        for warning in script.warnings:
            self.warnings[notice(warning.code, **dict(warning.params))] = None
        return self._keep(script.text, "text", "ass")

    def add_mask(self, script: AssScript) -> str:
        """Keep a script's mask beside it; returns its name."""
        return self._keep(script.mask, "text", "ass")

    def add_table(self, table: ColourTable) -> str:
        """Keep a look-up table; returns its name, which begins with lut1d or lut3d."""
        return self._keep(table.text, f"lut{table.dimensions}d", "cube")

    def _keep(self, text: str, stem: str, suffix: str) -> str:
        name = f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.{suffix}"
        self._files[name] = TextFile(name=name, text=text)
        return name


def drawn(
    stream: Stream,
    clips: Sequence[Clip],
    subtitles: Sequence[Subtitle],
    start: int,
    end: int,
    timeline: Timeline,
    texts: TextFiles,
) -> Stream:
    """Draw titles, then subtitles, onto the frames [start, end) that the stream holds; the stream itself where none shows."""
    script = overlay_script(
        [_title(clip) for clip in clips], subtitles, start, end, timeline.size, timeline.rate, texts.catalogue
    )
    return stream if script is None else _burnt(stream, texts.add(script), script.slow, timeline.rate)


def drawn_title(stream: Stream, clip: Clip, start: int, end: int, timeline: Timeline, texts: TextFiles) -> Stream:
    """Draw one title onto a clear RGBA ground.

    ffmpeg's `ass` squares the alpha of what is half clear (measured). So the colours are drawn onto black, which gives them
    multiplied by their alpha, and the alpha is drawn beside them, as white on black.
    """
    script = overlay_script([_title(clip)], (), start, end, timeline.size, timeline.rate, texts.catalogue)
    return stream if script is None else _apart(stream, script, timeline.rate, texts)


def drawn_lines(
    stream: Stream, subtitles: Sequence[Subtitle], start: int, end: int, timeline: Timeline, texts: TextFiles
) -> Stream | None:
    """Draw subtitles onto a clear RGBA ground; None where none shows."""
    script = overlay_script((), subtitles, start, end, timeline.size, timeline.rate, texts.catalogue)
    return None if script is None else _apart(stream, script, timeline.rate, texts)


def _apart(stream: Stream, script: AssScript, rate: Fraction, texts: TextFiles) -> Stream:
    """Draw a script's colours and its alpha apart, and join them."""
    black = stream.filter("format", "gbrp").filter_multi_output("split", 2)
    colour = _burnt(black[0], texts.add(script), script.slow, rate)
    alpha = _burnt(black[1], texts.add_mask(script), script.slow, rate)
    planes = {"map0s": 0, "map0p": 0, "map1s": 0, "map1p": 1, "map2s": 0, "map2p": 2, "map3s": 1, "map3p": 0}
    merged = ffmpeg.filter([colour, alpha], "mergeplanes", format="gbrap", **planes)
    return merged.filter("unpremultiply", inplace=1).filter("format", "rgba")


def drawn_mask(stream: Stream, outline: Sequence[tuple[float, float]], size: FrameSize, texts: TextFiles) -> Stream:
    """Draw what lies inside an outline, in pixels, white onto a black picture, and return it as grey values."""
    script = area_script(outline, size, texts.catalogue)
    return _burnt(stream, texts.add(script), 1, Fraction(1)).filter("extractplanes", "g")


def _title(clip: Clip) -> Title:
    assert isinstance(clip.source, TitleSource)
    return Title(source=clip.source, start=clip.start, end=clip.end)


def _burnt(stream: Stream, script: str, slow: int, rate: Fraction) -> Stream:
    """Draw a script; setpts forgets the frame rate, which later filters may ask for."""
    if slow > 1:
        stream = stream.filter("setpts", f"PTS*{slow}")
    stream = stream.filter("ass", filename=script, fontsdir="fonts")
    return stream.filter("setpts", f"PTS/{slow}").filter("fps", fps=str(rate)) if slow > 1 else stream
