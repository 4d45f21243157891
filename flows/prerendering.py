"""Prerendering: chunks of a film are rendered into the cache, and no film is made of them. Who renders it later finds them there."""

from __future__ import annotations

import asyncio
from typing import Any

from flows.making import chunks_rendered, enter_plans, share_sources, way
from flows.running import Running, unvisited
from infra.services import shares_sources
from tasks.compiler.check import CheckedProject
from tasks.compiler.order import Read, warnings_of
from tasks.compiler.steps import plan_ahead


async def prerender(job: Running, project: Read, checked: CheckedProject) -> dict[str, Any]:
    """Have those chunks of the film rendered that touch the ordered range, and bring the job to its end.

    Returns: how many pieces that were, and how many of them were missing.
    """
    plan = await plan_ahead(unvisited(project), unvisited(checked), way(job))
    if shares_sources(job.settings):
        await share_sources(job, [plan])
    missing = await enter_plans(job, [plan], None, warnings_of(project, checked))
    if missing:
        await job.advance("rendering")
        await chunks_rendered(job)
        await job.advance("planned")  # all of it is made, and nothing is to be joined
    await job.advance("publishing")
    await asyncio.to_thread(job.jobs.advance, job.id, "done")
    job.tell(await job.snapshot(), at_once=True)
    await job.progress.end()
    return {"chunks": len(plan.chunks) + (plan.sound is not None), "missing": missing}
