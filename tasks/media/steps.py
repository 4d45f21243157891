"""The media tasks of Prefect: thin wrappers around functions that also work without Prefect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from infra.jobs.records import JobChunk, Key
from tasks.filesystem.publish import publish
from tasks.media.film import Film, Parts, fetch_parts, join_parts, verify_and_keep
from tasks.media.shelf import Shelf
from tasks.media.soft import SoftTrack


@task(name="assemble film", cache_policy=NO_CACHE, persist_result=False)
async def assemble_film(
    chunks: Sequence[JobChunk], rate: Fraction, shelf: Shelf, folder: Path, subtitles: tuple[SoftTrack, ...] = ()
) -> tuple[Path, Parts]:
    """Join the finished chunks, the sound and the tracks of text into a film in `folder`."""

    def work() -> tuple[Path, Parts]:
        parts = fetch_parts(chunks, shelf, folder, subtitles)
        return join_parts(parts, rate, folder), parts

    return await asyncio.to_thread(work)


@task(name="verify film", cache_policy=NO_CACHE, persist_result=False)
async def verify_film(key: Key, film: Path, parts: Parts, rate: Fraction, shelf: Shelf) -> Film:
    """Verify an assembled film and move it into the cache."""
    return await asyncio.to_thread(verify_and_keep, key, film, parts, rate, shelf)


@task(name="publish film", cache_policy=NO_CACHE, persist_result=False)
async def publish_film(film: Path, target: Path, companions: Mapping[Path, bytes]) -> None:
    """Put a verified film and what goes with it where they are wanted, whole or not at all."""
    await asyncio.to_thread(publish, film, target, companions)
