"""The page of a job: how far it is and why not farther, its chunks, its pictures while it renders, and the film."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import PurePath
from typing import Any
from uuid import UUID

from nicegui import context

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.job_chunks import Grid
from apps.ui.job_film import Film
from apps.ui.live import Change
from apps.ui.parts.confirm import Confirm
from apps.ui.parts.tags import button, error_box, facts, link, panel, set_attribute, set_classes, tag
from apps.ui.parts.when import When
from apps.ui.parts.words import count, duration, first_up, speed, state_of, title_of
from infra.errors import KinofarmError
from infra.jobs.commands import JobDetails
from infra.jobs.records import Job
from infra.jobs.states import HIGHEST_PRIORITY, LOWEST_PRIORITY, PHASES, JobState

STAGES: tuple[JobState, ...] = ("accepted", "planned", "rendering", "assembling", "verifying", "publishing", "done")
STAGE_WORDS = ("Accepted", "Planned", "Rendering", "Assembling", "Verifying", "Publishing", "Done")


async def show(visit: Visit, job: str) -> None:
    """Draw it, and keep it up to date.

    Raises:  KinofarmError JOB-002, JOB-003.
    """
    details = await visit.ask(JobDetails, "job.show", job=job)
    page = _JobPage(visit, details)
    await page.draw()


class _JobPage:
    """A job in somebody's browser."""

    def __init__(self, visit: Visit, details: JobDetails) -> None:
        self.visit = visit
        self.job = details.job
        self.details = details
        self.steers = visit.may("operate") or (visit.may("submit") and visit.visitor.name == self.job.submitted_by)

    @property
    def id(self) -> UUID:
        return self.job.id

    async def draw(self) -> None:
        context.client.title = f"{title_of(self.job)} · Kinofarm"
        link("Jobs", "/jobs", "back")
        self._head()
        self.grid = Grid(self.visit, self.job)
        context.client.on_delete(self.visit.live.watch(self.id))
        with tag("div", "", "job"):
            with tag("div", "", "job-main"):
                with panel(classes="job-progress") as self.progress_panel:
                    self._stages()
                    self._progress()
                self.error = tag("div", "", "job-error")
                self.waits = tag("div", "", "job-waits")
                self.film = Film(self.visit, self.job, self.details.outputs)
                self.film.draw()
                await self.grid.draw()
            with tag("aside", "", "job-side", aria_label="About the job"):
                self._about()
        self._show_error()
        self._show_waits(self.details.waits)
        self._renew()
        self.visit.follow(self._changed)

    def _head(self) -> None:
        with tag("header", "", "page-head"):
            with tag("div", "", "job-title"):
                tag("h1", title_of(self.job))
                self.badge = tag("span", "", "badge")
            if self.steers:
                self._actions()

    def _actions(self) -> None:
        self.confirm = Confirm()
        with tag("div", "", "actions"):
            self.pause = button("Pause", self._doing("pause", "paused: what is in work is finished first"), "", "pause")
            self.resume = button("Resume", self._doing("resume", "goes on"), "primary", "play")
            self.retry = button("Retry", self._doing("retry", "started again; only what is missing is made"), "primary", "again")  # fmt: skip
            self.cancel = button("Cancel", self._cancel, "danger", "stop")

    def _stages(self) -> None:
        self.steps = []
        with tag("ol", "", "stages", aria_label="Stages"):
            for words in STAGE_WORDS:
                with tag("li", "", "stage") as step:
                    tag("span", "", "stage-dot", aria_hidden="true")
                    tag("span", words, "stage-name")
                self.steps.append(step)

    def _progress(self) -> None:
        with tag("div", "", "job-bar"):
            with tag("div", "", "bar large", role="progressbar", aria_label="Progress", aria_valuemin=0, aria_valuemax=100) as self.bar:  # fmt: skip
                self.fill = tag("span", "", "fill")
            with tag("p", "", "job-numbers", aria_live="off"):
                self.percent = tag("strong", "")
                self.numbers = tag("span", "")

    def _about(self) -> None:
        job = self.job
        with panel("About"):
            options = {name: value for name, value in job.options.items() if value not in (None, "", [], {})}
            also = options.pop("also", None)
            ahead = not options.pop("publish", True)
            rows = [
                ("Submitted by", job.submitted_by or "–"),
                ("Project", PurePath(job.project).name),
                ("Film", "None: its chunks are rendered ahead" if ahead else job.output),
            ]
            rows += [(first_up(name.replace("_", " ")), str(value)) for name, value in options.items()]
            if also:
                rows.append(("Also", ", ".join(str(each.get("name", "")) for each in also)))
            rows += [("Id", str(job.id))]
            facts(rows, "stacked")
            with tag("dl", "", "facts stacked"):
                with tag("div"):
                    tag("dt", "Submitted")
                    with tag("dd"):
                        When(job.accepted_at)
                with tag("div") as self.took_row:
                    tag("dt", "Took")
                    self.took = tag("dd", "")
            if self.steers:
                self._priority()
        warnings = [warning for warning in job.warnings if isinstance(warning, dict)]
        if warnings:
            with panel("Warnings", note=f"{len(warnings)} of this project"), tag("ul", "", "warnings"):
                for warning in warnings:
                    with tag("li"):
                        tag("code", str(warning.get("code", "")), "code")
                        tag("span", str(warning.get("message", "")))
                        if warning.get("where"):
                            tag("span", f"in {warning['where']}", "sub")

    def _priority(self) -> None:
        async def given(event: Any) -> None:
            try:
                wanted = int(event.args)
            except (TypeError, ValueError):
                return
            await self._do("reprioritise", f"has the priority {wanted}", priority=wanted)

        with tag("div", "", "field inline priority") as self.priority_row:
            tag("label", "Priority", for_="job-priority")
            self.priority = tag(
                "input",
                "",
                "",
                type="number",
                min=LOWEST_PRIORITY,
                max=HIGHEST_PRIORITY,
                step=1,
                value=self.job.priority,
            )
            set_attribute(self.priority, "id", "job-priority")
            self.priority.on("change", given, js_handler="(e) => e.target.reportValidity() && emit(e.target.value)")

    def _changed(self, change: Change) -> None:
        found = self.visit.live.jobs.get(self.id)
        if self.id in change.chunks:
            self.grid.renew(change.chunks[self.id])
        if self.id in change.jobs and found is not None:
            ended = found.ended and not self.job.ended
            opened = self.job.ended and not found.ended
            self.job = found
            self._show_error()
            if ended or opened:
                self.visit.later(self._read)
        if not self.job.ended or self.id in change.jobs:
            self._renew()
        if self.id in change.chunks:
            self.film.renew(self.job, self.visit.live.chunks(self.id), change.chunks[self.id])
            self._show_waits(self.visit.live.waits(self.id))

    async def _read(self) -> None:
        """The job has ended, or goes on: show what it published."""
        try:
            self.details = await self.visit.ask(JobDetails, "job.show", job=str(self.id))
        except KinofarmError:
            return
        self.job = self.details.job
        self._show_waits(self.details.waits)
        self._show_error()
        self._renew()
        self.film.published(self.job, self.details.outputs)

    def _show_waits(self, reasons: tuple[Any, ...]) -> None:
        told = [(one.message, one.hint) for one in reasons] if not self.job.ended else []
        if told == getattr(self, "told_waits", None):
            return
        self.told_waits = told
        self.waits.clear()
        if not told:
            return
        with self.waits, panel("Why is it waiting?", "why"), tag("ul", "", "reasons"):
            for message, hint in told:
                with tag("li"):
                    tag("p", first_up(message))
                    if hint:
                        tag("p", first_up(hint), "sub")

    def _show_error(self) -> None:
        error = dict(self.job.error) if self.job.error else None
        if error == getattr(self, "told_error", None):
            return
        self.told_error = error
        self.error.clear()
        if error is not None:
            with self.error:
                error_box(error, "large")

    def _renew(self) -> None:
        job, live = self.job, self.visit.live
        kind, words = state_of(job)
        set_classes(self.badge, f"badge {kind}")
        if self.badge.text != words:
            self.badge.set_text(words)
        reached = _reached(job)
        for place, step in enumerate(self.steps):
            now = place == reached
            done = place < reached or job.state == "done"
            set_classes(step, "stage done" if done else f"stage now {kind}" if now else "stage")
            set_attribute(step, "aria-current", "step" if now else None)
        set_classes(self.fill, f"fill {kind}")
        self.fill.style(f"transform: scaleX({job.progress:.4f})")
        set_attribute(self.bar, "aria-valuenow", int(100 * job.progress))
        percent, numbers = f"{int(100 * job.progress)} %", self._numbers(live.speed_of(job), live.left_of(job))
        if self.percent.text != percent:
            self.percent.set_text(percent)
        if self.numbers.text != numbers:
            self.numbers.set_text(numbers)
        if job.ended_at is not None:
            self.took.set_text(duration((job.ended_at - job.accepted_at).total_seconds()))
        self.took_row.set_visibility(job.ended_at is not None)
        if self.steers:
            self.pause.set_visibility(not job.ended and not job.paused and not job.cancel_requested)
            self.resume.set_visibility(not job.ended and job.paused and not job.cancel_requested)
            self.retry.set_visibility(job.state == "failed")
            self.cancel.set_visibility(not job.ended and not job.cancel_requested)
            self.priority_row.set_visibility(not job.ended)

    def _numbers(self, frames: float, left: float | None) -> str:
        job = self.job
        told = [f"{count(job.frames_done)} of {count(job.frames_total)} frames"] if job.frames_total else []
        if job.state == "rendering" and frames > 0:
            told.append(f"{speed(frames)} frames/s")
        if left is not None:
            told.append(f"about {duration(left)} left")
        return " · ".join(told)

    def _doing(self, deed: str, words: str) -> Callable[[], Awaitable[None]]:
        return lambda: self._do(deed, words)

    async def _cancel(self) -> None:
        self.confirm.ask(
            f"Cancel {title_of(self.job)}?",
            "What is finished stays in the cache: the same project rendered again goes on from there.",
            "Cancel the job",
            self._doing("cancel", "is being cancelled"),
        )

    async def _do(self, deed: str, words: str, **more: Any) -> None:
        try:
            self.job = await self.visit.ask(Job, f"job.{deed}", job=str(self.id), **more)
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")
            return
        say(f"{title_of(self.job)} {words}")
        self.visit.live.jobs[self.id] = self.job
        self._renew()
        self._show_error()


def _reached(job: Job) -> int:
    """The place of the stage that a job is in, or in which it was when it failed or was cancelled."""
    if job.state in STAGES:
        return STAGES.index(job.state)
    if not job.frames_total:
        return 0
    at = [place for place, state in enumerate(STAGES) if state != "done" and PHASES[state][0] <= job.progress]
    return max(2 if job.frames_done else 1, at[-1] if job.progress >= PHASES["assembling"][0] else 0)
