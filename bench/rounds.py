"""A measurement: a farm's round and a raw round in turn, each farm's round on files that the farm has never seen."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import farm, raw
from bench.sources import draw_sources, fresh_copies, write_look
from bench.validity import Verdict, judge, judge_sound
from bench.workloads import WORKLOADS, Workload, ten_minutes

Say = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """One workload with one preset: seconds of each round, in order, and what the gate found in the first."""

    workload: Workload
    preset: str
    farm_seconds: tuple[float, ...]
    raw_seconds: tuple[float, ...]
    verdict: Verdict

    @property
    def ratios(self) -> tuple[float, ...]:
        return tuple(ours / theirs for ours, theirs in zip(self.farm_seconds, self.raw_seconds, strict=True))

    @property
    def farm(self) -> float:
        """Seconds, the median of the rounds."""
        return statistics.median(self.farm_seconds)

    @property
    def raw(self) -> float:
        """Seconds, the median of the rounds."""
        return statistics.median(self.raw_seconds)

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(self.ratios)


@dataclass(frozen=True)
class Edits:
    """The ten-minute timeline: seconds and encoded chunks when cold, after one title changed, and unchanged."""

    preset: str
    chunks: int
    cold: float
    title: float
    title_encoded: int
    unchanged: float
    unchanged_encoded: int

    @property
    def title_limit(self) -> float:
        return 0.10 * self.cold + 3

    @property
    def unchanged_limit(self) -> float:
        return 0.02 * self.cold + 3


def compare(workload: Workload, preset: str, rounds: int, work: Path, say: Say) -> Comparison:
    """Measure a workload. Who goes first changes from round to round; the gate is held over the first.

    Raises:  bench.farm.FarmError, KinofarmError FFMPEG-00x.
    """
    sources = draw_sources(work / "sources", workload.source_seconds)
    scratch, films = work / "scratch", work / "films"
    films.mkdir(parents=True, exist_ok=True)
    ours, theirs = (films / f"{workload.name}-{side}{workload.suffix}" for side in ("farm", "raw"))
    encode = raw.SOUND if workload.heard else raw.encoding(preset)
    farm_seconds: list[float] = []
    raw_seconds: list[float] = []
    verdict: Verdict | None = None
    for number in range(rounds):
        copies = fresh_copies(sources, work / "project", nonce=time.time_ns())
        project = _written(workload, preset, work / "project")
        order = ("farm", "raw") if number % 2 == 0 else ("raw", "farm")
        for side in order:
            if side == "farm":
                rendered = farm.render(project, ours)
                if rendered.encoded < rendered.chunks:
                    raise farm.FarmError(f"a cold round reused {rendered.chunks - rendered.encoded} chunks")
                farm_seconds.append(rendered.seconds)
            else:
                raw_seconds.append(raw.render(workload.name, copies, encode, theirs, scratch, workload.loudness))
        say(f"{workload.name} {preset} round {number + 1}: farm {farm_seconds[-1]:.1f} s, raw {raw_seconds[-1]:.1f} s")
        if verdict is None:
            verdict = _judged(workload, copies, ours, theirs, scratch)
    assert verdict is not None
    return Comparison(workload, preset, tuple(farm_seconds), tuple(raw_seconds), verdict)


def _judged(workload: Workload, copies: Mapping[str, Path], ours: Path, theirs: Path, scratch: Path) -> Verdict:
    if workload.heard:
        return judge_sound(workload.amount, ours, theirs, scratch, workload.loudness)
    reference = ours.with_name(f"{workload.name}-reference.mkv")
    raw.render(workload.name, copies, raw.LOSSLESS, reference, scratch, workload.loudness)
    try:
        return judge(workload.amount, ours, theirs, reference, scratch, workload.loudness)
    finally:
        reference.unlink()


def edit(preset: str, work: Path, say: Say) -> Edits:
    """Measure the ten-minute timeline: cold, with its tenth title changed, and the same once more.

    Raises:  bench.farm.FarmError, KinofarmError FFMPEG-00x.
    """
    workload = WORKLOADS["ten_minutes"]
    folder = work / "project"
    fresh_copies(draw_sources(work / "sources", workload.source_seconds), folder, nonce=time.time_ns())
    out = work / "films" / "ten_minutes.mp4"
    out.parent.mkdir(parents=True, exist_ok=True)
    cold = farm.render(_written(workload, preset, folder), out)
    say(f"ten_minutes {preset} cold: {cold.seconds:.1f} s, {cold.encoded} of {cold.chunks} chunks encoded")
    changed = folder / "project.json"
    changed.write_text(json.dumps(ten_minutes(_relative(), preset, tenth_title="A title that changed")))
    title = farm.render(changed, out)
    say(f"ten_minutes {preset} one title changed: {title.seconds:.1f} s, {title.encoded} chunks encoded")
    unchanged = farm.render(changed, out)
    say(f"ten_minutes {preset} unchanged: {unchanged.seconds:.1f} s, {unchanged.encoded} chunks encoded")
    return Edits(preset, cold.chunks, cold.seconds, title.seconds, title.encoded, unchanged.seconds, unchanged.encoded)


def _written(workload: Workload, preset: str, folder: Path) -> Path:
    path = folder / "project.json"
    path.write_text(json.dumps(workload.project(_relative(), preset)), encoding="utf-8")
    write_look(folder)
    return path


def _relative() -> dict[str, str]:
    from bench.sources import NAMES

    return {name: f"{name}.mp4" for name in NAMES}
