"""A batch that goes on: its files are found, their analyses entered, their media shared as they are wanted, and followed to their end."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from flows.library import Library
from flows.lookers import lookers_soon
from flows.wishes import Wish, enter, require, share, wish_for
from infra.errors import KinofarmError
from infra.jobs.records import CPU_POOL
from infra.jobs.workers import WorkerStore
from infra.library.analyses import AnalysisEntry, AnalysisStore
from infra.library.batches import Batch, BatchStore
from infra.services import Services
from infra.settings import Settings
from tasks.media.scan import media_of

FOLLOW_SECONDS = 1.0
"""Between two looks at how far the analyses are."""
AHEAD = 2
"""Files that lie ready to be looked through, for each slot of the farm: more would drive out of the cache what others use."""
LATER_SECONDS = 10.0
"""Before a file is shared again for which there was no room, or no cache."""
PASSES_SECONDS = 600.0
"""A cache that is away, or full of what renders need, for so long is waited for no longer."""
FULL, AWAY = "CACHE-007", ("CACHE-004", "CACHE-005", "CACHE-006")
"""Errors of the cache that are no fault of a file's: room comes as others are looked through, and a cache comes back."""

logger = logging.getLogger("kinofarm.batching")


def carried_out(services: Services, row: Batch, heard: Callable[[Batch], None]) -> Batch:
    """Carry a batch out, from where it is, and bring it to its end.

    Args:    heard: told about once a second how far it is.
    Raises:  KinofarmError LIBRARY-003 for a folder that can't be read, ANALYSIS-002, MEDIA-030, DB-00x, CACHE-00x.
    """
    store, wish = services.get(BatchStore), wish_for(row.model, row.options)
    require(services, wish, row.model)
    if _went_on(services, row, wish, heard):
        store.end(row.id, "done")
    else:
        store.stop_analyses(row.id)
        store.end(row.id, "stopped")
    return store.get(row.id)


def _went_on(services: Services, row: Batch, wish: Wish, heard: Callable[[Batch], None]) -> bool:
    """Work until each file is over; False: the batch is to stop."""
    store, at_once = services.get(BatchStore), services.get(Settings).media.readers
    missing = _missing(services, row)
    with ThreadPoolExecutor(2 * at_once, "batch") as threads:
        hands = _Hands(services, row, wish, missing, threads)
        while store.beat(row.id):
            idle = hands.idle
            now = store.get(row.id)
            heard(now)
            if idle and now.over >= now.entered:
                return True
            hands.work(FOLLOW_SECONDS)
            lookers_soon(services)
    return False


def _missing(services: Services, row: Batch) -> list[Path]:
    """The files of a batch that are not entered yet, by path; none where it is to stop."""
    store, files, looked_at = services.get(BatchStore), [], time.monotonic()
    for path in _files(row):
        files.append(path)
        if time.monotonic() - looked_at >= FOLLOW_SECONDS:
            looked_at = time.monotonic()
            if not store.beat(row.id):
                return []
    store.tell_found(row.id, len(files))
    known = store.entered(row.id)
    return [path for path in sorted(files) if str(path) not in known]


def _files(row: Batch) -> Iterator[Path]:
    place = Path(row.path)
    if not place.is_dir():
        yield place
        return
    try:
        yield from (medium.path for medium in media_of(place, row.recursive, row.sequences))
    except OSError as error:
        raise KinofarmError("LIBRARY-003", folder=row.path, reason=error.strerror or "an input error") from None


class _PutOff(NamedTuple):
    """A file for which there was no room, or no cache: since when, and until when it is left alone. Seconds of `time.monotonic`."""

    since: float
    until: float


