"""`python -m bench.looking`: measure what looking into media costs; the rows go into bench/RESULTS.md.

On a machine with an NVIDIA GPU `--parts gpu` fills the rows of recognition there.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Annotated

import typer

from bench import report
from bench.looking.analyses import FILMS, measured_analyses, recipe
from bench.looking.gpu import gpu_name
from bench.looking.recognition import memory_row, recognition_row
from bench.looking.scans import measured_scans
from bench.results import Measured, Results, keep, kept, now
from infra.process import run_ffmpeg
from tasks.recognition.model import facts_of, model_bytes
from tasks.recognition.session import Device, OpenModel

PAGE = Path(report.__file__).with_name("RESULTS.md")
PARTS = ("recognition", "memory", "scans", "analyses")
GPU = "gpu"
MODEL = Path(__file__).parents[2] / "tests" / "models" / "shapes" / "shapes.onnx"
BATCH = 8
GPU_BATCHES = (1, 4, 8, 16, 32)
PATTERNS = {"gradients": "gradients=s=320x180:r=25:speed=0.02:seed=1", "full of shapes": "testsrc2=s=320x180:r=25"}
"""What the detector of shapes finds next to nothing in, and what it finds much in."""
FRAMES = 1_500
LONG_FRAMES = 15_000
"""Ten minutes."""


def main(
    parts: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join((*PARTS, GPU))}; repeatable. Default: all but gpu.")
    ] = None,
    model: Annotated[Path, typer.Option(help="The model, as ONNX.")] = MODEL,
    classes: Annotated[Path | None, typer.Option(help="A file of its classes, where it names none.")] = None,
    layout: Annotated[str | None, typer.Option(help="Of its head, where that can't be told.")] = None,
    film: Annotated[Path | None, typer.Option(help="That is recognised in; default: two patterns, 320x180.")] = None,
    batch: Annotated[list[int] | None, typer.Option(help="Pictures at a time; repeatable.")] = None,
    threads: Annotated[int, typer.Option(help="Of the model, on processors.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of the pipeline and ONNX Runtime alone.")] = 7,
    keeping: Annotated[bool, typer.Option("--keep/--try", help="Keep the rows, or only say them.")] = True,
) -> None:
    """Measure, on a quiet machine."""
    wanted = tuple(parts or PARTS)
    if unknown := {*wanted} - {*PARTS, GPU}:
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))}")
    if GPU in wanted and gpu_name() is None:
        _say("not run: there is no NVIDIA GPU here that nvidia-smi knows")
        raise typer.Exit(1)
    measured, machine = now(), report.short_machine()
    data = model_bytes(model)
    facts = facts_of(model, data, classes, layout)

    def opened(device: Device, size: int) -> OpenModel:
        return OpenModel(data, facts, device=device, batch=size, threads=threads)

    with tempfile.TemporaryDirectory(prefix="kinofarm-looking-") as folder:
        desk = Path(folder)
        films = {film.stem: film.absolute()} if film else {name: _pattern(desk, name, FRAMES) for name in PATTERNS}
        for part in wanted:
            for rows in _rows(part, desk, films, opened, tuple(batch or ()), threads, rounds, machine, measured):
                _say(rows.model_dump_json(exclude_defaults=True))
                if keeping:
                    _keep(rows)


def _rows(
    part: str,
    desk: Path,
    films: Mapping[str, Path],
    opened: Callable[[Device, int], OpenModel],
    batches: tuple[int, ...],
    threads: int,
    rounds: int,
    machine: str,
    measured: Measured,
) -> Iterator[Results]:
    """Measure a part, row by row: what was measured stays, whatever happens to the next."""
    match part:
        case "recognition" | "gpu":
            device: Device = "cuda" if part == GPU else "cpu"
            for size, name in product(batches or (GPU_BATCHES if part == GPU else (BATCH,)), films):
                row = recognition_row(name, films[name], opened(device, size), threads, rounds, machine, measured)
                yield Results(recognitions=(row,))
        case "memory":
            long = _pattern(desk, "full of shapes", LONG_FRAMES)
            yield Results(memory=(memory_row(long, opened("cpu", BATCH), machine, measured),))
        case "scans":
            for scan in measured_scans(machine, measured):
                yield Results(scans=(scan,))
        case "analyses":
            for number, (name, (filters, options)) in enumerate(FILMS.items()):
                made = desk / f"analysed-{number}.mp4"
                run_ffmpeg([*recipe(filters, options), made.name], cwd=desk)
                yield Results(analyses=(measured_analyses(name, made, machine, measured),))


def _pattern(desk: Path, name: str, frames: int) -> Path:
    """A film of a moving pattern."""
    made = desk / f"{name}-{frames}.mp4"
    source = ("-f", "lavfi", "-i", PATTERNS[name], "-frames:v", str(frames))
    run_ffmpeg([*source, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", made.name], cwd=desk)
    return made


def _keep(found: Results) -> None:
    store = PAGE.with_name("results.json")
    keep(kept(store).merged(found), store)
    PAGE.write_text(report.page(kept(store), report.machine_of(PAGE)), encoding="utf-8")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
