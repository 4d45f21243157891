"""libx264: H.264 in software, the encoder that every machine has.

Quality is x264's own scale (CRF 0 to 51), bitrates are kbit/s. Colour is tagged BT.709, limited range: the graph
has converted the picture to it. `stitchable` tells x264 to let no header depend on what it sees, so that the
parameter sets of all chunks are the same bytes.
Source: ffmpeg-codecs(1), libx264; x264 --fullhelp.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tasks.compiler.encoders.row import COLOURS, EncoderRow, capped, on_scale, steady, yuv_pixels
from tasks.compiler.model import Export, VideoExport
from tasks.security.arguments import safe_arguments

SCALE = ((1, 40.0), (50, 27.0), (85, 18.0), (100, 12.0))
"""Quality to CRF. Source: docs/format.md."""

STATISTICS = "pass"
"""Name of the first pass's file in the scratch folder."""

_PARAMETERS = "stitchable=1:colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off:chromaloc=0"
"""Told to x264 itself: what a frame says of its colours would win over ffmpeg's own options, and with it over the SPS."""

_OWN_PARAMETERS = ("-x264-params",)


def video_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for the picture.

    The first frame is an IDR; GOPs are closed and at most `export.video.gop` (else `gop_frames`) frames long.
    Closed captions of a source are not carried over. The user's own options come last.

    Raises:  KinofarmError (SECURITY-...) for an option of the user's that is not on the allow-list.
    """
    return _arguments(
        export, gop_frames, ("-pass", "2", "-passlogfile", STATISTICS) if export.video.passes == 2 else ()
    )


def first_pass(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return the options of the pass that gathers statistics."""
    return _arguments(export, gop_frames, ("-pass", "1", "-passlogfile", STATISTICS))


def _arguments(export: Export, gop_frames: int, passing: tuple[str, ...]) -> tuple[str, ...]:
    video = export.video
    own = safe_arguments(export.ffmpeg_args, "picture")
    parameters = ":".join((_PARAMETERS, *_values(own, _OWN_PARAMETERS)))
    # AVI keeps no times, only an order: in it frames are shown as they are decoded.
    b_frames = 0 if export.container == "avi" else video.b_frames
    return (
        *("-c:v", "libx264", "-preset", video.preset),
        *_rate_control(video),
        *("-profile:v", _profile(video)),
        *("-g", str(video.gop or gop_frames), "-flags", "+cgop"),
        *(("-bf", str(b_frames)) if b_frames is not None else ()),
        *("-pix_fmt", yuv_pixels(video).given),
        *COLOURS,
        *("-a53cc", "0"),
        *passing,
        *_without(own, _OWN_PARAMETERS),
        *("-x264-params", parameters),
    )


X264 = EncoderRow(
    "libx264",
    "h264",
    video_arguments,
    first_pass=first_pass,
    pixels=yuv_pixels,
    scale=SCALE,
    bits=(8, 10),
    profiles=("baseline", "main", "high"),
)


def _rate_control(video: VideoExport) -> tuple[str, ...]:
    if video.mode == "crf" or video.bitrate is None:
        return ("-crf", f"{_crf(video):g}", *capped(video.max_bitrate))
    if video.mode == "vbr":
        return ("-b:v", f"{video.bitrate}k", *capped(video.max_bitrate))
    return steady(video.bitrate)


def _crf(video: VideoExport) -> float:
    return on_scale(video.quality, SCALE) if video.crf is None else video.crf


def _profile(video: VideoExport) -> str:
    """CRF 0 is lossless, which only High 4:4:4 Predictive can say, of 4:2:0 too; it wins over the project's profile."""
    if video.mode == "crf" and video.bits != 10 and _crf(video) == 0:
        return "high444"
    return "high10" if video.bits == 10 else video.profile or "high"


def _values(options: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """The values of those options (name, value, name, value, ...) that have one of the names."""
    return tuple(value for name, value in zip(options[::2], options[1::2], strict=True) if name in names)


def _without(options: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    pairs = zip(options[::2], options[1::2], strict=True)
    return tuple(part for name, value in pairs if name not in names for part in (name, value))
