"""`python -m bench`: measure, print a table, keep the rows in bench/results.json, and write bench/RESULTS.md from them."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bench import farm, report
from bench.others import beside, programs
from bench.results import Results, edit_row_of, keep, kept, now, other_row_of, row_of
from bench.rounds import compare, edit
from bench.workloads import WORKLOADS

RESULTS = Path(__file__).with_name("RESULTS.md")
EDITED = "ten_minutes"
LEAST_ROUNDS = 5


def main(
    workload: Annotated[
        list[str] | None,
        typer.Option(help=f"One of {', '.join(WORKLOADS)}; repeatable. Default: all but the smoke ones."),
    ] = None,
    preset: Annotated[
        list[str] | None, typer.Option(help="x264 preset; repeatable. Default: medium, veryfast.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=LEAST_ROUNDS, help="Rounds of each comparison.")] = LEAST_ROUNDS,
    quick: Annotated[
        bool, typer.Option("--quick", help="One round of two seconds, nothing written: does it work?")
    ] = False,
    others: Annotated[
        bool, typer.Option("--others", help="Measure the other programs that are installed, instead of the farm.")
    ] = False,
    moviepy: Annotated[Path | None, typer.Option(help="A Python that has MoviePy; default: this one.")] = None,
    work: Annotated[Path, typer.Option(help="Where sources and films are kept.")] = Path(".kinofarm-bench"),
    out: Annotated[Path, typer.Option(help="The page to write; its rows are kept beside it as .json.")] = RESULTS,
) -> None:
    """Render the workloads by the farm and by hand, side by side."""
    presets = preset or (["veryfast"] if quick else ["medium", "veryfast"])
    names = workload or [name for name in WORKLOADS if name.startswith("smoke") == quick]
    work = work.absolute()
    measured, found, store = now(), Results(), out.with_name("results.json")
    if others:
        _measure_others([name for name in names if name != EDITED], presets[:1], work / "long", moviepy, store, out)
        return
    # The farm's home is not kept, and lies where the database's user can reach it when root runs this.
    home = Path(tempfile.mkdtemp(prefix="kinofarm-bench-"))
    home.chmod(0o755)
    try:
        with farm.running(home):
            compare(WORKLOADS["smoke"], "veryfast", 1, work / "smoke", _say)  # the first render imports and warms up
            for each in presets:
                for name in names:
                    if name == EDITED:
                        new = Results(edits=(edit_row_of(edit(each, work / "long", _say), measured),))
                    else:
                        folder = work / ("smoke" if name.startswith("smoke") else "long")
                        compared = compare(WORKLOADS[name], each, 1 if quick else rounds, folder, _say)
                        new = Results(comparisons=(row_of(compared, measured),))
                    found = found.merged(new)
                    if not quick:  # row by row: what was measured stays, whatever happens to the next
                        _kept(new, store, out)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(report.page(found))
    short = report.faults(found)
    for fault in short:
        _say(fault)
    raise typer.Exit(1 if short and not quick else 0)


def _measure_others(
    names: list[str], presets: list[str], work: Path, moviepy: Path | None, store: Path, out: Path
) -> None:
    found, measured = programs(moviepy), now()
    for preset in presets:
        for name in names:
            rows = beside(WORKLOADS[name], preset, work, found, _say)
            _kept(Results(others=tuple(other_row_of(row, measured) for row in rows)), store, out)


def _kept(new: Results, store: Path, out: Path) -> None:
    keep(kept(store).merged(new), store)
    out.write_text(report.page(kept(store)), encoding="utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
