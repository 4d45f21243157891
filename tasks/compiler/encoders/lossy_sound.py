"""Sound with loss beside AAC: MP3, Opus, Vorbis and AC-3. Bitrates are kbit/s.

Source: ffmpeg-codecs(1), libmp3lame, libopus, libvorbis, ac3.
"""

from __future__ import annotations

from tasks.compiler.encoders.row import SoundRow
from tasks.compiler.model import Export


def mp3_arguments(export: Export) -> tuple[str, ...]:
    """Return ffmpeg's output options for MP3."""
    return ("-c:a", "libmp3lame", "-b:a", f"{export.sound.bitrate}k")


def opus_arguments(export: Export) -> tuple[str, ...]:
    """Return ffmpeg's output options for Opus."""
    return ("-c:a", "libopus", "-b:a", f"{export.sound.bitrate}k")


def vorbis_arguments(export: Export) -> tuple[str, ...]:
    """Return ffmpeg's output options for Vorbis."""
    return ("-c:a", "libvorbis", "-b:a", f"{export.sound.bitrate}k")


def ac3_arguments(export: Export) -> tuple[str, ...]:
    """Return ffmpeg's output options for AC-3."""
    return ("-c:a", "ac3", "-b:a", f"{export.sound.bitrate}k")


MP3 = SoundRow("libmp3lame", "mp3", mp3_arguments, rates=(48_000, 44_100, 32_000, 24_000, 22_050, 16_000), most=320)
OPUS = SoundRow("libopus", "opus", opus_arguments, rates=(48_000,), most=510)
VORBIS = SoundRow("libvorbis", "vorbis", vorbis_arguments, form="ogg", rates=(48_000, 44_100, 32_000, 22_050), most=480)
AC3 = SoundRow("ac3", "ac3", ac3_arguments, rates=(48_000, 44_100, 32_000), most=640)
