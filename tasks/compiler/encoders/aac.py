"""AAC with ffmpeg's own encoder: the film's sound, made once over the whole timeline."""

from __future__ import annotations

from tasks.compiler.encoders.row import SoundRow
from tasks.compiler.model import Export
from tasks.security.arguments import safe_arguments


def sound_arguments(export: Export) -> tuple[str, ...]:
    """Return ffmpeg's output options for the sound; the user's own options come last.

    Raises:  KinofarmError (SECURITY-...) for an option of the user's that is not on the allow-list.
    """
    own = safe_arguments(export.ffmpeg_args, "sound")
    return ("-c:a", "aac", "-b:a", f"{export.sound.bitrate}k", *own)


AAC = SoundRow(
    "aac",
    "aac",
    sound_arguments,
    rates=(48_000, 44_100, 96_000, 88_200, 64_000, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000),
    most=1024,
)
