"""Commands about jobs: jobs, job, cancel, pause, resume, retry, reprioritise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from apps.cli import console
from apps.cli.options import AsJson, JobName
from infra.jobs.states import HIGHEST_PRIORITY, LOWEST_PRIORITY

if TYPE_CHECKING:
    from infra.jobs.records import Job, JobChunk
    from infra.services import Services


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (jobs, job, cancel, pause, resume, retry, reprioritise):
        app.command()(command)


def jobs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the farm's jobs, the newest first."""
    from infra import services
    from infra.jobs.store import JobStore
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        found = container.get(JobStore).jobs(limit)
    if as_json:
        console.show_json([job_document(each) for each in found])
        return
    for each in found:
        console.show(
            f"{str(each.id)[:8]}  {each.state:<10}  {each.progress:4.0%}  {each.accepted_at:%Y-%m-%d %H:%M:%S}  {each.output}"
        )
    if not found:
        console.say("no job yet")


def job(name: JobName, as_json: AsJson = False) -> None:
    """Show a job: its state, why it waits, its chunks, what it published and what went wrong."""
    from infra import services
    from infra.jobs.store import JobStore
    from infra.jobs.waiting import Waiting
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        if as_json:
            console.show_json(whole_document(container, name))
            return
        store = container.get(JobStore)
        found = store.job(name)
        chunks, outputs = store.chunks(found.id), store.outputs(found.id)
        waits = container.get(Waiting).reasons(found.id)
    console.show(f"job       {found.id}")
    console.show(
        f"state     {found.state}{' (cancel asked for)' if found.cancel_requested and not found.ended else ''}"
    )
    console.show(f"project   {found.project}")
    console.show(f"output    {found.output}")
    console.show(f"progress  {found.progress:.0%}, {found.frames_done} of {found.frames_total} frames")
    for reason in waits:
        console.show(f"waits     {reason.message}")
        if reason.detail:
            console.show(f"          {reason.detail}")
    for output in outputs:
        console.show(f"{output.kind:<9} {output.location} ({output.size} bytes, sha256 {output.sha256[:12]})")
    for chunk in chunks:
        piece = "sound" if chunk.kind == "sound" else f"{chunk.index:03}"
        how = "reused" if chunk.reused else f"attempt {chunk.attempts}" if chunk.attempts else ""
        console.show(
            f"  {piece:<6} {chunk.state:<9} {chunk.frames_done:6}/{chunk.frames:<6} {chunk.key[:12]}  {how}".rstrip()
        )
        if chunk.error and chunk.state == "failed":
            console.show(f"         {chunk.error['code']} {chunk.error['message']}")
    if found.error:
        console.show(console.lines_of(found.error))


def cancel(name: JobName, as_json: AsJson = False) -> None:
    """Cancel a job. What it had finished stays in the cache."""
    from flows.dispatch import stop
    from infra import services
    from infra.jobs.store import JobStore
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        found = stop(container, container.get(JobStore).job(name).id)
    if as_json:
        console.show_json(job_document(found))
    elif found.ended:
        console.say(f"job {str(found.id)[:8]} is {found.state}")
    else:
        console.say(f"job {str(found.id)[:8]} is told to stop")


def pause(name: JobName, as_json: AsJson = False) -> None:
    """Pause a job: what is in work is finished, and nothing new is begun."""
    from flows import dispatch

    _told(name, as_json, dispatch.pause, lambda found: "is paused")


def resume(name: JobName, as_json: AsJson = False) -> None:
    """Let a paused job go on."""
    from flows import dispatch

    _told(name, as_json, partial(dispatch.pause, on=False), lambda found: "goes on")


def retry(name: JobName, as_json: AsJson = False) -> None:
    """Run a failed job again; only what is missing is made."""
    from flows import dispatch

    _told(name, as_json, dispatch.retry, lambda found: "is tried again")


def reprioritise(
    name: JobName,
    priority: Annotated[
        int,
        typer.Argument(min=LOWEST_PRIORITY, max=HIGHEST_PRIORITY, help="Higher is rendered first.", show_default=False),
    ],
    as_json: AsJson = False,
) -> None:
    """Give a job another priority, from its next chunk on."""
    from flows import dispatch

    act = partial(dispatch.reprioritise, priority=priority)
    _told(name, as_json, act, lambda found: f"has priority {found.priority}")


def _told(name: str, as_json: bool, act: Callable[[Services, UUID], Job], words: Callable[[Job], str]) -> None:
    """Do something with a job and say what came of it."""
    from infra import services
    from infra.jobs.store import JobStore
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        found = act(container, container.get(JobStore).job(name).id)
    if as_json:
        console.show_json(job_document(found))
    else:
        console.say(f"job {str(found.id)[:8]} {words(found)}")


def whole_document(container: Services, name: str) -> dict[str, Any]:
    """Return all that is known of a job as JSON values.

    Raises:  KinofarmError JOB-002, JOB-003, DB-00x.
    """
    from infra.jobs.store import JobStore
    from infra.jobs.waiting import Waiting

    store = container.get(JobStore)
    found = store.job(name)
    document = job_document(found)
    document["waits"] = [reason.as_dict() for reason in container.get(Waiting).reasons(found.id)]
    document["chunks"] = [chunk_document(chunk) for chunk in store.chunks(found.id)]
    document["outputs"] = [output.model_dump(mode="json") for output in store.outputs(found.id)]
    return document


def job_document(found: Job) -> dict[str, Any]:
    """Return a job as JSON values."""
    return found.model_dump(mode="json")


def chunk_document(chunk: JobChunk) -> dict[str, Any]:
    """Return a job's chunk as JSON values."""
    return chunk.model_dump(mode="json", exclude={"result"})
