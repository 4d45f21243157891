"""Decoded sound as the analyses see it: blocks of float samples with their exact time.

Source: libswresample through PyAV's AudioResampler.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av.error
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from infra.errors import KinofarmError
from tasks.media.packets import words

BLOCK_SECONDS = Fraction(1, 5)
"""Least length of a block: a codec's frames are so short that calls would cost more than the work in them."""

SLACK = Fraction(1, 20)
"""Seconds by which timestamps may stray (milliseconds of Matroska, frames of MP3) before they mean a gap."""

LOUDEST = 1e6
"""Limit of a float sample; beyond it, and for what is no number, a file makes no sense."""

MOST_PLANES = 8
"""Channels up to which a frame's planes lie in `AVFrame.data`; PyAV 18 reads beyond it where there are more."""

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SoundBlock:
    """Samples without a gap between them.

    Args:
        samples: (channels, n), full scale is 1.
        start: seconds from the file's start to the first of them.
    """

    samples: Samples
    start: Fraction
    rate: int
    layout: Any

    def at(self, sample: int) -> Fraction:
        """Return the time of a sample."""
        return self.start + Fraction(sample, self.rate)

    @property
    def end(self) -> Fraction:
        """The time after its last sample."""
        return self.at(self.samples.shape[1])


class SampleReader:
    """Gathers decoded frames of one stream into blocks; rate and channels stay as they were at first.

    Args:
        origin: the container's first timestamp, in seconds of its own clock.
        time_base: seconds per tick of the stream.
    """

    def __init__(self, origin: Fraction, time_base: Fraction) -> None:
        self._origin, self._time_base = origin, time_base
        self._resampler: AudioResampler | None = None
        self._source: tuple[str, str, int] | None = None
        self._rate = 0
        self._layout: Any = None
        self._parts: list[Samples] = []
        self._held = 0
        self._start = Fraction(0)
        self._next: Fraction | None = None

    def take(self, frame: Any) -> Iterator[SoundBlock]:
        """Take in a decoded frame, and yield the blocks that became whole.

        Raises:  KinofarmError MEDIA-032 for samples that can't be converted.
        """
        source = (frame.format.name, frame.layout.name, frame.sample_rate)
        if source != self._source:
            yield from self._drain()
            self._source = source
            if self._layout is None:
                self._layout, self._rate = frame.layout, frame.sample_rate
            self._resampler = AudioResampler(format=sample_format(self._layout), layout=self._layout, rate=self._rate)
        if (time := self._placed(frame)) is not None:
            yield from self._block()
            self._start = self._next = time
        yield from self._keep(self._converted(frame))

    def finish(self) -> Iterator[SoundBlock]:
        """Yield what is left."""
        yield from self._drain()
        yield from self._block()

    def _placed(self, frame: Any) -> Fraction | None:
        """Return the frame's time where it does not follow the samples before it; time never runs back."""
        if frame.pts is None:
            return Fraction(0) if self._next is None else None
        time: Fraction = frame.pts * self._time_base - self._origin
        if self._next is None or time - self._next > SLACK:
            return time
        if self._next - time > SLACK:
            self._origin -= self._next - time
        return None

    def _converted(self, frame: Any) -> list[Any]:
        assert self._resampler is not None
        try:
            return self._resampler.resample(frame)
        except (av.error.FFmpegError, ValueError) as error:
            shown = "nothing" if self._source is None else self._source[0]
            raise KinofarmError("MEDIA-032", format=shown, reason=words(error)) from None

    def _drain(self) -> Iterator[SoundBlock]:
        if self._resampler is not None and self._next is not None:
            yield from self._keep(self._converted(None))

    def _keep(self, frames: list[Any]) -> Iterator[SoundBlock]:
        for frame in frames:
            if frame is None:  # a resampler with nothing to do gives the end back
                continue
            samples = frame.to_ndarray()
            if not frame.format.is_planar:
                samples = np.ascontiguousarray(samples.reshape(-1, frame.layout.nb_channels).T)
            assert self._next is not None
            self._parts.append(samples)
            self._held += samples.shape[1]
            self._next += Fraction(samples.shape[1], self._rate)
            if self._held >= self._rate * BLOCK_SECONDS:
                yield from self._block()

    def _block(self) -> Iterator[SoundBlock]:
        if not self._held:
            return
        samples = self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts, axis=1)
        if not np.isfinite(samples).all() or np.abs(samples).max() > LOUDEST:
            samples = np.clip(np.nan_to_num(samples), -LOUDEST, LOUDEST)
        block = SoundBlock(samples, self._start, self._rate, self._layout)
        self._parts, self._held, self._start = [], 0, block.end
        yield block


def sample_format(layout: Any) -> str:
    """Return the float format in which PyAV can hand over samples of that many channels."""
    return "fltp" if layout.nb_channels <= MOST_PLANES else "flt"
