"""Advice: what would make a project better, or quicker to render, of what the compiler knows for sure.

Each suggestion is a code of the catalogue with its words and its place in the timeline; none of them is made up where
nothing is to be gained. Units: frames at the timeline's rate, seconds of media.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import ffmpeg
from pydantic import Field

from infra.errors import KinofarmError
from infra.values import Value
from tasks.compiler.check import CheckedProject
from tasks.compiler.effects.row import EffectRow, Setting
from tasks.compiler.keyframes import Keyframes
from tasks.compiler.layers import Shown, is_seen
from tasks.compiler.limits import planned_limits
from tasks.compiler.model import Clip, Effect, MediaSource, Timeline, Track
from tasks.compiler.notice import Notice, notice
from tasks.compiler.presets import preset_named
from tasks.media.facts import MediaFacts, PictureFacts

OFTEN = 3
"""Clips of a file from which on it is cut often."""
LONG_GOP = Fraction(2)
"""Seconds from keyframe to keyframe from which on seeking into a file costs."""
LARGER = Fraction(5, 4)
"""How many times more pixels than the film a picture has before a smaller copy would save anything."""

Gain = Literal["judder", "rendering", "order", "platform"]


class Suggestion(Value):
    """What could be done better."""

    code: str
    gain: Gain = Field(
        description="What it mends or saves: judder, time of rendering, order in the project, a refusal."
    )
    message: str
    hint: str = Field(description="What to do, and what it brings.")
    where: str = Field(description="The place in the project, or the path of the file.")


def advice(timeline: Timeline, project: CheckedProject, platform: str | None = None) -> tuple[Suggestion, ...]:
    """Return what could be done better.

    Args:    timeline: as it was read, for the places. project: the same, checked. platform: an export preset whose
             platform is to take the film.
    Raises:  KinofarmError CLI-004.
    """
    found = [*_of_media(timeline, project), *_of_tracks(timeline), *_of_clips(timeline, project)]
    found += _of_effects(timeline, project)
    if platform is not None and (limits := preset_named(platform).limits) is not None:
        found += (_suggestion("platform", each) for each in planned_limits(timeline, platform, limits))
    return tuple(found)


def _suggestion(gain: Gain, words: Notice) -> Suggestion:
    return Suggestion(code=words.code, gain=gain, message=words.message, hint=words.hint, where=words.where)


def _of_media(timeline: Timeline, project: CheckedProject) -> Iterator[Suggestion]:
    used: dict[str, int] = {}
    for track in timeline.tracks:
        if track.kind == "video" and track.enabled:
            for clip in track.clips:
                if isinstance(clip.source, MediaSource) and not clip.freeze:
                    used[clip.source.path] = used.get(clip.source.path, 0) + 1
    for path, clips in used.items():
        facts = project.media[path].facts
        picture = facts.picture()
        if picture is not None and not picture.still:
            yield from _of_file(path, clips, facts, picture, timeline)


def _of_file(
    path: str, clips: int, facts: MediaFacts, picture: PictureFacts, timeline: Timeline
) -> Iterator[Suggestion]:
    file, rate = Path(path).name, timeline.rate
    told: dict[str, Any] = {"file": file, "clips": clips}
    if not picture.on_grid and not picture.constant_rate:
        yield _suggestion("judder", notice("ADVICE-003", path, **told))
    elif picture.rate is not None and picture.rate != rate:
        yield _suggestion("judder", notice("ADVICE-001", path, **told, has=_number(picture.rate), wanted=_number(rate)))
    width, height = picture.display_size
    if width * height > LARGER * timeline.size.width * timeline.size.height:
        sizes = f"{float(width):g} x {float(height):g}", f"{timeline.size.width} x {timeline.size.height}"
        yield _suggestion("rendering", notice("ADVICE-002", path, **told, has=sizes[0], wanted=sizes[1]))
    if picture.keyframe_gap >= LONG_GOP and clips >= OFTEN:
        gap = picture.keyframe_gap
        words = notice("ADVICE-004", path, **told, gap=_number(gap), saves=_number(gap * clips))
        yield _suggestion("rendering", words)


def _of_tracks(timeline: Timeline) -> Iterator[Suggestion]:
    for number, track in enumerate(timeline.tracks):
        where, named = f"tracks[{number}]", _track_named(track)
        if not track.clips:
            yield _suggestion("order", notice("ADVICE-007", where, track=named))
        elif not track.enabled or (track.kind == "audio" and track.volume == 0):
            yield _suggestion("order", notice("ADVICE-006", where, track=named, clips=len(track.clips)))


def _of_clips(timeline: Timeline, project: CheckedProject) -> Iterator[Suggestion]:
    shown = Shown(project)
    above = _fills_above(shown)
    for row, track in enumerate(timeline.tracks):
        if not track.enabled:
            continue
        for position, clip in enumerate(track.clips):
            where = f"tracks[{row}].clips[{position}]"
            named = {"clip": f'"{clip.name or clip.id}"', "track": _track_named(track)}
            joined = any(clip.id in (join.from_clip, join.to_clip) for join in track.transitions)
            seen = track.kind == "video" and (joined or is_seen(project, clip))
            if not seen and not _is_heard(clip, track, project):
                yield _suggestion("order", notice("ADVICE-008", where, **named))
            items = [
                each for each in shown.items if each.track.id == track.id and clip.id in (c.id for c in each.clips)
            ]
            if seen and items and all(_inside((each.start, each.end), above[each.level]) for each in items):
                yield _suggestion("order", notice("ADVICE-005", where, **named))


def _fills_above(shown: Shown) -> dict[int, list[tuple[int, int]]]:
    """For each level the stretches that something above it hides, those that touch as one."""
    levels = sorted({item.level for item in shown.items}, reverse=True)
    found: dict[int, list[tuple[int, int]]] = {}
    held: list[tuple[int, int]] = []
    for level in levels:
        found[level] = held
        fills = [(item.start, item.end) for item in shown.items if item.level == level and item.fills]
        held = _joined(sorted([*held, *fills]))
    return found


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    for start, end in spans:
        if made and start <= made[-1][1]:
            made[-1] = made[-1][0], max(made[-1][1], end)
        else:
            made.append((start, end))
    return made


def _inside(span: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in spans)


def _is_heard(clip: Clip, track: Track, project: CheckedProject) -> bool:
    if not isinstance(clip.source, MediaSource) or clip.freeze or track.volume == 0:
        return False
    loud = clip.volume > 0 or any(key.value > 0 for key in clip.keyframes.get("volume", ()))
    return loud and project.facts(clip).sound(clip.source.audio_stream) is not None


def _of_effects(timeline: Timeline, project: CheckedProject) -> Iterator[Suggestion]:
    for row, track in enumerate(timeline.tracks):
        places = [(f"tracks[{row}]", track.effects, f"the track {_track_named(track)}")]
        for position, clip in enumerate(track.clips):
            places.append((f"tracks[{row}].clips[{position}]", clip.effects, f'the clip "{clip.name or clip.id}"'))
        for where, effects, owner in places:
            for number, effect in enumerate(effects):
                if _changes_nothing(effect, project.effects[effect.kind]):
                    words = notice("ADVICE-009", f"{where}.effects[{number}]", effect=effect.kind, owner=owner)
                    yield _suggestion("order", words)


def _changes_nothing(effect: Effect, row: EffectRow) -> bool:
    """Does it hand its picture or sound back as it was? What needs a file or another track to answer is left in peace."""
    sounding = row.sounding
    if any(each is not None for each in (sounding.key, sounding.loudness, sounding.tempo, sounding.crosses)):
        return False
    if any(_varies(keys) for keys in effect.keyframes.values()):
        return False
    held = {name: keys[0].value for name, keys in effect.keyframes.items()}
    stream = ffmpeg.input("nothing")
    setting = Setting(rate=Fraction(25), width=64, height=64, frames=25, samples=48_000)
    try:
        parameters = row.parameters.model_validate({**effect.parameters, **held})
        return row.build(stream, parameters, setting) is stream
    except (LookupError, ValueError, KinofarmError):
        return False


def _varies(keys: Keyframes) -> bool:
    return any(one.value != other.value for one, other in pairwise(keys))


def _track_named(track: Track) -> str:
    return f'"{track.name or track.id}"'


def _number(value: Fraction) -> str:
    return f"{float(value):.3f}".rstrip("0").rstrip(".")
