"""Crossings: where the sounds of two clips on a track pass into each other, by a transition or by audio-crossfade.

audio-crossfade on a clip is about its cut with the clip that follows it at once; on a track, about every cut. Half of it
lies on each side of the cut, as far as the sources have something to spare there. A cut with a transition has its own.

Units: frames of the timeline, exact; they are made samples where the clips are laid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from tasks.compiler.effects.row import EffectTable
from tasks.compiler.model import Clip, Effect, MediaSource, Timeline, Track
from tasks.compiler.pace import handles
from tasks.media.facts import MediaFacts


class Project(Protocol):
    """What is needed of a checked project."""

    @property
    def timeline(self) -> Timeline: ...
    @property
    def effects(self) -> EffectTable: ...
    def facts(self, clip: Clip) -> MediaFacts: ...


@dataclass(frozen=True)
class Crossing:
    """The passage from one clip's sound to the next one's, over the frames [start, end). wanted: its whole length."""

    start: Fraction
    end: Fraction
    wanted: Fraction


def crossings(project: Project, track: Track) -> Mapping[tuple[str, str], Crossing]:
    """Return a track's crossings by the ids of their two clips; one that has nothing to cross with is empty."""
    found = {
        (join.from_clip, join.to_clip): Crossing(
            Fraction(join.start), Fraction(join.end), Fraction(join.end - join.start)
        )
        for join in track.transitions
    }
    for out, into in pairwise(sorted(track.clips, key=lambda clip: clip.start)):
        if out.end != into.start or (out.id, into.id) in found:
            continue
        wanted = sum(_wanted(project, out.effects), Fraction(0)) or sum(_wanted(project, track.effects), Fraction(0))
        if wanted:
            found[out.id, into.id] = _crossing(project, out, into, wanted * project.timeline.rate)
    return found


def tempo(project: Project, clip: Clip, track: Track) -> Fraction:
    """How much faster a clip's sound plays than its picture: what audio-tempo says on the clip and on its track."""
    factor = Fraction(1)
    for effect in (*clip.effects, *track.effects):
        row = project.effects[effect.kind]
        if row.sounding.tempo is not None:
            factor *= row.sounding.tempo(row.parameters.model_validate(dict(effect.parameters)))
    return factor


def has_sound(project: Project, clip: Clip) -> bool:
    """Whether there is anything to hear of a clip."""
    if not isinstance(clip.source, MediaSource) or clip.freeze:
        return False
    return project.facts(clip).sound(clip.source.audio_stream) is not None


def _wanted(project: Project, effects: tuple[Effect, ...]) -> Iterator[Fraction]:
    for effect in effects:
        row = project.effects[effect.kind]
        if row.sounding.crosses is not None:
            yield row.sounding.crosses(row.parameters.model_validate(dict(effect.parameters)))


def _crossing(project: Project, out: Clip, into: Clip, wanted: Fraction) -> Crossing:
    """As long as wanted, or as the handles are; a clip gives at most the half of itself, so that crossings never meet."""
    cut = Fraction(into.start)
    if not (has_sound(project, out) and has_sound(project, into)):
        return Crossing(cut, cut, Fraction(0))
    rate = project.timeline.rate
    after = max(Fraction(0), handles(out, rate, project.facts(out).duration)[1])
    before = max(Fraction(0), handles(into, rate, project.facts(into).duration)[0])
    half = [wanted / 2, Fraction(out.end - out.start, 2), Fraction(into.end - into.start, 2)]
    return Crossing(cut - min([before, *half]), cut + min([after, *half]), wanted)
