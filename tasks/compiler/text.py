"""Text: the scripts that libass draws into a picture, and the files and fonts that they need.

A script holds no timeline position: the same words over the same frames of a chunk give the same script, so that
a ripple edit finds its chunks again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tasks.compiler.effects.row import Stream
from tasks.compiler.model import Clip, Subtitle, Timeline, TitleSource
from tasks.compiler.notice import Notice, notice
from tasks.compiler.work import FontUse, TextFile
from tasks.subtitles.ass import AssScript, Title, overlay_script
from tasks.subtitles.fonts import FontCatalogue


class TextFiles:
    """The scripts and fonts of one piece of work, each once."""

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
        name = f"text-{hashlib.sha256(script.text.encode()).hexdigest()[:16]}.ass"
        self._files[name] = TextFile(name=name, text=script.text)
        for font in script.fonts:
            self._fonts[font.sha256] = FontUse(sha256=font.sha256, path=str(font.path))
        for warning in script.warnings:
            self.warnings[notice(warning.code, **dict(warning.params))] = None
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
    return stream if script is None else _burnt(stream, script, texts)


def drawn_title(stream: Stream, clip: Clip, start: int, end: int, timeline: Timeline, texts: TextFiles) -> Stream:
    """Draw one title onto a clear RGBA ground, alpha included."""
    script = overlay_script([_title(clip)], (), start, end, timeline.size, timeline.rate, texts.catalogue)
    return stream if script is None else _burnt(stream, script, texts, alpha=1)


def _title(clip: Clip) -> Title:
    assert isinstance(clip.source, TitleSource)
    return Title(source=clip.source, start=clip.start, end=clip.end)


def _burnt(stream: Stream, script: AssScript, texts: TextFiles, **options: int) -> Stream:
    name = texts.add(script)
    if script.slow > 1:
        stream = stream.filter("setpts", f"PTS*{script.slow}")
    stream = stream.filter("ass", filename=name, fontsdir="fonts", **options)
    return stream.filter("setpts", f"PTS/{script.slow}") if script.slow > 1 else stream
