"""Argv: the one place where a graph and an encoder become ffmpeg's arguments.

Names of inputs and of the output are the placeholders of `tasks.compiler.work`; ffmpeg-python writes the graph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

import ffmpeg

from tasks.compiler.effects.row import Stream

_INPUT_NUMBER = re.compile(r"(media:[0-9a-f]{64})#\d+")

_CLEAN = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact")
"""What a chunk holds is the picture or the sound: no metadata, no encoder's name, no clock."""


def picture_argv(stream: Stream, encoder: Sequence[str], frames: int, rate: Fraction) -> tuple[str, ...]:
    """ffmpeg's arguments that encode exactly `frames` pictures of a stream into an MP4."""
    timing = ("-r", str(rate), "-fps_mode", "cfr", "-frames:v", str(frames))
    timescale = ("-video_track_timescale", str(rate.numerator))
    return _argv(stream, (*timing, *encoder, *timescale, *_CLEAN, "-f", "mp4"))


def sound_argv(stream: Stream, encoder: Sequence[str]) -> tuple[str, ...]:
    """ffmpeg's arguments that encode a stream of sound into an MP4."""
    return _argv(stream, (*encoder, *_CLEAN, "-f", "mp4"))


def samples_argv(stream: Stream, rate: int) -> tuple[str, ...]:
    """ffmpeg's arguments that write a stream as raw stereo float samples."""
    return _argv(stream, ("-c:a", "pcm_f32le", "-ar", str(rate), "-ac", "2", "-f", "f32le"))


def image_argv(stream: Stream) -> tuple[str, ...]:
    """ffmpeg's arguments that write one picture as a PNG, in sRGB."""
    shown = stream.filter("scale", in_color_matrix="bt709", in_range="tv", flags="accurate_rnd+full_chroma_int")
    return _argv(shown.filter("format", "rgb24"), ("-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1"))


def _argv(stream: Stream, options: Sequence[str]) -> tuple[str, ...]:
    written = ffmpeg.get_args(ffmpeg.output(stream, "out"))
    assert written[-1] == "out"
    named = (_INPUT_NUMBER.sub(r"\1", argument) for argument in written[:-1])
    return ("-copyts", *named, *options, "out")
