"""What was measured, kept as data: a run replaces the rows that it measured and leaves the others, each with its commit and day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TypeVar

from bench.others import Beside
from bench.rounds import Comparison, Edits
from infra.errors import KinofarmError
from infra.process import run_tool
from infra.values import Value


class Measured(Value):
    """Of what and when: the commit's short id, the day in UTC."""

    commit: str
    day: str


class ComparisonRow(Value):
    """A workload with an x264 preset: medians of the rounds in seconds, their ratios, and what the gate found.

    frames: wanted, the farm's, raw's; samples where there is no picture, nor an ssim. ssim: of the luma, the farm's and raw's. size: the farm's bytes beside raw's, less 1.
    """

    workload: str
    preset: str
    farm: float
    raw: float
    ratio: float
    ratios: tuple[float, ...]
    faults: tuple[str, ...]
    frames: tuple[int, int, int]
    ssim: tuple[float, float] | None
    size: float
    measured: Measured


class OtherRow(Value):
    """What another program took for a workload: seconds, its share of what ffmpeg by hand took then, and what the gate found.

    frames: wanted, found. ssim: of the luma.
    """

    workload: str
    preset: str
    program: str
    version: str
    seconds: float
    ratio: float
    frames: tuple[int, int]
    ssim: float
    size: float
    measured: Measured


class EditRow(Value):
    """The ten-minute timeline with an x264 preset, see `bench.rounds.Edits`."""

    preset: str
    chunks: int
    cold: float
    title: float
    title_encoded: int
    unchanged: float
    unchanged_encoded: int
    measured: Measured

    @property
    def edits(self) -> Edits:
        return Edits(**self.model_dump(exclude={"measured"}))


class CostRow(Value):
    """What a part of the farm spent: seconds of a processor per job."""

    part: str
    cpu: float


class JobsRow(Value):
    """Many jobs of one tiny chunk, see tests/soak/test_many_jobs.py.

    seconds: from the first submission to the last film. unfinished: the most at once. submit_*: milliseconds. chunks: with the
    sounds. chunk, ffmpeg: seconds by the clock of a chunk in a shard, and of its bare ffmpeg on an idle machine. ffmpeg_cpu: its
    processor seconds. tasks: mean seconds by the clock of a render's tasks.
    """

    jobs: int
    slots: int
    seconds: float
    unfinished: int
    submit_p50: float
    submit_p95: float
    chunks: int
    chunk: float
    ffmpeg: float
    ffmpeg_cpu: float
    shard_runs: int
    costs: tuple[CostRow, ...]
    tasks: dict[str, float]
    measured: Measured

    @property
    def cpu(self) -> float:
        """Processor seconds of a job, all parts of the farm together."""
        return sum(cost.cpu for cost in self.costs)


class FaultRow(Value):
    """Rounds of one fault, see tests/soak/faults.py. again: finished chunks that were encoded again. lost: attempts that came to
    nothing. slowest: seconds from the fault's end to the job's.
    """

    fault: str
    rounds: int
    violations: int
    again: int
    lost: int
    slowest: float


class FaultsRow(Value):
    """A run of rounds. noticed: seconds, the longest until a killed machine was missed."""

    seed: int
    rounds: int
    faults: tuple[FaultRow, ...]
    noticed: float
    measured: Measured


class LiveRow(Value):
    """Those who look at a farm, see bench/live/measuring.py. Seconds by the clock, unless said otherwise.

    kind: "pages" or "streams". tabs: clients that are a real browser's. running: jobs in work at once, the median. chunks: done while
    they looked. samples: a chunk seen by a client; missed: not seen by one. p50, p95, most: from done to shown; tabs_p95: in the
    browser's document. memory: megabytes of the API's process before they came; memory_client: more for each; None: it took what others had left free. events: a second, heard
    by the hub. cpu: share of a core that the API's process took. load: of the machine, the median. machine: where. seconds: for which it was looked.
    """

    kind: str
    clients: int
    tabs: int
    jobs: int
    running: float
    chunks: int
    samples: int
    missed: int
    p50: float
    p95: float
    most: float
    tabs_p95: float | None
    memory: float
    memory_client: float | None
    events: float
    cpu: float
    load: float
    seconds: float
    machine: str
    measured: Measured


class RecognitionRow(Value):
    """A film through a model: the pipeline and ONNX Runtime alone on batches in memory, in turns; medians of frames a second.

    size: of the model's input, then of the film. boxes: found in a frame, the mean. ratios: of the turns. laid: frames a second of decoding, scaling and laying alone.
    gpu: name of the device and its driver; None: on processors. busy: share of the pipeline's time in which the GPU worked;
    None: nobody could say. machine: where.
    """

    model: str
    film: str
    provider: str
    batch: int
    threads: int
    size: tuple[tuple[int, int], tuple[int, int]]
    frames: int
    boxes: float
    pipeline: float
    bare: float
    ratio: float
    ratios: tuple[float, ...]
    laid: float
    gpu: str | None
    busy: float | None
    machine: str
    measured: Measured


class MemoryRow(Value):
    """What a long film does to the memory of the process that recognises things in it: megabytes at a tenth of it, at its end, at most."""

    model: str
    frames: int
    begin: float
    end: float
    most: float
    machine: str
    measured: Measured


