"""DNxHR: Avid's codec for editing. Its profile decides rate, bits and colour; every frame stands alone.

lb, sq and hq are 8 bit 4:2:2, hqx is 10 bit 4:2:2, 444 is 10 bit 4:4:4.
Source: ffmpeg-codecs(1), dnxhd; SMPTE ST 2019-1 (VC-3).
"""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.canvas import Canvas
from tasks.compiler.encoders.row import COLOURS, EncoderRow, Pixels
from tasks.compiler.model import Export, VideoExport

USUAL = "hq"


def video_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for the picture."""
    profile = f"dnxhr_{_profile(export.video)}"
    return ("-c:v", "dnxhd", "-profile:v", profile, "-pix_fmt", pixels(export.video).given, *COLOURS)


def pixels(video: VideoExport) -> Pixels:
    """As the profile says."""
    profile = _profile(video)
    canvas = Canvas(bits=10 if profile in ("hqx", "444") else 8, chroma="444" if profile == "444" else "422")
    return Pixels(canvas=canvas, given=canvas.solid, decoded=canvas.solid)


DNXHR = EncoderRow(
    "dnxhd",
    "dnxhr",
    video_arguments,
    stored="dnxhd",
    form="mov",
    pixels=pixels,
    modes=(),
    bits=(8, 10),
    profiles=("lb", "sq", USUAL, "hqx", "444"),
    smallest=(256, 120),
)


def _profile(video: VideoExport) -> str:
    return video.profile or ("hqx" if video.bits == 10 else USUAL)
