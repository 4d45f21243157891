"""The command that has a proxy made of a media file: a small film that every browser plays and seeks in."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

from flows.commands.media import MediaNamed, looked_into
from flows.commands.places import address_of, film_name
from flows.commands.projects import Accepted, RenderWanted, submit_render
from infra.commands import Call, Command
from infra.errors import KinofarmError
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

    The same content gives the same job again, and what is in the cache is not encoded anew.

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
    source = address_of(call, file)
    wanted = _small(timeline, picture, source)
    name = film_name(file, "proxy")
    return submit_render(
        call,
        RenderWanted(
            timeline=wanted.model_dump(mode="json"),
            timeline_name=name,
            idempotency_key=f"proxy-{_named(facts, source)}",
        ),
    )


def _small(timeline: Timeline, picture: PictureFacts, source: str) -> Timeline:
    """The film of one clip, at a proxy's size."""
    shown = picture.display_size
    size = media.size_of(shown, min(Fraction(1), SHORT_SIDE / min(shown)))
    export = presets()[PRESET].export
    video = export.video.model_copy(update={"gop": max(1, round(timeline.rate * GOP_SECONDS))})
    export = export.model_copy(update={"size": size, "video": video})
    return media.sourced(timeline, source).model_copy(update={"export": export})


def _named(facts: MediaFacts, source: str) -> str:
    """What tells this proxy from others: the content, and where it is read from."""
    return hashlib.sha256(f"{facts.sha256} {source}".encode()).hexdigest()[:40]


COMMANDS: tuple[Command, ...] = (
    Command("media.proxy", make_proxy, "POST /media/proxy", scope="submit", example={"path": "clip.mp4"}, kind="job"),
)
"""Of this module."""
