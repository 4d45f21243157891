"""A row of the encoder table: an encoder's name and the arguments that it makes of an export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from tasks.compiler.model import Export

VideoArguments = Callable[[Export, Fraction, int], tuple[str, ...]]
"""(export, rate in frames a second, longest GOP in frames) → ffmpeg's output options for the picture."""


@dataclass(frozen=True)
class EncoderRow:
    """An encoder of the table.

    name: ffmpeg's name of it. codec: the export's codec that it makes. hardware: it needs a device.
    arguments: a pure function. The same export, rate and GOP give byte-identical parameter sets, whatever the
    length or content of what is encoded, so that chunks can be joined without encoding.
    """

    name: str
    codec: str
    hardware: bool
    arguments: VideoArguments


EncoderTable = Mapping[str, EncoderRow]
