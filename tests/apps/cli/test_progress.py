"""A job's progress in plain lines."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from apps.cli.progress import Lines
from infra.jobs.records import Job, Snapshot

NOW = datetime.now(UTC)
JOB = Job(
    id=uuid4(), state="rendering", project="p", output="o", options={}, submitted_by="", priority=0, idempotency_key=None,
    traceparent=None, warnings=(), error=None, cancel_requested=False, paused=False, frames_done=0, frames_total=100,
    progress=0, film_key=None, restarts=0, accepted_at=NOW, updated_at=NOW, ended_at=None,
)  # fmt: skip


def at(progress: float, **more: Any) -> Snapshot:
    job = JOB.model_copy(update={"progress": progress, "frames_done": round(progress * 100), **more})
    return Snapshot(job=job, states={}, total=1, reused=0, encoded=0, error=None)


def test_a_line_is_printed_for_each_tenth_and_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for hundredth in range(51):
        lines.show(at(hundredth / 100))
    lines.show(at(0.5, state="assembling"))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        *(f"{10 * tenth:3}%  rendering, {10 * tenth} of 100 frames" for tenth in range(6)),
        " 50%  assembling, 50 of 100 frames",
    ]
