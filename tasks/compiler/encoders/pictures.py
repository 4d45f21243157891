"""Pictures one by one: PNG without loss, with alpha where it is asked for, and JPEG; every frame stands alone.

Both are what a viewer of pictures expects: PNG is sRGB, JPEG is JFIF's BT.601 in full range.
Source: ffmpeg-codecs(1), png and mjpeg; ITU-T T.871 (JFIF).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tasks.compiler.canvas import Canvas
from tasks.compiler.encoders.row import EncoderRow, Pixels, on_scale
from tasks.compiler.model import Export, VideoExport

SCALE = ((1, 31.0), (50, 9.0), (85, 3.0), (100, 2.0))
"""Quality to the quantiser of JPEG, 2 to 31."""

EXACT = "accurate_rnd+full_chroma_int"


def png_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for PNG."""
    return ("-c:v", "png", "-pred", "mixed", "-pix_fmt", png_pixels(export.video).given)


def jpeg_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for JPEG."""
    video = export.video
    step = on_scale(video.quality, SCALE) if video.crf is None else video.crf
    return ("-c:v", "mjpeg", "-q:v", f"{max(2, step):g}", "-pix_fmt", "yuvj420p")


def png_pixels(video: VideoExport) -> Pixels:
    """RGB of 8 bit, from a film composed in 4:4:4."""
    given = "rgba" if video.alpha else "rgb24"
    return Pixels(
        Canvas(chroma="444", alpha=video.alpha), given, given, matrix="gbr", transfer="iec61966-2-1", range="pc"
    )


def jpeg_pixels(video: VideoExport) -> Pixels:
    """4:2:0 in full range."""
    return Pixels(given="yuvj420p", decoded="yuvj420p", matrix="bt470bg", range="pc")


def to_rgb(stream: Any, video: VideoExport) -> Any:
    """What a viewer of pictures takes for sRGB."""
    shown = stream.filter("scale", in_color_matrix="bt709", in_range="tv", flags=EXACT)
    shown = shown.filter("format", png_pixels(video).given)
    return shown.filter("setparams", range="pc", colorspace="gbr", color_primaries="bt709", color_trc="iec61966-2-1")


def to_jfif(stream: Any, video: VideoExport) -> Any:
    """What JFIF means by YCbCr."""
    shown = stream.filter(
        "scale", in_color_matrix="bt709", in_range="tv", out_color_matrix="bt470bg", out_range="pc", flags=EXACT
    )
    return shown.filter("format", "yuvj420p")


PNG = EncoderRow("png", "png", png_arguments, form="mov", pixels=png_pixels, modes=(), alpha=True, prepared=to_rgb)
JPEG = EncoderRow(
    "mjpeg",
    "jpeg",
    jpeg_arguments,
    stored="mjpeg",
    form="mov",
    pixels=jpeg_pixels,
    scale=SCALE,
    worst=31,
    unit="quantiser",
    modes=("crf",),
    prepared=to_jfif,
)
