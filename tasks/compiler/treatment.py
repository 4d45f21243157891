"""Treatment: what is done to the pixels of a clip's picture: its colour correction, its own effects, then its track's.

It happens in 16-bit planar RGB. Two things are taken together so that fewer filters run over each frame, with what comes
out the same: a look-up table takes in the straight line with which the next effect begins, and an effect after which there
is no other may be done on the canvas' own planes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from infra.values import Value
from tasks.compiler.canvas import Canvas
from tasks.compiler.check import CheckedProject
from tasks.compiler.effects import colour_correction
from tasks.compiler.effects.row import EffectRow, Setting, Stream
from tasks.compiler.fit import Fit
from tasks.compiler.graph import Sources, concatenated
from tasks.compiler.model import Clip, ColourCorrection, Effect, MediaSource, TitleSource, Track
from tasks.compiler.moving import HandedDown
from tasks.compiler.text import TextFiles
from tasks.media.colour_table import ColourTable, through


@dataclass(frozen=True)
class Use:
    """An effect in use. table: looked up in place of the one that the parameters name."""

    effect: Effect
    row: EffectRow
    parameters: Value
    table: ColourTable | None = None

    @property
    def limited(self) -> bool:
        """Does it hold for some of its clip's frames only?"""
        start = self.effect.start
        begins = start is not None if isinstance(self.effect, HandedDown) else bool(start)
        return begins or self.effect.end is not None


class Treatment:
    """The treatment of one clip, which stands still, on one track."""

    def __init__(self, project: CheckedProject, sources: Sources, texts: TextFiles, clip: Clip, track: Track) -> None:
        self._project, self._sources, self._texts, self._clip = project, sources, texts, clip
        rows = [(effect, project.effects[effect.kind]) for effect in (*clip.effects, *track.effects)]
        self._uses = [
            Use(effect, row, row.parameters.model_validate(dict(effect.parameters)))
            for effect, row in rows
            if row.on == "picture"
        ]

    @property
    def handles(self) -> int:
        """Frames before and after that its effects look at: they are rendered and dropped.

        One effect looks at what another has made: their handles add up.
        """
        return sum(use.row.handles(use.parameters) for use in self._uses)

    @property
    def changes_with_time(self) -> bool:
        """Does an effect treat equal frames differently?"""
        return any(
            use.limited or use.row.handles(use.parameters) > 0 or use.row.moving(use.parameters) for use in self._uses
        )

    @property
    def clears(self) -> bool:
        """Does an effect make parts of a solid picture clear?"""
        return any(use.row.clears for use in self._uses)

    def needs_rgb(self, clear: bool) -> bool:
        """Is there anything that is not done on the canvas?"""
        return bool(self._before(clear)) or self._clip.colour_correction is not None

    def in_rgb(self, stream: Stream, place: Fit, start: int, frames: int, clear: bool) -> Stream:
        """Treat `frames` frames from `start` on, in gbrp16le, or in gbrap16le where some of it is clear."""
        setting = self._setting(place, start, frames, clear)
        correction = self._clip.colour_correction
        if correction is not None and correction != ColourCorrection():
            stream = colour_correction(stream, correction, setting)
        for use in _folded(self._before(clear), self._project):
            stream = self._treated(stream, use, setting, start)
        return stream

    def on_canvas(self, stream: Stream, place: Fit, start: int, frames: int, clear: bool, canvas: Canvas) -> Stream:
        """Do what is left to be done on the canvas; the stream itself where nothing is."""
        for use in self._uses[len(self._before(clear)) :]:
            assert use.row.last is not None, "asked for in _before"
            stream = use.row.last(stream, use.parameters, self._setting(place, start, frames, clear), canvas)
        return stream

    def _before(self, clear: bool) -> Sequence[Use]:
        """The effects without the one that is done on the canvas, if there is one."""
        last = self._uses[-1] if self._uses and not clear else None
        on_canvas = last is not None and last.row.last is not None and not last.limited
        return self._uses[:-1] if on_canvas else self._uses

    def _treated(self, stream: Stream, use: Use, setting: Setting, start: int) -> Stream:
        """Apply an effect to those of the frames that it holds for."""
        if use.table is not None:
            name = self._texts.add_table(use.table)
            setting = replace(setting, file=lambda path: name)
        frames = setting.frames
        first, last = _reach(use.effect, self._clip, start, frames)
        if first >= last:
            return stream
        pieces = [(0, first, False), (first, last, True), (last, frames, False)]
        pieces = [piece for piece in pieces if piece[0] < piece[1]]
        if len(pieces) == 1:
            return use.row.build(stream, use.parameters, setting)
        copies = stream.filter_multi_output("split", len(pieces))
        parts: list[Stream] = []
        for number, (begin, stop, treated) in enumerate(pieces):
            part = copies[number].filter("trim", start_frame=begin, end_frame=stop)
            part = part.filter("setpts", "PTS-STARTPTS")
            here = replace(setting, frames=stop - begin, first=setting.first + begin)
            parts.append(use.row.build(part, use.parameters, here) if treated else part)
        rate = setting.rate
        return concatenated(parts, rate).filter("fps", fps=str(rate))

    def _setting(self, place: Fit, start: int, frames: int, clear: bool) -> Setting:
        width, height = place.shown
        return Setting(
            rate=self._project.timeline.rate,
            width=width,
            height=height,
            zoom=place.zoom,
            alpha=clear,
            frames=frames,
            first=_number_in_source(self._project, self._clip) + start - self._clip.start,
            generate=self._sources.generate,
            file=lambda path: self._texts.add_table(self._project.tables[path]),
            first_pass=self._sources.first_pass,
        )


def _folded(uses: Sequence[Use], project: CheckedProject) -> Sequence[Use]:
    """Let every table take in the line with which the next effect begins, where both hold for all frames."""
    found: list[Use] = []
    for use in uses:
        before = found[-1] if found else None
        begun = None if use.limited else use.row.begins(use.parameters)
        if before is not None and begun is not None and before.table is None and not before.limited:
            path = before.row.table(before.parameters)
            line, rest = begun
            table = None if path is None else through(project.tables[path], line.slope, line.offset)
            if table is not None:
                found[-1] = replace(before, table=table)
                use = replace(use, parameters=rest)
        found.append(use)
    return found


def _number_in_source(project: CheckedProject, clip: Clip) -> int:
    """The number of a clip's first frame, counted at the timeline's rate from where its source begins."""
    still = isinstance(clip.source, MediaSource) and (picture := project.facts(clip).picture()) and picture.still
    return 0 if still or isinstance(clip.source, TitleSource) else int(clip.source_start * project.timeline.rate)


def _reach(effect: Effect, clip: Clip, start: int, frames: int) -> tuple[int, int]:
    """The frames, from `start` on, that an effect treats: one that reaches a clip's end treats its handle too."""
    if isinstance(effect, HandedDown):
        first = 0 if effect.start is None else clip.start + effect.start - start
        last = frames if effect.end is None else clip.start + effect.end - start
        return max(0, first), min(frames, last)
    first = clip.start + effect.start - start if effect.start else 0
    whole = effect.end is None or effect.end >= clip.end - clip.start
    last = frames if effect.end is None or whole else clip.start + effect.end - start
    return max(0, first), min(frames, last)
