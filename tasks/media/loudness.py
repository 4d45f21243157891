"""Loudness by EBU R128: what is wanted, what ffmpeg's ebur128 measured, and the level that leads from one to the other.

A sound is levelled by one gain over all of it, so that its dynamics stay, and by a limiter that holds the true peak. The
limiter takes loudness away and an encoder adds peaks, so what came out is measured and the level corrected until it holds.

Units: LUFS and dBTP; gains and ceilings in dB. Source: EBU R 128, ITU-R BS.1770-4; ffmpeg-filters(1), ebur128, alimiter.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from infra.errors import KinofarmError
from infra.process import run_ffmpeg
from infra.values import Value

SILENCE = -69.0
"""LUFS; the absolute gate lies at -70, and what lies below it is not measured."""

TOLERANCE = 0.5
"""LU by which a finished sound may miss its target."""

CLOSE = 0.1
"""LU at which nothing is corrected any more."""

MARGIN = 0.1
"""dB by which the first ceiling lies under the limit: resampling down from the limiter's rate adds that much."""

LEAST_YIELD = 0.25
"""LU that a dB of gain is expected to add, at least, however hard the limiter works."""

SHORTEST = 0.4
"""Seconds to which a shorter sound is filled up with silence: one window, without which nothing is measured."""

LOG_TAIL = 4_096
"""Bytes at the end of a meter's log in which its last figures stand."""

MOST_GAIN = 60.0
"""dB; a sound that would need more is all but silent."""

METER = {"metadata": 1, "peak": "true", "framelog": "quiet"}
"""Options of ebur128 that lay its running measurement beside the samples; `ametadata=print` writes it down."""

_LINE = re.compile(r"lavfi\.r128\.(I|true_peak)=(\S+)")


class Loudness(Value):
    """How loud a sound is to be: its integrated loudness, and the limit of its true peak."""

    target: float = Field(-23.0, ge=-50, le=-5, description="Integrated loudness in LUFS.")
    peak: float = Field(-1.0, ge=-20, le=0, description="Highest true peak in dBTP.")


@dataclass(frozen=True)
class Measured:
    """What a sound measures: LUFS and dBTP; None for silence."""

    integrated: float | None
    true_peak: float | None


@dataclass(frozen=True)
class Level:
    """A gain, and the ceiling of the limiter after it, both in dB."""

    gain: float
    ceiling: float


def read_meter(log: Path) -> Measured:
    """Read what `ametadata=print` wrote of ebur128: its last line of each kind is that of the whole sound."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL))
        found = dict(_LINE.findall(file.read().decode("ascii", "replace")))
    integrated, peak = float(found.get("I", "-inf")), float(found.get("true_peak", "0"))
    loud = math.isfinite(integrated) and integrated > SILENCE
    return Measured(integrated if loud else None, 20 * math.log10(peak) if math.isfinite(peak) and peak > 0 else None)


def first_level(wanted: Loudness, measured: Measured) -> Level:
    """Return the level that a sound needs by its measurement alone; silence stays as it is."""
    gain = 0.0 if measured.integrated is None else min(MOST_GAIN, wanted.target - measured.integrated)
    return Level(gain, wanted.peak - MARGIN)


def corrected(
    level: Level, wanted: Loudness, measured: Measured, before: tuple[Level, Measured] | None = None
) -> Level | None:
    """Return a better level after what this one led to was measured; None where it holds.

    Args:    before: the level before it with its measurement: how much a dB of gain still adds, the limiter decides.
    """
    if measured.integrated is None:
        return None
    short = wanted.target - measured.integrated
    over = -math.inf if measured.true_peak is None else measured.true_peak - wanted.peak
    if abs(short) <= CLOSE and over <= 0:
        return None
    ceiling = level.ceiling - (over + MARGIN / 2 if over > 0 else 0)
    yields = 1.0
    if before is not None and before[1].integrated is not None and abs(level.gain - before[0].gain) > CLOSE / 2:
        gained = (measured.integrated - before[1].integrated) / (level.gain - before[0].gain)
        yields = max(LEAST_YIELD, min(1.0, gained))
    return Level(max(-MOST_GAIN, min(MOST_GAIN, level.gain + short / yields)), ceiling)


def measure(file: Path, binary: Path, scratch: Path, threads: int = 1) -> Measured:
    """Decode a sound file and measure it, from its first sample to its last.

    Args:    scratch: a folder for ffmpeg's log.
    Raises:  KinofarmError FFMPEG-00x.
    """
    log = f"{file.stem}.measured"
    meter = "ebur128=" + ":".join(f"{name}={value}" for name, value in METER.items())
    graph = f"apad=whole_dur={SHORTEST},{meter},ametadata=mode=print:file={log}"
    inputs = ("-threads", str(threads), "-i", f"file:{file}")
    run_ffmpeg((*inputs, "-map", "0:a:0", "-af", graph, "-f", "null", "-"), cwd=scratch, binary=binary)
    return read_meter(scratch / log)


def holds(wanted: Loudness, measured: Measured) -> bool:
    """Whether a sound is as loud as it is to be, and no peak of it too high; silence always is."""
    if measured.integrated is None:
        return True
    quiet = measured.true_peak is None or measured.true_peak <= wanted.peak
    return quiet and abs(measured.integrated - wanted.target) <= TOLERANCE


def require_loudness(wanted: Loudness, measured: Measured, code: str, what: str = "") -> None:
    """Raise the error `code` (VERIFY-02x) for a sound that does not hold to what is wanted."""
    if not holds(wanted, measured):
        raise KinofarmError(
            code,
            what=what,
            target=f"{wanted.target:g}",
            peak=f"{wanted.peak:g}",
            found=_figure(measured.integrated),
            found_peak=_figure(measured.true_peak),
        )


def _figure(value: float | None) -> str:
    return "-inf" if value is None else f"{value:.2f}"
