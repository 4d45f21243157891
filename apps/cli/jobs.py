"""Commands about jobs: jobs, job, cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli import console
from apps.cli.options import AsJson, JobName

if TYPE_CHECKING:
    from infra.jobs.records import Job, JobChunk


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (jobs, job, cancel):
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
    """Show a job: its state, its chunks, what it published and what went wrong."""
    from infra import services
    from infra.jobs.store import JobStore
    from infra.settings import in_force

    with services.opened(in_force()) as container:
        store = container.get(JobStore)
        found = store.job(name)
        chunks, outputs = store.chunks(found.id), store.outputs(found.id)
    if as_json:
        document = job_document(found)
        document["chunks"] = [chunk_document(chunk) for chunk in chunks]
        document["outputs"] = [output.model_dump(mode="json") for output in outputs]
        console.show_json(document)
        return
    console.show(f"job       {found.id}")
    console.show(
        f"state     {found.state}{' (cancel asked for)' if found.cancel_requested and not found.ended else ''}"
    )
    console.show(f"project   {found.project}")
    console.show(f"output    {found.output}")
    console.show(f"progress  {found.progress:.0%}, {found.frames_done} of {found.frames_total} frames")
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


def job_document(found: Job) -> dict[str, Any]:
    """Return a job as JSON values."""
    return found.model_dump(mode="json")


def chunk_document(chunk: JobChunk) -> dict[str, Any]:
    """Return a job's chunk as JSON values."""
    return chunk.model_dump(mode="json", exclude={"result"})
