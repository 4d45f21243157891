"""Conform: the frames of one clip, as the timeline wants them: its rate, its size, its colour, its place.

Sampling: an output frame shows the last source frame whose timestamp has been reached (floor). A container's
timestamps are rounded to its time base, so a frame counts as reached half a tick early (docs/adr/0007).
Colour: pictures leave here as BT.709 in limited range, 8 bit 4:2:0; effects compute in 16-bit planar RGB.

Source: ffmpeg-filters(1): fps, scale, overlay, rotate.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from tasks.compiler.check import CheckedProject
from tasks.compiler.effects import colour_correction
from tasks.compiler.effects.row import Setting, Stream
from tasks.compiler.fit import Box, Fit
from tasks.compiler.graph import DECODERS, Sources, concatenated, decimal, joined
from tasks.compiler.layers import fit, is_clear, is_seen
from tasks.compiler.model import Clip, ColourCorrection, Effect, Size, TitleSource, Track
from tasks.compiler.text import TextFiles, drawn_mask, drawn_title
from tasks.media.facts import MediaFacts, PictureFacts

TICKS = 10_000_000
"""Ticks a second in which source times are computed: fine against every container's time base."""

BT709 = {"range": "tv", "colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}

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

    def frame(self, clip: Clip, track: Track, start: int, end: int) -> Stream:
        """The clip over the frames [start, end), solid, at the frame's size with black around it (yuv420p)."""
        stream, place = self._picture(clip, track, start, end, alpha=False)
        return _on_black(stream, place.box, self.size)

    def canvas(self, clip: Clip, track: Track, start: int, end: int) -> Stream:
        """The same with everything around the clip clear (yuva420p)."""
        if not is_seen(self.project, clip):
            return self.blank("black@0", end - start, "yuva420p")
        stream, place = self._picture(clip, track, start, end, alpha=True)
        if place.box.covers(self.size) and place.box.inside(self.size):
            return stream
        ground = self.blank("black@0", end - start, "yuva420p")
        return joined("overlay", [ground, stream], x=place.box.x, y=place.box.y, format="auto", eof_action="pass")

    def layer(self, clip: Clip, track: Track, start: int, end: int) -> tuple[Stream, Box]:
        """The clip at its own size, clear where it is clear, and where to lay it."""
        stream, place = self._picture(clip, track, start, end, alpha=is_clear(self.project, clip))
        return stream, place.box

    def blank(self, colour: str, frames: int, pixel_format: str = "yuv420p") -> Stream:
        """That many frames of one colour."""
        stream = self._ground(colour, frames, pixel_format)
        return stream.filter("setparams", **BT709)

    def _ground(self, colour: str, frames: int, pixel_format: str) -> Stream:
        size = f"{self.size.width}x{self.size.height}"
        stream = self.sources.generate("color", pixel_format, c=colour, s=size, r=str(self.rate))
        return stream.filter("trim", end_frame=frames)

    def _picture(self, clip: Clip, track: Track, start: int, end: int, alpha: bool) -> tuple[Stream, Fit]:
        place = fit(self.project, clip)
        frames = end - start
        if isinstance(clip.source, TitleSource):
            stream, ends_early = self._title(clip, start, end), False
            facts = _DRAWN.model_copy(update={"width": self.size.width, "height": self.size.height})
        else:
            media = self.project.facts(clip)
            found = media.picture()
            assert found is not None, "only clips with a picture are conformed"
            facts = found
            stream, ends_early = self._sampled(clip, media, facts, start, frames)
        # What stands still is repeated after all that is done to each frame alike, so that this is done once.
        changes = any(effect.start or effect.end is not None for effect in (*clip.effects, *track.effects))
        if changes:
            stream = self._prolonged(stream, facts, ends_early)
        stream = self._developed(stream, clip, track, facts, place, start, frames, alpha)
        if not changes:
            stream = self._prolonged(stream, facts, ends_early)
        return stream.filter("trim", end_frame=frames), place

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

    def _sampled(
        self, clip: Clip, media: MediaFacts, facts: PictureFacts, start: int, frames: int
    ) -> tuple[Stream, bool]:
        """The clip's source at the timeline's rate from frame `start` on; may end early, which the flag says.

        A still comes as its one picture. Past the end of its pictures a source shows the last one.
        """
        decoder = DECODERS.get((facts.codec, facts.alpha))
        if facts.still:
            stream = self.sources.media_stream(media.sha256, facts.index, media.demuxer, Fraction(0), decoder)
            return stream.filter("settb", str(1 / self.rate)), False
        begins = clip.source_start + (start - clip.start) / self.rate * clip.speed
        begins = min(begins, max(facts.start, facts.end - facts.time_base))
        ends = begins + frames / self.rate * clip.speed
        seek = _seek(facts, begins)
        stream = self.sources.media_stream(media.sha256, facts.index, media.demuxer, seek, decoder, facts.keyframe_gap)
        # Upwards by a tick: a frame just half a tick late counts as reached wherever the chunk begins.
        zero = math.ceil((media.start + begins + facts.time_base / 2) * TICKS) + 1
        shifted = f"PTS-{zero}" if zero >= 0 else f"PTS+{-zero}"
        if clip.speed != 1:
            shifted = f"({shifted})*{clip.speed.denominator}/{clip.speed.numerator}"
        stream = stream.filter("settb", f"1/{TICKS}").filter("setpts", shifted)
        stream = stream.filter("fps", fps=str(self.rate), round="up", start_time=0)
        return stream, ends > facts.end - facts.max_gap

    def _prolonged(self, stream: Stream, facts: PictureFacts, ends_early: bool) -> Stream:
        """A still's one picture for ever; the last picture of what ends early, likewise."""
        if facts.still:
            return stream.filter("loop", loop=-1, size=1).filter("setpts", "N").filter("fps", fps=str(self.rate))
        return stream.filter("tpad", stop_mode="clone", stop=-1) if ends_early else stream

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
        """Crop, scale, effects, opacity, turn; out comes yuv420p or, with alpha, yuva420p in BT.709."""
        effects = [effect for effect in (*clip.effects, *track.effects) if self._on_picture(effect)]
        working = bool(effects) or clip.colour_correction is not None
        target = "yuva420p" if alpha else "yuv420p"
        if place.crop is not None:
            stream = stream.filter("crop", place.crop.width, place.crop.height, place.crop.x, place.crop.y)
        clear = alpha and facts.alpha
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
            stream = self._masked(stream, place.outline, width, height, clear=facts.alpha)
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

    def _graded(
        self, stream: Stream, clip: Clip, effects: list[Effect], place: Fit, start: int, frames: int, alpha: bool
    ) -> Stream:
        width, height = (place.cut.width, place.cut.height) if place.cut else place.scaled
        setting = Setting(rate=self.rate, width=width, height=height, alpha=alpha, frames=frames)
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
                parts.append(row.build(part, parameters, setting) if treated else part)
            stream = concatenated(parts, self.rate).filter("fps", fps=str(self.rate))
        return stream


def _reach(effect: Effect, clip: Clip, start: int, frames: int) -> tuple[int, int]:
    """The frames, from `start` on, that an effect treats: one that reaches a clip's end treats its handle too."""
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


def _seek(facts: PictureFacts, begins: Fraction) -> Fraction:
    """A time of the file from which decoding is sure to meet the frame that shows at `begins`, and few before it.

    Where frames lie on a grid that frame is known, so that a clip that begins at a keyframe decodes nothing in vain.
    """
    if facts.on_grid and facts.rate and begins >= facts.start:
        shown = int((begins - facts.start) * facts.rate)
        return facts.start + shown / facts.rate + facts.time_base / 2
    return begins - facts.max_gap - facts.time_base


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
