"""Preflight: whether all is well that a machine needs for rendering, each looked at by using it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import sqlalchemy

from infra import ffmpeg
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.jobs.engine import require_current, transaction
from infra.prefect_api import PrefectApi
from infra.services import GIGABYTE, Ffmpeg, Health, Services, looked_at
from infra.settings import Settings

SKEW_SECONDS = 120.0
"""An S3 server refuses requests of a machine whose clock is wrong by a quarter of an hour; this is noticed before."""
SCRATCH_GIGABYTES = 1
"""Space that scratch must have: a chunk of ten seconds, its sources' copies, and the film."""


def preflight(services: Services) -> Iterator[Health]:
    """Look at everything, one after the other; no failure stops the others."""
    for name, look in CHECKS.items():
        yield looked_at(name, partial(look, services))


def faults(services: Services) -> tuple[str, ...]:
    """Return what is wrong, in words; nothing when the machine can render."""
    return tuple(f"{health.service}: {health.error}" for health in preflight(services) if not health.ok)


def _ffmpeg(services: Services) -> None:
    ffmpeg.version(services.get(Ffmpeg).path)


def _disk(services: Services) -> None:
    home = services.get(Settings).home.absolute()
    place = next(path for path in (home / "scratch", home, *home.parents) if path.exists())
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    if free < SCRATCH_GIGABYTES * GIGABYTE:
        raise KinofarmError("FARM-064", folder=str(home), free=f"{free / GIGABYTE:.2f}", wanted=SCRATCH_GIGABYTES)


def _database(services: Services) -> None:
    require_current(services.get(sqlalchemy.Engine))


def _clock(services: Services) -> None:
    with transaction(services.get(sqlalchemy.Engine)) as connection:
        theirs: datetime = connection.execute(sqlalchemy.text("SELECT clock_timestamp()")).scalar_one()
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart > SKEW_SECONDS:
        raise KinofarmError("FARM-065", seconds=round(apart))


def _cache(services: Services) -> None:
    """Put something into the cache, take it out again, and leave nothing."""
    store, content = services.get(ChunkStore), os.urandom(64)
    key = sha256(content).hexdigest()
    with tempfile.TemporaryDirectory(prefix="kinofarm-preflight-") as folder:
        file = Path(folder) / "sample"
        file.write_bytes(content)
        try:
            store.put(key, file, sha256=key)
            store.get(key, Path(folder) / "back", sha256=key)
        finally:
            store.delete(key)


def _prefect(services: Services) -> None:
    services.get(PrefectApi).version()


CHECKS: dict[str, Callable[[Services], None]] = {
    "ffmpeg": _ffmpeg,
    "disk": _disk,
    "database": _database,
    "clock": _clock,
    "cache": _cache,
    "prefect": _prefect,
}
"""What is looked at, by the name under which it is told."""
