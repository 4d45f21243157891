"""Where the source times of an interchange file count from, once the files themselves are known.

An EDL, or a clip without an available range, names a moment of its source by timecode. A file that has a timecode of its
own settles that; otherwise, where a clip would begin beyond its file, the earliest moment used of the file is its first.

Source: docs/adr/0016-what-interchange-files-leave-open.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

from infra.errors import KinofarmError
from tasks.compiler.model import Clip, MediaSource, Timeline
from tasks.filesystem.roots import MediaRoots
from tasks.media.facts import MediaFacts


def settled(timeline: Timeline, roots: MediaRoots, probe: Callable[[Path], MediaFacts]) -> Timeline:
    """Return the timeline with every source time counted from its file's beginning.

    A file that is missing or can't be read leaves its clips as they are: the check names it.
    """
    starts: dict[str, list[Fraction]] = defaultdict(list)
    for source, clip in _unsettled(timeline):
        starts[source.path].append(clip.source_start)
    origins = {path: _origin(path, found, roots, probe) for path, found in starts.items()}
    return counted_from(timeline, origins) if origins else timeline


def counted_from(timeline: Timeline, origins: Mapping[str, Fraction]) -> Timeline:
    """Return the timeline with these moments as the beginnings of their files, for clips of which it is not known."""

    def moved(clip: Clip) -> Clip:
        source = clip.source
        if not isinstance(source, MediaSource) or source.timecode is not None or source.path not in origins:
            return clip
        origin = origins[source.path] if clip.source_start >= origins[source.path] else Fraction(0)
        known = source.model_copy(update={"timecode": origin})
        return clip.model_copy(update={"source": known, "source_start": clip.source_start - origin})

    tracks = (
        track.model_copy(update={"clips": tuple(moved(clip) for clip in track.clips)}) for track in timeline.tracks
    )
    return timeline.model_copy(update={"tracks": tuple(tracks)})


def origin_of(starts: list[Fraction], facts: MediaFacts) -> Fraction:
    """Return the moment that an interchange file calls a file's first, from the moments at which its clips begin."""
    if facts.timecode is not None and facts.timecode <= min(starts):
        return facts.timecode
    still = (picture := facts.picture()) is not None and picture.still
    return min(starts) if max(starts) >= facts.duration and not still else Fraction(0)


def _origin(path: str, starts: list[Fraction], roots: MediaRoots, probe: Callable[[Path], MediaFacts]) -> Fraction:
    try:
        return origin_of(starts, probe(roots.resolve(path)))
    except (KinofarmError, OSError):
        return Fraction(0)


def _unsettled(timeline: Timeline) -> Iterator[tuple[MediaSource, Clip]]:
    for track in timeline.tracks:
        for clip in track.clips:
            if isinstance(clip.source, MediaSource) and clip.source.timecode is None and not clip.source.offline:
                yield clip.source, clip
