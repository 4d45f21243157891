"""Check: hold a timeline against its media and the tables before anything is planned, contacted or written.

What passes here can be planned: every source exists, lies in a root, is media and long enough; clips on a track
don't overlap but where a transition joins them; transitions have their handles; every name is in its table.

`where` in an error is the place in the model: tracks[1].clips[3].source_start.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from infra.errors import KinofarmError
from tasks.compiler.applied import applied, check_effects
from tasks.compiler.crossings import crossings, has_sound, tempo
from tasks.compiler.effects import EFFECTS
from tasks.compiler.effects.row import EffectTable
from tasks.compiler.exports import check_export
from tasks.compiler.fit import Fit, Resting, rest_clip, rest_frame
from tasks.compiler.keys import check_keys
from tasks.compiler.model import Clip, Effect, MediaSource, Timeline, TitleSource, Track, Transition
from tasks.compiler.moving import places
from tasks.compiler.notice import Notice, notice
from tasks.compiler.pace import handles, source_time
from tasks.compiler.signals import tagged
from tasks.compiler.transitions import TRANSITIONS
from tasks.compiler.transitions.row import TransitionRow
from tasks.compiler.unfold import unfolded
from tasks.filesystem.roots import MediaRoots
from tasks.media.colour_table import ColourTable, read_colour_table
from tasks.media.facts import MediaFacts
from tasks.media.numbered import refuse_on_a_timeline
from tasks.security.formats import PILLOW

LARGEST = 16_384
"""Longest side, in pixels, to which a picture may be scaled: ffmpeg's scalers refuse much more."""

MOST_PIXELS = 2**27
"""Pixels that a scaled or turned picture may have: ffmpeg refuses pictures of twice as many."""


_NOT_THERE = ("PATH-001", "PATH-002", "PATH-009", "PATH-011", "PATH-013")
"""Missing here or in its bucket, outside of every root, and a path of another machine: the clip has no file here."""

_NAMED = 12
"""Clips whose missing files one error names."""


@dataclass(frozen=True)
class Media:
    """A media file of the project: where it lies, its state when it was read, and its facts."""

    path: Path
    modified_ns: int
    facts: MediaFacts


@dataclass(frozen=True)
class CheckedProject:
    """A timeline that can be planned, with its media and look-up tables by the path that the project writes."""

    timeline: Timeline
    media: Mapping[str, Media]
    effects: EffectTable
    warnings: tuple[Notice, ...] = field(default=())
    tables: Mapping[str, ColourTable] = field(default_factory=dict)

    def facts(self, clip: Clip) -> MediaFacts:
        """The facts of a media clip's file."""
        assert isinstance(clip.source, MediaSource)
        return self.media[clip.source.path].facts


def check(
    timeline: Timeline,
    roots: MediaRoots,
    probe: Callable[[Path], MediaFacts],
    effects: EffectTable = EFFECTS,
) -> CheckedProject:
    """Hold a timeline against its media and the tables.

    Args:    roots: where media may lie. probe: reads a file's facts; called once for each path. effects: the effect table.
    Returns: the project, ready to be planned, with what its author should know.
    Raises:  KinofarmError CHECK-0xx, PATH-0xx, MEDIA-0xx, SECURITY-0xx, with the place in the model.
    """
    warnings: list[Notice] = [*check_export(timeline)]
    whole = unfolded(timeline)
    timeline = whole.timeline
    media: dict[str, Media] = {}
    tables: dict[str, ColourTable] = {}
    for track, at, clips_at in zip(timeline.tracks, whole.tracks, whole.clips, strict=True):
        for clip, where in zip(track.clips, clips_at, strict=True):
            if isinstance(clip.source, MediaSource) and clip.source.path not in media:
                media[clip.source.path] = _read(clip.source, where, timeline, roots, probe)
            warnings += _check_clip(clip, track, timeline, media, where)
            check_effects(clip.effects, clip.end - clip.start, effects, _named(clip), where)
            _read_tables(clip.effects, effects, roots, tables, where)
        owner = f'track "{track.name or track.id}"'
        check_effects(track.effects, timeline.duration, effects, owner, at)
        _read_tables(track.effects, effects, roots, tables, at)
        warnings += _check_order(track, timeline, media, at, clips_at)
    for number, subtitle in enumerate(timeline.subtitles):
        _check_range(subtitle.start, subtitle.end, timeline, f"subtitle {number + 1}", f"subtitles[{number}]")
    check_keys(timeline, effects)
    timeline = applied(timeline, effects)
    project = CheckedProject(timeline, media, effects, tables=tables)
    for track, clips_at in zip(timeline.tracks, whole.clips, strict=True):
        warnings += _check_sound(project, track, clips_at)
    return replace(project, warnings=tuple(warnings))


