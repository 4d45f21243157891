"""The validity gate: a fast film counts only when it is the right film.

Both films have exactly the workload's frames, by decoding; their luma is like a lossless rendering of the hand-written
graph; the farm's film is about as large as the other, so that nobody wins by encoding less; and where a loudness was
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


@dataclass(frozen=True)
class Verdict:
    """What the gate measured: frames by decoding, mean SSIM of luma against the reference, bytes."""

    wanted_frames: int
    farm_frames: int
    raw_frames: int
    farm_ssim: float
    raw_ssim: float
    farm_bytes: int
    raw_bytes: int
    loudness: tuple[float, float, float] | None = None
    """LUFS that were wanted, the farm's and raw's."""

    @property
    def size_difference(self) -> float:
        return self.farm_bytes / self.raw_bytes - 1

    @property
    def faults(self) -> tuple[str, ...]:
        """What disqualifies the measurement, in words; empty when it counts."""
        found = []
        if not self.farm_frames == self.raw_frames == self.wanted_frames:
            found.append(f"{self.wanted_frames} frames wanted, farm {self.farm_frames}, raw {self.raw_frames}")
        if self.farm_ssim < LEAST_SSIM:
            found.append(f"SSIM-Y {self.farm_ssim:.4f} < {LEAST_SSIM}")
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
        wanted_frames=frames,
        farm_frames=decoded_frames(farm),
        raw_frames=decoded_frames(raw),
        farm_ssim=ssim(farm, reference, scratch),
        raw_ssim=ssim(raw, reference, scratch),
        farm_bytes=farm.stat().st_size,
        raw_bytes=raw.stat().st_size,
        loudness=None if loudness is None else (loudness, lufs(farm, scratch), lufs(raw, scratch)),
    )


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
