"""Render a project: load, check, plan, have the chunks rendered, assemble, verify, publish.

The flow runs in the pool `orchestrator`, so that it takes no render slot while it waits. Its run's id is the job's id.
A run that is started again, as after a crash, goes on with what is missing. A run that Prefect's REST API started with
nothing but a project and an output is as good as one that the command line submitted.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from prefect import flow, runtime
from prefect.client.schemas.objects import FlowRun, State

from flows.making import check_output, find_film, make_film, publish, way
from flows.running import Running, carried_out, unvisited
from infra import services
from infra.jobs.facts import FactsStore
from infra.jobs.store import JobStore
from infra.settings import in_force
from tasks.compiler.order import Order, warnings_of
from tasks.compiler.steps import check_project, load_project, plan_film
from tasks.media.remembered import remembering


def stop_job(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """End the job of a run that was cancelled in Prefect's own way (its process is gone by then)."""
    with services.opened(in_force()) as container:
        jobs = container.get(JobStore)
        if not jobs.cancel(flow_run.id).ended:
            jobs.advance(flow_run.id, "cancelled")


@flow(name="render", flow_run_name="render {project}", on_cancellation=[stop_job], persist_result=False)
async def render(
    project: str,
    output: str,
    preset: str | None = None,
    range: str | None = None,
    media_roots: list[str] | None = None,
    priority: int = 0,
    submitted_by: str = "",
    idempotency_key: str | None = None,
    traceparent: str | None = None,
) -> State[Any]:
    """Render the project file `project` into the film `output`.

    Args:
        project, output: absolute paths on the machine that runs this flow.
        preset: an export preset in place of the project's export settings. range: the part to render, IN-OUT.
        media_roots: folders from which media may be read, beside the project's own and the farm's.
        priority: of the job's chunks; higher goes first. submitted_by: fair share is between submitters.
    """
    order = Order(project=project, preset=preset, range=range, media_roots=tuple(media_roots or ()))
    return await carried_out(
        UUID(runtime.flow_run.id),
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
    probe = remembering(job.services.get(FactsStore))
    project = await load_project(order)
    checked = await check_project(order, unvisited(project), job.settings.media_roots, probe)
    await check_output(job, order, checked)
    plan = await plan_film(unvisited(project), unvisited(checked), way(job))
    film = await find_film(job, plan, warnings_of(project, checked))
    if film is None:
        film = await make_film(job, plan)
    return await publish(job, film, plan.beside)
