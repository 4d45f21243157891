"""AAC with ffmpeg's own encoder: the film's sound, made once over the whole timeline."""

from __future__ import annotations

from tasks.compiler.model import Export
from tasks.security.arguments import safe_arguments


def sound_arguments(export: Export) -> tuple[str, ...]:
    """Return ffmpeg's output options for the sound; the user's own options come last.

    Raises:  KinofarmError (SECURITY-...) for an option of the user's that is not on the allow-list.
    """
    own = safe_arguments(export.ffmpeg_args, "sound")
    return ("-c:a", "aac", "-b:a", f"{export.sound.bitrate}k", *own)
