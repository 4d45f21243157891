"""The facts of one picture stream, from its header, its packet times and its first decoded frame."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from av.stream import Disposition

from tasks.media.colours import MATRIX, PRIMARIES, RANGE, TRANSFER
from tasks.media.facts import PictureFacts
from tasks.media.orientation import Turn, turn_of
from tasks.media.timing import Timing

_WITHOUT_OWN_ALPHA = {"vp8": "yuva420p", "vp9": "yuva420p"}
"""Codecs whose alpha is a second stream that only libvpx's decoders read, and what those give."""


class Seen(NamedTuple):
    """What the first decoded frame shows."""

    pixel_format: str
    bit_depth: int
    alpha: bool
    turn: Turn
    matrix: int
    primaries: int
    transfer: int
    range: int

    @classmethod
    def of(cls, frame: Any) -> Seen:
        """Read a frame of PyAV."""
        components = frame.format.components
        return cls(
            pixel_format=frame.format.name,
            bit_depth=max((part.bits for part in components), default=8),
            alpha=_has_alpha(frame),
            turn=turn_of(frame),
            matrix=int(frame.colorspace),
            primaries=int(frame.color_primaries),
            transfer=int(frame.color_trc),
            range=int(frame.color_range),
        )


def picture_facts(stream: Any, timing: Timing, seen: Seen, start: Fraction, still: bool) -> PictureFacts:
    """Put together what is known of a picture stream.

    Args:
        start: the container's first timestamp, in seconds of its own clock.
        still: a single image, which has no rate and no end.
    """
    context = stream.codec_context
    codec = context.codec.canonical_name
    pixel_format, alpha = seen.pixel_format, seen.alpha
    if codec in _WITHOUT_OWN_ALPHA and stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) == "1":
        pixel_format, alpha = _WITHOUT_OWN_ALPHA[codec], True
    rate = None if still else timing.constant_rate((stream.average_rate, stream.base_rate))
    first = timing.start - start
    end = first
    if not still:
        end = timing.end - start
        if rate is not None:  # durations are rounded to ticks, the frame count is not
            end = max(end, first + timing.packets / rate)
    return PictureFacts(
        index=stream.index,
        codec=codec,
        width=context.width,
        height=context.height,
        rotation=seen.turn.degrees,
        flipped=seen.turn.mirrored,
        pixel_aspect=_pixel_aspect(stream),
        pixel_format=pixel_format,
        bit_depth=seen.bit_depth,
        alpha=alpha,
        matrix=MATRIX.get(_tag(seen.matrix, context.colorspace)),
        primaries=PRIMARIES.get(_tag(seen.primaries, context.color_primaries)),
        transfer=TRANSFER.get(_tag(seen.transfer, context.color_trc)),
        range=RANGE.get(seen.range or int(context.color_range)),
        time_base=stream.time_base,
        rate=rate or (None if still else stream.average_rate or None),
        constant_rate=rate is not None,
        on_grid=rate is not None and timing.is_on_grid(rate),
        start=first,
        end=end,
        frames=timing.packets,
        max_gap=timing.max_gap(),
        keyframe_gap=timing.keyframe_gap(),
        still=still,
        default=bool(stream.disposition & Disposition.default),
    )


def _tag(of_frame: int, of_stream: Any) -> int:
    """Prefer the bitstream's tag, as decoders do; 2 means unspecified."""
    return of_frame if of_frame != 2 else int(of_stream)


def _pixel_aspect(stream: Any) -> Fraction:
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect <= 0 or not Fraction(1, 20) <= aspect <= 20:
        return Fraction(1)
    return Fraction(aspect)


def _has_alpha(frame: Any) -> bool:
    """Say whether a pixel format has alpha; a palette has it where an entry in use is not opaque."""
    if frame.format.name == "pal8":
        return bool(frame.reformat(format="rgba").to_ndarray()[..., 3].min() < 255)
    return any(part.is_alpha for part in frame.format.components)
