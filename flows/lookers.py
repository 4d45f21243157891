"""Lookers: runs that look media through in the pools of the machines, as shards render chunks.

An analysis waits in the database until a looker of its pool takes it up; many share one warm run, and one opened model. A
render comes first: while its shards wait for a slot no looker is started, and one that is at work hands back what it has, with all
that is finished of it, and ends. Nothing that works on media is imported here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from uuid import uuid4

from flows.dispatch import ENDED, NOT_STARTED, SHARD
from infra.errors import KinofarmError
from infra.jobs.engine import alone
from infra.jobs.ledger import Ledger
from infra.jobs.records import CPU_POOL, GPU_POOL
from infra.jobs.workers import WorkerStore
from infra.library.analyses import AnalysisEntry, AnalysisStore, OpenAnalyses
from infra.library.batches import LOST_SECONDS, STARTS, Batch, BatchStore
from infra.prefect_api import PrefectApi
from infra.services import Services

LOOK = "look"
LOOKERS: Mapping[str, str] = {CPU_POOL: "look/cpu", GPU_POOL: "look/gpu"}
"""The deployment of each pool's lookers."""
ANALYSE = "analyse/analyse"
"""The deployment of batches."""
CANCELLED = ("CANCELLED", "CANCELLING")
TURN_SECONDS = 3.0
"""Between two looks whether a render waits for the slot; it has to be seen waiting twice."""
MOST_ANEW = 20
"""Analyses at a time for which a batch is begun anew, as what was to share their media is gone."""

logger = logging.getLogger("kinofarm.lookers")


def ensure_lookers(services: Services) -> int:
    """Start lookers until each pool has one for each analysis that is open, as far as there may be; return how many were started.

    Of the slots for processors one is left to renders, where there is more than one: an analysis of an hour of film that keeps no
    groups is not handed back. Of the machines with a GPU each has one looker: it looks through one film faster than two at once.
    Whoever comes while another counts leaves it to that one: two that count at once would both start what is missing.
    Raises:  KinofarmError FARM-02x, DB-00x.
    """
    store, api, started = services.get(AnalysisStore), services.get(PrefectApi), 0
    with alone(store.engine, "lookers") as mine:
        for pool, waiting in store.open().items() if mine else ():
            if not waiting.free or pool not in LOOKERS or _renders_wait(services, pool):
                continue
            missing = _wanted(services, pool, waiting) - len(api.runs([pool], flow=LOOK))
            for _ in range(missing):
                api.create_run(LOOKERS[pool], {"pool": pool})
            started += max(0, missing)
    return started


def lookers_soon(services: Services) -> None:
    """Make sure of lookers; where that can't be done now, the keeper does it in a few seconds."""
    try:
        ensure_lookers(services)
    except KinofarmError as away:
        logger.warning("no lookers could be started: %s", away)


def heal(services: Services) -> None:
    """Give up analyses that crash again and again, start lookers for what waits, and batches anew that lost their run.

    Raises:  KinofarmError FARM-02x, DB-00x.
    """
    for given_up in services.get(AnalysisStore).give_up():
        logger.warning("analysis %s is %s: nobody can look it through", given_up.id, given_up.state)
    ensure_lookers(services)
    for batch in services.get(BatchStore).lost():
        _heal(services, batch)
    for row in services.get(AnalysisStore).unwanted(LOST_SECONDS, MOST_ANEW):
        batch = services.get(BatchStore).add(uuid4(), row.path, row.model, row.options, row.submitted_by)
        start_batch(services, batch, row)


def start_batch(services: Services, batch: Batch, entered: AnalysisEntry | None = None) -> None:
    """Have the run of a batch started, which was entered just now.

    Args:    entered: the analysis of a batch that is one file's.
    Raises:  KinofarmError FARM-02x, DB-00x.
    """
    store = services.get(BatchStore)
    if entered is not None:
        store.enter(batch.id, batch.path, entered.id)
    parameters = {"path": batch.path, "batch": str(batch.id)}
    try:
        run = services.get(PrefectApi).create_run(ANALYSE, parameters, idempotency_key=f"{batch.id}-0")
    except KinofarmError as error:
        store.end(batch.id, "failed", error.as_dict())
        raise
    store.has_run(batch.id, run)


def _heal(services: Services, batch: Batch) -> None:
    """See why a batch tells nothing: its run may wait for its turn, be in work still, or be over."""
    batches, api = services.get(BatchStore), services.get(PrefectApi)
    run = None if batch.run_id is None else api.run(batch.run_id)
    if run is not None and run.state not in (*ENDED, *CANCELLED):
        return
    if batch.stop_requested or (run is not None and run.state in CANCELLED):
        batches.stop(batch.id)
        batches.end(batch.id, "stopped")
        return
    if batch.starts >= STARTS:
        batches.end(batch.id, "failed", KinofarmError("ANALYSIS-011", starts=batch.starts).as_dict())
        return
    start = batches.started_again(batch.id)
    if run is None:
        key = f"{batch.id}-{start}"
        parameters = {"path": batch.path, "batch": str(batch.id)}
        batches.has_run(batch.id, api.create_run(ANALYSE, parameters, idempotency_key=key))
    else:
        logger.warning("the run of batch %s is %s: start %d of at most %d", batch.id, run.state, start, STARTS)
        message = f"start {start} after a crash"
        api.set_state(run.id, "SCHEDULED", name="AwaitingRetry", message=message, force=True)


class Turn:
    """Knows whether a looker is to make room: for a render whose shards wait for the slot, or because its machine leaves."""

    def __init__(self, services: Services, pool: str, machine: str) -> None:
        self.services, self.pool, self.machine = services, pool, machine
        self._next = time.monotonic() + TURN_SECONDS
        self._seen_waiting = False
        self._over = False

    def is_over(self) -> bool:
        """Ask, if that is due; once it is over it stays so."""
        if not self._over and time.monotonic() >= self._next:
            self._next = time.monotonic() + TURN_SECONDS
            try:
                waits = _renders_wait(self.services, self.pool)
                self._over = (waits and self._seen_waiting) or self._leaves()
                self._seen_waiting = waits
            except KinofarmError as away:
                logger.warning("whether a render waits is not known: %s", away)
        return self._over

    def _leaves(self) -> bool:
        known = {worker.name: worker for worker in self.services.get(WorkerStore).workers()}
        return self.machine in known and known[self.machine].state != "online"


def left_to_lookers(slots: int) -> int:
    """Return how many of so many slots for processors may be lookers': one is left to renders, where there is more than one."""
    return min(slots, max(1, slots - 1))


def _wanted(services: Services, pool: str, waiting: OpenAnalyses) -> int:
    if pool == GPU_POOL:
        most = services.get(AnalysisStore).machines_on_cuda()
    else:
        most = left_to_lookers(services.get(WorkerStore).slots(pool))
    return min(waiting.free + waiting.taken, most)


def _renders_wait(services: Services, pool: str) -> bool:
    """Whether chunks wait, and so does a shard for a slot."""
    if not services.get(Ledger).waiting(pool):
        return False
    return bool(services.get(PrefectApi).runs([pool], NOT_STARTED, flow=SHARD))
