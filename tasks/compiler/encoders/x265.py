"""libx265: HEVC in software.

Its CRF runs from 0 to 51 like x264's, and means about the same quality three steps later. GOPs are closed and no header
says with which options it was made, so that the parameter sets of all chunks are the same bytes.
Source: ffmpeg-codecs(1), libx265; x265's own documentation.
"""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.encoders.row import EncoderRow, capped, on_scale, steady, yuv_pixels
from tasks.compiler.model import Export, VideoExport

SCALE = ((1, 43.0), (50, 30.0), (85, 21.0), (100, 14.0))

_PARAMETERS = "open-gop=0:info=0:repeat-headers=0:log-level=error"
_STATISTICS = "x265.log"


def video_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for the picture; the tag `hvc1` is the one that Apple's players read."""
    return _arguments(export, gop_frames, f":pass=2:stats={_STATISTICS}" if export.video.passes == 2 else "")


def first_pass(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return the options of the pass that gathers statistics."""
    return _arguments(export, gop_frames, f":pass=1:stats={_STATISTICS}")


def _arguments(export: Export, gop_frames: int, passing: str) -> tuple[str, ...]:
    video = export.video
    gop, canvas = str(video.gop or gop_frames), yuv_pixels(video).canvas
    signal = canvas.signal
    colours = f"colorprim={signal.primaries}:transfer={signal.transfer}:colormatrix={signal.matrix}:range=limited"
    return (
        *("-c:v", "libx265", "-preset", video.preset),
        *_rate_control(video),
        *("-profile:v", "main10" if canvas.bits == 10 else "main"),
        *("-g", gop),
        *(("-bf", str(video.b_frames)) if video.b_frames is not None else ()),
        *("-pix_fmt", canvas.ground),
        *signal.arguments,
        *("-tag:v", "hvc1"),
        *("-x265-params", f"{_PARAMETERS}:{colours}:keyint={gop}{passing}"),
    )


X265 = EncoderRow(
    "libx265",
    "hevc",
    video_arguments,
    first_pass=first_pass,
    pixels=yuv_pixels,
    scale=SCALE,
    bits=(8, 10),
    hdr=True,
    profiles=("main",),
)


def _rate_control(video: VideoExport) -> tuple[str, ...]:
    if video.mode == "crf" or video.bitrate is None:
        crf = on_scale(video.quality, SCALE) if video.crf is None else video.crf
        return ("-crf", f"{crf:g}", *capped(video.max_bitrate))
    if video.mode == "vbr":
        return ("-b:v", f"{video.bitrate}k", *capped(video.max_bitrate))
    return steady(video.bitrate)