def _read(
    source: MediaSource, where: str, timeline: Timeline, roots: MediaRoots, probe: Callable[[Path], MediaFacts]
) -> Media:
    place = f"{where}.source.path"
    try:
        if source.offline:
            raise KinofarmError("PATH-001", path=source.path, base=str(roots.base), clips="")
        path = roots.resolve(source.path, where=place)
    except KinofarmError as error:
        if error.code not in _NOT_THERE:
            raise
        refuse_on_a_timeline(Path(source.path), place)
        clips = ", ".join(missing_clips(timeline, roots))
        raise KinofarmError(error.code, where=place, **{**error.params, "clips": f"no file for {clips}"}) from None
    try:
        modified = path.stat().st_mtime_ns
        facts = probe(path)
    except OSError as error:
        reason = error.strerror or "an input error"
        raise KinofarmError("MEDIA-009", where=place, file=path.name, reason=reason) from None
    except KinofarmError as error:
        raise KinofarmError(error.code, where=place, **dict(error.params)) from error
    if facts.demuxer in PILLOW:
        raise KinofarmError("MEDIA-013", where=place, file=path.name)
    return Media(path, modified, facts)


def _read_tables(
    applied: tuple[Effect, ...], table: EffectTable, roots: MediaRoots, found: dict[str, ColourTable], where: str
) -> None:
    """Read the look-up tables that effects name, each path once."""
    for number, effect in enumerate(applied):
        row = table[effect.kind]
        for name in row.files:
            place = f"{where}.effects[{number}].parameters.{name}"
            path = str(getattr(row.parameters.model_validate(dict(effect.parameters)), name))
            if path in found:
                continue
            file = roots.resolve(path, where=place)
            try:
                found[path] = read_colour_table(file)
            except KinofarmError as error:
                raise KinofarmError(error.code, where=place, **dict(error.params)) from error


def missing_clips(timeline: Timeline, roots: MediaRoots) -> list[str]:
    """Return the names of the clips whose files are not there, and after the first dozen how many more there are."""
    found, known = [], {}
    for track in timeline.tracks:
        for clip in track.clips:
            if isinstance(clip.source, MediaSource):
                path = clip.source.path
                if path not in known:
                    known[path] = clip.source.offline or not is_there(path, roots)
                if known[path]:
                    found.append(_named(clip))
    return found if len(found) <= _NAMED else [*found[:_NAMED], f"{len(found) - _NAMED} more"]


def is_there(path: str, roots: MediaRoots) -> bool:
    """Say whether a path leads to a file in the media roots, be it one that can be played or not."""
    try:
        roots.resolve(path)
    except KinofarmError as error:
        return error.code not in _NOT_THERE
    return True


def _check_range(start: int, end: int, timeline: Timeline, what: str, where: str) -> None:
    if end <= start:
        raise KinofarmError("CHECK-001", where=f"{where}.end", what=what, start=start, end=end)
    if end > timeline.duration:
        raise KinofarmError("CHECK-002", where=f"{where}.end", what=what, end=end, duration=timeline.duration)


