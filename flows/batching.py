"""A batch that goes on: its files are found, their analyses entered, several files at once, and followed to their end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from flows.library import Library
from flows.lookers import lookers_soon
from flows.wishes import Wish, enter, share, wish_for
from infra.errors import KinofarmError
from infra.library.analyses import AnalysisStore
from infra.library.batches import Batch, BatchStore
from infra.services import Services, shares_sources
from infra.settings import Settings
from tasks.media.scan import media_of

FOLLOW_SECONDS = 1.0
"""Between two looks at how far the analyses are."""


def carried_out(services: Services, row: Batch, heard: Callable[[Batch], None]) -> Batch:
    """Carry a batch out, from where it is, and bring it to its end.

    Args:    heard: told about once a second how far it is.
    Raises:  KinofarmError LIBRARY-003 for a folder that can't be read, ANALYSIS-002, MEDIA-030, DB-00x, CACHE-00x.
    """
    store, wish = services.get(BatchStore), wish_for(row.model, row.options)
    files = sorted(_files(row))
    store.tell_found(row.id, len(files))
    known = store.entered(row.id)
    missing = [path for path in files if str(path) not in known]
    if _entered(services, row, wish, missing, heard):
        while store.beat(row.id):
            now = store.get(row.id)
            heard(now)
            if now.over >= now.entered:
                store.end(row.id, "done")
                return store.get(row.id)
            time.sleep(FOLLOW_SECONDS)
    store.stop_analyses(row.id)
    store.end(row.id, "stopped")
    return store.get(row.id)


def _files(row: Batch) -> Iterator[Path]:
    place = Path(row.path)
    if not place.is_dir():
        yield place
        return
    try:
        yield from (medium.path for medium in media_of(place, row.recursive, row.sequences))
    except OSError as error:
        raise KinofarmError("LIBRARY-003", folder=row.path, reason=error.strerror or "an input error") from None


def _entered(services: Services, row: Batch, wish: Wish, files: list[Path], heard: Callable[[Batch], None]) -> bool:
    """Enter the analyses of files, several at once; return False when the batch is to stop."""
    store, at_once = services.get(BatchStore), services.get(Settings).media.readers
    rest, going_on, looked_at = iter(files), True, 0.0
    with ThreadPoolExecutor(at_once, "batch") as threads:
        open_ones: set[Future[None]] = set()
        while True:
            while going_on and len(open_ones) < at_once and (following := next(rest, None)) is not None:
                open_ones.add(threads.submit(_enter, services, row, wish, following))
            if not open_ones:
                return going_on
            ended, open_ones = wait(open_ones, FOLLOW_SECONDS, FIRST_COMPLETED)
            for one in ended:
                one.result()
            if time.monotonic() - looked_at >= FOLLOW_SECONDS:
                looked_at = time.monotonic()
                going_on = going_on and store.beat(row.id)
                heard(store.get(row.id))
                lookers_soon(services)


def _enter(services: Services, row: Batch, wish: Wish, path: Path) -> None:
    """Enter one file's analysis, or why there is none."""
    store = services.get(BatchStore)
    try:
        facts = Library(services).facts(path)
        shares = shares_sources(services.get(Settings)) and facts.numbered is None
        analysis = enter(services, path, facts, wish, row.model, row.submitted_by, ready=not shares)
    except KinofarmError as error:
        if error.code.startswith(("DB-", "FARM-")) or error.code in ("ANALYSIS-002", "MEDIA-030", "ANALYSIS-009"):
            raise  # no fault of the file's: it would be the same of each
        store.enter(row.id, str(path), None, error=error.as_dict())
        return
    try:
        if shares:
            share(services, analysis)
    except KinofarmError as error:
        if error.code.startswith("DB-"):
            raise
        services.get(AnalysisStore).end(analysis.id, "failed", error.as_dict())  # or it would wait for ever
    store.enter(row.id, str(path), analysis.id, known=analysis.state == "done")
