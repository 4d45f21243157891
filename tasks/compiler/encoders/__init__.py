"""The encoders: a table for pictures, one for sound, and the arguments that an export becomes."""

from __future__ import annotations

from fractions import Fraction

from tasks.compiler.canvas import Canvas
from tasks.compiler.encoders.aac import AAC
from tasks.compiler.encoders.dnxhr import DNXHR
from tasks.compiler.encoders.gif import GIF
from tasks.compiler.encoders.hardware import HARDWARE
from tasks.compiler.encoders.lossless_sound import FLAC, PCM
from tasks.compiler.encoders.lossy_sound import AC3, MP3, OPUS, VORBIS
from tasks.compiler.encoders.pictures import JPEG, PNG
from tasks.compiler.encoders.prores import PRORES
from tasks.compiler.encoders.row import EncoderRow, EncoderTable, SoundRow, SoundTable
from tasks.compiler.encoders.svt_av1 import SVT_AV1
from tasks.compiler.encoders.vpx_vp9 import VPX_VP9
from tasks.compiler.encoders.x264 import X264
from tasks.compiler.encoders.x265 import X265
from tasks.compiler.model import Export

ENCODERS: EncoderTable = {
    row.name: row for row in (X264, X265, SVT_AV1, VPX_VP9, PRORES, DNXHR, PNG, JPEG, GIF, *HARDWARE)
}
"""Encoders of pictures by ffmpeg's name; of a codec's several, the first is the one that every machine has."""

SOUND_ENCODERS: SoundTable = {row.codec: row for row in (AAC, PCM, FLAC, MP3, OPUS, VORBIS, AC3)}
"""Encoders of sound by the export's codec."""


def encoder(export: Export) -> EncoderRow:
    """Return the encoder that an export names, else the software encoder of its codec."""
    named = ENCODERS.get(export.video.encoder)
    if named is not None and named.codec == export.video.codec:
        return named
    return next(row for row in ENCODERS.values() if row.codec == export.video.codec and not row.hardware)


def canvas_of(export: Export) -> Canvas:
    """Return the pixel formats in which an export's film is composed."""
    return encoder(export).pixels(export.video).canvas


def sound_encoder(export: Export) -> SoundRow:
    """Return the encoder of an export's sound."""
    return SOUND_ENCODERS[export.sound.codec]


def video_arguments(export: Export, rate: Fraction, gop_frames: int) -> tuple[str, ...]:
    """Return ffmpeg's output options for the picture: codec, rate control, GOP, pixel format and colour tags.

    Args:    rate: frames a second. gop_frames: longest GOP where the export names none.
    Raises:  KinofarmError (SECURITY-...) for an option of the user's that is not on the allow-list.
    """
    return encoder(export).arguments(export, rate, gop_frames)


def sound_arguments(export: Export) -> tuple[str, ...]:
    """Return ffmpeg's output options for the sound.

    Raises:  KinofarmError (SECURITY-...) for an option of the user's that is not on the allow-list.
    """
    return sound_encoder(export).arguments(export)
