"""The command that has a proxy made of a media file: a small film that every browser plays and seeks in."""

from __future__ import annotations

import hashlib
import itertools
from fractions import Fraction
from pathlib import Path

from flows.commands.media import MediaNamed, looked_into
from flows.commands.places import address_of, film_name, roots_for
from flows.commands.projects import Accepted, RenderWanted, submit_film
from infra.cache.store import ChunkStore
from infra.commands import Call, Command
from infra.errors import KinofarmError
from infra.jobs.published import opened_output
from infra.jobs.records import Job
from infra.jobs.store import JobStore
from infra.services import Services
from tasks.compiler.imports import media
from tasks.compiler.model import Timeline
from tasks.compiler.presets import presets
from tasks.media.facts import MediaFacts, PictureFacts

SHORT_SIDE = 540
"""Pixels of a proxy's shorter side, at most: enough to judge a cut by."""
PRESET = "draft"
"""Whose settings a proxy is encoded with: H.264, as browsers play it."""
GOP_SECONDS = Fraction(1, 2)
"""Between key frames: so far a player decodes at most to show the frame that is sought."""


def make_proxy(call: Call, given: MediaNamed) -> Accepted:
    """Have a proxy made of a film: small, with a key frame each half second, rendered in chunks like any other film.

    A content has one proxy: wherever it lies and whoever asks, the answer is the job that makes it or has made it. Where that job failed
    or was cancelled, or its film is there no more, it is made again; what is in the cache is not encoded anew.

    Raises:  KinofarmError MEDIA-014 for what is no film, PATH-0xx, MEDIA-0xx, SECURITY-0xx, FARM-023.
    """
    return proxy_of(call, *looked_into(call, given))


def proxy_of(call: Call, file: Path, facts: MediaFacts) -> Accepted:
    """Have the proxy of a film made whose facts are known.

    Raises:  as `make_proxy`.
    """
    picture = facts.picture()
    if picture is None or picture.still:
        reason = "it has no picture" if picture is None else "it is a single picture"
        raise KinofarmError("MEDIA-014", file=file.name, view="proxy", reason=reason)
    timeline = media.read(file, lambda _: facts).timeline
    small = _small(timeline, picture, address_of(call, file))
    wanted = RenderWanted(timeline=small.model_dump(mode="json"), timeline_name=film_name(file, "proxy"))
    jobs, key = call.services.get(JobStore), _key(facts, small)
    for number in itertools.count():
        name = f"{key}-{number}" if number else key
        known = jobs.job_of_key(name)
        if known is None:
            try:
                return submit_film(call, wanted, key=name, roots=roots_for(call, file))
            except KinofarmError as error:
                known = jobs.job_of_key(name)
                if (
                    error.code != "JOB-004" or known is None
                ):  # another was quicker, with the same content in another place
                    raise
        if not known.ended or _is_there(call.services, known):
            return Accepted(job=known, warnings=())
    raise AssertionError("numbers end")


def _small(timeline: Timeline, picture: PictureFacts, source: str) -> Timeline:
    """The film of one clip, at a proxy's size."""
    shown = picture.display_size
    size = media.size_of(shown, min(Fraction(1), SHORT_SIDE / min(shown)))
    export = presets()[PRESET].export
    video = export.video.model_copy(update={"gop": max(1, round(timeline.rate * GOP_SECONDS))})
    export = export.model_copy(update={"size": size, "video": video})
    return media.sourced(timeline, source).model_copy(update={"export": export})


def _key(facts: MediaFacts, small: Timeline) -> str:
    """What tells a proxy from others: the content, and how it is encoded; not where it lies, nor who asks.

    It has no colon, so that no key that comes over the network can be the same (`key_of`).
    """
    assert small.export is not None
    told = f"{facts.sha256} {small.export.model_dump_json()}"
    return f"proxy-{hashlib.sha256(told.encode()).hexdigest()[:40]}"


def _is_there(services: Services, job: Job) -> bool:
    """Whether a job has made its film, and it still lies where it was published, or in the cache."""
    film = next((each for each in services.get(JobStore).outputs(job.id) if each.kind == "film"), None)
    if job.state != "done" or film is None:
        return False
    if job.film_key is not None and services.get_abstract(ChunkStore).has(job.film_key):
        return True
    try:
        opened_output(film).close()
    except KinofarmError:
        return False
    return True


COMMANDS: tuple[Command, ...] = (
    Command("media.proxy", make_proxy, "POST /media/proxy", scope="submit", example={"path": "clip.mp4"}, kind="job"),
)
"""Of this module."""
