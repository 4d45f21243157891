"""Channels: how loud each channel of a sound is, which are silent, and whether stereo is stereo.

Units: dBFS; a full-scale sine has an RMS of -3.01.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from infra.values import Value
from tasks.media.analysis.parts import Ending, Scope, Sound
from tasks.media.analysis.samples import SoundBlock

DIGITS = 4
"""Decimals of a correlation."""

SAME = 1e-6
"""Energy of what two channels differ in, of that of both, below which they are the same: 60 dB less."""

Kind = Literal["silent", "mono", "one channel", "dual mono", "inverted", "stereo", "multichannel"]


class Channel(Value):
    """One channel."""

    peak: float | None = Field(description="Highest sample in dBFS; None: nothing but zeros.")
    rms: float | None = Field(description="Of all its samples, in dBFS; None: nothing but zeros.")
    silent: bool = Field(description="Its peak lies below the level of silence.")


class Channels(Value):
    """The channels of a sound."""

    channels: tuple[Channel, ...]
    layout: str = Field(description="ffmpeg's name of the channel layout.")
    kind: Kind = Field(
        description="silent: all channels are. one channel: all others are silent. dual mono: two that are the same. "
        "inverted: two that cancel each other out. stereo, multichannel: two that differ; more."
    )
    correlation: float | None = Field(
        description="Of two channels, from -1 to 1; None: others than two, or silent ones."
    )


class ChannelCollector:
    """Sums up samples.

    Args:  scope: whose settings give the level of silence.
    """

    def __init__(self, scope: Scope) -> None:
        self._level = scope.settings.silence_level
        self._layout = scope.sound.layout if scope.sound is not None else ""
        self._peaks: npt.NDArray[np.float64] | None = None
        self._energies = np.zeros(0)
        self._common, self._samples = 0.0, 0

    def hear(self, block: SoundBlock) -> None:
        """Take in samples."""
        samples = block.samples.astype(np.float64)
        if self._peaks is None:
            self._peaks, self._energies = np.zeros(len(samples)), np.zeros(len(samples))
        self._peaks = np.maximum(self._peaks, np.abs(samples).max(axis=1))
        self._energies += np.einsum("ij,ij->i", samples, samples)
        if len(samples) == 2:
            self._common += float(samples[0] @ samples[1])
        self._samples += samples.shape[1]

    def result(self, end: Ending) -> Channels:
        """Return the channels in the file's order."""
        del end
        peaks = self._peaks if self._peaks is not None else np.zeros(0)
        found = tuple(
            self._channel(float(peak), math.sqrt(energy / self._samples))
            for peak, energy in zip(peaks, self._energies, strict=True)
        )
        return Channels(channels=found, layout=self._layout, kind=self._kind(found), correlation=self._correlation())

    def _channel(self, peak: float, rms: float) -> Channel:
        decibels = _decibels(peak)
        return Channel(peak=decibels, rms=_decibels(rms), silent=decibels is None or decibels < self._level)

    def _kind(self, channels: tuple[Channel, ...]) -> Kind:
        heard = sum(not channel.silent for channel in channels)
        if not heard:
            return "silent"
        if len(channels) == 1:
            return "mono"
        if heard == 1:
            return "one channel"
        if len(channels) > 2:
            return "multichannel"
        both = float(self._energies.sum())
        if both - 2 * self._common <= SAME * both:
            return "dual mono"
        return "inverted" if both + 2 * self._common <= SAME * both else "stereo"

    def _correlation(self) -> float | None:
        if len(self._energies) != 2 or not self._energies.all():
            return None
        return round(self._common / math.sqrt(float(self._energies[0]) * float(self._energies[1])), DIGITS)


def _decibels(value: float) -> float | None:
    return round(20 * math.log10(value), 2) if value > 0 else None


CHANNELS = Sound(Channels, ChannelCollector)
