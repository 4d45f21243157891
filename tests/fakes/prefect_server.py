"""A Prefect server as far as our flows' neighbours see it: runs with states, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from infra.prefect_api import UNFINISHED, Run

POOLS = {
    "render/render": "orchestrator",
    "shard/cpu": "cpu",
    "look/cpu": "cpu",
    "look/gpu": "gpu",
    "analyse/analyse": "orchestrator",
    "reconcile/reconcile": "orchestrator",
}
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


class FakePrefect:
    """What `PrefectApi` offers to dispatch and healing."""

    def __init__(self) -> None:
        self.found: dict[UUID, Run] = {}
        self.flows: dict[UUID, str] = {}
        self.keys: dict[str, UUID] = {}
        self.asked: list[tuple[UUID, str]] = []
        self.requests = 0

    def add(self, state: str, run: UUID | None = None, pool: str = "orchestrator", flow: str = "") -> UUID:
        """Put a run in a state that it has had for an hour."""
        run = run or uuid4()
        self.flows[run] = flow or self.flows.get(run, "shard" if pool != "orchestrator" else "render")
        self.found[run] = Run(id=run, name="r", state=state, state_name=state.title(), pool=pool, since=LONG_AGO)
        return run

    def create_run(
        self,
        deployment: str,
        parameters: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
    ) -> UUID:
        """Start a run."""
        self.requests += 1
        if idempotency_key in self.keys:
            return self.keys[idempotency_key]
        run = self.add("SCHEDULED", pool=POOLS[deployment], flow=deployment.partition("/")[0])
        if idempotency_key:
            self.keys[idempotency_key] = run
        return run

    def run(self, run: UUID) -> Run | None:
        """Return a run."""
        self.requests += 1
        return self.found.get(run)

    def runs(
        self, pools: Sequence[str], states: Sequence[str] = UNFINISHED, *, flow: str | None = None
    ) -> tuple[Run, ...]:
        """Return the runs of these pools in these states, of one flow if it is named."""
        self.requests += 1
        those = [run for run in self.found.values() if run.pool in pools and run.state in states]
        return tuple(run for run in those if flow is None or self.flows[run.id] == flow)

    def set_state(
        self, run: UUID, state: str, *, message: str = "", name: str | None = None, force: bool = False
    ) -> bool:
        """Set a run's state."""
        self.requests += 1
        self.asked.append((run, state))
        self.add(state, run, self.found[run].pool or "")
        return True
