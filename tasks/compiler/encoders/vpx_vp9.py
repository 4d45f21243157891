"""libvpx-vp9: VP9 in software, with alpha where the container keeps it (WebM, Matroska). CRF runs from 0 to 63.

Alpha is a second stream beside each packet, which only Matroska's files hold and only libvpx's own decoder reads.
Source: ffmpeg-codecs(1), libvpx; https://developers.google.com/media/vp9.
"""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.encoders.row import EncoderRow, capped, on_scale, steady, yuv_pixels
from tasks.compiler.encoders.x264 import STATISTICS
from tasks.compiler.model import Export, VideoExport

SCALE = ((1, 58.0), (50, 38.0), (85, 24.0), (100, 12.0))

SPEEDS = {
    "ultrafast": 5, "superfast": 5, "veryfast": 5, "faster": 5, "fast": 4, "medium": 3, "slow": 2, "slower": 1, "veryslow": 0,
}  # fmt: skip
"""x264's words for how long an encoder may think, on libvpx's scale."""


def video_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for the picture."""
    return _arguments(
        export, gop_frames, ("-pass", "2", "-passlogfile", STATISTICS) if export.video.passes == 2 else ()
    )


def first_pass(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return the options of the pass that gathers statistics."""
    return _arguments(export, gop_frames, ("-pass", "1", "-passlogfile", STATISTICS))


def _arguments(export: Export, gop_frames: int, passing: tuple[str, ...]) -> tuple[str, ...]:
    video = export.video
    return (
        *("-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", str(SPEEDS[video.preset]), "-row-mt", "1"),
        *_rate_control(video),
        *("-g", str(video.gop or gop_frames)),
        *(("-auto-alt-ref", "0") if video.alpha else ()),
        *("-pix_fmt", yuv_pixels(video).given),
        *yuv_pixels(video).canvas.signal.arguments,
        *passing,
    )


VPX_VP9 = EncoderRow(
    "libvpx-vp9",
    "vp9",
    video_arguments,
    first_pass=first_pass,
    pixels=yuv_pixels,
    scale=SCALE,
    worst=63,
    bits=(8, 10),
    alpha=True,
    hdr=True,
)


def _rate_control(video: VideoExport) -> tuple[str, ...]:
    if video.mode == "crf" or video.bitrate is None:
        crf = on_scale(video.quality, SCALE) if video.crf is None else video.crf
        return ("-crf", f"{round(crf)}", "-b:v", "0", *capped(video.max_bitrate))
    if video.mode == "vbr":
        return ("-b:v", f"{video.bitrate}k", *capped(video.max_bitrate))
    return steady(video.bitrate)