def _check_clip(
    clip: Clip, track: Track, timeline: Timeline, media: Mapping[str, Media], where: str
) -> Iterator[Notice]:
    _check_range(clip.start, clip.end, timeline, _named(clip), where)
    if isinstance(clip.source, TitleSource):
        if track.kind == "audio":
            raise KinofarmError("CHECK-003", where=f"{where}.source", clip=_named(clip))
        _check_sizes(clip, lambda part: rest_frame(part, timeline.size), "the title", where)
        return
    facts = media[clip.source.path].facts
    file = Path(clip.source.path).name
    picture = facts.picture() if track.kind == "video" else None
    sound = facts.sound(clip.source.audio_stream)
    if clip.source.audio_stream is not None and sound is None:
        raise KinofarmError(
            "CHECK-004",
            where=f"{where}.source.audio_stream",
            clip=_named(clip),
            file=file,
            wanted=clip.source.audio_stream,
            has=len(facts.sounds),
        )
    if track.kind == "audio" and sound is None:
        raise KinofarmError("CHECK-005", where=f"{where}.source.path", clip=_named(clip), file=file)
    if picture is not None:
        _check_sizes(clip, lambda part: rest_clip(part, picture, timeline.size), file, where)
        if tagged(picture.transfer).high and timeline.export.video.hdr is None:
            yield notice("CHECK-901", where, clip=_named(clip), file=file, transfer=picture.transfer)
    if picture is not None and picture.still:
        return
    ends = source_time(clip, clip.end - clip.start, timeline.rate)
    if ends > facts.duration + 1 / timeline.rate:
        raise KinofarmError(
            "CHECK-007",
            where=f"{where}.end",
            clip=_named(clip),
            file=file,
            track=track.name or track.id,
            needs=round(float(ends), 3),
            has=round(float(facts.duration), 3),
        )
    if picture is not None and ends > picture.end + 1 / timeline.rate:
        yield notice("CHECK-902", where, clip=_named(clip), file=file, seconds=round(float(ends - picture.end), 2))


def _check_sizes(clip: Clip, rest: Callable[[Clip], Resting], file: str, where: str) -> None:
    """Refuse a crop that leaves nothing of the picture, and a picture that becomes too large at any time."""
    try:
        for _, place in places(clip, rest):
            _check_size(place, clip, where)
    except ValueError:
        raise KinofarmError("CHECK-006", where=f"{where}.crop", clip=_named(clip), file=file) from None


def _check_size(place: Fit, clip: Clip, where: str) -> None:
    for width, height in (place.scaled, (place.box.width, place.box.height)):
        if max(place.scaled) > LARGEST or width * height > MOST_PIXELS:
            raise KinofarmError(
                "CHECK-008",
                where=f"{where}.transform",
                clip=_named(clip),
                width=width,
                height=height,
                largest=LARGEST,
                most=MOST_PIXELS,
            )


def _check_sound(project: CheckedProject, track: Track, places: Sequence[str]) -> Iterator[Notice]:
    """Say which sounds have less to play than their effects ask for."""
    timeline = project.timeline
    place = {clip.id: where for clip, where in zip(track.clips, places, strict=True)}
    for (out, into), crossing in crossings(project, track).items():
        if crossing.end - crossing.start < crossing.wanted - 1:
            yield notice(
                "CHECK-920",
                place[into],
                first=out,
                second=into,
                wanted=round(float(crossing.wanted / timeline.rate), 2),
                seconds=round(float((crossing.end - crossing.start) / timeline.rate), 2),
            )
    for clip in track.clips:
        factor = tempo(project, clip, track)
        if factor == 1 or not has_sound(project, clip):
            continue
        seconds = (clip.end - clip.start) / timeline.rate
        taken = (source_time(clip, clip.end - clip.start, timeline.rate) - clip.source_start) * factor
        missing = (clip.source_start + taken - project.facts(clip).duration) * seconds / taken
        if missing > 1 / timeline.rate:
            yield notice("CHECK-921", place[clip.id], clip=_named(clip), seconds=round(float(missing), 2))


def _check_order(
    track: Track, timeline: Timeline, media: Mapping[str, Media], where: str, places: Sequence[str]
) -> Iterator[Notice]:
    """Clips in order of time, overlapping only under a transition; each transition between two neighbours."""
    order = sorted(range(len(track.clips)), key=lambda position: (track.clips[position].start, position))
    place = {track.clips[position].id: places[position] for position in order}
    if len(place) != len(track.clips):
        raise KinofarmError("CHECK-012", where=where, track=track.name or track.id)
    follows = {track.clips[a].id: track.clips[b] for a, b in itertools.pairwise(order)}
    joins: dict[tuple[str, str], Transition] = {}
    clips = {clip.id: clip for clip in track.clips}
    for number, transition in enumerate(track.transitions):
        at = f"{where}.transitions[{number}]"
        yield from _check_transition(transition, clips, follows, timeline, media, at)
        if joins.setdefault((transition.from_clip, transition.to_clip), transition) is not transition:
            raise KinofarmError("CHECK-013", where=at, first=transition.from_clip, second=transition.to_clip)
    for clip_id, after in follows.items():
        clip = clips[clip_id]
        join = joins.get((clip.id, after.id))
        if after.start < clip.end and (join is None or (join.start, join.end) != (after.start, clip.end)):
            raise KinofarmError(
                "CHECK-014",
                where=place[after.id],
                first=_named(clip),
                second=_named(after),
                track=track.name or track.id,
                frames=clip.end - after.start,
            )
    windows = sorted((join.start, join.end, join.id) for join in joins.values())
    for (_, end, _), (start, _, name) in itertools.pairwise(windows):
        if start < end:
            raise KinofarmError("CHECK-015", where=where, transition=name, track=track.name or track.id)


