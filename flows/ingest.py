"""Take the media of a folder into the library: the facts of each file, and the views that are wanted.

A file that has not changed since it was looked into is not read. The scan's row in the database says how far it is, and
whether it is to stop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, runtime
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled, Completed, Failed

from flows.ended import tell_ends
from flows.library import Library
from flows.showing import Progress as Shown
from infra import services
from infra.commands import Call
from infra.errors import KinofarmError
from infra.library.facts import FactsStore, Remembered
from infra.library.scans import Scan, ScanStore
from infra.services import Services
from infra.settings import Settings, in_force
from tasks.media.facts import MediaFacts
from tasks.media.numbered import Medium
from tasks.media.scan import Progress, media_of, scan
from tasks.media.views.table import VIEWS

SHOW_SECONDS = 1.0
"""Between two looks at how far it is, for Prefect's page."""

logger = logging.getLogger("kinofarm.ingest")


def stop_scan(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """End the scan of a run that was cancelled in Prefect's own way (its process is gone by then)."""
    with services.opened(in_force()) as container:
        container.get(ScanStore).end(UUID(str(flow_run.parameters.get("scan") or flow_run.id)), "stopped")


def run_name() -> str:
    """Return what a run is called: its folder."""
    return f"ingest {Path(str(runtime.flow_run.parameters.get('folder', ''))).name or 'a folder'}"


@flow(name="ingest", flow_run_name=run_name, on_cancellation=[stop_scan], persist_result=False)
async def ingest(
    folder: str,
    views: list[str] | None = None,
    recursive: bool = True,
    sequences: bool = True,
    proxies: bool = False,
    submitted_by: str = "",
    scan: str | None = None,
) -> State[Any]:
    """Look into the media files of a folder on the farm's machine, which lies in a media root.

    Args:    proxies: of each film one besides, as a job. views: made of each file besides, of thumbnail, storyboard, animation, waveform, peaks. sequences: numbered pictures
             are one medium. scan: its id, where it is entered already.
    """
    settings = in_force()
    with services.opened(settings) as container:
        store = container.get(ScanStore)
        given = {"views": views or [], "recursive": recursive, "sequences": sequences, "proxies": proxies}
        row = await asyncio.to_thread(store.add, UUID(scan or str(runtime.flow_run.id)), folder, given, submitted_by)
        if row.ended:
            return Completed(message=f"the scan is {row.state}")
        shown, far = Shown(row.id), Progress()

        def heard(progress: Progress) -> None:
            nonlocal far
            far = progress

        work = asyncio.create_task(asyncio.to_thread(scanned, container, row, heard))
        while not (await asyncio.wait([work], timeout=SHOW_SECONDS))[0]:
            await shown.show(far.done / max(1, far.found))
        try:
            done = work.result()
        except KinofarmError as error:
            await asyncio.to_thread(store.end, row.id, "failed", error.as_dict())
            await asyncio.to_thread(tell_ends, container)
            return Failed(message=str(error))
        await shown.end()
        await asyncio.to_thread(tell_ends, container)
        ended = await asyncio.to_thread(store.get, row.id)
        if ended.state == "stopped":
            return Cancelled(message="stopped")
        lacking = f"; {ended.error.get('message', '')}" if ended.error else ""
        message = f"{done.done} files, {done.broken} of them broken{lacking}"
        return Completed(message=message, data=done.model_dump())


def scanned(services: Services, row: Scan, heard: Callable[[Progress], None]) -> Progress:
    """Scan the folder of a scan that was entered, and bring it to its end.

    Args:    heard: told about twice a second how far it is.
    Raises:  KinofarmError LIBRARY-003 for a folder that can't be read, DB-00x, CACHE-00x.
    """
    store, library, settings = services.get(ScanStore), Library(services), services.get(Settings)
    facts_store = services.get(FactsStore)
    folder, wanted = Path(row.folder), [VIEWS[name] for name in row.options.get("views", ())]

    found: deque[Remembered] = deque()
    stopping = threading.Event()

    def look(path: Path) -> None:
        out = library.found_out(path, found_in=folder, should_stop=stopping.is_set)
        if out.worth_remembering:
            found.append(out.remembered)
        facts = out.meant()
        for view in wanted:
            if not view.lacks(facts):
                library.view(path, facts, view.name, view.options(), found_in=folder)

    def remember() -> None:
        """Write down what was found since the last time: a row each would cost more than looking does."""
        facts_store.put_all([found.popleft() for _ in range(len(found))])

    def tell(progress: Progress) -> bool:
        remember()
        heard(progress)
        going_on = store.tell(row.id, progress.found, progress.done, progress.known, progress.broken)
        if not going_on:
            stopping.set()
        return going_on

    recursive, sequences = (bool(row.options.get(name, True)) for name in ("recursive", "sequences"))
    try:
        media = list(media_of(folder, recursive, sequences))
    except OSError as error:
        raise KinofarmError("LIBRARY-003", folder=row.folder, reason=error.strerror or "an input error") from None
    done = scan(media, library.known(folder, wanted), look, at_once=settings.media.readers, tell=tell)
    lacking = _proxies_begun(services, row, media, lambda: tell(done)) if row.options.get("proxies") else None
    stopped = store.get(row.id).stop_requested
    store.end(row.id, "stopped" if stopped else "done", None if lacking is None else lacking.as_dict())
    return done


def _proxies_begun(
    services: Services, row: Scan, media: Sequence[Medium], going_on: Callable[[], bool]
) -> KinofarmError | None:
    """Have a proxy made of each film, as a job; of a content that has one it is the same job.

    Args:    going_on: tells that the scan lives, and says whether it is to go on.
    Returns: LIBRARY-004 where films were refused, with how many and why; None: all films have a job.
    Raises:  KinofarmError DB-00x, FARM-02x.
    """
    from flows.commands.proxies import proxy_of  # with all that it takes to submit a film, which few scans want

    roots = [os.path.realpath(root) for root in services.get(Settings).media_roots]
    rooted = any(Path(row.folder).is_relative_to(root) for root in roots)  # else it was begun on the farm's machine
    call, known = Call(services, row.submitted_by, "submit", remote=rooted), services.get(FactsStore)
    films, refused = 0, list[tuple[Medium, Exception]]()
    told = float("-inf")
    for medium in media:
        if time.monotonic() - told >= SHOW_SECONDS:
            told = time.monotonic()
            if not going_on():
                break
        found = known.known(medium.path, medium.state)
        try:
            facts = None if found is None or found.facts is None else MediaFacts.model_validate(found.facts)
            picture = None if facts is None else facts.picture()
            if facts is None or picture is None or picture.still or facts.numbered is not None:
                continue
            films += 1
            proxy_of(call, medium.path, facts)
        except KinofarmError as error:
            if error.code.startswith(("DB-", "FARM-")):
                raise
            logger.warning("%s has no proxy: %s", medium.path, error)
            refused.append((medium, error))
        except Exception as error:  # a fault of ours: the other films are to have theirs
            logger.exception("%s has no proxy", medium.path.name)
            refused.append((medium, error))
    if not refused:
        return None
    medium, first = refused[0]
    return KinofarmError("LIBRARY-004", refused=len(refused), films=films, file=medium.path.name, reason=str(first))
