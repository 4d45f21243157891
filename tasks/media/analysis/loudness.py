"""Loudness by EBU R128, measured by libavfilter's ebur128, whose figures it lays beside the samples.

The true peak is measured here, of samples at the rate to which ebur128 brings them for its own: that one it writes down as a share of
full scale to three decimals, which is 0.4 dB off at -40 dBTP.

Units: LUFS, LU and dBTP. Source: EBU R 128, EBU Tech 3341 and 3342, ITU-R BS.1770-4; ffmpeg-filters(1), ebur128.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.filter import Graph
from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value
from tasks.media.analysis.curve import Curve, CurveMaker
from tasks.media.analysis.parts import Ending, Scope, Sound
from tasks.media.analysis.samples import SoundBlock, sample_format
from tasks.media.loudness import METER, SHORTEST, SILENCE
from tasks.media.packets import words

EVERY = Fraction(1, 10)
"""Seconds from one figure of the meter to the next."""


OVERSAMPLED = 192_000
"""Samples a second of which the highest is the true peak."""


class Loudness(Value):
    """How loud a sound is."""

    integrated: float | None = Field(description="LUFS over all of it; None: silence.")
    range: float | None = Field(description="Loudness range in LU; None: silence.")
    true_peak: float | None = Field(description="dBTP; None: silence.")
    short_term: Curve = Field(description="LUFS over the last 3 s, the highest of each step; None: silence.")


class LoudnessCollector:
    """Runs the meter.

    Args:  scope: of which the length is asked.
    """

    def __init__(self, scope: Scope) -> None:
        self._graph: Any = None
        self._samples = 0
        self._start, self._rate = Fraction(0), 1
        self._last: dict[str, str] = {}
        self._resampler: AudioResampler | None = None
        self._peak = 0.0
        self._curve = CurveMaker(EVERY, scope.facts.duration, "max")

    def hear(self, block: SoundBlock) -> None:
        """Take in samples; the meter counts them, so that a gap in time is no silence to it."""
        if self._graph is None:
            self._start, self._rate = block.start, block.rate
            self._graph = _meter(block)
            if block.rate < OVERSAMPLED:
                self._resampler = AudioResampler(sample_format(block.layout), block.layout, OVERSAMPLED)
        frame = _frame(block)
        frame.sample_rate, frame.pts, frame.time_base = block.rate, self._samples, Fraction(1, block.rate)
        self._samples += block.samples.shape[1]
        self._graph.push(frame)
        self._read()
        self._rise([frame] if self._resampler is None else self._resampler.resample(frame))

    def result(self, end: Ending) -> Loudness:
        """Return the figures of the whole sound."""
        del end
        if self._graph is not None:
            self._graph.push(None)
            self._read()
        if self._resampler is not None:
            self._rise(self._resampler.resample(None))
        integrated = self._figure("I")
        loud = integrated is not None and integrated > SILENCE
        return Loudness(
            integrated=integrated if loud else None,
            range=self._figure("LRA") if loud else None,
            true_peak=round(20 * math.log10(self._peak), 2) if self._peak > 0 else None,
            short_term=self._curve.result(),
        )

    def _rise(self, frames: list[Any]) -> None:
        """Take in samples for the peak."""
        for frame in frames:
            if frame is not None and frame.samples:
                self._peak = max(self._peak, float(np.abs(frame.to_ndarray()).max()))

    def _read(self) -> None:
        while True:
            try:
                measured = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self._last = measured.metadata or self._last
            short = self._figure("S")
            if short is not None and short > SILENCE:
                self._curve.add(self._start + Fraction(measured.pts, 1) * measured.time_base, short)

    def _figure(self, name: str) -> float | None:
        value = float(self._last.get(f"lavfi.r128.{name}", "nan"))
        return value if math.isfinite(value) else None


def _frame(block: SoundBlock) -> AudioFrame:
    samples, kind = np.ascontiguousarray(block.samples), sample_format(block.layout)
    if kind == "flt":
        samples = np.ascontiguousarray(samples.T).reshape(1, -1)
    return AudioFrame.from_ndarray(samples, format=kind, layout=block.layout)


def _meter(block: SoundBlock) -> Any:
    graph = Graph()
    options = {name: str(value) for name, value in METER.items()} | {"peak": "none"}
    try:
        source = graph.add_abuffer(sample_rate=block.rate, format=sample_format(block.layout), layout=block.layout)
        filled = graph.add("apad", whole_dur=str(SHORTEST))
        graph.link_nodes(source, filled, graph.add("ebur128", **options), graph.add("abuffersink")).configure()
    except (av.error.FFmpegError, ValueError) as error:
        raise KinofarmError("MEDIA-032", format=block.layout.name, reason=words(error)) from None
    return graph


LOUDNESS = Sound(Loudness, LoudnessCollector)
