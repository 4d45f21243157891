"""Encoders on devices: NVENC, Quick Sync, VideoToolbox, AMF and VA-API, each for H.264, HEVC and AV1 where the family has it.

Each has a scale of its own to which our one quality is mapped; the numbers aim at what x264 shows at the same quality, and
devices need more bits for it. None is believed before it has encoded a few frames here (`tasks.compiler.trials`).

All are asked for what keeps chunks joinable: closed GOPs of a fixed length, an IDR first, no B-frames unless the project
asks for them, parameter sets in the header.
Source: ffmpeg-codecs(1) and `ffmpeg -h encoder=NAME` of ffmpeg 9; docs/adr/0020.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tasks.compiler.encoders.row import (
    COLOURS,
    EncoderRow,
    Points,
    VideoArguments,
    capped,
    on_scale,
    steady,
    yuv_pixels,
)
from tasks.compiler.model import Export, VideoExport

Quality = Callable[[float], tuple[str, ...]]
"""The options that ask for a number on the encoder's own scale."""

SPEEDS = {
    "ultrafast": 1, "superfast": 2, "veryfast": 3, "faster": 3, "fast": 4, "medium": 5, "slow": 6, "slower": 7, "veryslow": 7,
}  # fmt: skip
"""x264's words for how long an encoder may think, on the seven steps that NVENC has."""

NVENC: Points = ((1, 44.0), (50, 31.0), (85, 22.0), (100, 15.0))
QUICK_SYNC: Points = ((1, 44.0), (50, 31.0), (85, 22.0), (100, 15.0))
AMF: Points = ((1, 44.0), (50, 31.0), (85, 22.0), (100, 15.0))
VA_API: Points = ((1, 44.0), (50, 31.0), (85, 22.0), (100, 15.0))
VIDEO_TOOLBOX: Points = ((1, 20.0), (50, 45.0), (85, 65.0), (100, 85.0))
"""Apple's scale rises with quality, from 1 to 100, and is not ours."""

_TAGS = {"hevc": ("-tag:v", "hvc1")}


def _row(
    name: str,
    codec: str,
    family: str,
    scale: Points,
    quality: Quality,
    *,
    more: Callable[[VideoExport], tuple[str, ...]] = lambda video: (),
    worst: float = 51,
    unit: str = "CQ",
    uploaded: bool = False,
) -> EncoderRow:
    def arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
        video = export.video
        return (
            *("-c:v", name, *more(video)),
            *_rate_control(video, scale, quality),
            *("-g", str(video.gop or gop_frames), "-flags", "+cgop", "-bf", str(video.b_frames or 0)),
            *(() if uploaded else ("-pix_fmt", _given(video))),
            *COLOURS,
            *_TAGS.get(codec, ()),
        )

    made: VideoArguments = arguments
    bits = (8,) if codec == "h264" else (8, 10)
    return EncoderRow(
        name,
        codec,
        made,
        hardware=family,
        pixels=yuv_pixels,
        scale=scale,
        worst=worst,
        unit=unit,
        bits=bits,
        smallest=(160, 64),
        prepared=_uploaded if uploaded else _as_it_is,
        device=("-init_hw_device", "vaapi=device", "-filter_hw_device", "device") if uploaded else (),
    )


def _uploaded(stream: Any, video: VideoExport) -> Any:
    return stream.filter("format", _given(video)).filter("hwupload")


def _as_it_is(stream: Any, video: VideoExport) -> Any:
    return stream


def _rate_control(video: VideoExport, scale: Points, quality: Quality) -> tuple[str, ...]:
    if video.mode == "crf" or video.bitrate is None:
        number = on_scale(video.quality, scale) if video.crf is None else video.crf
        return (*quality(number), *capped(video.max_bitrate))
    if video.mode == "vbr":
        return ("-b:v", f"{video.bitrate}k", *capped(video.max_bitrate))
    return steady(video.bitrate)


def _given(video: VideoExport) -> str:
    """What devices take: 4:2:0 with its two colours in one plane."""
    return "p010le" if video.bits == 10 else "nv12"


def _nvenc(number: float) -> tuple[str, ...]:
    return ("-rc", "vbr", "-cq", f"{number:g}", "-b:v", "0")


def _nvenc_more(video: VideoExport) -> tuple[str, ...]:
    return ("-preset", f"p{SPEEDS[video.preset]}", "-tune", "hq", "-forced-idr", "1", "-rc-lookahead", "0")


def _quick_sync(number: float) -> tuple[str, ...]:
    return ("-global_quality", f"{round(number)}")


def _amf(number: float) -> tuple[str, ...]:
    step = str(round(number))
    return ("-rc", "cqp", "-qp_i", step, "-qp_p", step)


def _va_api(number: float) -> tuple[str, ...]:
    return ("-rc_mode", "CQP", "-global_quality", f"{round(number)}")


def _video_toolbox(number: float) -> tuple[str, ...]:
    return ("-q:v", f"{round(number)}")


HARDWARE: tuple[EncoderRow, ...] = (
    *(_row(f"{codec}_nvenc", codec, "NVENC", NVENC, _nvenc, more=_nvenc_more) for codec in ("h264", "hevc", "av1")),
    *(
        _row(f"{codec}_qsv", codec, "Quick Sync", QUICK_SYNC, _quick_sync, unit="ICQ")
        for codec in ("h264", "hevc", "av1")
    ),
    *(
        _row(f"{codec}_videotoolbox", codec, "VideoToolbox", VIDEO_TOOLBOX, _video_toolbox, worst=63, unit="quality")
        for codec in ("h264", "hevc")
    ),
    *(_row(f"{codec}_amf", codec, "AMF", AMF, _amf, unit="QP") for codec in ("h264", "hevc", "av1")),
    *(
        _row(f"{codec}_vaapi", codec, "VA-API", VA_API, _va_api, unit="QP", uploaded=True)
        for codec in ("h264", "hevc", "av1")
    ),
)
"""Every encoder that needs a device, by families; of several that work the first is taken."""