class ScanRow(Value):
    """A folder of small films that nobody has looked into: seconds of a scan, and of the next one, which knows them all."""

    at_once: int
    files: int
    seconds: float
    again: float
    machine: str
    measured: Measured


class AnalysisRow(Value):
    """A film through the analyses beside PyAV that decodes its picture alone: milliseconds of a processor for a frame, the least of the rounds.

    rate, bare_rate: frames a second by the clock, the most of the rounds, of all analyses and of bare decoding.
    """

    film: str
    frames: int
    bare: float
    pictures: float
    whole: float
    bare_rate: float
    rate: float
    machine: str
    measured: Measured


class Results(Value):
    """All that is known."""

    comparisons: tuple[ComparisonRow, ...] = ()
    edits: tuple[EditRow, ...] = ()
    others: tuple[OtherRow, ...] = ()
    jobs: tuple[JobsRow, ...] = ()
    faults: tuple[FaultsRow, ...] = ()
    live: tuple[LiveRow, ...] = ()
    recognitions: tuple[RecognitionRow, ...] = ()
    memory: tuple[MemoryRow, ...] = ()
    scans: tuple[ScanRow, ...] = ()
    analyses: tuple[AnalysisRow, ...] = ()

    def merged(self, newer: Results) -> Results:
        """These results, with newer rows in place of older ones of the same workload and preset."""
        return Results(
            comparisons=_merged(self.comparisons, newer.comparisons),
            edits=_merged(self.edits, newer.edits),
            others=_merged(self.others, newer.others),
            jobs=newer.jobs or self.jobs,
            faults=newer.faults or self.faults,
            live=_merged(self.live, newer.live),
            recognitions=_merged(self.recognitions, newer.recognitions),
            memory=_merged(self.memory, newer.memory),
            scans=_merged(self.scans, newer.scans),
            analyses=_merged(self.analyses, newer.analyses),
        )


def kept(file: Path) -> Results:
    """Read the results; none where there is no file."""
    return Results.model_validate_json(file.read_bytes()) if file.is_file() else Results()


def keep(results: Results, file: Path) -> None:
    """Write the results."""
    file.write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")


def row_of(comparison: Comparison, measured: Measured) -> ComparisonRow:
    """Return a comparison as a row."""
    verdict = comparison.verdict
    return ComparisonRow(
        workload=comparison.workload.name,
        preset=comparison.preset,
        farm=comparison.farm,
        raw=comparison.raw,
        ratio=comparison.ratio,
        ratios=comparison.ratios,
        faults=verdict.faults,
        frames=(verdict.wanted, verdict.farm, verdict.raw),
        ssim=verdict.ssim,
        size=verdict.size_difference,
        measured=measured,
    )


def edit_row_of(edits: Edits, measured: Measured) -> EditRow:
    """Return a measured edit as a row."""
    return EditRow(**vars(edits), measured=measured)


def other_row_of(beside: Beside, measured: Measured) -> OtherRow:
    """Return what another program took as a row."""
    verdict = beside.verdict
    assert verdict.ssim is not None, "programs are compared by pictures"
    return OtherRow(
        workload=beside.workload.name,
        preset=beside.preset,
        program=beside.program,
        version=beside.version,
        seconds=beside.seconds,
        ratio=beside.seconds / beside.raw,
        frames=(verdict.wanted, verdict.farm),
        ssim=verdict.ssim[0],
        size=verdict.size_difference,
        measured=measured,
    )


def now() -> Measured:
    """Say which commit is measured, and when; a plus sign: with changes that are not committed."""
    git = ("git", "-C", str(Path(__file__).parent))
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    try:
        commit = run_tool([*git, "rev-parse", "--short", "HEAD"], timeout=20).strip()
        changed = run_tool([*git, "status", "--porcelain", "--untracked-files=no"], timeout=20).strip()
    except KinofarmError:  # no git here, or not its folder
        return Measured(commit="unknown", day=day)
    return Measured(commit=commit + ("+" if changed else ""), day=day)


_LookingRow = RecognitionRow | MemoryRow | ScanRow | AnalysisRow
_Row = TypeVar("_Row", ComparisonRow, EditRow, OtherRow, LiveRow, RecognitionRow, MemoryRow, ScanRow, AnalysisRow)


def _merged(old: Sequence[_Row], new: Sequence[_Row]) -> tuple[_Row, ...]:
    newer: dict[tuple[str, ...], _Row] = {_name(row): row for row in new}
    stays: list[_Row] = [newer.pop(_name(row), row) for row in old]
    return tuple(chain(stays, newer.values()))


def _name(row: ComparisonRow | EditRow | OtherRow | LiveRow | _LookingRow) -> tuple[str, ...]:
    """What a newer row replaces."""
    match row:
        case OtherRow():
            return row.workload, row.preset, row.program
        case ComparisonRow():
            return row.workload, row.preset
        case LiveRow():
            return (row.kind,)
        case RecognitionRow():
            return row.model, row.film, row.provider, str(row.batch), str(row.threads)
        case MemoryRow():
            return (row.model,)
        case ScanRow():
            return (str(row.at_once),)
        case AnalysisRow():
            return (row.film,)
    return (row.preset,)
