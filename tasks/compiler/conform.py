"""Conform: the frames of one clip, as the timeline wants them: its rate, its size, its colour, its place.

Colour: pictures leave here as BT.709 in limited range, in the pixel formats of the film's canvas (8 bit 4:2:0 for most);
effects compute in 16-bit planar RGB.

Source: ffmpeg-filters(1): fps, scale, overlay, rotate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from infra.values import Value
from tasks.compiler.check import CheckedProject
from tasks.compiler.effects import colour_correction
from tasks.compiler.effects.row import EffectRow, Setting, Stream
from tasks.compiler.encoders import canvas_of
from tasks.compiler.fit import Box, Fit, Place
from tasks.compiler.graph import Sources, concatenated, decimal, joined
from tasks.compiler.layers import fit, is_clear, is_seen, place as exact_place
from tasks.compiler.model import Clip, ColourCorrection, Effect, MediaSource, Size, Subtitle, TitleSource, Track
from tasks.compiler.moving import HandedDown, Still, glides, moves, stills
from tasks.compiler.sampling import Sampling, prolonged
from tasks.compiler.text import TextFiles, drawn_lines, drawn_mask, drawn_title
from tasks.media.facts import PictureFacts

BT709 = {"range": "tv", "colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}

MARGIN = 8
"""Pixels around a box that moves: what is resampled by parts of a pixel needs its neighbours, also beyond the frame."""

BEYOND = 2
"""Pixels by which what is placed to parts of a pixel may jut out of its whole and even box."""

HD_LINES = 720
"""An untagged picture with at least so many lines is taken for BT.709, a smaller one for BT.601, as players do."""

_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "rgba", "bgra", "x2rgb", "x2bgr")
_MATRICES = {"bt709", "bt470bg", "smpte170m", "fcc", "smpte240m", "bt2020nc"}


class Conform:
    """Turns clips into streams of one project's rate and size; collects inputs and text as it goes."""

    def __init__(self, project: CheckedProject, sources: Sources, texts: TextFiles) -> None:
        self.project = project
        self.sources = sources
        self.texts = texts
        self.rate = project.timeline.rate
        self.size = project.timeline.size
        self.formats = canvas_of(project.timeline.export)

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
        stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv", flags=_EXACT)
        return stream.filter("format", self.formats.clear).filter("setparams", **BT709)

    def blank(self, colour: str, frames: int, pixel_format: str = "") -> Stream:
        """That many frames of one colour."""
        stream = self._ground(colour, frames, pixel_format or self.formats.solid)
        return stream.filter("setparams", **BT709)

    def _ground(self, colour: str, frames: int, pixel_format: str) -> Stream:
        size = f"{self.size.width}x{self.size.height}"
        stream = self.sources.generate("color", pixel_format, c=colour, s=size, r=str(self.rate))
        return stream.filter("trim", end_frame=frames)

    def _picture(self, clip: Clip, track: Track, start: int, end: int, alpha: bool) -> tuple[Stream, Box]:
        """The clip over the frames [start, end), and the box that it lies in."""
        parts = tuple(stills(clip, start, end))
        handle = max(self._handles(part.clip, track) for part in parts)
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
        if moves(clip):
            stream = prolonged(stream, self.rate, facts.still, ends_early).filter("trim", end_frame=frames)
            return self._moved(stream, parts, handle, glides(clip), track, facts, alpha)
        place = fit(self.project, clip)
        # What stands still is repeated after all that is done to each frame alike, so that this is done once.
        changes = self._changes_with_time(clip, track)
        if changes:
            stream = prolonged(stream, self.rate, facts.still, ends_early)
        stream = self._developed(stream, clip, track, facts, place, first, frames, alpha)
        if not changes:
            stream = prolonged(stream, self.rate, facts.still, ends_early)
        stream = stream.filter("trim", **({"start_frame": handle} if handle else {}), end_frame=handle + end - start)
        return (stream.filter("setpts", "PTS-STARTPTS") if handle else stream), place.box

    def _moved(
        self,
        stream: Stream,
        parts: Sequence[Still],
        handle: int,
        gliding: bool,
        track: Track,
        facts: PictureFacts,
        alpha: bool,
    ) -> tuple[Stream, Box]:
        """What moves, stretch by stretch, each laid into the box that holds them all within the frame.

        handle: frames that the stream has beyond the stretches, on each side.
        """
        self.sources.stretches += len(parts)
        places = [fit(self.project, part.clip) for part in parts]
        seen = [is_seen(self.project, part.clip, place) for part, place in zip(parts, places, strict=True)]
        boxes = [place.box for place, shown in zip(places, seen, strict=True) if shown]
        if not boxes:
            corner = Box(x=0, y=0, width=16, height=16)
            return self._ground_of(corner, Still(parts[0].start, parts[-1].end, parts[0].clip), alpha), corner
        room = (
            _room(boxes, self.size, BEYOND if gliding else 0)
            if alpha
            else Box(x=0, y=0, width=self.size.width, height=self.size.height)
        )
        copies = stream.filter_multi_output("split", sum(seen)) if sum(seen) > 1 else [stream]
        waiting = iter(range(sum(seen)))
        laid: list[Stream] = []
        for part, place, shown in zip(parts, places, seen, strict=True):
            if not shown:
                laid.append(self._ground_of(room, part, alpha))
                continue
            offset, frames = part.start - parts[0].start, part.end - part.start + 2 * handle
            copy = copies[next(waiting)]
            if len(parts) > 1:
                copy = copy.filter("trim", start_frame=offset, end_frame=offset + frames)
                copy = copy.filter("setpts", "PTS-STARTPTS")
            copy = self._developed(copy, part.clip, track, facts, place, part.start - handle, frames, alpha)
            if handle:
                copy = copy.filter("trim", start_frame=handle, end_frame=frames - handle)
                copy = copy.filter("setpts", "PTS-STARTPTS")
            exact = exact_place(self.project, part.clip) if gliding and place.turn == 0 else None
            if exact is None or exact == Place(place.box.x, place.box.y, place.box.width, place.box.height):
                laid.append(self._laid(copy, place.box, room, part, alpha))
                continue
            wide = room.model_copy(
                update={
                    "x": room.x - MARGIN,
                    "y": room.y - MARGIN,
                    "width": room.width + 2 * MARGIN,
                    "height": room.height + 2 * MARGIN,
                }
            )
            copy = _shifted(self._laid(copy, place.box, wide, part, alpha), place.box, exact, wide)
            laid.append(copy.filter("crop", room.width, room.height, MARGIN, MARGIN))
        return concatenated(laid, self.rate).filter("fps", fps=str(self.rate)), room

    def _ground_of(self, room: Box, part: Still, alpha: bool) -> Stream:
        """Frames of nothing, clear or black, of a box's size."""
        pixel_format, colour = (self.formats.clear, "black@0") if alpha else (self.formats.solid, "black")
        size = f"{room.width}x{room.height}"
        ground = self.sources.generate("color", pixel_format, c=colour, s=size, r=str(self.rate))
        return ground.filter("trim", end_frame=part.end - part.start).filter("setparams", **BT709)

    def _laid(self, stream: Stream, box: Box, room: Box, part: Still, alpha: bool) -> Stream:
        """A stretch of picture, which lies in `box`, as it shows in `room`."""
        inside = box.model_copy(update={"x": box.x - room.x, "y": box.y - room.y})
        size = Size.model_construct(width=room.width, height=room.height)
        if not alpha:
            return _on_black(stream, inside, size)
        if inside.covers(size) and inside.inside(size):
            return stream
        ground = self._ground_of(room, part, alpha)
        options = {"format": "auto"} | self.formats.overlaying
        over = joined("overlay", [ground, stream], x=inside.x, y=inside.y, eof_action="pass", **options)
        return over.filter("setparams", **BT709)

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

    def _developed(
        self,
        stream: Stream,
        clip: Clip,
        track: Track,
        facts: PictureFacts,
        place: Fit,
        start: int,
        frames: int,
        alpha: bool,
    ) -> Stream:
        """Crop, scale, effects, opacity, turn; out comes the canvas's solid or, with alpha, its clear format in BT.709."""
        effects = [effect for effect in (*clip.effects, *track.effects) if self._on_picture(effect)]
        working = bool(effects) or clip.colour_correction is not None
        target = self.formats.clear if alpha else self.formats.solid
        if place.crop is not None:
            stream = stream.filter("crop", place.crop.width, place.crop.height, place.crop.x, place.crop.y)
        clear = alpha and (facts.alpha or any(self.project.effects[effect.kind].clears for effect in effects))
        first = ("gbrap16le" if clear else "gbrp16le") if working else target
        stream = _converted(stream, facts, place, first)
        if place.cut is not None:
            stream = stream.filter("crop", place.cut.width, place.cut.height, place.cut.x, place.cut.y)
        if working:
            stream = self._graded(stream, clip, effects, place, start, frames, clear)
            stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv", flags=_EXACT)
            stream = stream.filter("format", target).filter("setparams", **BT709)
        if place.outline:
            width, height = (place.cut.width, place.cut.height) if place.cut else place.scaled
            stream = self._masked(stream, place.outline, width, height, clear)
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

    def _on_picture(self, effect: Effect) -> bool:
        return self.project.effects[effect.kind].on == "picture"

    def _picture_effects(self, clip: Clip, track: Track) -> list[tuple[Effect, EffectRow, Value]]:
        """The effects on a clip's picture, its track's last, each with its row and its parameters."""
        effects = [effect for effect in (*clip.effects, *track.effects) if self._on_picture(effect)]
        rows = [(effect, self.project.effects[effect.kind]) for effect in effects]
        return [(effect, row, row.parameters.model_validate(dict(effect.parameters))) for effect, row in rows]

    def _handles(self, clip: Clip, track: Track) -> int:
        """Frames before and after that the clip's effects look at: they are rendered and dropped.

        One effect looks at what another has made: their handles add up.
        """
        return sum(row.handles(parameters) for _, row, parameters in self._picture_effects(clip, track))

    def _changes_with_time(self, clip: Clip, track: Track) -> bool:
        """Does an effect treat equal frames differently?"""
        return any(
            _is_limited(effect) or row.handles(parameters) > 0 or row.moving(parameters)
            for effect, row, parameters in self._picture_effects(clip, track)
        )

    def _graded(
        self, stream: Stream, clip: Clip, effects: list[Effect], place: Fit, start: int, frames: int, alpha: bool
    ) -> Stream:
        width, height = (place.cut.width, place.cut.height) if place.cut else place.scaled
        setting = Setting(
            rate=self.rate,
            width=width,
            height=height,
            alpha=alpha,
            frames=frames,
            first=_number_in_source(self.project, clip) + start - clip.start,
            generate=self.sources.generate,
            file=lambda path: self.texts.add_table(self.project.tables[path]),
            first_pass=self.sources.first_pass,
        )
        if clip.colour_correction is not None and clip.colour_correction != ColourCorrection():
            stream = colour_correction(stream, clip.colour_correction, setting)
        for effect in effects:
            row = self.project.effects[effect.kind]
            parameters = row.parameters.model_validate(dict(effect.parameters))
            first, last = _reach(effect, clip, start, frames)
            if first >= last:
                continue
            pieces = [(0, first, False), (first, last, True), (last, frames, False)]
            pieces = [piece for piece in pieces if piece[0] < piece[1]]
            if len(pieces) == 1:
                stream = row.build(stream, parameters, setting)
                continue
            copies = stream.filter_multi_output("split", len(pieces))
            parts: list[Stream] = []
            for number, (begin, stop, treated) in enumerate(pieces):
                part = copies[number].filter("trim", start_frame=begin, end_frame=stop)
                part = part.filter("setpts", "PTS-STARTPTS")
                here = replace(setting, frames=stop - begin, first=setting.first + begin)
                parts.append(row.build(part, parameters, here) if treated else part)
            stream = concatenated(parts, self.rate).filter("fps", fps=str(self.rate))
        return stream


