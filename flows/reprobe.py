"""Ask every machine to find out anew what it can do: a driver was updated, a device added. Each keeper does it at its next beat."""

from __future__ import annotations

import asyncio

from prefect import flow

from infra import services
from infra.jobs.workers import WorkerStore
from infra.settings import in_force


@flow(name="reprobe", persist_result=False)
async def reprobe(worker: str | None = None) -> int:
    """Ask one worker, or all of them; returns how many were asked."""
    with services.opened(in_force()) as container:
        return await asyncio.to_thread(container.get(WorkerStore).want_probe, worker)
