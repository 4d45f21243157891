"""The overview: what the farm does now, how fast, and whether it is well."""

from __future__ import annotations

from collections.abc import Callable

from nicegui.elements.mixins.text_element import TextElement

from apps.ui.house import Visit
from apps.ui.live import Change, Live
from apps.ui.parts.job_rows import JobRows
from apps.ui.parts.tags import empty, icon, link, panel, set_attribute, set_classes, tag
from apps.ui.parts.words import count, duration, first_up, several, size, speed

SERVICES = {
    "database": "Database",
    "prefect": "Prefect server",
    "cache": "Chunk cache",
    "ffmpeg": "ffmpeg",
}
WIDTH, HEIGHT = 240, 44


async def show(visit: Visit) -> None:
    """Draw it, and keep it up to date."""
    live = visit.live
    with tag("header", "", "page-head"):
        tag("h1", "Overview")
        if visit.may("submit"):
            with link("", "/submit", "button primary"):
                icon("submit")
                tag("span", "Submit a project")
    with tag("div", "", "tiles"):
        renewals = [_running(live), _queued(live), _today(live), _speed(live), _load(live), _storage(live)]
    with panel("Recent jobs", "recent"):
        recent = _recent(live)
    with panel("Services", "services"):
        renewals.append(_services(live))

    def changed(change: Change) -> None:
        recent(change)
        for renew in renewals:
            renew()

    visit.follow(changed)


def _tile(name: str, picture: str, target: str = "") -> tuple[TextElement, TextElement]:
    """A tile with a number; returns the number and the line below it."""
    with tag("a", "", "tile", href=target) if target else tag("div", "", "tile"):
        with tag("p", "", "tile-name"):
            icon(picture)
            tag("span", name)
        number = tag("p", "–", "tile-number")
        line = tag("p", "", "tile-line")
    return number, line


def _put(element: TextElement, text: str) -> None:
    if element.text != text:
        element.set_text(text)


def _running(live: Live) -> Callable[[], None]:
    number, line = _tile("Running", "play", "/jobs?state=running")

    def renew() -> None:
        jobs = [job for job in live.jobs.values() if not job.ended and job.state != "accepted"]
        paused = sum(job.paused for job in jobs)
        _put(number, count(len(jobs)) if live.read_at else "–")
        _put(line, f"{paused} paused" if paused else "films in work" if jobs else "nothing in work")

    renew()
    return renew


def _queued(live: Live) -> Callable[[], None]:
    number, line = _tile("Queued", "queue", "/jobs?state=accepted")

    def renew() -> None:
        jobs = [job for job in live.jobs.values() if job.state == "accepted"]
        waiting = sum(pool.waiting for pool in live.status.pools.values()) if live.status else 0
        _put(number, count(len(jobs)) if live.read_at else "–")
        _put(line, f"{several(waiting, 'chunk')} waiting")

    renew()
    return renew


def _today(live: Live) -> Callable[[], None]:
    number, line = _tile("Done in 24 hours", "done", "/jobs?state=done")

    def renew() -> None:
        counts = live.status.jobs if live.status else None
        if counts is None:
            return
        failed = counts.last_day.get("failed", 0)
        _put(number, count(counts.last_day.get("done", 0)))
        told = f"{count(counts.frames_last_day)} frames"
        _put(line, f"{told} · {failed} failed" if failed else told)

    renew()
    return renew


def _speed(live: Live) -> Callable[[], None]:
    with tag("div", "", "tile"):
        with tag("p", "", "tile-name"):
            icon("speed")
            tag("span", "Frames a second")
        number = tag("p", "–", "tile-number")
        with tag("svg", "", "spark", viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none", aria_hidden="true"):
            area = tag("path", "", "spark-area")
            line = tag("path", "", "spark-line")

    def renew() -> None:
        _put(number, speed(live.speeds[-1]))
        path = _curve(list(live.speeds))
        set_attribute(line, "d", path)
        set_attribute(area, "d", f"{path} L{WIDTH},{HEIGHT} L0,{HEIGHT} Z")

    renew()
    return renew


def _curve(values: list[float]) -> str:
    """The line through values, in the frame of the small picture."""
    top = max(1.0, *values)
    step = WIDTH / (len(values) - 1)
    points = (f"{place * step:.1f},{HEIGHT - 2 - (HEIGHT - 6) * value / top:.1f}" for place, value in enumerate(values))
    return "M" + " L".join(points)


def _load(live: Live) -> Callable[[], None]:
    number, line = _tile("Farm load", "workers", "/workers")

    def renew() -> None:
        if live.status is None:
            return
        pools = live.status.pools.values()
        slots, busy = sum(pool.slots for pool in pools), sum(pool.rendering for pool in pools)
        _put(number, f"{100 * busy / slots:.0f} %" if slots else "0 %")
        _put(line, f"{busy} of {several(slots, 'slot')} · {several(live.status.machines, 'machine')}")

    renew()
    return renew


def _storage(live: Live) -> Callable[[], None]:
    number, line = _tile("Storage", "cache", "/cache")

    def renew() -> None:
        if live.cache is None:
            return
        _put(number, size(live.cache.usage.bytes))
        free = f"{size(live.cache.free)} free" if live.cache.free is not None else ""
        _put(line, f"in the cache · {free}" if free else "in the cache")

    renew()
    return renew


def _recent(live: Live) -> Callable[[Change], None]:
    jobs = [live.jobs[job] for job in live.newest if job in live.jobs][:8]
    rows = JobRows("Recent jobs", jobs, live)
    nothing = empty(
        "No jobs yet", "Submit a project, drop one into a watched folder, or run: kinofarm render project.json"
    )
    rows.set_visibility(bool(jobs))
    nothing.set_visibility(not jobs)

    def renew(change: Change) -> None:
        ids = [job for job in live.newest if job in live.jobs][:8]
        if ids != [job.id for job in rows.shown]:
            rows.show(live.jobs[job] for job in ids)
            rows.set_visibility(bool(ids))
            nothing.set_visibility(not ids)
        else:
            rows.renew(change.jobs)

    return renew


def _services(live: Live) -> Callable[[], None]:
    shown: dict[str, tuple[TextElement, TextElement]] = {}
    with tag("ul", "", "health"):
        for name, words in SERVICES.items():
            with tag("li"):
                dot = tag("span", "", "dot unknown", aria_hidden="true")
                tag("span", words, "health-name")
                shown[name] = dot, tag("span", "is being asked", "health-words")
    since = tag("p", "", "note")

    def renew() -> None:
        if live.status is None:
            return
        for one in live.status.services:
            if one.service not in shown:
                continue
            dot, words = shown[one.service]
            set_classes(dot, "dot ok" if one.ok else "dot away")
            told = f"well · {1000 * one.seconds:.0f} ms" if one.ok else first_up(one.error)
            _put(words, told)
            set_attribute(words, "title", one.hint or None)
        if live.status.since is not None and live.read_at:
            _put(since, f"The farm has been up for {duration(live.read_at - live.status.since.timestamp())}.")

    renew()
    return renew