class _Hands:
    """What a batch has in hand, a few at once: files that are entered, and those that are shared, which come first."""

    def __init__(
        self, services: Services, row: Batch, wish: Wish, missing: list[Path], threads: ThreadPoolExecutor
    ) -> None:
        self.services, self.row, self.wish, self.threads = services, row, wish, threads
        self.missing = deque(missing)
        self.at_once = services.get(Settings).media.readers
        self._entering: set[Future[None]] = set()
        self._sharing: dict[UUID, Future[bool]] = {}
        self._put_off: dict[UUID, _PutOff] = {}

    @property
    def idle(self) -> bool:
        """Whether all files are entered, and none is shared now."""
        return not (self.missing or self._entering or self._sharing)

    def work(self, seconds: float) -> None:
        """Work for so long, or until there is nothing to do; where there is nothing to do, wait."""
        until = time.monotonic() + seconds
        self._share()
        self._enter()
        if not (self._entering or self._sharing):
            time.sleep(seconds)
        while (self._entering or self._sharing) and (left := until - time.monotonic()) > 0:
            in_hand: list[Future[Any]] = [*self._entering, *self._sharing.values()]
            wait(in_hand, left, FIRST_COMPLETED)
            for work in [each for each in self._entering if each.done()]:
                self._entering.remove(work)
                work.result()
            for analysis, sharing in [(each, work) for each, work in self._sharing.items() if work.done()]:
                del self._sharing[analysis]
                now = time.monotonic()
                if sharing.result():
                    self._put_off.pop(analysis, None)
                else:
                    since = self._put_off[analysis].since if analysis in self._put_off else now
                    self._put_off[analysis] = _PutOff(since, now + LATER_SECONDS)
            self._enter()

    def _enter(self) -> None:
        while self.missing and len(self._entering) < self.at_once:
            self._entering.add(
                self.threads.submit(_entered, self.services, self.row, self.wish, self.missing.popleft())
            )

    def _share(self) -> None:
        """Begin to share as many as keep the farm's slots busy."""
        store, now = self.services.get(AnalysisStore), time.monotonic()
        waiting = store.unshared(self.row.id, len(self._sharing) + len(self._put_off) + self.at_once)
        if not waiting:
            return
        lie_ready = sum(pool.free for pool in store.open().values()) + len(self._sharing)
        room = AHEAD * max(1, self.services.get(WorkerStore).slots(CPU_POOL)) - lie_ready
        put_off = {row.id: self._put_off.get(row.id, _PutOff(now, now)) for row in waiting}
        those = [row for row in waiting if row.id not in self._sharing and put_off[row.id].until <= now]
        for row in those[: max(0, min(room, self.at_once))]:
            may_wait = now - put_off[row.id].since < PASSES_SECONDS
            self._sharing[row.id] = self.threads.submit(_shared, self.services, row, may_wait)


def _entered(services: Services, row: Batch, wish: Wish, path: Path) -> None:
    """Enter one file's analysis, or why there is none."""
    store = services.get(BatchStore)
    try:
        facts = Library(services).facts(path, found_in=Path(row.path))
        analysis = enter(services, path, facts, wish, row.model, row.submitted_by)
    except KinofarmError as error:
        if error.code.startswith(("DB-", "FARM-")) or error.code in ("ANALYSIS-002", "ANALYSIS-003", "MEDIA-030"):
            raise  # no fault of the file's: it would be the same of each
        store.enter(row.id, str(path), None, error=error.as_dict())
        return
    store.enter(row.id, str(path), analysis.id, known=analysis.state == "done")
    if not analysis.ended:  # a batch that stopped just now did not see that this one wants it, too
        enter(services, path, facts, wish, row.model, row.submitted_by)


def _shared(services: Services, row: AnalysisEntry, may_wait: bool) -> bool:
    """Share the media of an analysis; return whether that is over, with whatever end.

    Args:    may_wait: for a cache that is away, or full of what renders need.
    """
    store = services.get(AnalysisStore)
    others = any(pool.free or pool.taken for pool in store.open().values())
    try:
        share(services, row)
    except KinofarmError as error:
        if error.code.startswith("DB-"):
            raise
        passes = (error.code in (FULL, *AWAY) and may_wait) or (error.code == FULL and others)
        store.not_shared(row.id, error.as_dict(), over=not passes)
        logger.warning("%s is not shared: %s", Path(row.path).name, error)
        return not passes
    return True
