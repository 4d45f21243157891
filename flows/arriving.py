"""From a file that arrived in a watched folder to its job.

The door of the watch folders: what the command line does with a project, done for a file, in the same steps.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from flows.dispatch import submit
from flows.library import Library
from flows.offers import offer_of
from infra.events import FileArrived, emit
from infra.jobs.arrivals import Arrival, ArrivalStore
from infra.media_at_hand import MediaAtHand
from infra.media_buckets import MediaBuckets
from infra.sections import WatchedFolder
from infra.services import Services
from infra.settings import Settings
from infra.uploads.library import Uploads
from tasks.compiler.exports import container_of
from tasks.compiler.order import Order, Read, check_targets, examine, read
from tasks.filesystem.scratch import scratch


def arrive(services: Services, folder: WatchedFolder, arrival: Arrival, *, at_once: bool = False) -> None:
    """Check a file and submit its render; doing it again changes nothing.

    Args:    at_once: whatever the folder says, do not leave the start to a trigger.
    Raises:  KinofarmError as a check does, PUBLISH-00x, FARM-02x, JOB-004, DB-00x.
    """
    settings, arrivals = services.get(Settings), services.get(ArrivalStore)
    path = folder.folder.absolute() / PurePosixPath(arrival.name)
    order = Order(project=str(path), preset=folder.preset)
    with scratch(settings.home.absolute() / "scratch", "arrival") as home:
        media = MediaAtHand(lambda: services.get(MediaBuckets), lambda: services.get(Uploads), lambda: home)
        probe = Library(services).remembering(media.known_as)
        project = read(order, settings.home, offer_of(services), probe)
        checked = examine(order, project, settings.media_roots, probe, media)
    kept = [path, *(media.path for media in checked.media.values())]
    (target,) = check_targets(project, [_place(folder, arrival, project, arrivals)], kept)
    parameters = {
        "project": str(path),
        "output": str(target),
        "preset": folder.preset,
        "priority": folder.priority,
        "submitted_by": folder.submitter,
        "idempotency_key": arrival.key,
    }
    start = "run" if at_once else folder.start
    told = FileArrived(arrival=arrival.id, folder=str(folder.folder), file=arrival.name, start=start, **parameters)
    if start == "event":
        arrivals.submitted(arrival.id, str(target))
        emit(told)
        return
    submit(services, parameters, order.model_dump(mode="json", exclude={"project"}))
    arrivals.submitted(arrival.id, str(target))
    emit(told)


def _place(folder: WatchedFolder, arrival: Arrival, project: Read, arrivals: ArrivalStore) -> Path:
    """Where the film goes: the file's own name with the container's suffix, or after all of it where that is taken."""
    name = PurePosixPath(arrival.name)
    suffixes = container_of(project.timeline.export).suffixes
    suffix = suffixes[0] if suffixes else ""
    output = folder.output.absolute()
    place = output / name.with_suffix(suffix)
    if arrivals.taken(arrival, str(place)):
        place = output / f"{name}{suffix or '.film'}"
    return place
