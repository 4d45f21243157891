"""The reconciler as a flow: what the farm does every few seconds, also where no farm process lives."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.healing import reconcile_once
from infra import services
from infra.settings import in_force


@flow(name="reconcile", persist_result=False)
async def reconcile() -> None:
    """Bring back what a crash lost, once."""
    with services.opened(in_force()) as container:
        await asyncio.to_thread(reconcile_once, container)
