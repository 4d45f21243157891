"""The acts of a render: find the finished films, or make them; then publish them.

Each act moves the job to its next state and leaves the work to a named task.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from flows.dispatch import shards_soon
from flows.running import ChunkFailed, Rested, Running, Stopped, unvisited
from flows.showing import link_of, show_result
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.events import ChunkReused, JobPlanned, JobPublished, JobVerified
from infra.farm import FarmConnection
from infra.jobs.joins import JoinProofs
from infra.jobs.notify import JOBS, AsyncListener
from infra.jobs.records import JobChunk, Key, Output
from infra.services import Ffmpeg, shares_sources
from tasks.compiler.check import CheckedProject
from tasks.compiler.film import film_key, places, wanted_chunks, wanted_of, works_of
from tasks.compiler.order import Order, Ordered, Read, check_targets
from tasks.compiler.plan import Plan, Way
from tasks.compiler.sources import share, sources_of
from tasks.media.film import Film, find_film as film_in_cache
from tasks.media.manifest import Manifest, ManifestChunk, ManifestSound, ManifestWarning, manifest_place, to_json
from tasks.media.poster import poster, poster_place
from tasks.media.shelf import Shelf
from tasks.media.steps import assemble_film, publish_film, verify_film
from tasks.subtitles.fonts import font_catalogue

logger = logging.getLogger("kinofarm.render")

LOOK_SECONDS = 3.0
"""Slow poll beside the notifications, which may be lost."""
STALL_SECONDS = 5.0
"""While no chunk is in work, shards are made sure of this often."""
REST_SECONDS = 10.0
"""A job that is paused, with nothing in work, keeps its process for so long: a short pause costs no second start."""
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


async def check_outputs(job: Running, order: Order, read: Read, checked: CheckedProject) -> None:
    """Refuse a place where no film can be published before anything is rendered.

    Raises:  KinofarmError PUBLISH-00x, PUBLISH-010, PUBLISH-011.
    """
    facts = await asyncio.to_thread(job.jobs.job, job.id)
    places = [Path(facts.output), *(Path(also.output) for also in order.also)]
    if any(not place.is_absolute() for place in places):
        relative = next(place for place in places if not place.is_absolute())
        raise KinofarmError("PUBLISH-002", path=str(relative), reason="a flow needs an absolute path")
    kept = [Path(order.project), *(each.path for each in checked.media.values())]
    await asyncio.to_thread(check_targets, read, places, kept)


async def find_films(job: Running, ordered: Sequence[Ordered], warnings: Iterable[dict[str, Any]]) -> dict[str, Film]:
    """Enter the plans into the ledger; return, by their names, those films that are in the cache, verified before."""
    shelf = _shelf(job)
    films = {each.name: await asyncio.to_thread(film_in_cache, film_key(each.plan), shelf) for each in ordered}
    found = {name: film for name, film in films.items() if film is not None}
    if shares_sources(job.settings):
        await share_sources(job, [each.plan for each in ordered if each.name not in found])
    # Of a film that is at hand no chunk is missed.
    made = {chunk.key for each in ordered if each.name in found for chunk in wanted_chunks(each.plan)}
    await enter_plans(job, [each.plan for each in ordered], film_key(ordered[0].plan), warnings, made)
    return found


async def enter_plans(
    job: Running,
    plans: Sequence[Plan],
    film: Key | None,
    warnings: Iterable[dict[str, Any]],
    made: Collection[Key] = frozenset(),
) -> int:
    """Enter what plans want into the ledger, and tell of it; return how many pieces are missing.

    Args:    film: the key of the job's film; None: it makes none. made: pieces that are not missed, wherever they are.
    """
    shelf, chunks, made = _shelf(job), tuple(wanted_of(plans)), frozenset(made)

    def present(keys: Iterable[Key]) -> frozenset[Key]:
        wanted = frozenset(keys)
        return wanted & made | frozenset(shelf.store.present(wanted - made) if wanted - made else ())

    enter = partial(job.jobs.plan, film_key=film, warnings=tuple(warnings))
    missing = await asyncio.to_thread(enter, job.id, chunks, present)
    for chunk in await asyncio.to_thread(job.jobs.chunks, job.id):
        if chunk.reused:
            job.emit(ChunkReused(job=job.id, key=chunk.key, index=chunk.index))
    frames = sum(plan.frames for plan in plans)
    job.emit(JobPlanned(job=job.id, frames=frames, chunks=len(chunks), reused=len(chunks) - len(missing)))
    return len(missing)


async def share_sources(job: Running, plans: Sequence[Plan]) -> None:
    """Put what the missing chunks read into the cache, before any machine is asked to make them."""
    shelf = _shelf(job)
    works = {work.key: work for plan in plans for work in works_of(plan)}
    missing = works.keys() - await asyncio.to_thread(shelf.store.present, works)
    sources = sources_of(works[key] for key in missing)
    await asyncio.to_thread(job.jobs.needs, job.id, sources)  # first: from then on they are not evicted
    await asyncio.to_thread(share, sources, shelf)


async def make_films(job: Running, ordered: Sequence[Ordered], found: Mapping[str, Film]) -> dict[str, Film]:
    """Have the missing chunks rendered, join those of every film that is not there, and verify what came out."""
    if len(found) == len(ordered):
        return dict(found)
    await job.advance("rendering")
    await chunks_rendered(job)
    await job.advance("assembling")
    shelf, chunks = _shelf(job), await asyncio.to_thread(job.jobs.chunks, job.id)
    plans, joined = [each.plan for each in ordered], {}
    for number, each in enumerate(ordered):
        if each.name not in found:
            folder = job.folder / f"film-{number}"
            folder.mkdir()
            own, muxing = _own(chunks, *places(plans, number)), unvisited(each.plan.muxing)
            joined[each.name] = await assemble_film(unvisited(own), each.plan.rate, unvisited(shelf), folder, muxing)
    await job.advance("verifying")
    films, ffmpeg = dict(found), job.services.get(Ffmpeg).path
    for each in ordered:
        if each.name in joined:
            path, parts = joined[each.name]
            key, plan = film_key(each.plan), each.plan
            films[each.name] = await verify_film(
                key, path, unvisited(parts), plan.rate, unvisited(shelf), unvisited(plan.muxing), ffmpeg
            )
    job.emit(JobVerified(job=job.id, frames=sum(film.facts.measurements.frames for film in films.values())))
    return films


async def publish(job: Running, ordered: Sequence[Ordered], films: Mapping[str, Film]) -> dict[str, Any]:
    """Put every film and its manifest where the job wants them, and bring the job to its end.

    Returns: what came out, as `kinofarm render --json` prints it.
    """
    await job.advance("publishing")
    facts = await asyncio.to_thread(job.jobs.job, job.id)
    results, manifests = {}, []
    for each in ordered:
        target = Path(each.output or facts.output)
        manifest = await _published(job, each, films[each.name], target)
        manifests.append((str(target), manifest))
        results[each.name] = {"film": str(target), "manifest": str(manifest_place(target)), "frames": manifest.frames}
    await asyncio.to_thread(job.jobs.advance, job.id, "done")
    job.tell(await job.snapshot(), at_once=True)
    for result in results.values():
        job.emit(JobPublished(job=job.id, film=str(result["film"]), manifest=str(result["manifest"])))
    await job.progress.end()
    await show_result(job.id, manifests, link_of(job.settings, job.id))
    also = {name: result for name, result in results.items() if name}
    return results[ordered[0].name] | ({"also": also} if also else {})


async def _published(job: Running, ordered: Ordered, film: Film, target: Path) -> Manifest:
    """Put one film where it goes, its manifest, its subtitle files and its poster beside it."""
    file = await asyncio.to_thread(_fetched, job, film)
    manifest = await asyncio.to_thread(_manifest, job, ordered, film, target)
    document, plan = to_json(manifest), ordered.plan
    companions = {manifest_place(target): document}
    companions |= {target.with_suffix(suffix): words for suffix, words in plan.beside.items()}
    if plan.poster is not None:
        place = poster_place(target, plan.poster.format)
        companions[place] = await asyncio.to_thread(poster, file, plan.poster.frame, plan.rate, plan.poster.format)
    await publish_film(file, target, companions, pictures=plan.muxing.row.kind == "images")
    file.unlink()
    await asyncio.to_thread(_record, job, ordered.name, film, target, companions)
    return manifest


async def chunks_rendered(job: Running) -> None:
    """Wait until every chunk of the job is done, and tell its progress meanwhile.

    Raises:  ChunkFailed, Stopped, Rested.
    """
    url = job.services.get(FarmConnection).database_url.get_secret_value()
    looked, moved = 0.0, time.monotonic()
    async with AsyncListener(url, JOBS, str(job.id)) as changes:
        while True:
            snapshot = await job.snapshot()
            job.tell(snapshot)
            await job.progress.show(snapshot.job.progress)
            if snapshot.job.cancel_requested:
                raise Stopped
            if snapshot.failed and snapshot.error is not None:
                raise ChunkFailed(await asyncio.to_thread(_evidence, job, snapshot.error))
            if snapshot.finished:
                return
            if not snapshot.job.paused or snapshot.states.get("leased"):
                moved = time.monotonic()
            elif time.monotonic() - moved > REST_SECONDS:
                raise Rested
            if not snapshot.states.get("leased") and time.monotonic() - looked > STALL_SECONDS:
                looked = time.monotonic()
                await asyncio.to_thread(shards_soon, job.services)
            await changes.wait(LOOK_SECONDS)
            await asyncio.sleep(BREATH_SECONDS)


def _evidence(job: Running, error: Mapping[str, Any]) -> dict[str, Any]:
    """A failed chunk's error, with what each attempt at it came to, and where."""
    failed = next((chunk for chunk in job.jobs.chunks(job.id) if chunk.state == "failed"), None)
    if failed is None:  # somebody tries it again meanwhile
        return dict(error)
    tried = [attempt for attempt in job.jobs.attempts(job.id) if attempt.key == failed.key][-failed.attempts :]
    attempts = [
        {
            "worker": attempt.worker,
            "outcome": attempt.outcome,
            "error": f"{attempt.error['code']} {attempt.error['message']}" if attempt.error else "",
            "started_at": attempt.started_at.isoformat(),
        }
        for attempt in tried
    ]
    return {**error, "chunk": failed.index, "attempts": attempts}


