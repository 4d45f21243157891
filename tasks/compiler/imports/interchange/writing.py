"""The timeline model as OpenTimelineIO: what was imported comes out again the same, what it has no field for as metadata.

Tracks, clips, ranges, gaps, transitions, speed, freeze frames and markers are OpenTimelineIO's own; everything else that the
model says lies under "kinofarm" in the metadata of the object it belongs to, and `timeline` reads it from there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from infra.values import Value
from tasks.compiler.imports.interchange.carried import OURS, WRITTEN
from tasks.compiler.imports.interchange.clips import COLOURS
from tasks.compiler.imports.interchange.references import path_of
from tasks.compiler.model import Clip, Marker, MediaSource, Timeline, TitleSource, Track, Transition

_NAMES = {colour: name for name, colour in COLOURS.items()}


def to_otio(timeline: Timeline) -> str:
    """Return the timeline as the text of an `.otio` file."""
    return _Writing(timeline).text()


class _Writing:
    """One timeline while it is written."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline, self._rate = timeline, timeline.rate
        self._markers: dict[str, list[Marker]] = {}
        for marker in timeline.markers:
            self._markers.setdefault(marker.clip, []).append(marker)

    def text(self) -> str:
        written = _written(self._timeline.metadata)
        film = otio.schema.Timeline(name=self._timeline.name)
        if start := written.get("start"):
            film.global_start_time = otio.opentime.RationalTime(float(start["value"]), float(start["rate"]))
        elif WRITTEN not in self._timeline.metadata:
            film.global_start_time = self._frames(0)
        film.tracks.name = str(written.get("stack", film.tracks.name))
        film.tracks.extend([self._track(track) for track in self._timeline.tracks])
        if not self._timeline.tracks:
            film.tracks.append(otio.schema.Track(kind=otio.schema.TrackKind.Video))
        self._fill(film.tracks[0])
        film.tracks.markers.extend(
            [self._marker(one, Fraction(0), Fraction(1), 0) for one in self._markers.get("", ())]
        )
        ours = _own(self._timeline, "name", "rate", "duration", "tracks", "markers", "metadata", "format")
        film.metadata.update(_metadata(self._timeline.metadata, {"size": self._timeline.size.model_dump(), **ours}))
        return str(film.to_json_string(indent=2))

    def _fill(self, first: Any) -> None:
        """Make the film as long as it is by a gap at the end of its first track, where no track reaches that far."""
        ends = [self._end(track) for track in self._timeline.tracks]
        if max(ends, default=0) < self._timeline.duration:
            first.append(self._gap(self._timeline.duration - (ends[0] if ends else 0)))

    def _end(self, track: Track) -> int:
        last = max((clip.end for clip in track.clips), default=0)
        length = _written(track.metadata).get("length", 0)
        return max(last, length) if isinstance(length, int) and length <= self._timeline.duration else last

    def _track(self, track: Track) -> Any:
        kind = otio.schema.TrackKind.Video if track.kind == "video" else otio.schema.TrackKind.Audio
        made = otio.schema.Track(name=track.name, kind=kind)
        made.enabled = track.enabled
        joins = {join.to_clip: join for join in track.transitions}
        now = 0
        for clip in track.clips:
            join = joins.get(clip.id)
            cut = clip.start if join is None or clip.start >= now else (join.start + join.end) // 2
            begin = max(cut, now)
            if begin > now:
                made.append(self._gap(begin - now))
            if join is not None:
                made.append(self._transition(join, begin))
            end = self._cut_after(clip, track)
            made.append(self._clip(clip, begin, end))
            now = end
        if (rest := self._end(track) - now) > 0:
            made.append(self._gap(rest))
        made.metadata.update(
            _metadata(track.metadata, _own(track, "name", "kind", "enabled", "clips", "transitions", "metadata"))
        )
        return made

    def _cut_after(self, clip: Clip, track: Track) -> int:
        """Return where a clip ends on its track: clips that overlap under a transition are cut at its middle."""
        for join in track.transitions:
            if join.from_clip == clip.id:
                after = next(one for one in track.clips if one.id == join.to_clip)
                return clip.end if after.start >= clip.end else (join.start + join.end) // 2
        return clip.end

    def _clip(self, clip: Clip, begin: int, end: int) -> Any:
        written = _written(clip.metadata)
        if written.get("gap") and isinstance(clip.source, TitleSource) and not clip.source.elements:
            return self._gap(end - begin)
        made = otio.schema.Clip(name=clip.name, media_reference=self._reference(clip, written))
        first = clip.source_start + (begin - clip.start) / self._rate * clip.speed
        if isinstance(clip.source, MediaSource):
            first += clip.source.timecode or 0
        if not written.get("whole") or begin != clip.start or end != clip.end:
            made.source_range = otio.opentime.TimeRange(self._moment(first), self._frames(end - begin))
        if clip.freeze:
            made.effects.append(otio.schema.FreezeFrame())
        elif clip.speed != 1 or clip.reverse:
            factor = float(clip.speed) * (-1 if clip.reverse else 1)
            made.effects.append(otio.schema.LinearTimeWarp(time_scalar=factor))
        shown = first if not clip.reverse else first + (end - begin) / self._rate * clip.speed
        for marker in self._markers.get(clip.id, ()):
            onward = clip.speed * (-1 if clip.reverse else 1)
            made.markers.append(self._marker(marker, shown, Fraction(0) if clip.freeze else onward, begin))
        ours = _own(clip, "name", "start", "end", "source_start", "speed", "reverse", "freeze", "metadata", "source")
        if isinstance(clip.source, TitleSource):
            if not written.get("reference"):
                ours["source"] = clip.source.model_dump(mode="json")
        elif told := self._told_of(clip.source):
            ours["source"] = told
        made.metadata.update(_metadata(clip.metadata, ours))
        return made

    def _told_of(self, source: MediaSource) -> dict[str, Any]:
        """Return what an available range does not say of a media file."""
        told = source.model_dump(mode="json", include={"audio_stream"}, exclude_defaults=True)
        if source.timecode is not None and source.length is None:
            told["timecode"] = str(source.timecode)
        return told

    def _reference(self, clip: Clip, written: Mapping[str, Any]) -> Any:
        source = clip.source
        as_it_was = written.get("reference")
        as_it_was = as_it_was if isinstance(as_it_was, dict) else {}
        if isinstance(source, TitleSource):
            if "schema" in as_it_was:
                return otio.core.deserialize_json_from_string(json.dumps(as_it_was["schema"]))
            return otio.schema.GeneratorReference(generator_kind="kinofarm title")
        if source.offline:
            if "schema" in as_it_was:
                return otio.core.deserialize_json_from_string(json.dumps(as_it_was["schema"]))
            made = otio.schema.MissingReference()
        else:
            url = str(as_it_was.get("url", ""))
            made = otio.schema.ExternalReference(target_url=url if path_of(url) == source.path else source.path)
        made.name = str(as_it_was.get("name", ""))
        if source.length is not None:
            made.available_range = otio.opentime.TimeRange(
                self._moment(source.timecode or Fraction(0)), self._moment(source.length)
            )
        return made

    def _transition(self, join: Transition, cut: int) -> Any:
        written = _written(join.metadata)
        dissolve = otio.schema.TransitionTypes.SMPTE_Dissolve
        usual = dissolve if join.kind == "dissolve" else otio.schema.TransitionTypes.Custom
        made = otio.schema.Transition(
            name=str(written.get("name", join.id)),
            transition_type=str(written.get("type", usual)),
            in_offset=self._frames(cut - join.start),
            out_offset=self._frames(join.end - cut),
        )
        ours = _own(join, "from_clip", "to_clip", "start", "end", "metadata")
        if ours.get("kind") == "dissolve":
            ours.pop("kind")
        made.metadata.update(_metadata(join.metadata, ours))
        return made

    def _marker(self, marker: Marker, first: Fraction, factor: Fraction, begin: int) -> Any:
        written = _written(marker.metadata)
        start = first + (marker.time - begin) / self._rate * factor
        length = marker.duration / self._rate * abs(factor)
        colour = _NAMES.get(marker.colour or "")
        made = otio.schema.Marker(
            name=marker.name,
            marked_range=otio.opentime.TimeRange(self._moment(start), self._moment(length)),
            color=str(written.get("colour") or colour or "RED"),
            comment=str(written.get("comment", "")),
        )
        ours = _own(marker, "time", "duration", "name", "clip", "metadata", "colour")
        if marker.colour and COLOURS.get(made.color) != marker.colour:
            ours["colour"] = marker.colour
        made.metadata.update(_metadata(marker.metadata, ours))
        return made

    def _gap(self, frames: int) -> Any:
        return otio.schema.Gap(source_range=otio.opentime.TimeRange(self._frames(0), self._frames(frames)))

    def _frames(self, count: int) -> Any:
        return otio.opentime.RationalTime(count, float(self._rate))

    def _moment(self, seconds: Fraction) -> Any:
        """Return a time as a whole count: of the film's frames if it is one, else of whatever fraction it is."""
        frames = seconds * self._rate
        if frames.denominator == 1:
            return otio.opentime.RationalTime(int(frames), float(self._rate))
        return otio.opentime.RationalTime(float(seconds.numerator), float(seconds.denominator))


def _written(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    found = metadata.get(WRITTEN)
    return found if isinstance(found, dict) else {}


def _own(value: Value, *said: str) -> dict[str, Any]:
    """Return what OpenTimelineIO has no field for, leaving out what is as it always is."""
    fields = type(value).model_fields
    told = {
        name for name, field in fields.items() if getattr(value, name) != field.get_default(call_default_factory=True)
    }
    return value.model_dump(mode="json", include=told - set(said))


def _metadata(foreign: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in foreign.items() if name != WRITTEN}
    return found | ({OURS: dict(ours)} if ours else {})
