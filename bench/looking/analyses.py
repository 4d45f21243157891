"""Measure analyses: all of them, and those of the picture alone, beside PyAV that decodes the picture and does nothing with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

import av

from bench.results import AnalysisRow, Measured
from tasks.media.analysis.analyse import analyse
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.table import ALL, ANALYSES
from tasks.media.probe import probe

SECONDS = 12
ROUNDS = 4
FILMS = {
    "1080p at 2 Mbit/s": ("null", ("-b:v", "2M")),
    "1080p with noise, at 55 Mbit/s": ("noise=alls=40:allf=t", ("-b:v", "55M")),
}
"""What is cheap to decode and what is not: a filter on the moving pattern, and the encoder's options."""

_PICTURES = frozenset(name for name, row in ANALYSES.items() if row.stream == "picture")


def recipe(filters: str, options: tuple[str, ...]) -> list[str]:
    """Return ffmpeg's arguments for one of the films."""
    pattern = (
        "-f",
        "lavfi",
        "-i",
        f"testsrc2=s=1920x1080:r=25:d={SECONDS}",
        "-f",
        "lavfi",
        "-i",
        f"sine=330:r=48000:d={SECONDS}",
    )
    return [*pattern, "-vf", f"{filters},format=yuv420p", "-c:v", "libx264", "-preset", "veryfast", *options, "-c:a", "aac"]  # fmt: skip


def measured_analyses(name: str, film: Path, machine: str, measured: Measured) -> AnalysisRow:
    """Measure a film; the three take turns."""
    facts = probe(film)
    settings = AnalysisSettings(threads=1)

    def analysed(kinds: Collection[str]) -> Callable[[], object]:
        return lambda: analyse(film, facts, kinds, settings=settings)

    ways: dict[str, Callable[[], object]] = {
        "bare": lambda: decoded(film),
        "pictures": analysed(_PICTURES),
        "whole": analysed(ALL),
    }
    frames = decoded(film)
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for way, work in ways.items():
            took[way].append(timed(work))
    least = {way: min(cpu for cpu, _ in each) / frames * 1000 for way, each in took.items()}
    most = {way: frames / min(wall for _, wall in each) for way, each in took.items()}
    return AnalysisRow(film=name, frames=frames, bare_rate=most["bare"], rate=most["whole"], machine=machine, measured=measured, **least)  # fmt: skip


def decoded(film: Path) -> int:
    """Decode the picture on one thread, as the measured analyses do; returns its frames."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return sum(1 for _ in container.decode(stream))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of processors, of this process's threads together, and by the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall
