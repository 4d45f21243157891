"""Conform: the frames of one clip, as the timeline wants them: its rate, its size, its colour, its place.

Colour: pictures leave here in limited range, in the signal (BT.709 for most) and the pixel formats of the film's canvas (8 bit 4:2:0 for most);
effects compute in 16-bit planar RGB.

Source: ffmpeg-filters(1): fps, scale, overlay, rotate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tasks.compiler.canvas import Canvas
from tasks.compiler.check import CheckedProject
from tasks.compiler.effects.row import Stream
from tasks.compiler.encoders import canvas_of
from tasks.compiler.fit import Box, Fit
from tasks.compiler.glide import Course, course, laid, room_of
from tasks.compiler.graph import Sources, concatenated, decimal, joined
from tasks.compiler.layers import Shown, fit, is_clear, is_seen, resting
from tasks.compiler.model import Clip, Size, Subtitle, TitleSource, Track
from tasks.compiler.moving import Still, moves, stretches
from tasks.compiler.relight import EXACT, relit, relit_clear
from tasks.compiler.sampling import Sampling, prolonged
from tasks.compiler.signals import SDR, tagged
from tasks.compiler.text import TextFiles, drawn_lines, drawn_mask, drawn_title
from tasks.compiler.treatment import Treatment
from tasks.media.facts import PictureFacts

HD_LINES = 720
"""An untagged picture with at least so many lines is taken for BT.709, a smaller one for BT.601, as players do."""

_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "rgba", "bgra", "x2rgb", "x2bgr")
_MATRICES = {"bt709", "bt470bg", "smpte170m", "fcc", "smpte240m", "bt2020nc"}


@dataclass(frozen=True)
class _Source:
    """The frames that a clip takes, before they are prolonged: of what they come, and whether they end before the clip does."""

    stream: Stream
    facts: PictureFacts
    ends_early: bool


class Conform:
    """Turns clips into streams of one project's rate and size; collects inputs and text as it goes."""

    def __init__(self, project: CheckedProject, sources: Sources, texts: TextFiles, shown: Shown) -> None:
        self.project = project
        self.shown = shown
        self.sources = sources
        self.texts = texts
        self.rate = project.timeline.rate
        self.size = project.timeline.size
        self.formats = canvas_of(project.timeline.export)
        self.tags = self.formats.signal.tags

    def frame(self, clip: Clip, track: Track, start: int, end: int) -> Stream:
        """The clip over the frames [start, end), solid, at the frame's size with black around it."""
        stream, box = self._picture(clip, track, start, end, alpha=False)
        return _on_black(stream, box, self.size)

    def canvas(self, clip: Clip, track: Track, start: int, end: int) -> Stream:
        """The same with everything around the clip clear."""
        if not is_seen(self.project, clip):
            return self.blank("black@0", end - start, self.formats.clear)
        stream, box = self._picture(clip, track, start, end, alpha=True)
        if box.covers(self.size) and box.inside(self.size):
            return stream
        ground = self.blank("black@0", end - start, self.formats.clear)
        options = {"format": "auto"} | self.formats.overlaying
        return joined("overlay", [ground, stream], x=box.x, y=box.y, eof_action="pass", **options)

    def layer(self, clip: Clip, track: Track, start: int, end: int) -> tuple[Stream, Box]:
        """The clip at its own size, clear where it is clear, and where to lay it."""
        return self._picture(clip, track, start, end, alpha=is_clear(self.project, clip, track))

    def lines(self, subtitles: Sequence[Subtitle], start: int, end: int) -> Stream | None:
        """Subtitles over the frames [start, end) on clear ground; None where none shows."""
        ground = self._ground("black@0", end - start, "rgba")
        stream = drawn_lines(ground, subtitles, start, end, self.project.timeline, self.texts)
        if stream is None:
            return None
        if self.formats.hdr:
            return relit_clear(stream, SDR, self.formats.signal, self.formats.clear)
        stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv", flags=EXACT)
        return stream.filter("format", self.formats.clear).filter("setparams", **self.tags)

    def blank(self, colour: str, frames: int, pixel_format: str = "") -> Stream:
        """That many frames of one colour."""
        stream = self._ground(colour, frames, pixel_format or self.formats.solid)
        return stream.filter("setparams", **self.tags)

    def _ground(self, colour: str, frames: int, pixel_format: str) -> Stream:
        size = f"{self.size.width}x{self.size.height}"
        stream = self.sources.generate("color", pixel_format, c=colour, s=size, r=str(self.rate))
        return stream.filter("trim", end_frame=frames)

    def _picture(self, clip: Clip, track: Track, start: int, end: int, alpha: bool) -> tuple[Stream, Box]:
        """The clip over the frames [start, end), and the box that it lies in."""
        parts = tuple(stretches(clip, start, end))
        handle = max(self._treatment(part, track).handles for part in parts)
        first, frames = start - handle, end - start + 2 * handle
        if isinstance(clip.source, TitleSource):
            stream, ends_early = self._title(clip, first, first + frames), False
            facts = _DRAWN.model_copy(update={"width": self.size.width, "height": self.size.height})
        else:
            media = self.project.facts(clip)
            found = media.picture()
            assert found is not None, "only clips with a picture are conformed"
            stream, ends_early = Sampling(self.sources, self.rate, clip, media, found).frames(first, frames)
            facts = found.model_copy(update={"still": True}) if clip.freeze else found
        source = _Source(stream, facts, ends_early)
        if moves(clip):
            return self._moved(source, parts, handle, clip, track, alpha)
        place = fit(self.project, clip)
        return self._part(source, parts[0], handle, track, place, alpha), place.box

    def _part(self, source: _Source, part: Still, handle: int, track: Track, place: Fit, alpha: bool) -> Stream:
        """The frames of a stretch, from a source that has `handle` frames more on each side.

        What stands still is repeated after all that is done to each frame alike, so that this is done once.
        """
        treatment = self._treatment(part, track)
        changes = treatment.changes_with_time
        stream, frames = source.stream, part.end - part.start + 2 * handle
        if changes:
            stream = prolonged(stream, self.rate, source.facts.still, source.ends_early)
        stream = self._developed(stream, part.clip, treatment, source.facts, place, part.start - handle, frames, alpha)
        if not changes:
            stream = prolonged(stream, self.rate, source.facts.still, source.ends_early)
        stream = stream.filter("trim", **({"start_frame": handle} if handle else {}), end_frame=frames - handle)
        return stream.filter("setpts", "PTS-STARTPTS") if handle else stream

    def _moved(
        self, source: _Source, parts: Sequence[Still], handle: int, clip: Clip, track: Track, alpha: bool
    ) -> tuple[Stream, Box]:
        """What moves, stretch by stretch, each laid along its course into the box that holds them all within the frame.

        handle: frames that the source has beyond the stretches, on each side.
        """
        self.sources.stretches += len(parts)
        courses = [course(part, clip, resting(self.project, part.clip)) for part in parts]
        shown = [part.clip.opacity > 0 and way.meets(self.size) for part, way in zip(parts, courses, strict=True)]
        room = room_of([way for way, seen in zip(courses, shown, strict=True) if seen], self.size)
        if room is None:
            corner = Box(x=0, y=0, width=16, height=16)
            return self._ground_of(corner, Still(parts[0].start, parts[-1].end, clip), alpha), corner
        if not alpha:
            room = Box(x=0, y=0, width=self.size.width, height=self.size.height)
        pieces = iter(self._pieces(source, parts, handle, shown))
        made: list[Stream] = []
        for part, way, seen in zip(parts, courses, shown, strict=True):
            if not seen:
                made.append(self._ground_of(room, part, alpha))
                continue
            stream = self._part(next(pieces), part, handle, track, way.work, alpha)
            made.append(self._laid(stream, way, room, part, alpha, self.shown.fills(clip, track)))
        if len(made) == 1:
            return made[0], room
        return concatenated(made, self.rate).filter("fps", fps=str(self.rate)), room

    def _pieces(self, source: _Source, parts: Sequence[Still], handle: int, shown: Sequence[bool]) -> Sequence[_Source]:
        """The source of each stretch that shows."""
        if len(parts) == 1:
            return [source]
        stream = prolonged(source.stream, self.rate, source.facts.still, source.ends_early)
        copies = stream.filter_multi_output("split", sum(shown)) if sum(shown) > 1 else [stream]
        pieces = []
        for number, part in enumerate(part for part, seen in zip(parts, shown, strict=True) if seen):
            offset, frames = part.start - parts[0].start, part.end - part.start + 2 * handle
            piece = copies[number].filter("trim", start_frame=offset, end_frame=offset + frames)
            # Each of its frames is there already: none of them is a still that goes on.
            facts = source.facts.model_copy(update={"still": False})
            pieces.append(_Source(piece.filter("setpts", "PTS-STARTPTS"), facts, False))
        return pieces

    def _ground_of(self, room: Box, part: Still, alpha: bool) -> Stream:
        """Frames of nothing, clear or black, of a box's size."""
        pixel_format, colour = (self.formats.clear, "black@0") if alpha else (self.formats.solid, "black")
        size = f"{room.width}x{room.height}"
        ground = self.sources.generate("color", pixel_format, c=colour, s=size, r=str(self.rate))
        return ground.filter("trim", end_frame=part.end - part.start).filter("setparams", **self.tags)

    def _laid(self, stream: Stream, way: Course, room: Box, part: Still, alpha: bool, fills: bool) -> Stream:
        """A stretch of picture as it shows in `room`; one that stands still on black needs no ground."""
        if not alpha and way.lies_exactly and len(set(way.boxes)) == 1:
            return _on_black(stream, way.boxes[0], self.size)

        def ground(width: int, height: int) -> Stream:
            return self._ground_of(Box(x=0, y=0, width=width, height=height), part, alpha)

        return laid(stream, way, room, self.rate, ground, fills=fills).filter("setparams", **self.tags)

    def _title(self, clip: Clip, start: int, end: int) -> Stream:
        """A title drawn onto clear RGBA; in a transition's handles its first and last frame stand still."""
        first = min(max(start, clip.start), clip.end - 1)
        last = max(first + 1, min(end, clip.end))
        ground = self._ground("black@0", last - first, "rgba")
        stream = drawn_title(ground, clip, first, last, self.project.timeline, self.texts)
        if (first, last) == (start, end):
            return stream
        before, after = max(0, first - start), max(0, end - last)
        return stream.filter("tpad", start=before, start_mode="clone", stop=after, stop_mode="clone")

    def _treatment(self, part: Still, track: Track) -> Treatment:
        return Treatment(self.project, self.sources, self.texts, part.clip, track)

    def _developed(
        self,
        stream: Stream,
        clip: Clip,
        treatment: Treatment,
        facts: PictureFacts,
        place: Fit,
        start: int,
        frames: int,
        alpha: bool,
    ) -> Stream:
        """Crop, scale, effects, opacity, turn; out comes the canvas's solid or, with alpha, its clear format, in its signal."""
        target = self.formats.clear if alpha else self.formats.solid
        if place.crop is not None:
            stream = stream.filter("crop", place.crop.width, place.crop.height, place.crop.x, place.crop.y)
        clear = alpha and (facts.alpha or treatment.clears)
        in_rgb = treatment.needs_rgb(clear)
        first = ("gbrap16le" if clear else "gbrp16le") if in_rgb else target
        stream = _converted(stream, facts, place, first, self.formats)
        if place.cut is not None:
            stream = stream.filter("crop", place.cut.width, place.cut.height, place.cut.x, place.cut.y)
        if in_rgb:
            stream = treatment.in_rgb(stream, place, start, frames, clear)
            stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv", flags=EXACT)
            stream = stream.filter("format", target).filter("setparams", **self.tags)
        stream = treatment.on_canvas(stream, place, start, frames, clear, self.formats)
        if place.outline:
            stream = self._masked(stream, place.outline, *place.shown, clear)
        if alpha and clip.opacity < 1:
            stream = stream.filter("lutyuv", a=f"val*{clip.opacity:.6g}")
        return _turned(stream, place)

    def _masked(
        self, stream: Stream, outline: tuple[tuple[float, float], ...], width: int, height: int, clear: bool
    ) -> Stream:
        """Make a picture clear outside an outline. The mask is one frame, which the filters repeat."""
        ground = self.sources.generate("color", "gbrp", c="black", s=f"{width}x{height}", r=str(self.rate))
        mask = drawn_mask(ground.filter("trim", end_frame=1), outline, Size(width=width, height=height), self.texts)
        if clear:
            both = stream.filter_multi_output("split", 2)
            stream = both[0]
            mask = joined("blend", [both[1].filter("alphaextract"), mask], all_mode="multiply")
        return joined("alphamerge", [stream, mask])