def _check_transition(
    transition: Transition,
    clips: Mapping[str, Clip],
    follows: Mapping[str, Clip],
    timeline: Timeline,
    media: Mapping[str, Media],
    where: str,
) -> Iterator[Notice]:
    name = transition.id or transition.kind
    row = TRANSITIONS.get(transition.kind)
    if row is None:
        raise KinofarmError("CHECK-016", where=where, transition=transition.kind)
    _check_range(transition.start, transition.end, timeline, f'transition "{name}"', where)
    out, into = clips.get(transition.from_clip), clips.get(transition.to_clip)
    if out is None or into is None or follows.get(transition.from_clip) is not into or out.end < into.start:
        raise KinofarmError(
            "CHECK-017", where=where, transition=name, first=transition.from_clip, second=transition.to_clip
        )
    overlap = out.end > into.start
    touches = transition.start <= into.start <= transition.end
    within = out.start <= transition.start and transition.end <= into.end
    if (not overlap and not touches) or not within:
        raise KinofarmError(
            "CHECK-018", where=where, transition=name, cut=into.start, start=transition.start, end=transition.end
        )
    yield from _check_handle(transition, out, transition.end - out.end, False, timeline, media, where)
    yield from _check_handle(transition, into, into.start - transition.start, True, timeline, media, where)
    yield from _check_parameters(transition, row, out, into, where)
    seconds = float((transition.end - transition.start) / timeline.rate)
    if row.seconds and not row.seconds[0] <= round(seconds, 3) <= row.seconds[1]:
        yield notice(
            "CHECK-903", where, transition=name, seconds=round(seconds, 2), low=row.seconds[0], high=row.seconds[1]
        )


def _check_parameters(
    transition: Transition, row: TransitionRow, out: Clip, into: Clip, where: str
) -> Iterator[Notice]:
    name = transition.id or transition.kind
    direction = transition.parameters.get("direction")
    if row.directions and direction is not None and direction not in row.directions:
        known = ", ".join(sorted(filter(None, row.directions)))
        raise KinofarmError("CHECK-020", where=where, transition=name, direction=direction, known=known)
    try:
        row.parameters.model_validate(dict(transition.parameters))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        parameter = ".".join(str(part) for part in first["loc"])
        raise KinofarmError(
            "CHECK-050",
            where=f"{where}.parameters.{parameter}",
            transition=name,
            first=_named(out),
            second=_named(into),
            name=parameter,
            why=first["msg"],
        ) from None
    if not row.directions and direction not in (None, "", "center"):
        yield notice("CHECK-930", where, transition=name, kind=transition.kind, direction=direction)


def _check_handle(
    transition: Transition,
    clip: Clip,
    frames: int,
    before: bool,
    timeline: Timeline,
    media: Mapping[str, Media],
    where: str,
) -> Iterator[Notice]:
    """Raise CHECK-019 when a clip's source has fewer frames beyond its cut than the transition shows, or say that one is held."""
    if frames <= 0 or isinstance(clip.source, TitleSource):
        return
    facts = media[clip.source.path].facts
    picture = facts.picture()
    if (picture is not None and picture.still) or clip.freeze:
        return
    spare = handles(clip, timeline.rate, facts.duration)[0 if before else 1]
    if before == clip.reverse:  # towards the end of the file, where a frame's length is lost in rounding
        spare += 1
    if frames <= spare:
        return
    name, has = transition.id or transition.kind, max(0, int(spare))
    side = "before its in point" if before else "after its out point"
    if not timeline.freeze_handles:
        raise KinofarmError(
            "CHECK-019", where=where, transition=name, clip=_named(clip), needs=frames, has=has, side=side
        )
    yield notice("CHECK-931", where, transition=name, clip=_named(clip), frames=frames - has, side=side)


def _named(clip: Clip) -> str:
    return f'clip "{clip.name or clip.id}"'
