"""The acts of a render: find a finished film, or make it; then publish it.

Each act moves the job to its next state and leaves the work to a named task.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from flows.dispatch import ensure_shards
from flows.running import ChunkFailed, Running, Stopped, unvisited
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.events import ChunkReused, JobPlanned, JobPublished, JobVerified
from infra.farm import FarmConnection
from infra.jobs.facts import JoinProofs
from infra.jobs.notify import JOBS, AsyncListener
from infra.jobs.records import JobChunk, Output
from infra.prefect import CPU_POOL
from infra.services import Ffmpeg
from tasks.compiler.check import CheckedProject
from tasks.compiler.film import film_key, wanted_chunks
from tasks.compiler.order import Order
from tasks.compiler.plan import Plan, Way
from tasks.filesystem.publish import check_target
from tasks.media.film import Film, find_film as film_in_cache
from tasks.media.manifest import Manifest, ManifestChunk, ManifestSound, ManifestWarning, manifest_place, to_json
from tasks.media.shelf import Shelf
from tasks.media.steps import assemble_film, publish_film, verify_film
from tasks.subtitles.fonts import font_catalogue

logger = logging.getLogger("kinofarm.render")

LOOK_SECONDS = 3.0
"""Slow poll beside the notifications, which may be lost."""
STALL_SECONDS = 5.0
"""While no chunk is in work, shards are made sure of this often."""
BREATH_SECONDS = 0.05
"""Between two looks: a burst of notifications is one change."""


def way(job: Running) -> Way:
    """Return how this farm cuts films into work."""
    render = job.settings.render
    return Way(
        chunk_seconds=render.chunk_seconds,
        gop_seconds=render.gop_seconds,
        ffmpeg=job.services.get(Ffmpeg).version,
        fonts=font_catalogue(job.settings.font_dirs),
    )


async def check_output(job: Running, order: Order, checked: CheckedProject) -> None:
    """Refuse a place where no film can be published before anything is rendered.

    Raises:  KinofarmError PUBLISH-00x.
    """
    facts = await asyncio.to_thread(job.jobs.job, job.id)
    target = Path(facts.output)
    if not target.is_absolute():
        raise KinofarmError("PUBLISH-002", path=facts.output, reason="a flow needs an absolute path")
    await asyncio.to_thread(
        check_target, target, keep=[Path(order.project), *(each.path for each in checked.media.values())]
    )


async def find_film(job: Running, plan: Plan, warnings: Iterable[dict[str, Any]]) -> Film | None:
    """Enter the plan into the ledger; return the film if this very one is in the cache, verified before."""
    shelf, key, chunks = _shelf(job), film_key(plan), tuple(wanted_chunks(plan, CPU_POOL))
    film = await asyncio.to_thread(film_in_cache, key, shelf)
    present = frozenset if film else shelf.store.present  # of a film that is at hand no chunk is missed
    missing = await asyncio.to_thread(job.jobs.plan, job.id, chunks, present, film_key=key, warnings=tuple(warnings))
    for chunk in await asyncio.to_thread(job.jobs.chunks, job.id):
        if chunk.reused:
            job.emit(ChunkReused(job=job.id, key=chunk.key, index=chunk.index))
    job.emit(JobPlanned(job=job.id, frames=plan.frames, chunks=len(chunks), reused=len(chunks) - len(missing)))
    return film


async def make_film(job: Running, plan: Plan) -> Film:
    """Have the missing chunks rendered, join all of them, and verify what came out."""
    await job.advance("rendering")
    await _chunks_rendered(job)
    await job.advance("assembling")
    shelf, chunks = _shelf(job), await asyncio.to_thread(job.jobs.chunks, job.id)
    path, parts = await assemble_film(
        unvisited(chunks), plan.rate, unvisited(shelf), job.folder, unvisited(plan.subtitles)
    )
    await job.advance("verifying")
    film = await verify_film(film_key(plan), path, unvisited(parts), plan.rate, unvisited(shelf))
    job.emit(JobVerified(job=job.id, frames=film.facts.measurements.frames))
    return film


async def publish(job: Running, film: Film, beside: Mapping[str, bytes]) -> dict[str, Any]:
    """Put the film, its manifest and its subtitle files (by suffix) where the job wants them, and bring the job to its end.

    Returns: what came out, as `kinofarm render --json` prints it.
    """
    await job.advance("publishing")
    facts = await asyncio.to_thread(job.jobs.job, job.id)
    target = Path(facts.output)
    file = await asyncio.to_thread(_fetched, job, film)
    manifest = await asyncio.to_thread(_manifest, job, film, target)
    document = to_json(manifest)
    texts = {target.with_suffix(suffix): words for suffix, words in beside.items()}
    await publish_film(file, target, {manifest_place(target): document, **texts})
    await asyncio.to_thread(_record, job, film, target, document)
    await asyncio.to_thread(job.jobs.advance, job.id, "done")
    job.tell(await job.snapshot(), at_once=True)
    job.emit(JobPublished(job=job.id, film=str(target), manifest=str(manifest_place(target))))
    return {"film": str(target), "manifest": str(manifest_place(target)), "frames": manifest.frames}


async def _chunks_rendered(job: Running) -> None:
    """Wait until every chunk of the job is done, and tell its progress meanwhile.

    Raises:  ChunkFailed, Stopped.
    """
    url = job.services.get(FarmConnection).database_url.get_secret_value()
    looked = 0.0
    async with AsyncListener(url, JOBS, str(job.id)) as changes:
        while True:
            snapshot = await job.snapshot()
            job.tell(snapshot)
            if snapshot.job.cancel_requested:
                raise Stopped
            if snapshot.failed and snapshot.error is not None:
                raise ChunkFailed(snapshot.error)
            if snapshot.finished:
                return
            if not snapshot.states.get("leased") and time.monotonic() - looked > STALL_SECONDS:
                looked = time.monotonic()
                await asyncio.to_thread(_shards_for, job)
            await changes.wait(LOOK_SECONDS)
            await asyncio.sleep(BREATH_SECONDS)


def _shards_for(job: Running) -> None:
    try:
        ensure_shards(job.services)
    except KinofarmError as away:  # the reconciler will do it
        logger.warning("no shards could be started: %s", away)


def _shelf(job: Running) -> Shelf:
    get = job.services.get
    return Shelf(get(ChunkStore), get(CacheIndex), get(JoinProofs))


def _fetched(job: Running, film: Film) -> Path:
    """Lay the film out of the cache into the job's folder, its bytes compared with those that were verified."""
    shelf = _shelf(job)
    try:
        return shelf.store.get(film.key, job.folder / "published.mp4", size=film.size, sha256=film.sha256)
    except KinofarmError as error:
        if error.code == "CACHE-003":
            shelf.discard(film.key)
        raise


