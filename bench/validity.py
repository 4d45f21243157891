"""The validity gate: a fast film counts only when it is the right film.

Both films have exactly the workload's frames, by decoding, or its samples where they are sound alone; their luma is like a
lossless rendering of the hand-written graph; the farm's film is about as large as the other, so that nobody wins by encoding less; and where a loudness was
wanted, both have it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import av

from infra import ffmpeg
from infra.process import run_ffmpeg
from tasks.media.loudness import TOLERANCE, measure

LEAST_SSIM = 0.985
MOST_SIZE_DIFFERENCE = 0.10
AAC_PACKET = 1024
"""Samples."""


@dataclass(frozen=True)
class Verdict:
    """What the gate measured: amounts by decoding, mean SSIM of luma against the reference, bytes.

    wanted, farm, raw: frames; samples where the films are sound alone. ssim, sizes: the farm's and raw's.
    loudness: LUFS that were wanted, the farm's and raw's. slack: by how much an amount may differ.
    """

    wanted: int
    farm: int
    raw: int
    ssim: tuple[float, float] | None
    sizes: tuple[int, int]
    loudness: tuple[float, float, float] | None = None
    slack: int = 0

    @property
    def size_difference(self) -> float:
        return self.sizes[0] / self.sizes[1] - 1

    @property
    def faults(self) -> tuple[str, ...]:
        """What disqualifies the measurement, in words; empty when it counts."""
        found = []
        if any(abs(amount - self.wanted) > self.slack for amount in (self.farm, self.raw)):
            what = "frames" if self.ssim else "samples"
            found.append(f"{self.wanted} {what} wanted, farm {self.farm}, raw {self.raw}")
        if self.ssim and self.ssim[0] < LEAST_SSIM:
            found.append(f"SSIM-Y {self.ssim[0]:.4f} < {LEAST_SSIM}")
        if abs(self.size_difference) > MOST_SIZE_DIFFERENCE:
            found.append(f"size differs by {self.size_difference:+.1%}")
        if self.loudness is not None:
            wanted, *both = self.loudness
            if max(abs(each - wanted) for each in both) > TOLERANCE:
                found.append(f"{wanted:g} LUFS wanted, farm {both[0]:.2f}, raw {both[1]:.2f}")
        return tuple(found)


def judge(frames: int, farm: Path, raw: Path, reference: Path, scratch: Path, loudness: float | None = None) -> Verdict:
    """Measure both films against the reference.

    Raises:  KinofarmError FFMPEG-00x when a film can't be decoded.
    """
    return Verdict(
        wanted=frames,
        farm=decoded_frames(farm),
        raw=decoded_frames(raw),
        ssim=(ssim(farm, reference, scratch), ssim(raw, reference, scratch)),
        sizes=(farm.stat().st_size, raw.stat().st_size),
        loudness=_loudness(farm, raw, scratch, loudness),
    )


def judge_sound(samples: int, farm: Path, raw: Path, scratch: Path, loudness: float | None) -> Verdict:
    """Measure two films of sound alone; a codec's last packet may be filled up.

    Raises:  KinofarmError FFMPEG-00x when one can't be decoded.
    """
    return Verdict(
        wanted=samples,
        farm=decoded_samples(farm),
        raw=decoded_samples(raw),
        ssim=None,
        sizes=(farm.stat().st_size, raw.stat().st_size),
        loudness=_loudness(farm, raw, scratch, loudness),
        slack=AAC_PACKET,
    )


def _loudness(farm: Path, raw: Path, scratch: Path, wanted: float | None) -> tuple[float, float, float] | None:
    return None if wanted is None else (wanted, lufs(farm, scratch), lufs(raw, scratch))


def decoded_samples(film: Path) -> int:
    """Count a film's samples per channel by decoding them all."""
    with av.open(str(film)) as file:
        return sum(frame.samples for frame in file.decode(audio=0))


def decoded_frames(film: Path) -> int:
    """Count the pictures of a film by decoding them all."""
    with av.open(str(film)) as file:
        file.streams.video[0].thread_type = "AUTO"
        return sum(1 for _ in file.decode(video=0))


def lufs(film: Path, scratch: Path) -> float:
    """Return a film's integrated loudness; minus infinity for silence."""
    found = measure(film, ffmpeg.binary(None), scratch, threads=0).integrated
    return -math.inf if found is None else found


def ssim(film: Path, reference: Path, scratch: Path) -> float:
    """Return the mean over all frames of the luma's structural similarity, 0 to 1."""
    scratch.mkdir(parents=True, exist_ok=True)
    graph = (
        "[0:v]settb=1/25,setpts=N[film];[1:v]settb=1/25,setpts=N[reference];[film][reference]ssim=stats_file=ssim.txt"
    )
    inputs = ("-i", str(film), "-i", str(reference))
    run_ffmpeg((*inputs, "-filter_complex", graph, "-f", "null", "-"), cwd=scratch)
    rows = (scratch / "ssim.txt").read_text(encoding="ascii").splitlines()
    return sum(float(row.split(" Y:")[1].split()[0]) for row in rows) / len(rows)
