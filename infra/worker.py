"""A worker that starts runs at once: Prefect's process worker, woken by the server's events.

    python -m infra.launch worker POOL NAME LIMIT MODULE ...

Prefect's worker polls; each poll costs the server 35 ms of a core, so that a short interval slows the renders and a
long one delays them. This one polls seldom, and at once whenever a run of its pool is scheduled or ends (which frees a
slot). Events may be lost, so the slow poll stays.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import warnings

from prefect.client.schemas.objects import FlowRun
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventAnyResourceFilter, EventFilter, EventNameFilter
from prefect.workers.process import ProcessWorker

WAKING = ("Scheduled", "AwaitingRetry", "Completed", "Failed", "Crashed", "Cancelled", "Paused", "Resuming")
RECONNECT_SECONDS = 1.0

logger = logging.getLogger("kinofarm.worker")


warnings.filterwarnings("ignore", "Type 'PromptWorker'", UserWarning)  # it is meant to stand in for the process worker


class PromptWorker(ProcessWorker):
    """A process worker whose polls never overlap: two at once could submit one run twice."""

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """See `BaseWorker`."""
        if not hasattr(self, "_one_poll"):
            self._one_poll = asyncio.Lock()
        async with self._one_poll:
            return await super().get_and_submit_flow_runs()


def work(pool: str, name: str, limit: int | None) -> None:
    """Work for this pool, `limit` runs at once, until SIGTERM; runs that still go on are left to whoever ends this process."""
    asyncio.run(_work(pool, name, limit))


async def _work(pool: str, name: str, limit: int | None) -> None:
    worker = PromptWorker(work_pool_name=pool, name=name, limit=limit, create_pool_if_not_found=False)
    waking = asyncio.create_task(_wake(worker, pool))
    working = asyncio.create_task(worker.start())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    try:
        await working
    except asyncio.CancelledError:
        logger.info("the worker was told to stop")
    finally:
        waking.cancel()


async def _wake(worker: PromptWorker, pool_name: str) -> None:
    """Have the worker poll at each event of its pool, over one connection after the other."""
    while True:
        try:
            pool = await worker.client.read_work_pool(pool_name)
            names = [f"prefect.flow-run.{state}" for state in WAKING]
            wanted = EventFilter(
                event=EventNameFilter(name=names),
                any_resource=EventAnyResourceFilter(id=[f"prefect.work-pool.{pool.id}"]),
            )
            async with get_events_subscriber(filter=wanted) as events:
                await worker.get_and_submit_flow_runs()  # what came while nobody listened
                async for _ in events:
                    await worker.get_and_submit_flow_runs()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the server restarts, the worker is not set up yet: the slow poll goes on meanwhile
            logger.info("not woken by events for now: %s", error)
        await asyncio.sleep(RECONNECT_SECONDS)
