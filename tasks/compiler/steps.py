"""The compiler's Prefect tasks: thin wrappers around functions that also work without Prefect."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from infra.jobs.records import Claim
from infra.telemetry import about
from tasks.compiler.check import CheckedProject
from tasks.compiler.claimed import Bench, Ended, render_claimed
from tasks.compiler.order import Order, Ordered, Read, all_planned, examine, planned_ahead, read
from tasks.compiler.plan import Plan, Way
from tasks.compiler.trials import Offer
from tasks.filesystem.roots import Elsewhere
from tasks.media.facts import MediaFacts


@task(name="load project", cache_policy=NO_CACHE, persist_result=False)
async def load_project(order: Order, home: Path, offer: Offer, probe: Callable[[Path], MediaFacts]) -> Read:
    """Read the project file of an order into the timeline model, with the encoders that are on offer."""
    return await asyncio.to_thread(read, order, home, offer, probe)


@task(name="check project", cache_policy=NO_CACHE, persist_result=False)
async def check_project(
    order: Order,
    project: Read,
    roots: Iterable[Path],
    probe: Callable[[Path], MediaFacts],
    elsewhere: Elsewhere | None = None,
) -> CheckedProject:
    """Hold the project against its media; what lies in buckets is fetched."""
    return await asyncio.to_thread(examine, order, project, roots, probe, elsewhere)


@task(name="plan film", cache_policy=NO_CACHE, persist_result=False)
async def plan_films(order: Order, project: Read, checked: CheckedProject, way: Way) -> tuple[Ordered, ...]:
    """Cut every film that was ordered into chunks and one pass of sound."""
    return await asyncio.to_thread(all_planned, order, project, checked, way)


@task(name="plan ahead", cache_policy=NO_CACHE, persist_result=False)
async def plan_ahead(project: Read, checked: CheckedProject, way: Way) -> Plan:
    """Choose what of a film is rendered before anybody asks for the film."""
    return await asyncio.to_thread(planned_ahead, project, checked, way)


class NotRendered(Exception):  # noqa: N818 (a chunk that was handed back is no error)
    """A chunk that did not come out of an attempt; carries how it ended."""

    def __init__(self, ended: Ended) -> None:
        error = ended.error
        super().__init__(f"{error['code']} {error['message']}" if error else f"the chunk was {ended.outcome}")
        self.ended = ended


@task(name="render chunk", task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False)
async def render_chunk(name: str, claim: Claim, bench: Bench, leaving: threading.Event) -> Ended:
    """Render a claimed chunk and answer its claim.

    Raises:  NotRendered, so that the task run is seen to have failed; the claim is answered all the same.
    """
    with about(job=claim.job, chunk=claim.key, attempt=claim.attempt):
        ended = await asyncio.to_thread(render_claimed, claim, bench, leaving)
    if ended.outcome != "done":
        raise NotRendered(ended)
    return ended
