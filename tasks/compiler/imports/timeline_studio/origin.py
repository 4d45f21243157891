"""The way back from a place in the model to the place in the project file, for errors that are found later."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tasks.compiler.imports.timeline_studio.clips import ClipObject, TrackObject
from tasks.compiler.imports.timeline_studio.effects import Looks

_TRACK = re.compile(r"tracks\[(\d+)\](?:\.(clips|transitions)\[(\d+)\])?(.*)")
_SUBTITLE = re.compile(r"subtitles\[(\d+)\](.*)")
_EFFECT = re.compile(r"\.effects\[(\d+)\](.*)")
_FIELD = re.compile(r"\.\w+(?:\.\w+)?")

_NAMES: Mapping[str, str] = {
    ".start": ".start_time",
    ".end": ".end_time",
    ".source": ".style_template_id",
    ".source.audio_stream": ".audio_track_index",
    ".cell": ".template_id",
    ".colour_correction": ".color_correction",
    ".kind": ".transition_type",
    ".from_clip": ".from_clip_id",
    ".to_clip": ".to_clip_id",
}
_TRANSITION_NAMES = {**_NAMES, ".end": ".duration"}


class Origin:
    """Where everything in the timeline came from: clips by track and number, transitions the same, subtitles by number."""

    def __init__(
        self,
        tracks: Sequence[TrackObject],
        looks: Looks,
        clips: Sequence[Sequence[int]],
        transitions: Mapping[tuple[int, int], str],
        subtitles: Mapping[int, str],
    ) -> None:
        self._tracks, self._looks, self._clips = tracks, looks, clips
        self._transitions, self._subtitles = transitions, subtitles

    def in_file(self, where: str) -> str:
        """Return the place in the file of a place in the model; what has none of its own is returned as it stands."""
        if match := _SUBTITLE.fullmatch(where):
            place = self._subtitles.get(int(match[1]))
            return where if place is None else place + _NAMES.get(match[2], match[2])
        match = _TRACK.fullmatch(where)
        if match is None or int(match[1]) >= len(self._tracks):
            return where
        row, part, rest = int(match[1]), match[2], match[4]
        track = self._tracks[row]
        if part is None:
            return self._used(f"tracks[{row}]", track, rest)
        number = int(match[3])
        if part == "transitions":
            place = self._transitions.get((row, number))
            return where if place is None else place + _TRANSITION_NAMES.get(rest, rest)
        if number >= len(self._clips[row]):
            return where
        position = self._clips[row][number]
        clip = track.clips[position]
        if rest == ".source.path":
            rest = ".source_path" if clip.source_path else ".source"
        return self._used(f"tracks[{row}].clips[{position}]", clip, rest)

    def _used(self, place: str, user: ClipObject | TrackObject, rest: str) -> str:
        """Return a place under a clip or a track, where effects stand in two lists and are defined elsewhere."""
        if match := _EFFECT.fullmatch(rest):
            applied = self._looks.places(user.filters, user.effects)
            if int(match[1]) >= len(applied):
                return place + rest
            use, definition = applied[int(match[1])]
            return f"{definition}{match[2]}" if match[2] and definition else f"{place}.{use}"
        if match := _FIELD.match(rest):
            return place + _NAMES.get(match[0], match[0]) + rest[match.end() :]
        return place + rest
