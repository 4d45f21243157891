"""ProRes: Apple's codec for editing, 10 bit 4:2:2, or 4:4:4 with alpha. Its profile decides the rate; every frame stands alone.

Source: ffmpeg-codecs(1), prores_ks; Apple ProRes White Paper (2022).
"""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.canvas import Canvas
from tasks.compiler.encoders.row import COLOURS, EncoderRow, Pixels
from tasks.compiler.model import Export, VideoExport

USUAL = "hq"
FULL_COLOUR = ("4444", "4444xq")
"""Profiles of 4:4:4; only they have room for alpha."""


def video_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for the picture; the vendor is the one that Apple's programs expect."""
    video = export.video
    return (
        *("-c:v", "prores_ks", "-profile:v", video.profile or (FULL_COLOUR[0] if video.alpha else USUAL)),
        *("-vendor", "apl0"),
        *(("-alpha_bits", "16") if video.alpha else ()),
        *("-pix_fmt", pixels(video).given),
        *COLOURS,
    )


def pixels(video: VideoExport) -> Pixels:
    """10 bit; ffmpeg's decoder gives 4:4:4 back in 12.

    With alpha the film is composed in 8 bit: ffmpeg's overlay mixes wrongly what is clear in 10 bit (measured: docs/adr/0019).
    """
    if video.profile not in FULL_COLOUR and not video.alpha:
        canvas = Canvas(bits=10, chroma="422")
        return Pixels(canvas=canvas, given=canvas.solid, decoded=canvas.solid)
    if video.alpha:
        return Pixels(Canvas(chroma="444", alpha=True), "yuva444p10le", "yuva444p12le")
    return Pixels(Canvas(bits=10, chroma="444"), "yuv444p10le", "yuv444p12le")


PRORES = EncoderRow(
    "prores_ks",
    "prores",
    video_arguments,
    form="mov",
    pixels=pixels,
    modes=(),
    bits=(10,),
    alpha=True,
    profiles=("proxy", "lt", "standard", USUAL, *FULL_COLOUR),
)
