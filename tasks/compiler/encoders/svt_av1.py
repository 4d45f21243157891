"""SVT-AV1: AV1 in software. Its CRF runs from 0 to 63; each packet shows one frame, in the order of showing.

Source: ffmpeg-codecs(1), libsvtav1; SVT-AV1's Parameters.md (irefresh-type 2: closed GOPs; pred-struct 1: low delay,
which its constant rate needs).
"""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.encoders.row import EncoderRow, capped, on_scale, yuv_pixels
from tasks.compiler.model import Export, VideoExport

SCALE = ((1, 60.0), (50, 42.0), (85, 26.0), (100, 14.0))

SPEEDS = {
    "ultrafast": 12, "superfast": 11, "veryfast": 10, "faster": 9, "fast": 8, "medium": 7, "slow": 5, "slower": 4, "veryslow": 3,
}  # fmt: skip
"""x264's words for how long an encoder may think, on SVT-AV1's scale."""


def video_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for the picture."""
    video = export.video
    constant = ":rc=2:pred-struct=1" if video.mode == "cbr" else ""
    return (
        *("-c:v", "libsvtav1", "-preset", str(SPEEDS[video.preset])),
        *_rate_control(video),
        *("-g", str(video.gop or gop_frames)),
        *("-pix_fmt", yuv_pixels(video).given),
        *yuv_pixels(video).canvas.signal.arguments,
        *("-svtav1-params", f"irefresh-type=2{constant}"),
    )


SVT_AV1 = EncoderRow(
    "libsvtav1",
    "av1",
    video_arguments,
    pixels=yuv_pixels,
    scale=SCALE,
    worst=63,
    bits=(8, 10),
    hdr=True,
    smallest=(64, 64),
)


def _rate_control(video: VideoExport) -> tuple[str, ...]:
    if video.mode == "crf" or video.bitrate is None:
        crf = on_scale(video.quality, SCALE) if video.crf is None else video.crf
        return ("-crf", f"{round(crf)}", *capped(video.max_bitrate))
    if video.mode == "vbr":
        return ("-b:v", f"{video.bitrate}k")
    return ("-b:v", f"{video.bitrate}k")