def _manifest(job: Running, film: Film, target: Path) -> Manifest:
    """Say of what the film is made; a chunk that this job had encoded is not reused."""
    facts, chunks, attempts = job.jobs.job(job.id), job.jobs.chunks(job.id), job.jobs.attempts(job.id)
    encoded = {attempt.key for attempt in attempts if attempt.job == job.id and attempt.outcome == "done"}
    found, hashes = film.facts.measurements, film.facts.parts
    pictures = [
        ManifestChunk(
            index=chunk.index,
            start=chunk.first_frame,
            frames=chunk.frames,
            key=chunk.key,
            sha256=hashes[chunk.key],
            reused=chunk.key not in encoded,
        )
        for chunk in chunks
        if chunk.kind == "picture"
    ]
    return Manifest(
        job=str(job.id),
        film=target.name,
        key=film.key,
        frames=found.frames,
        rate=found.rate,
        width=found.shape.width,
        height=found.shape.height,
        size=film.size,
        sha256=film.sha256,
        chunks=tuple(pictures),
        sound=next((_sound(chunk, film, chunk.key not in encoded) for chunk in chunks if chunk.kind == "sound"), None),
        measurements=found,
        tools={
            "kinofarm": metadata.version("kinofarm"),
            "ffmpeg": job.services.get(Ffmpeg).version,
            "av": metadata.version("av"),
            "prefect": metadata.version("prefect"),
        },
        warnings=tuple(ManifestWarning.model_validate(warning) for warning in facts.warnings),
        published_at=datetime.now(UTC),
    )


def _sound(chunk: JobChunk, film: Film, reused: bool) -> ManifestSound | None:
    found = film.facts.measurements
    if found.sound_samples is None or found.sample_rate is None or found.channels is None:
        return None
    return ManifestSound(
        samples=found.sound_samples,
        sample_rate=found.sample_rate,
        channels=found.channels,
        key=chunk.key,
        sha256=film.facts.parts[chunk.key],
        reused=reused,
    )


def _record(job: Running, film: Film, target: Path, document: bytes) -> None:
    manifest = manifest_place(target)
    digest = hashlib.sha256(document).hexdigest()
    job.jobs.record_output(job.id, Output(kind="film", location=str(target), size=film.size, sha256=film.sha256))
    job.jobs.record_output(job.id, Output(kind="manifest", location=str(manifest), size=len(document), sha256=digest))