def _shelf(job: Running) -> Shelf:
    get = job.services.get
    return Shelf(get(ChunkStore), get(CacheIndex), get(JoinProofs))


def _own(chunks: Iterable[JobChunk], pictures: range, sound: int) -> list[JobChunk]:
    """Those of a job's pieces that belong to one of its films."""
    return [chunk for chunk in chunks if (chunk.index in pictures if chunk.kind == "picture" else chunk.index == sound)]


def _fetched(job: Running, film: Film) -> Path:
    """Lay the film out of the cache into the job's folder, its bytes compared with those that were verified."""
    shelf = _shelf(job)
    try:
        return shelf.store.get(film.key, job.folder / "published", size=film.size, sha256=film.sha256)
    except KinofarmError as error:
        if error.code == "CACHE-003":
            shelf.discard(film.key)
        raise


def _manifest(job: Running, ordered: Ordered, film: Film, target: Path) -> Manifest:
    """Say of what the film is made; a chunk that this job had encoded is not reused."""
    facts, attempts, plan = job.jobs.job(job.id), job.jobs.attempts(job.id), ordered.plan
    encoded = {attempt.key for attempt in attempts if attempt.job == job.id and attempt.outcome == "done"}
    found, hashes = film.facts.measurements, film.facts.parts
    pictures = [
        ManifestChunk(
            index=chunk.index,
            start=chunk.start - plan.chunks[0].start,
            frames=chunk.frames,
            key=chunk.work.key,
            sha256=hashes[chunk.work.key],
            reused=chunk.work.key not in encoded,
        )
        for chunk in plan.chunks
    ]
    return Manifest(
        job=str(job.id),
        film=target.name,
        key=film.key,
        container=plan.muxing.container,
        frames=found.frames,
        rate=found.rate,
        width=found.shape.width if found.shape else None,
        height=found.shape.height if found.shape else None,
        size=film.size,
        sha256=film.sha256,
        chunks=tuple(pictures),
        sound=None if plan.sound is None else _sound(plan.sound.key, film, plan.sound.key not in encoded),
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


def _sound(key: Key, film: Film, reused: bool) -> ManifestSound | None:
    found = film.facts.measurements
    if found.sound_samples is None or found.sample_rate is None or found.channels is None:
        return None
    return ManifestSound(
        samples=found.sound_samples,
        sample_rate=found.sample_rate,
        channels=found.channels,
        key=key,
        sha256=film.facts.parts[key],
        reused=reused,
    )


def _record(job: Running, name: str, film: Film, target: Path, companions: Mapping[Path, bytes]) -> None:
    """Enter what was published; what belongs to a further film has its name after a colon."""
    suffix = f":{name}" if name else ""
    job.jobs.record_output(
        job.id, Output(kind=f"film{suffix}", location=str(target), size=film.size, sha256=film.sha256)
    )
    for place, content in companions.items():
        kind = output_kind(place, target) + suffix
        digest = hashlib.sha256(content).hexdigest()
        job.jobs.record_output(job.id, Output(kind=kind, location=str(place), size=len(content), sha256=digest))


def output_kind(place: Path, target: Path) -> str:
    """Return what a file beside a film is: its manifest, its poster, or subtitles (with what their name ends with)."""
    if place == manifest_place(target):
        return "manifest"
    ending = place.name.removeprefix(target.stem)
    return "poster" if ending.startswith(".poster.") else f"subtitles{ending}"
