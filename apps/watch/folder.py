"""One watched folder: looked at again and again, its files made into jobs, and what became of them noted.

Nothing is concluded from what is missing: a folder that is not there, or is empty because its share is not mounted, is
looked at again later, and what comes back is known by its name, size and time.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

from apps.watch.looking import REPORT, Settling, being_written, files, sighting
from flows.arriving import arrive
from flows.dispatch import stop
from infra.errors import KinofarmError
from infra.jobs.arrivals import Arrival, ArrivalStore, Sighting
from infra.jobs.states import ENDED, ArrivalState
from infra.jobs.store import JobStore
from infra.sections import WatchedFolder
from infra.services import Services
from tasks.compiler.load import suffixes

DONE: ArrivalState = "done"
FAILED: ArrivalState = "failed"
"""Folders that files are moved into, below the watched one."""
LONGEST_PAUSE = 60.0
"""Seconds between two tries at a file that can't be rendered yet: 2, 4, 8, and so on up to this."""
UNSTARTED = timedelta(seconds=30)
"""A trigger that has not started a render within this time has missed its event."""
ELSEWHERE = ("DB", "FARM", "JOB", "CACHE", "INTERNAL")
"""Families of errors that are not the file's fault: it is tried again, for as long as they last."""

logger = logging.getLogger("kinofarm.watch")


class Watch:
    """Looks after one folder."""

    def __init__(self, folder: WatchedFolder) -> None:
        self.folder = folder
        self.root = folder.folder.absolute()
        self.is_away = False
        self.is_busy = False
        self._settling = Settling(folder.polls)
        self._entered: dict[str, Sighting] = {}
        self._again_at: dict[UUID, float] = {}

    def round(self, services: Services) -> None:
        """Look once, and do what is due.

        Raises:  KinofarmError DB-00x.
        """
        found = self._listed()
        if found is None:
            return
        self._enter(services, found)
        for job in services.get(ArrivalStore).outdated(str(self.root)):
            logger.info("job %s is stopped: its file has changed", job)
            stop(services, job)
        left = services.get(ArrivalStore).open(str(self.root))
        for arrival in left:
            if arrival.state == "submitted":
                self._follow(services, arrival)
            elif found.get(arrival.name) == arrival.sighting:
                self._try(services, arrival)
        self.is_busy = bool(left) or self._settling.unsettled or bool(found.keys() - self._entered.keys())

    def _listed(self) -> dict[str, Sighting] | None:
        """What lies in the folder now; None: it can't be looked at."""
        without = (self.root / DONE, self.root / FAILED, self.folder.output)
        try:
            found = files(self.root, self.folder.names, suffixes(), self.folder.recursive, without)
        except OSError as error:
            if not self.is_away:
                logger.warning("the watched folder %s can't be looked at: %s", self.root, error.strerror)
            self.is_away, self.is_busy = True, False
            return None
        if self.is_away:
            logger.info("the watched folder %s is back", self.root)
        self.is_away = False
        return found

    def _enter(self, services: Services, found: Mapping[str, Sighting]) -> None:
        """Enter the files that are whole and were not entered by this process; the database knows the others."""
        self._entered = {name: one for name, one in self._entered.items() if found.get(name) == one}
        whole = [one for one in self._settling.look(found) if one.name not in self._entered]
        written = being_written(self._path(one.name) for one in whole)
        new = [one for one in whole if self._path(one.name) not in written and self._is_still(one)]
        if new:
            services.get(ArrivalStore).enter(str(self.root), new)
            self._entered |= {one.name: one for one in new}

    def _try(self, services: Services, arrival: Arrival) -> None:
        """Have a file rendered, unless it was tried a moment ago."""
        now = time.monotonic()
        if now < self._again_at.get(arrival.id, now):
            return
        try:
            arrive(services, self.folder, arrival)
            self._again_at.pop(arrival.id, None)
        except KinofarmError as error:
            self._again_at[arrival.id] = now + min(LONGEST_PAUSE, 2.0 ** (arrival.tries + 1))
            self._refused(services, arrival, error)

    def _refused(self, services: Services, arrival: Arrival, error: KinofarmError) -> None:
        arrivals, family = services.get(ArrivalStore), error.code.partition("-")[0]
        arrivals.refused(arrival.id, error.as_dict())
        given_up = datetime.now(UTC) - arrival.arrived_at >= timedelta(minutes=self.folder.give_up_minutes)
        if given_up and family not in ELSEWHERE:
            logger.warning("%s is given up: %s", arrival.name, error)
            self._conclude(services, arrival, FAILED, error.as_dict())

    def _follow(self, services: Services, arrival: Arrival) -> None:
        """See what became of a job; start it where a trigger has not."""
        if arrival.job is None:
            if datetime.now(UTC) - arrival.updated_at > UNSTARTED:
                try:
                    arrive(services, self.folder, arrival, at_once=True)
                except KinofarmError as error:
                    logger.warning("%s has to wait: %s", arrival.name, error)
        elif arrival.job_state in ENDED:
            job = services.get(JobStore).job(arrival.job)
            wrong = job.error or (KinofarmError("WATCH-001").as_dict() if job.state == "cancelled" else None)
            self._conclude(services, arrival, FAILED if wrong else DONE, wrong)

    def _conclude(
        self, services: Services, arrival: Arrival, state: ArrivalState, error: Mapping[str, Any] | None
    ) -> None:
        moved = False
        if self.folder.move:
            try:
                moved = self._moved(services, arrival, state, error)
            except OSError as refused:
                logger.warning("%s was not moved to %s: %s", arrival.name, state, refused.strerror)
        services.get(ArrivalStore).ended(arrival.id, state, error, moved=moved)
        self._entered.pop(arrival.name, None) if moved else None

    def _moved(self, services: Services, arrival: Arrival, state: str, error: Mapping[str, Any] | None) -> bool:
        """Move a file out of the way, with a report beside it; whether it is gone from its place."""
        path, place = self._path(arrival.name), self.root / state / PurePosixPath(arrival.name)
        try:
            now = path.stat()
        except FileNotFoundError:  # moved by us before a restart, or taken away
            return place.exists()
        if sighting(arrival.name, now) != arrival.sighting:
            return False  # it is another file by now
        place.parent.mkdir(parents=True, exist_ok=True)
        while place.exists():
            place = place.with_name(f"{place.stem}-{arrival.id.hex[:6]}{place.suffix}")
        report = _report(services, arrival, state, error)
        place.with_name(place.name + REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False))
        path.rename(place)
        return True

    def _is_still(self, one: Sighting) -> bool:
        """Whether a file is as it was listed: who had it open may have written the rest of it since, and closed it."""
        try:
            return sighting(one.name, self._path(one.name).lstat()) == one
        except OSError:
            return False

    def _path(self, name: str) -> Path:
        return self.root / PurePosixPath(name)


def _report(services: Services, arrival: Arrival, state: str, error: Mapping[str, Any] | None) -> dict[str, Any]:
    """What became of a file, as JSON values."""
    report: dict[str, Any] = {"file": arrival.name, "state": state, "arrived_at": arrival.arrived_at.isoformat()}
    if arrival.job is not None:
        jobs = services.get(JobStore)
        outputs = {output.kind: output.location for output in jobs.outputs(arrival.job)}
        report |= {"job": str(arrival.job), "outputs": outputs, "warnings": list(jobs.job(arrival.job).warnings)}
    return report | {"error": None if error is None else dict(error)}
