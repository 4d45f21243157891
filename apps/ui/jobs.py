"""The list of jobs: searched, filtered, page by page; and what can be done with many of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from nicegui import context

from apps.ui.frame import say
from apps.ui.house import Visit
from apps.ui.live import Change
from apps.ui.parts.confirm import Confirm
from apps.ui.parts.job_rows import JobRows
from apps.ui.parts.tags import button, empty, error_box, icon, link, set_attribute, tag
from apps.ui.parts.words import several
from flows.commands.steering import BatchDone
from infra.errors import KinofarmError
from infra.jobs.listing import JobPage
from infra.jobs.states import ENDED, JOB_STATES

ON_A_PAGE = 25
RUNNING = tuple(state for state in JOB_STATES if state not in ENDED and state != "accepted")
FILTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("All", ()),
    "running": ("Running", RUNNING),
    "accepted": ("Queued", ("accepted",)),
    "done": ("Done", ("done",)),
    "failed": ("Failed", ("failed",)),
    "cancelled": ("Cancelled", ("cancelled",)),
}
DEEDS = {"pause": "Pause", "resume": "Resume", "retry": "Retry", "cancel": "Cancel"}
DONE = {"pause": "paused", "resume": "resumed", "retry": "started again", "cancel": "cancelled"}
NEW_SECONDS = 1.0
"""After new jobs came, the list is read anew at most so often."""


class _List:
    """The list that one page shows. past: cursors of the pages before this one."""

    def __init__(self, visit: Visit) -> None:
        query = context.client.request.query_params
        self.visit = visit
        self.state = query.get("state", "") if query.get("state", "") in FILTERS else ""
        self.words = query.get("q", "")[:200]
        self.submitter = query.get("by", "")[:200]
        self.after: str | None = None
        self.past: list[str | None] = []
        self.page: JobPage | None = None
        self.marked: list[str] = []
        self.reading = False
        self.turn = 0
        """Counts the times that it was drawn: an answer that comes after a later one is not shown."""
        self.drawn: Callable[[], Awaitable[None]]

    async def read(self) -> JobPage:
        wanted: dict[str, Any] = {"limit": ON_A_PAGE, "state": FILTERS[self.state][1], "q": self.words}
        if self.submitter:
            wanted["submitted_by"] = self.submitter
        if self.after:
            wanted["after"] = self.after
        return await self.visit.look(JobPage, "job.list", **wanted)

    def begin(self) -> None:
        """Back to the first page, as after another filter."""
        self.after, self.past = None, []
        asked = {"state": self.state, "q": self.words, "by": self.submitter}
        query = urlencode({name: value for name, value in asked.items() if value})
        context.client.run_javascript(f"history.replaceState(null, '', '/jobs{'?' + query if query else ''}')")


async def show(visit: Visit) -> None:
    """Draw it, and keep it up to date."""
    listed = _List(visit)
    with tag("header", "", "page-head"):
        tag("h1", "Jobs")
        if visit.may("submit"):
            with link("", "/submit", "button primary"):
                icon("submit")
                tag("span", "Submit a project")
    filters = _filters(listed)
    wrong = tag("div")
    bulk = _bulk(listed) if visit.may("submit") else None
    with tag("div", "", "panel list"):
        rows = JobRows("Jobs", (), visit.live, selectable=bulk is not None)
        nothing = tag("div")
    with tag("nav", "", "pager", aria_label="Pages of the list"):
        earlier = button("Newer", lambda: turn(False), "quiet", "left")
        where = tag("span", "", "note", aria_live="polite")
        later = button("Older", lambda: turn(True), "quiet", "right")
        later.classes("after")

    async def draw() -> None:
        listed.turn += 1
        mine = listed.turn
        try:
            page = await listed.read()
        except KinofarmError as error:
            wrong.clear()
            with wrong:
                error_box(error)
            return
        if mine != listed.turn:
            return
        wrong.clear()
        listed.page = page
        rows.show(page.jobs)
        rows.set_visibility(bool(page.jobs))
        nothing.clear()
        nothing.set_visibility(not page.jobs)
        if not page.jobs:
            with nothing:
                if listed.state or listed.words or listed.submitter or listed.past:
                    empty("No job is like that", "Try fewer words, or another state.", "search")
                else:
                    empty("No jobs yet", "Submit a project, or run: kinofarm render project.json")
        set_attribute(earlier, "disabled", None if listed.past else True)
        set_attribute(later, "disabled", None if page.following else True)
        where.set_text(f"Page {len(listed.past) + 1}" if listed.past or page.following else "")

    async def turn(on: bool) -> None:
        assert listed.page is not None
        if on and listed.page.following:
            listed.past.append(listed.after)
            listed.after = listed.page.following
        elif not on and listed.past:
            listed.after = listed.past.pop()
        await draw()

    async def again() -> None:
        """New jobs came, or some went to another state: read the list anew, soon."""
        await asyncio.sleep(NEW_SECONDS)
        try:
            await draw()
        finally:
            listed.reading = False

    def changed(change: Change) -> None:
        rows.renew(change.jobs)
        gone = any(_leaves(listed, visit, job) for job in change.jobs)
        first = not listed.past and (change.new or gone)
        if (first or listed.page is None) and not listed.reading and not listed.marked:
            listed.reading = True
            visit.later(again)

    listed.drawn = draw
    if bulk is not None:
        rows.on("marked", lambda event: bulk(event.args or []))
    filters(draw)
    await draw()
    visit.follow(changed)


def _leaves(listed: _List, visit: Visit, job: Any) -> bool:
    """Whether a job that changed no longer is, or now is, like those that are shown."""
    states = FILTERS[listed.state][1]
    found = visit.live.jobs.get(job)
    shown = listed.page is not None and any(each.id == job for each in listed.page.jobs)
    return bool(states) and found is not None and (found.state in states) != shown


def _filters(listed: _List) -> Callable[[Callable[[], Awaitable[None]]], None]:
    """The search and the filters; returns what is told how the list is drawn."""
    pressed: dict[str, Any] = {}
    with tag("form", "", "filters", role="search", onsubmit=None) as form:
        with tag("div", "", "field search"):
            tag("label", "Search jobs", "unseen", for_="jobs-search")
            icon("search")
            words = tag("input", "", "", type="search", placeholder="Project, film, submitter or id", value=listed.words, autocomplete="off")  # fmt: skip
            set_attribute(words, "id", "jobs-search")
        with tag("div", "", "field"):
            tag("label", "Submitted by", "unseen", for_="jobs-by")
            icon("person")
            by = tag("input", "", "", type="text", placeholder="Anyone", value=listed.submitter, autocomplete="off")
            set_attribute(by, "id", "jobs-by")
        with tag("div", "", "choices", role="group", aria_label="State"):
            for name, (shown, _) in FILTERS.items():
                pressed[name] = tag("button", shown, "choice", type="button", aria_pressed=_yes(name == listed.state))

    def connect(draw: Callable[[], Awaitable[None]]) -> None:
        async def choose(name: str) -> None:
            listed.state = name
            for each, chosen in pressed.items():
                set_attribute(chosen, "aria-pressed", _yes(each == name))
            listed.begin()
            await draw()

        def choosing(name: str) -> Callable[[], Awaitable[None]]:
            return lambda: choose(name)

        async def search(event: Any) -> None:
            listed.words = str(event.args or "")[:200]
            listed.begin()
            await draw()

        async def of(event: Any) -> None:
            listed.submitter = str(event.args or "")[:200].strip()
            listed.begin()
            await draw()

        typed = "(e) => emit(e.target.value)"
        form.on("submit.prevent", lambda: None, args=[])
        words.on("input", search, js_handler=typed, throttle=0.3, leading_events=False)
        by.on("input", of, js_handler=typed, throttle=0.4, leading_events=False)
        for name, one in pressed.items():
            one.on("click", choosing(name), args=[])

    return connect


def _yes(true: bool) -> str:
    return "true" if true else "false"


def _bulk(listed: _List) -> Callable[[list[str]], None]:
    """What can be done with the marked jobs; returns what is told which are marked."""
    confirm = Confirm()
    with tag("div", "", "bulk", role="region", aria_label="Marked jobs") as bar:
        told = tag("span", "", "bulk-count", aria_live="polite")
        with tag("div", "", "bulk-deeds"):
            for deed, words in DEEDS.items():
                button(words, _doing(listed, confirm, deed), "danger small" if deed == "cancel" else "small")
    bar.set_visibility(False)

    def marked(ids: list[str]) -> None:
        listed.marked = [str(each) for each in ids]
        bar.set_visibility(bool(ids))
        told.set_text(f"{several(len(ids), 'job')} marked")

    return marked


def _doing(listed: _List, confirm: Confirm, deed: str) -> Callable[[], Awaitable[None]]:
    async def carry_out() -> None:
        ids = list(listed.marked)
        try:
            done = await listed.visit.ask(BatchDone, "job.batch", jobs=ids, deed=deed)
        except KinofarmError as error:
            say(f"{error.code}: {error.message}", "wrong")
            return
        refused = [each.error for each in done.results if each.error is not None]
        well = len(done.results) - len(refused)
        if well:
            say(f"{several(well, 'job')} {DONE[deed]}")
        if refused:
            say(f"{several(len(refused), 'job')} not: {refused[0].code} {refused[0].message}", "wrong")
        await listed.drawn()

    async def do() -> None:
        if deed == "cancel":
            confirm.ask(
                f"Cancel {several(len(listed.marked), 'job')}?",
                "What is finished stays in the cache: the same project rendered again goes on from there.",
                "Cancel jobs",
                carry_out,
            )
        else:
            await carry_out()

    return do