def _number_in_source(project: CheckedProject, clip: Clip) -> int:
    """The number of a clip's first frame, counted at the timeline's rate from where its source begins."""
    still = isinstance(clip.source, MediaSource) and (picture := project.facts(clip).picture()) and picture.still
    return 0 if still or isinstance(clip.source, TitleSource) else int(clip.source_start * project.timeline.rate)


def _is_limited(effect: Effect) -> bool:
    """Does it hold for some of its clip's frames only?"""
    begins = effect.start is not None if isinstance(effect, HandedDown) else bool(effect.start)
    return begins or effect.end is not None


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


_EXACT = "bicubic+accurate_rnd+full_chroma_int"
_FAST = "bicubic"


def _converted(stream: Stream, facts: PictureFacts, place: Fit, target: str) -> Stream:
    """Scale and convert to a pixel format in BT.709, limited range for YUV; nothing where nothing changes."""
    rgb = facts.pixel_format.startswith(_RGB)
    tall = facts.height if facts.rotation in (0, 180) else facts.width
    matrix = facts.matrix if facts.matrix in _MATRICES else ("bt709" if tall >= HD_LINES else "smpte170m")
    full = facts.range == "pc" or facts.pixel_format.startswith(("yuvj", "gray", "ya8", "mono"))
    same_colour = not rgb and not full and (matrix == "bt709" or facts.pixel_format.startswith("gray"))
    turned = facts.rotation in (90, 270)
    decoded = (facts.height, facts.width) if turned else (facts.width, facts.height)
    if place.crop is not None:
        decoded = (place.crop.width, place.crop.height)
    if same_colour and facts.pixel_format == target and decoded == place.scaled:
        if facts.pixel_aspect != 1:
            stream = stream.filter("setsar", "1")
        tagged = (facts.range, facts.matrix, facts.primaries, facts.transfer) == ("tv", "bt709", "bt709", "bt709")
        return stream if tagged else stream.filter("setparams", **BT709)
    options: dict[str, Any] = {"w": place.scaled[0], "h": place.scaled[1]}
    to_rgb = target.startswith("gbr")
    if not rgb:
        options |= {"in_color_matrix": matrix, "in_range": "pc" if full else "tv"}
    if not to_rgb:
        options |= {"out_color_matrix": "bt709", "out_range": "tv"}
    options["flags"] = _FAST if same_colour and not to_rgb else _EXACT
    stream = stream.filter("scale", **options).filter("format", target).filter("setsar", "1")
    return stream if to_rgb else stream.filter("setparams", **BT709)


def _room(boxes: Sequence[Box], size: Size, beyond: int) -> Box:
    """The smallest box within the frame that holds what each of these boxes, and so much around it, shows; its edges are even."""
    left, top = max(0, min(box.x for box in boxes) - beyond), max(0, min(box.y for box in boxes) - beyond)
    right = min(size.width, max(box.x + box.width for box in boxes) + beyond)
    bottom = min(size.height, max(box.y + box.height for box in boxes) + beyond)
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def _shifted(stream: Stream, box: Box, exact: Place, room: Box) -> Stream:
    """Resample what lies in a whole, even box of a room to where it lies exactly; the two differ by a pixel or two."""
    left, top = box.x - room.x, box.y - room.y
    across, down = box.width / exact.width, box.height / exact.height
    x0, y0 = left + (room.x - exact.x) * across, top + (room.y - exact.y) * down
    x1, y1 = x0 + room.width * across, y0 + room.height * down
    corners = {"x0": x0, "y0": y0, "x1": x1, "y1": y0, "x2": x0, "y2": y1, "x3": x1, "y3": y1}
    places = {name: f"{value:.4f}" for name, value in corners.items()}
    return stream.filter("perspective", **places, interpolation="cubic", sense="source").filter("setparams", **BT709)


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
