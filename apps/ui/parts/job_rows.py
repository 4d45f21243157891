"""Jobs as rows, kept up to date one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from nicegui.element import Element

from apps.ui.live import Live
from apps.ui.parts.words import duration, state_of, title_of
from infra.jobs.records import Job


class JobRows(Element, component="job_rows.js"):
    """A list of jobs.

    Args:    label: of the list, for those who can't see it. selectable: rows can be marked; the event "marked" brings the ids
             of all that are.
    """

    def __init__(self, label: str, jobs: Iterable[Job], live: Live, *, selectable: bool = False) -> None:
        super().__init__()
        self.live = live
        self.shown: list[Job] = []
        self.props["label"] = label
        self.props["selectable"] = selectable
        self.show(jobs)

    def show(self, jobs: Iterable[Job]) -> None:
        """Show these jobs in place of the others."""
        self.shown = list(jobs)
        self.props["rows"] = [row(job, self.live) for job in self.shown]
        self.update()

    def renew(self, changed: Iterable[Any]) -> None:
        """Show those of the jobs that changed as they are now."""
        ids = set(changed)
        news = {job.id: self.live.jobs[job.id] for job in self.shown if job.id in ids and job.id in self.live.jobs}
        if news:
            self.shown = [news.get(job.id, job) for job in self.shown]
            rows = {str(job.id): row(job, self.live) for job in news.values()}
            self.props["rows"] = [rows.get(old["id"], old) for old in self.props["rows"]]
            self.run_method("renew", list(rows.values()))


def row(job: Job, live: Live) -> Mapping[str, Any]:
    """Return what a row shows of a job."""
    kind, words = state_of(job)
    left = live.left_of(job)
    return {
        "id": str(job.id),
        "title": title_of(job),
        "project": PurePath(job.project).name,
        "kind": kind,
        "state": words,
        "done": round(100 * job.progress, 1),
        "frames": job.frames_total,
        "left": f"{duration(left)} left" if left is not None else "",
        "by": job.submitted_by,
        "at": job.accepted_at.isoformat(),
        "ended": job.ended_at.isoformat() if job.ended_at else "",
        "error": f"{job.error.get('code', '')} {job.error.get('message', '')}".strip() if job.error else "",
    }
