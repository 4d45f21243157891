"""Which encoders on devices a film may be planned with: those that live workers of the farm have proved by a trial."""

from __future__ import annotations

from infra.farm import FarmConnection
from infra.jobs.workers import Worker, WorkerStore
from infra.services import Ffmpeg, Services
from tasks.compiler.encoders.row import EncoderRow
from tasks.compiler.trials import Offer, Trial, here


def offer_of(services: Services) -> Offer:
    """Return what a farm offers; one that lives for a single render offers what its machine has, and nothing is waited for."""
    state = services.get(FarmConnection).state
    if state is not None and state.embedded:
        return here(services.get(Ffmpeg).path)
    workers = services.get(WorkerStore).workers()
    return Offer(lambda row: offered(row, workers), patient=True)


def offered(row: EncoderRow, workers: tuple[Worker, ...]) -> Trial:
    """Return how an encoder does on the workers that take work: well, if it works on one of them."""
    working = [worker for worker in workers if worker.works]
    if any(row.name in worker.encoders for worker in working):
        return Trial(encoder=row.name, family=row.hardware)
    said = [f"{worker.name}: {_reason(worker, row.name)}" for worker in working]
    return Trial(encoder=row.name, family=row.hardware, reason="; ".join(said) or "no machine renders for this farm")


def _reason(worker: Worker, encoder: str) -> str:
    reasons = {trial["encoder"]: trial["reason"] for trial in worker.probe.get("encoders", ())}
    return reasons.get(encoder) or "it was not tried yet"
