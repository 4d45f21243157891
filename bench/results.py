"""What was measured, kept as data: a run replaces the rows that it measured and leaves the others, each with its commit and day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TypeVar

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

    frames: wanted, the farm's, raw's. ssim: of the luma, the farm's and raw's. size: the farm's bytes beside raw's, less 1.
    """

    workload: str
    preset: str
    farm: float
    raw: float
    ratio: float
    ratios: tuple[float, ...]
    faults: tuple[str, ...]
    frames: tuple[int, int, int]
    ssim: tuple[float, float]
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


class Results(Value):
    """All that is known."""

    comparisons: tuple[ComparisonRow, ...] = ()
    edits: tuple[EditRow, ...] = ()

    def merged(self, newer: Results) -> Results:
        """These results, with newer rows in place of older ones of the same workload and preset."""
        return Results(
            comparisons=_merged(self.comparisons, newer.comparisons),
            edits=_merged(self.edits, newer.edits),
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
        frames=(verdict.wanted_frames, verdict.farm_frames, verdict.raw_frames),
        ssim=(verdict.farm_ssim, verdict.raw_ssim),
        size=verdict.size_difference,
        measured=measured,
    )


def edit_row_of(edits: Edits, measured: Measured) -> EditRow:
    """Return a measured edit as a row."""
    return EditRow(**vars(edits), measured=measured)


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


_Row = TypeVar("_Row", ComparisonRow, EditRow)


def _merged(old: Sequence[_Row], new: Sequence[_Row]) -> tuple[_Row, ...]:
    newer: dict[tuple[str, str], _Row] = {_name(row): row for row in new}
    stays: list[_Row] = [newer.pop(_name(row), row) for row in old]
    return tuple(chain(stays, newer.values()))


def _name(row: ComparisonRow | EditRow) -> tuple[str, str]:
    return row.workload if isinstance(row, ComparisonRow) else "", row.preset
