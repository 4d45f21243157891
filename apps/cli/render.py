"""`kinofarm render`: check a project, have it rendered by the farm, and say what came out."""

from __future__ import annotations

import contextlib
import getpass
import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli import console
from apps.cli.farm import KEEP
from apps.cli.options import AsJson, MediaRoots, Preset, Project, Range
from apps.cli.progress import followed
from apps.cli.project import checked_project, media_at_hand, order_of, tell_warnings, way_of
from infra.errors import KinofarmError
from infra.jobs.states import HIGHEST_PRIORITY, LOWEST_PRIORITY, NORMAL_PRIORITY

if TYPE_CHECKING:
    from flows.dispatch import Ready
    from infra.jobs.records import Job
    from infra.services import Services
    from infra.settings import Settings
    from tasks.compiler.check import CheckedProject
    from tasks.compiler.order import Also, Order

Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILM",
        help="The film to write; a folder for pictures one by one.",
        show_default=False,
    ),
]
AlsoFilms = Annotated[
    list[str] | None,
    typer.Option(
        "--also",
        metavar="NAME=FILE",
        help="A further film of the same timeline: NAME is a deliverable of the project, or a preset; repeatable.",
    ),
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait/--no-wait", help="Wait for the film, or return once the job is taken on (needs a farm that is up)."
    ),
]
Follow = Annotated[bool, typer.Option("--follow", help="Tell of every chunk as it is finished, too.")]
Priority = Annotated[
    int, typer.Option("--priority", min=LOWEST_PRIORITY, max=HIGHEST_PRIORITY, help="Higher is rendered first.")
]
IdempotencyKey = Annotated[
    str | None,
    typer.Option("--idempotency-key", metavar="KEY", help="The same key means the same job, however often it is sent."),
]


STOP_SECONDS = 15.0
"""Longest wait for a cancelled job's end."""


