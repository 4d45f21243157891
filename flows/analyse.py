"""Look a media file through: its scenes, silence and the like, or what a model recognises in it.

What is wished of a content is known by a hash: it is looked through once. A run that crashed is started again, and a
recognition goes on behind the last group of frames that was finished.

What it works with is imported by the run itself: ONNX Runtime starts threads, and the process that is forked for each run
must have none.
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

from flows.library import Library
from flows.showing import Progress
from infra import services
from infra.errors import KinofarmError
from infra.events import AnalysisEnded, emit
from infra.library.analyses import AnalysisStore
from infra.settings import in_force

SHOW_SECONDS = 1.0
"""Between two looks at how far it is, for Prefect's page."""
BEAT_SECONDS = 10.0
"""Between two signs of life, also while nothing is told: hashing a large file, or summing up a long film."""


def stop_analysis(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """End the analysis of a run that was cancelled in Prefect's own way (its process is gone by then)."""
    if analysis := flow_run.parameters.get("analysis"):
        with services.opened(in_force()) as container:
            container.get(AnalysisStore).end(UUID(str(analysis)), "stopped")


def run_name() -> str:
    """Return what a run is called: its file, or its analysis."""
    given = runtime.flow_run.parameters
    return f"analyse {Path(str(given['path'])).name if given.get('path') else str(given.get('analysis'))[:8]}"


@flow(name="analyse", flow_run_name=run_name, on_cancellation=[stop_analysis], persist_result=False)
async def analyse(
    path: str | None = None,
    model: str | None = None,
    kinds: list[str] | None = None,
    submitted_by: str = "",
    analysis: str | None = None,
) -> State[Any]:
    """Look through the media file `path` for what the model `model` recognises, or for these kinds of the media's own analyses.

    Args:    analysis: the id of one that is entered already, in place of all others.
    """
    from flows.analysing import MediaWish, RecognitionWish, analysed, begin

    with services.opened(in_force()) as container:
        store = container.get(AnalysisStore)
        if analysis is None:
            if path is None:
                return Failed(message="name a file, or an analysis")
            wish = MediaWish(kinds=tuple(kinds or ())) if model is None else RecognitionWish()
            facts = await asyncio.to_thread(Library(container).facts, Path(path))
            entered = await asyncio.to_thread(begin, container, Path(path), facts, wish, model, submitted_by)
            return Completed(message=f"the analysis is {entered.id}", data=str(entered.id))
        row = await asyncio.to_thread(store.start, UUID(analysis))
        if row is None:
            return Completed(message="it had ended before")
        shown, far = Progress(row.id), 0.0

        def heard(share: float) -> None:
            nonlocal far
            far = share

        work = asyncio.create_task(asyncio.to_thread(analysed, container, row, heard))
        beaten = time.monotonic()
        while not (await asyncio.wait([work], timeout=SHOW_SECONDS))[0]:
            await shown.show(far)
            if time.monotonic() - beaten >= BEAT_SECONDS:
                beaten = time.monotonic()
                with contextlib.suppress(KinofarmError):  # the database is away: the work itself waits for it
                    await asyncio.to_thread(store.tell, row.id, far)
        try:
            ended = work.result()
        except KinofarmError as error:
            if error.code.startswith("DB-"):  # no fault of the file's: its run is started again
                raise
            await asyncio.to_thread(store.end, row.id, "failed", error.as_dict())
            emit(AnalysisEnded(analysis=row.id, path=row.path, model=row.model, state="failed"))
            return Failed(message=str(error))
        await shown.end()
        emit(AnalysisEnded(analysis=row.id, path=row.path, model=row.model, state=ended.state))
        if ended.state == "stopped":
            return Cancelled(message="stopped")
        return Completed(message="done")
