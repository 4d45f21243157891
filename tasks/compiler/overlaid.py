"""Overlaid: a film with titles over all that it shows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from tasks.compiler.model import Clip, Timeline, Track
from tasks.subtitles.ass import Title


def overlaid(film: Timeline, titles: Sequence[Title], name: str) -> Timeline:
    """Return a film with one more track, above the others.

    Args:
        titles: one after the other, within the film; none of them overlap.
        name: of the track, and the beginning of its clips' ids; a number is added where it is taken.
    Returns: the film as it is, where there are no titles.
    """
    if not titles:
        return film
    taken = {track.id for track in film.tracks} | {clip.id for track in film.tracks for clip in track.clips}
    free = next(
        one
        for one in itertools.chain((name,), (f"{name}-{number}" for number in itertools.count(2)))
        if not any(other == one or other.startswith(f"{one}:") for other in taken)
    )
    clips = tuple(
        Clip(id=f"{free}:{number}", source=title.source, start=title.start, end=title.end)
        for number, title in enumerate(titles, 1)
    )
    track = Track(id=free, name=name, kind="video", clips=clips)
    return film.model_copy(update={"tracks": (*film.tracks, track)})
