"""Numbers and states in words, the same ones on every page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from infra.jobs.records import Job
from infra.jobs.states import ENDED, JobState

STATES: Mapping[JobState, str] = {
    "accepted": "Queued",
    "planned": "Planned",
    "rendering": "Rendering",
    "assembling": "Assembling",
    "verifying": "Verifying",
    "publishing": "Publishing",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}


def state_of(job: Job) -> tuple[str, str]:
    """Return how a job is: a word for style sheets, and the words that are shown."""
    if job.state not in ENDED:
        if job.cancel_requested:
            return "stopping", "Stopping"
        if job.paused:
            return "paused", "Paused"
    return job.state, STATES[job.state]


def title_of(job: Job) -> str:
    """Return what a job is called: its film's name."""
    return PurePath(job.output).name or job.output


def duration(seconds: float) -> str:
    """Return a time as people say it: "8 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 and whole < 600 else "")
    if whole < 48 * 3600:
        return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 >= 60 else "")
    return f"{whole // 86_400} days"


def size(count: float) -> str:
    """Return bytes in decimal units: "1.4 GB"."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"


def count(number: float) -> str:
    """Return a whole number with thin spaces between thousands."""
    return f"{number:,.0f}".replace(",", "\u202f")


def several(number: int, one: str, more: str = "") -> str:
    """Return "1 job", "2 jobs"."""
    return f"{count(number)} {one if number == 1 else more or one + 's'}"


def speed(frames: float) -> str:
    """Return frames a second."""
    return f"{frames:.1f}" if 0 < frames < 10 else count(frames)


def first_up(text: str) -> str:
    """Return a message as a sentence begins."""
    return text[:1].upper() + text[1:]
