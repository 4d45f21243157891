"""What the parts of the farm cost, and what it did with one and two slots: measured by `bench.scale.measuring`, kept as data."""

from __future__ import annotations

from pathlib import Path

from bench.results import Measured
from infra.values import Value

FILE = Path(__file__).with_name("scale.json")


class Costs(Value):
    """Seconds of a processor unless said otherwise. A piece is a chunk of picture or a film's sound.

    server_*: the Prefect server's. database_*: PostgreSQL's. *_idle: a second, without work; *_worker: a second, for each of
    Prefect's workers. *_job, *_piece: for each. render_*: of the render's own process. shard_piece: of the shard's process,
    without ffmpeg and proof. keeper: a second. start_seconds: by the clock, from the submission to the plan, with nothing else to do,
    less the processors' part of it. finish_seconds: likewise, from the last chunk to the film.
    """

    server_idle: float
    server_worker: float
    server_job: float
    server_piece: float
    database_idle: float
    database_worker: float
    database_job: float
    database_piece: float
    render_job: float
    render_piece: float
    shard_piece: float
    keeper: float
    start_seconds: float
    finish_seconds: float


class Trial(Value):
    """What the real farm did: `jobs` films of `chunks` chunks each, submitted at once, with so many slots on two cores.

    chunk: processor seconds of a chunk, its ffmpeg and its proof, as many at once as there are slots; sound: of a sound. seconds: from the first submission to the last film. waited: mean seconds from a job's
    submission to its film.
    """

    slots: int
    jobs: int
    chunks: int
    chunk: float
    sound: float
    seconds: float
    waited: float


class Scale(Value):
    """All that was measured."""

    costs: Costs
    trials: tuple[Trial, ...]
    measured: Measured


def kept() -> Scale:
    """Return what was measured last."""
    return Scale.model_validate_json(FILE.read_bytes())