_DRAWN = PictureFacts(
    index=0,
    codec="rawvideo",
    width=2,
    height=2,
    pixel_format="rgba",
    alpha=True,
    time_base=Fraction(1),
    start=Fraction(0),
    end=Fraction(0),
    frames=0,
    max_gap=Fraction(0),
)
"""Facts of a title that libass has drawn onto a clear ground."""


_FAST = "bicubic"


def _converted(stream: Stream, facts: PictureFacts, place: Fit, target: str, canvas: Canvas) -> Stream:
    """Scale and convert to a pixel format in the canvas' signal, limited range for YUV; nothing where nothing changes."""
    signal, comes = canvas.signal, tagged(facts.transfer)
    rgb = facts.pixel_format.startswith(_RGB)
    tall = facts.height if facts.rotation in (0, 180) else facts.width
    usual = comes.matrix if comes.high or tall >= HD_LINES else "smpte170m"
    matrix = facts.matrix if facts.matrix in _MATRICES else usual
    full = facts.range == "pc" or facts.pixel_format.startswith(("yuvj", "gray", "ya8", "mono"))
    if comes is not signal:
        if facts.alpha and target == canvas.clear:
            stream = stream.filter("scale", *place.scaled, flags=EXACT).filter("format", "rgba").filter("setsar", "1")
            return relit_clear(stream, comes, signal, canvas.clear)
        source = {"matrix": "gbr" if rgb else matrix, "range": "pc" if full or rgb else "tv"}
        return relit(stream, comes, signal, place.scaled, target, source)
    same_colour = not rgb and not full and (matrix == signal.matrix or facts.pixel_format.startswith("gray"))
    turned = facts.rotation in (90, 270)
    decoded = (facts.height, facts.width) if turned else (facts.width, facts.height)
    if place.crop is not None:
        decoded = (place.crop.width, place.crop.height)
    if same_colour and facts.pixel_format == target and decoded == place.scaled:
        if facts.pixel_aspect != 1:
            stream = stream.filter("setsar", "1")
        found = {
            "range": facts.range,
            "colorspace": facts.matrix,
            "color_primaries": facts.primaries,
            "color_trc": facts.transfer,
        }
        return stream if found == signal.tags else stream.filter("setparams", **signal.tags)
    options: dict[str, Any] = {"w": place.scaled[0], "h": place.scaled[1]}
    to_rgb = target.startswith("gbr")
    if not rgb:
        options |= {"in_color_matrix": matrix, "in_range": "pc" if full else "tv"}
    if not to_rgb:
        options |= {"out_color_matrix": signal.matrix, "out_range": "tv"}
    options["flags"] = _FAST if same_colour and not to_rgb else EXACT
    stream = stream.filter("scale", **options).filter("format", target).filter("setsar", "1")
    return stream if to_rgb else stream.filter("setparams", **signal.tags)


def _turned(stream: Stream, place: Fit) -> Stream:
    match place.turn:
        case 0:
            return stream
        case 90:
            return stream.filter("transpose", "clock")
        case 180:
            return stream.filter("hflip").filter("vflip")
        case 270:
            return stream.filter("transpose", "cclock")
    angle = decimal(Fraction(math.radians(place.turn)), 9)
    return stream.filter("rotate", angle, ow=place.box.width, oh=place.box.height, c="black@0")


def _on_black(stream: Stream, box: Box, size: Size) -> Stream:
    """Cut a solid picture to the frame and put black around it."""
    left, top = max(0, -box.x), max(0, -box.y)
    width = min(box.x + box.width, size.width) - max(box.x, 0)
    height = min(box.y + box.height, size.height) - max(box.y, 0)
    if (width, height) != (box.width, box.height):
        stream = stream.filter("crop", width, height, left, top)
    if (width, height) == (size.width, size.height):
        return stream
    return stream.filter("pad", size.width, size.height, max(0, box.x), max(0, box.y), color="black")
