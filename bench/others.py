"""Other programs, on the workloads that they have the means for: one round each, beside one round by hand, through the same gate."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import melt, raw
from bench.sources import NAMES, draw_sources, fresh_copies, write_look
from bench.validity import Verdict, judge
from bench.workloads import Workload
from infra.errors import KinofarmError
from infra.process import run_tool

Say = Callable[[str], None]

SCRIPT = Path(__file__).with_name("moviepy_film.py")
_VERSION = "from importlib.metadata import version; print(version('moviepy'))"


@dataclass(frozen=True)
class Program:
    """A program: the workloads that it can do, the version that is installed (None: none), and how it renders.

    render: takes the project, the sources, the x264 preset, the film's file and a scratch folder.
    """

    can: tuple[str, ...]
    version: str | None
    render: Callable[[Mapping[str, Any], Mapping[str, Path], str, Path, Path], None]


@dataclass(frozen=True)
class Beside:
    """What a program took for a workload: seconds, by hand in the same minutes, and the gate's verdict on its film."""

    workload: Workload
    preset: str
    program: str
    version: str
    seconds: float
    raw: float
    verdict: Verdict


def programs(python: Path | None) -> dict[str, Program]:
    """Return what can be compared; python: one that has MoviePy, None: this one."""
    interpreter = str(python or sys.executable)
    try:
        version = run_tool([interpreter, "-c", _VERSION], timeout=60).strip()
    except KinofarmError:
        version = None
    return {
        "melt": Program(melt.CAN, melt.version(), melt.render),
        "moviepy": Program(("cuts60", "dissolves12", "pip_titles"), version, partial(_moviepy, interpreter)),
    }


def beside(workload: Workload, preset: str, work: Path, found: Mapping[str, Program], say: Say) -> list[Beside]:
    """Measure the programs that are installed and can do the workload.

    Raises:  KinofarmError FFMPEG-00x, FARM-00x.
    """
    able = {name: program for name, program in found.items() if program.version and workload.name in program.can}
    for name in found.keys() - able.keys():
        say(f"{workload.name}: {name} {'can not do it' if found[name].version else 'is not installed'}")
    if not able:
        return []
    folder, scratch, films = work / "project", work / "scratch", work / "films"
    films.mkdir(parents=True, exist_ok=True)
    copies = fresh_copies(draw_sources(work / "sources", workload.source_seconds), folder, nonce=time.time_ns())
    project = workload.project({name: f"{name}.mp4" for name in NAMES}, preset)
    by_hand, reference = films / f"{workload.name}-raw.mp4", films / f"{workload.name}-reference.mkv"
    seconds = raw.render(workload.name, copies, raw.encoding(preset), by_hand, scratch)
    raw.render(workload.name, copies, raw.LOSSLESS, reference, scratch)
    measured = []
    for name, program in able.items():
        out = films / f"{workload.name}-{name}.mp4"
        write_look(scratch)
        began = time.monotonic()
        program.render(project, copies, preset, out, scratch)
        took = time.monotonic() - began
        say(f"{workload.name} {preset}: {name} {took:.1f} s, by hand {seconds:.1f} s")
        verdict = judge(workload.amount, out, by_hand, reference, scratch)
        measured.append(Beside(workload, preset, name, str(program.version), took, seconds, verdict))
    reference.unlink()
    return measured


def _moviepy(
    interpreter: str, project: Mapping[str, Any], files: Mapping[str, Path], preset: str, out: Path, scratch: Path
) -> None:
    document = scratch / "project.json"
    document.write_text(json.dumps(project), encoding="utf-8")
    folder = next(iter(files.values())).parent
    font = scratch / "fonts" / "Roboto-Regular.ttf"
    command = [interpreter, str(SCRIPT), str(document), str(folder), str(font), preset, str(out)]
    run_tool(command, cwd=scratch, timeout=melt.LONGEST)
