"""Sound that would be heard twice: editors lay a clip's sound on audio tracks, and the picture's file holds it again.

Two clips are the same sound where they play the same file, at the same speed, in step, over a common part of the film.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction

from tasks.compiler.model import Clip, MediaSource, Track


def heard_once(tracks: Sequence[Track], nested: Collection[str], rate: Fraction) -> tuple[Track, ...]:
    """Return the tracks without sound that another track has already.

    A video clip falls silent for an audio track's; so does the sound of a stack that lies on a video track.
    Args:    nested: ids of the audio tracks that came out of stacks on video tracks.
    """
    own = _heard((track for track in tracks if track.kind == "audio" and track.id not in nested), rate)
    every = _heard((track for track in tracks if track.kind == "audio"), rate)
    found = []
    for track in tracks:
        clips = track.clips
        if track.id in nested:
            clips = tuple(clip for clip in clips if not _again(clip, own, rate))
        elif track.kind == "video":
            clips = tuple(_silent(clip) if _again(clip, every, rate) else clip for clip in clips)
        if clips or not track.clips:
            found.append(track.model_copy(update={"clips": clips}))
    return tuple(found)


Heard = dict[tuple[object, ...], list[tuple[int, int]]]


def _heard(tracks: Iterable[Track], rate: Fraction) -> Heard:
    found: Heard = defaultdict(list)
    for track in tracks:
        for clip in track.clips:
            found[_step(clip, rate)].append((clip.start, clip.end))
    return found


def _again(clip: Clip, heard: Heard, rate: Fraction) -> bool:
    spans = heard.get(_step(clip, rate), ())
    return any(start < clip.end and clip.start < end for start, end in spans)


def _step(clip: Clip, rate: Fraction) -> tuple[object, ...]:
    if not isinstance(clip.source, MediaSource):
        return ("", clip.id)
    return clip.source.path, clip.speed, clip.reverse, clip.source_start - clip.start / rate * clip.speed


def _silent(clip: Clip) -> Clip:
    return clip.model_copy(update={"volume": 0.0})
