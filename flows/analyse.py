"""Look many media files through by one wish: a folder, or one file.

Each file is an analysis of its own, entered as soon as its facts are known and taken up by the lookers of the farm; what was looked
through before, wherever it lies and whoever asked, is known. The batch's row in the database says how far it is and whether it is
to stop; a run that crashed is started again and enters what is missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, runtime
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled, Completed, Failed

from flows.ended import tell_ends
from flows.showing import Progress
from infra import services
from infra.errors import KinofarmError
from infra.events import BatchProgress, emit
from infra.library.batches import Batch, BatchStore
from infra.settings import in_force

SHOW_SECONDS = 1.0
"""Between two looks at how far it is."""
TELL_SECONDS = 2.0
"""Shortest time between two progress events of a batch."""
BEAT_SECONDS = 5.0
"""Between two signs of life, also while a large folder is listed."""


def stop_batch(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """End the batch of a run that was cancelled in Prefect's own way (its process is gone by then)."""
    with services.opened(in_force()) as container:
        store, batch = container.get(BatchStore), UUID(str(flow_run.parameters.get("batch") or flow_run.id))
        store.stop_analyses(batch)
        store.end(batch, "stopped")


def run_name() -> str:
    """Return what a run is called: its folder, or its file."""
    return f"analyse {Path(str(runtime.flow_run.parameters.get('path', ''))).name or 'media'}"


@flow(name="analyse", flow_run_name=run_name, on_cancellation=[stop_batch], persist_result=False)
async def analyse(
    path: str,
    model: str | None = None,
    kinds: list[str] | None = None,
    recursive: bool = True,
    sequences: bool = True,
    submitted_by: str = "",
    batch: str | None = None,
) -> State[Any]:
    """Look the media files of a folder through, or one file, for what the model `model` recognises or for these kinds of the media's own analyses.

    Args:    recursive: the folders below it, too. sequences: numbered pictures are one film. batch: the id of one that is entered already, in place of all others.
    """
    from flows.batching import carried_out
    from flows.wishes import wish_for  # starts threads, see `flows.look`

    with services.opened(in_force()) as container:
        store, known = container.get(BatchStore), UUID(batch or str(runtime.flow_run.id))
        if batch is None:
            wish = wish_for(model, {"kinds": kinds or ()} if model is None else {})
            options = wish.model_dump(mode="json")
            how = {"recursive": recursive, "sequences": sequences}
            await asyncio.to_thread(store.add, known, path, model, options, submitted_by, **how)
        row = await asyncio.to_thread(store.start, known, UUID(str(runtime.flow_run.id)))
        if row is None:
            return Completed(message="it had ended before")
        shown, told, told_at = Progress(row.id), -1.0, 0.0
        now: Batch = row

        def heard(batch_now: Batch) -> None:
            nonlocal now
            now = batch_now

        work, beaten = asyncio.create_task(asyncio.to_thread(carried_out, container, row, heard)), time.monotonic()
        while not (await asyncio.wait([work], timeout=SHOW_SECONDS))[0]:
            await shown.show(now.progress)
            if time.monotonic() - beaten >= BEAT_SECONDS:
                beaten = time.monotonic()
                with contextlib.suppress(KinofarmError):  # the database is away: the work itself waits for it
                    await asyncio.to_thread(store.beat, row.id)
            if now.progress > told and time.monotonic() - told_at >= TELL_SECONDS:
                told, told_at = now.progress, time.monotonic()
                far = {"found": now.found, "over": now.over, "failed": now.failed}
                emit(BatchProgress(batch=now.id, path=now.path, model=now.model, **far, done=round(told, 4)))
        try:
            ended = work.result()
        except KinofarmError as error:
            if error.code.startswith("DB-"):  # its run is started again
                raise
            await asyncio.to_thread(store.end, row.id, "failed", error.as_dict())
            await asyncio.to_thread(tell_ends, container)
            return Failed(message=str(error))
        await shown.end()
        await asyncio.to_thread(tell_ends, container)
        if ended.state == "stopped":
            return Cancelled(message="stopped")
        said = f"{ended.found} files, {ended.known} of them known before, {ended.failed} with an error"
        return Completed(message=said, data=str(ended.id))
