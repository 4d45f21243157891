"""A shard's bench for tests: a real ledger, cache and ffmpeg, and jobs of small real films."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine

from infra import ffmpeg
from infra.cache.folder import FolderStore
from infra.cache.index import CacheIndex, Limits
from infra.jobs.joins import JoinProofs
from infra.jobs.ledger import Ledger
from infra.jobs.records import Job, WantedChunk
from infra.jobs.store import JobStore
from tasks.compiler.claimed import Bench
from tasks.compiler.execute import Renderer
from tasks.compiler.film import film_key, wanted_chunks
from tasks.compiler.order import Order, examine, planned, read
from tasks.compiler.plan import Plan, Way
from tasks.filesystem.scratch import scratch
from tasks.media.probe import probe
from tasks.media.shelf import Shelf
from tasks.subtitles.fonts import font_catalogue

BINARY = ffmpeg.binary(None)
VERSION = ffmpeg.version(BINARY)


@dataclass(frozen=True)
class TestBench:
    """The parts, each by its own."""

    __test__ = False

    jobs: JobStore
    ledger: Ledger
    shelf: Shelf
    bench: Bench
    folder: Path


def bench_in(folder: Path, engine: Engine, attempts: int = 3) -> TestBench:
    """Return a bench that keeps everything in `folder`."""
    store = FolderStore(folder / "cache")
    shelf = Shelf(store, CacheIndex(engine, store, Limits()), JoinProofs(engine))
    ledger = Ledger(engine, attempts=attempts)
    renderer = Renderer(BINARY, VERSION, threads=1)
    bench = Bench(ledger, shelf, lambda key, token: scratch(folder / "scratch", f"{key[:8]}-{token}"), renderer)
    return TestBench(JobStore(engine), ledger, shelf, bench, folder)


def film_of(
    media: Path, folder: Path, *, frames: int = 40, title: str = "", preset: str = "ultrafast", size: str = "320x180"
) -> Path:
    """Write a project that shows `frames` frames of a clip, with a title over the last ten; return its path."""
    source = {"kind": "media", "path": str(media)}
    tracks: list[dict[str, Any]] = [
        {"id": "V1", "kind": "video", "clips": [{"id": "a", "source": source, "start": 0, "end": frames}]}
    ]
    if title:
        words = {"kind": "text", "text": title, "x": 0.1, "y": 0.1, "width": 0.8, "height": 0.3}
        clip = {"id": "t", "source": {"kind": "title", "elements": [words]}, "start": frames - 10, "end": frames}
        tracks.append({"id": "V2", "kind": "video", "clips": [clip]})
    width, height = (int(side) for side in size.split("x"))
    document = {
        "format": "kinofarm/1",
        "rate": 25,
        "size": {"width": width, "height": height},
        "duration": frames,
        "tracks": tracks,
        "export": {"video": {"preset": preset}},
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "film.json"
    path.write_text(json.dumps(document))
    return path


def plan_of(project: Path, roots: tuple[Path, ...], chunk_seconds: float = 0.8) -> Plan:
    """Plan a project in small chunks."""
    order = Order(project=str(project))
    loaded = read(order)
    way = Way(chunk_seconds, 2, VERSION, font_catalogue(()))
    return planned(loaded, examine(order, loaded, roots, probe), way)


def enter(bench: TestBench, plan: Plan) -> Job:
    """Enter a planned job into the ledger."""
    job = bench.jobs.accept(uuid4(), project="film.json", output="film.mp4")
    chunks: tuple[WantedChunk, ...] = tuple(wanted_chunks(plan))
    bench.jobs.plan(job.id, chunks, bench.shelf.store.present, film_key=film_key(plan))
    return bench.jobs.advance(job.id, "rendering")
