"""Rows that are kept, and the page that is made of them."""

from __future__ import annotations

from pathlib import Path

from bench import report
from bench.results import ComparisonRow, EditRow, Measured, Results, keep, kept, now
from bench.workloads import WORKLOADS

BENCH = Path(report.__file__).parent


def row(workload: str, preset: str = "medium", ratio: float = 1.0, **more: object) -> ComparisonRow:
    fields = {
        "workload": workload, "preset": preset, "farm": ratio * 10, "raw": 10, "ratio": ratio, "ratios": (ratio,),
        "faults": (), "frames": (1, 1, 1), "ssim": (1, 1), "size": 0, "measured": Measured(commit="abc", day="2026-01-01"),
    }  # fmt: skip
    return ComparisonRow.model_validate(fields | more)


def edited(**more: object) -> EditRow:
    fields = {"preset": "medium", "chunks": 60, "cold": 100, "title": 5, "title_encoded": 1, "unchanged": 2,
              "unchanged_encoded": 0, "measured": Measured(commit="abc", day="2026-01-01")}  # fmt: skip
    return EditRow.model_validate(fields | more)


def test_a_run_replaces_its_own_rows_and_leaves_the_others(tmp_path: Path) -> None:
    old = Results(comparisons=(row("cuts60"), row("graded", ratio=1.3), row("graded", "veryfast")), edits=(edited(),))
    keep(old, tmp_path / "results.json")
    found = kept(tmp_path / "results.json").merged(Results(comparisons=(row("graded", ratio=1.1), row("sound4"))))
    assert [(each.workload, each.preset, each.ratio) for each in found.comparisons] == [
        ("cuts60", "medium", 1.0), ("graded", "medium", 1.1), ("graded", "veryfast", 1.0), ("sound4", "medium", 1.0)
    ]  # fmt: skip
    assert found.edits == old.edits
    assert kept(tmp_path / "none.json") == Results()


def test_what_falls_short_is_told() -> None:
    assert report.faults(Results(comparisons=(row("graded", ratio=1.15),), edits=(edited(),))) == []
    slow = Results(
        comparisons=(row("graded", ratio=1.16), row("graded", "veryfast", ratio=9), row("cuts60", faults=("SSIM-Y",))),
        edits=(edited(title=14), edited(preset="veryfast", unchanged_encoded=1)),
    )
    told = report.faults(slow)
    assert len(told) == 4
    assert "graded medium: ratio 1.160 > 1.15" in told


def test_the_page_is_made_of_the_rows_that_are_kept() -> None:
    results = kept(BENCH / "results.json")
    page = (BENCH / "RESULTS.md").read_text(encoding="utf-8")
    assert {each.workload for each in results.comparisons} <= set(WORKLOADS)

    def rows(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.startswith("|")]

    assert rows(page) == rows(report.page(results))


def test_a_measurement_says_of_which_commit_it_is() -> None:
    measured = now()
    assert measured.commit == "unknown" or int(measured.commit.rstrip("+"), 16) > 0
