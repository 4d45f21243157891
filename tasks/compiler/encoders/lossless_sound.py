"""Sound without loss: plain samples (PCM) and FLAC, of 16 bits, or of 24 where it is asked for.

Source: ffmpeg-codecs(1), flac.
"""

from __future__ import annotations

from tasks.compiler.encoders.row import SoundRow
from tasks.compiler.model import Export


def pcm_arguments(export: Export) -> tuple[str, ...]:
    """Return ffmpeg's output options for plain samples."""
    return ("-c:a", f"pcm_s{export.sound.bits or 16}le")


def flac_arguments(export: Export) -> tuple[str, ...]:
    """Return ffmpeg's output options for FLAC; 24 bits travel in samples of 32."""
    return ("-c:a", "flac", "-sample_fmt", "s32" if export.sound.bits == 24 else "s16")


PCM = SoundRow("pcm", "pcm", pcm_arguments, form="mov", bits=(16, 24))
FLAC = SoundRow("flac", "flac", flac_arguments, bits=(16, 24))
