"""Render a project: load, check, plan, have the chunks rendered, assemble, verify, publish.

The flow runs in the pool `orchestrator`, so that it takes no render slot while it waits.
A run that is started again, as after a crash, goes on with what is missing. A run that Prefect's REST API started with
nothing but a project and an output is as good as one that the command line submitted.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from prefect import flow, runtime
from prefect.client.schemas.objects import FlowRun, State
from pydantic import Field

from flows.library import Library
from flows.making import check_outputs, find_films, make_films, publish as published, way
from flows.offers import offer_of
from flows.prerendering import prerender
from flows.running import Running, carried_out, unvisited
from flows.showing import run_name
from infra import services
from infra.jobs.states import HIGHEST_PRIORITY, LOWEST_PRIORITY, NORMAL_PRIORITY
from infra.jobs.store import JobStore
from infra.media_at_hand import MediaAtHand
from infra.media_buckets import MediaBuckets
from infra.settings import in_force
from infra.uploads.library import Uploads
from tasks.compiler.order import Also, Order, warnings_of
from tasks.compiler.steps import check_project, load_project, plan_films


def stop_job(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """End the job of a run that was cancelled in Prefect's own way (its process is gone by then)."""
    with services.opened(in_force()) as container:
        jobs, job = container.get(JobStore), UUID(str(flow_run.parameters.get("job") or flow_run.id))
        if not jobs.cancel(job).ended:
            jobs.advance(job, "cancelled")


@flow(name="render", flow_run_name=run_name, on_cancellation=[stop_job], persist_result=False)
async def render(
    project: str,
    output: str,
    preset: str | None = None,
    range: str | None = None,
    media_roots: list[str] | None = None,
    also: list[dict[str, str]] | None = None,
    publish: bool = True,
    priority: Annotated[int, Field(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)] = NORMAL_PRIORITY,
    submitted_by: str = "",
    idempotency_key: str | None = None,
    traceparent: str | None = None,
    job: str | None = None,
) -> State[Any]:
    """Render the project file `project` into the film `output`.

    Args:
        project, output: absolute paths on the machine that runs this flow.
        preset: an export preset in place of the project's export settings. range: the part to render, IN-OUT.
        media_roots: folders from which media may be read, beside the project's own and the farm's.
        also: further films of the same timeline, each {"name": a deliverable or preset, "output": an absolute path}.
        publish: false: nothing is published, `output` is empty; what touches the range is rendered into the cache.
        priority: of the job's chunks, 0 to 100; higher goes first. submitted_by: fair share is between submitters.
        job: the job that is carried out, by its id; unset: a new one, which gets this run's id.
    """
    further = tuple(Also.model_validate(each) for each in also or ())
    roots = tuple(media_roots or ())
    order = Order(project=project, preset=preset, range=range, media_roots=roots, also=further, publish=publish)
    run = UUID(runtime.flow_run.id)
    return await carried_out(
        UUID(job) if job else run,
        run,
        partial(story, order=order),
        project=project,
        output=output,
        options=order.model_dump(mode="json", exclude={"project"}),
        submitted_by=submitted_by,
        priority=priority,
        idempotency_key=idempotency_key,
        traceparent=traceparent,
    )


async def story(job: Running, order: Order) -> dict[str, Any]:
    """What happens to a job, in order."""
    get = job.services.get
    media = MediaAtHand(lambda: get(MediaBuckets), lambda: get(Uploads), lambda: job.folder)
    probe = Library(job.services).remembering(media.known_as)
    offer = await asyncio.to_thread(offer_of, job.services)
    project = await load_project(order, job.settings.home, offer, probe)
    checked = await check_project(order, unvisited(project), job.settings.media_roots, probe, unvisited(media))
    if not order.publish:
        return await prerender(job, project, checked)
    await check_outputs(job, order, project, checked)
    ordered = await plan_films(order, unvisited(project), unvisited(checked), way(job))
    found = await find_films(job, ordered, warnings_of(project, checked))
    films = await make_films(job, ordered, found)
    return await published(job, ordered, films)
