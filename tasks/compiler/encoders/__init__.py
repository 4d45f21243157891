"""The encoders: a table, and the arguments that an export becomes."""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.encoders.aac import sound_arguments as sound_arguments
from tasks.compiler.encoders.row import EncoderRow, EncoderTable
from tasks.compiler.encoders.x264 import X264
from tasks.compiler.model import Export

ENCODERS: EncoderTable = {row.name: row for row in (X264,)}


def encoder(export: Export) -> EncoderRow:
    """Return the encoder that an export gets: the software encoder of its codec."""
    return next(row for row in ENCODERS.values() if row.codec == export.video.codec and not row.hardware)


def video_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for the picture: codec, rate control, GOP, pixel format and colour tags.

    Args:    rate: frames a second. gop_frames: longest GOP where the export names none.
    Raises:  KinofarmError (SECURITY-...) for an option of the user's that is not on the allow-list.
    """
    return encoder(export).arguments(export, rate, gop_frames)