def add_to(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(render)


def render(
    project: Project,
    output: Output,
    preset: Preset = None,
    part: Range = None,
    media_roots: MediaRoots = None,
    also: AlsoFilms = None,
    wait: Wait = True,
    follow: Follow = False,
    priority: Priority = NORMAL_PRIORITY,
    idempotency_key: IdempotencyKey = None,
    as_json: AsJson = False,
) -> None:
    """Render a project into a film, with a manifest beside it.

    Works on the farm that is up, and else starts one for as long as it takes. Ctrl-C cancels the job.
    """
    from infra.settings import in_force
    from tasks.compiler.order import check_targets, warnings_of

    settings = in_force()
    order = order_of(project, preset, part, media_roots).model_copy(update={"also": _also(also or [])})
    read, checked = checked_project(order, settings)
    kept = [project, *(media.path for media in checked.media.values())]
    target, *_ = check_targets(read, [output, *(Path(each.output) for each in order.also)], kept)
    tell_warnings(list(warnings_of(read, checked)))
    more = {"priority": priority, "idempotency_key": idempotency_key}
    with interruptible(), reached_farm(settings, standing=not wait) as container:
        document = rendered(container, order, target, more, checked=checked, wait=wait, follow=follow)
    if as_json:
        console.show_json(document)
    elif wait:
        told(document)
    else:
        console.show(document["job"])


def rendered(
    container: Services,
    order: Order,
    target: Path,
    more: dict[str, Any],
    *,
    checked: CheckedProject | None = None,
    wait: bool = True,
    follow: bool = False,
) -> dict[str, Any]:
    """Submit a render and, if it is waited for, follow it to its end; returns what `--json` prints.

    Args:    more: further parameters of the flow. checked: the project as it was checked just now.
    Raises:  JobFailed; KinofarmError CLI-008 when the job was cancelled, by Ctrl-C or by somebody else; FARM-02x, DB-00x.
    """
    from flows.dispatch import stop, submit

    began = time.monotonic()
    parameters = {
        **order.model_dump(mode="json", exclude_none=True),
        "output": str(target),
        "submitted_by": submitter(),
    }
    parameters |= {name: value for name, value in more.items() if value is not None}
    options = order.model_dump(mode="json", exclude={"project"})
    job = submit(container, parameters, options, _ready(container, order, checked))
    console.say(f"job {str(job.id)[:8]}")
    if not wait:
        return {"job": str(job.id)}
    try:
        ended = followed(container, job.id, every_chunk=follow)
    except KeyboardInterrupt:
        console.say("cancelling")
        stop(container, job.id)
        with contextlib.suppress(KeyboardInterrupt):
            followed(container, job.id, quiet=True, timeout=STOP_SECONDS)
        raise KinofarmError("CLI-008", job=str(job.id)[:8]) from None
    return _document(container, ended, time.monotonic() - began)


def told(document: dict[str, Any]) -> None:
    """Say in words what came out."""
    chunks = document["chunks"]
    console.show(f"film      {document['film']}")
    console.show(f"manifest  {document['manifest']}")
    for name, further in document.get("also", {}).items():
        console.show(f"{name:<9} {further['film']}")
    console.say(
        f"{document['frames']} frames in {document['seconds']:.1f} s; {chunks['encoded']} of {chunks['total']} chunks encoded,"
        f" {chunks['reused']} reused"
    )


@contextlib.contextmanager
def reached_farm(settings: Settings, *, standing: bool = False) -> Iterator[Services]:
    """Yield the services of the farm that is up, or of one that lives as long as this block.

    Raises:  KinofarmError FARM-043 when a standing one is needed and none is up; what keeps a farm from starting.
    """
    from infra import farm, services

    own: farm.FarmConnection | None = None
    with contextlib.ExitStack() as stack:
        if farm.connect(settings) is None:
            if standing:
                raise KinofarmError("FARM-043", home=str(settings.home))
            console.say("no farm is up: starting one for this render (about 10 s)")
            own = stack.enter_context(farm.embedded(settings, KEEP))
        container = stack.enter_context(services.opened(settings))
        yield container
        if own is not None and own.state is not None:
            _let_others_finish(container, own.state.started_at)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Within this block SIGTERM is the same as Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _let_others_finish(container: Services, since: datetime) -> None:
    """Wait for the renders that others began on this farm meanwhile: it is about to end, and they would with it."""
    from infra.jobs.states import ENDED, JOB_STATES
    from infra.jobs.store import JobStore

    live = [state for state in JOB_STATES if state not in ENDED]
    told = False
    while any(job.accepted_at >= since for job in container.get(JobStore).jobs(1000, live)):
        if not told:
            console.say("another render works on this farm: waiting for it")
            told = True
        time.sleep(0.5)


def _ready(container: Services, order: Order, checked: CheckedProject | None) -> Ready:
    """Plan the film from here, with what the farm remembers of its media."""
    from flows.dispatch import Ready
    from flows.offers import offer_of
    from infra.cache.store import ChunkStore
    from infra.library.facts import FactsStore
    from infra.settings import Settings
    from tasks.compiler.film import film_key, wanted_chunks, wanted_of
    from tasks.compiler.order import all_planned, warnings_of
    from tasks.media.remembered import remembering

    settings, store = container.get(Settings), container.get(ChunkStore)
    looked_at = {media.path: media.facts for media in checked.media.values()} if checked else {}
    read, hashed = checked_project(
        order,
        settings,
        remembering(container.get(FactsStore), looked_at, media_at_hand(settings).known_as),
        offer_of(container),
    )
    plans = [each.plan for each in all_planned(order, read, hashed, way_of(settings))]
    lacking = [plan for plan in plans if not store.has(film_key(plan))]
    keys = {chunk.key for plan in lacking for chunk in wanted_chunks(plan)}
    missing = len(keys - store.present(keys)) if keys else 0
    return Ready(tuple(wanted_of(plans)), film_key(plans[0]), warnings_of(read, hashed), missing)


def _document(container: Services, job: Job, seconds: float) -> dict[str, Any]:
    from infra.jobs.store import JobStore

    jobs = container.get(JobStore)
    places = {output.kind: output.location for output in jobs.outputs(job.id)}
    mine = {attempt.key for attempt in jobs.attempts(job.id) if attempt.job == job.id and attempt.outcome == "done"}
    chunks = [chunk for chunk in jobs.chunks(job.id) if chunk.kind == "picture"]
    encoded = len({chunk.key for chunk in chunks} & mine)
    names = [kind.partition(":")[2] for kind in places if kind.startswith("film:")]
    also = {name: {"film": places[f"film:{name}"], "manifest": places[f"manifest:{name}"]} for name in names}
    return {
        "job": str(job.id),
        "film": places["film"],
        "manifest": places["manifest"],
        **({"also": also} if also else {}),
        "frames": job.frames_total,
        "chunks": {"total": len(chunks), "reused": len(chunks) - encoded, "encoded": encoded},
        "seconds": round(seconds, 3),
    }


def _also(texts: list[str]) -> tuple[Also, ...]:
    """Read NAME=FILE; the file's path is made absolute.

    Raises:  KinofarmError CLI-012.
    """
    from tasks.compiler.order import Also

    found = []
    for text in texts:
        name, given, file = text.partition("=")
        if not (name and given and file):
            raise KinofarmError("CLI-012", text=text)
        found.append(Also(name=name, output=str(Path(file).absolute())))
    return tuple(found)


def submitter() -> str:
    """Return the user's name, or number where the system has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
