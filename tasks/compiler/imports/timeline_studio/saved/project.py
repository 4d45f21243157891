"""A saved file, turned into the ProjectSchema of the same film, and read as that.

So both mean the same by construction. What a ProjectSchema has no words for (reversal, pitch, pan, the colour panel,
markers) is added to the timeline afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Imported, Warnings
from tasks.compiler.imports.places import join_path, refused
from tasks.compiler.imports.timeline_studio import project as schema
from tasks.compiler.imports.timeline_studio.export import SettingsObject
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.compiler.imports.timeline_studio.saved.grading import to_effects
from tasks.compiler.imports.timeline_studio.saved.json_values import bare, snake, whole
from tasks.compiler.imports.timeline_studio.saved.neighbours import neighbours
from tasks.compiler.imports.timeline_studio.saved.objects import (
    PICTURE_TRACKS,
    Position,
    SavedClip,
    SavedProject,
    SavedTrack,
    UsedEffect,
)
from tasks.compiler.model import Cell, Clip, Effect, Marker, Timeline

_PLACE = re.compile(
    r"((?:tracks|effects|filters|transitions|subtitles|templates|style_templates)\[\d+\](?:\.clips\[\d+\])?)(.*)"
)

_FIELDS = {
    "end_time": "duration",
    "source_start": "mediaStartTime",
    "source_end": "mediaEndTime",
    "source_path": "mediaId",
    "parameters": "customParams",
    "effect_type": "effectId",
    "filter_type": "filterId",
    "transition_type": "transitionId",
    "transform": "position",
    "style_template_id": "styleTemplate.styleTemplateId",
}
"""The saved file's names of fields that are not the ProjectSchema's in camelCase."""

_HOLDERS = ("timeline", "project")


def read(data: dict[str, Any]) -> Imported:
    """Read a saved file.

    Raises:  FORMAT-016 for too much, FORMAT-020 to 077 with the place in the file.
    """
    base, holder = _holder(data)
    try:
        saved = SavedProject.model_validate(holder)
        if saved.resources == SavedProject().resources and isinstance(data.get("resources"), dict):
            saved = SavedProject.model_validate({**holder, "resources": data["resources"]})
    except ValidationError as error:
        raise refused(error, holder, base=base) from None
    made = _Schema(saved, base)
    written = made.written()
    try:
        imported = schema.read(written)
    except KinofarmError as error:
        raise KinofarmError(error.code, where=made.in_file(error.where), **dict(error.params)) from None
    extras = dict(_unknown(saved, base))
    for place in extras:
        made.warnings.add("FORMAT-100", where=place, name=place.rpartition(".")[2])
    found = [notice.model_copy(update={"where": made.in_file(notice.where)}) for notice in imported.warnings]
    timeline = made.completed(imported.timeline)
    return Imported(
        timeline=timeline,
        warnings=(*found, *made.warnings.all()),
        in_file=lambda where: made.in_file(imported.in_file(where)),
        extras=extras,
    )


def _holder(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    for name in ("", *_HOLDERS):
        found = data.get(name) if name else data
        if isinstance(found, dict) and ("sections" in found or "globalTracks" in found):
            return name, found
    raise KinofarmError("FORMAT-013")


@dataclass(frozen=True)
class _Placed:
    """A track of the file and its place."""

    track: SavedTrack
    place: str


@dataclass
class _More:
    """What is added to a clip of the timeline afterwards."""

    changes: dict[str, Any] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()


class _Schema:
    """The ProjectSchema while it is made of a saved file."""

    def __init__(self, saved: SavedProject, base: str) -> None:
        self.saved, self.base, self.warnings = saved, base, Warnings()
        self._places: dict[str, str] = {}
        self._more: dict[str, _More] = {}
        self._pans: list[float] = []
        self._lists: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("effects", "filters", "transitions", "subtitles")
        }
        self._media = {one.id: one.path for one in saved.resources.media if one.id}
        self._tracks = sorted(self._all_tracks(), key=lambda placed: placed.track.order)
        self._beside = {
            key: name for row, placed in enumerate(self._tracks) for key, name in neighbours(placed.track, row)
        }
        self._joined: set[tuple[str, str]] = set()

    def written(self) -> dict[str, Any]:
        saved = self.saved
        settings = snake(saved.settings) if isinstance(saved.settings, dict) else {}
        known = SettingsObject.model_fields
        film = {"duration": saved.duration, "fps": saved.fps, "sample_rate": saved.sample_rate}
        resolution = saved.resolution or settings.pop("resolution", None)
        if isinstance(resolution, dict):
            resolution = [resolution.get("width"), resolution.get("height")]
        tracks = [self._track(placed, row) for row, placed in enumerate(self._tracks)]
        return {
            "metadata": {"name": saved.name},
            "timeline": {
                name: value for name, value in (*film.items(), ("resolution", resolution)) if value is not None
            },
            "tracks": tracks,
            **self._lists,
            "templates": self._templates("templates", saved.resources.templates),
            "style_templates": self._templates("style_templates", saved.resources.style_templates),
            "settings": {name: value for name, value in settings.items() if name in known},
        }

    def completed(self, timeline: Timeline) -> Timeline:
        """Return the timeline with what the ProjectSchema could not say."""
        tracks = []
        for row, track in enumerate(timeline.tracks):
            pan = self._pans[row]
            effects = (*track.effects, *((Effect(kind="audio-pan", parameters={"pan": pan}),) if pan else ()))
            clips = tuple(self._completed(clip) for clip in track.clips)
            tracks.append(track.model_copy(update={"clips": clips, "effects": effects}))
        grid = Grid(timeline.rate, timeline.size.width, timeline.size.height)
        return timeline.model_copy(
            update={"tracks": tuple(tracks), "markers": tuple(self._markers(grid, timeline.duration))}
        )

    def in_file(self, where: str) -> str:
        """Return the place in the saved file of a place in the ProjectSchema."""
        match = _PLACE.fullmatch(where)
        if match is None or match[1] not in self._places:
            head, dot, rest = where.partition(".")
            return self._at(to_camel(rest) if head == "timeline" and dot else where)
        steps = [_FIELDS.get(step, to_camel(step) if step else "") for step in match[2].split(".")]
        return self._places[match[1]] + ".".join(steps)

    def _at(self, place: str) -> str:
        return f"{self.base}.{place}" if self.base and place else place or self.base

    def _all_tracks(self) -> Iterator[_Placed]:
        for number, section in enumerate(self.saved.sections):
            for row, track in enumerate(section.tracks):
                yield _Placed(track, self._at(f"sections[{number}].tracks[{row}]"))
        for row, track in enumerate(self.saved.global_tracks):
            yield _Placed(track, self._at(f"globalTracks[{row}]"))

    def _track(self, placed: _Placed, row: int) -> dict[str, Any]:
        track, place = placed.track, placed.place
        self._places[f"tracks[{row}]"] = place
        picture = track.type in PICTURE_TRACKS
        alone = any(one.track.is_solo and (one.track.type in PICTURE_TRACKS) == picture for one in self._tracks)
        self._pans.append(track.pan)
        seen = not (track.is_hidden or (track.is_muted and not picture) or (alone and not track.is_solo))
        clips: list[dict[str, Any]] = []
        for number, clip in enumerate(track.clips):
            at = f"{place}.clips[{number}]"
            if clip.text is not None and track.type == "subtitle" and clip.style_template is None:
                self._subtitle(clip, seen, at)
                continue
            self._places[f"tracks[{row}].clips[{len(clips)}]"] = at
            clips.append(self._clip(clip, clip.id or f"{row}-{number}", at))
        silent = track.is_muted and picture
        return {
            "id": track.id or place,
            "track_type": "subtitle" if track.type == "subtitle" else "video" if picture else "audio",
            "name": track.name,
            "enabled": seen,
            "volume": 0.0 if silent else track.volume,
            "clips": clips,
            "effects": self._used("effects", track.track_effects, f"{place}.trackEffects"),
            "filters": self._used("filters", track.track_filters, f"{place}.trackFilters"),
        }

    def _clip(self, clip: SavedClip, name: str, place: str) -> dict[str, Any]:
        self._transitions(clip, name, place)
        grading = (
            ()
            if clip.color_grading is None
            else tuple(to_effects(clip.color_grading, f"{place}.colorGrading", self.warnings))
        )
        self._more[name] = _More({"keep_pitch": clip.maintain_pitch, "reverse": clip.is_reversed}, grading)
        start = clip.media_start_time if clip.media_start_time is not None else clip.offset
        path = self._media.get(clip.media_id, "") or (clip.media_file.path if clip.media_file else "")
        if clip.media_id and not path:
            raise KinofarmError(
                "FORMAT-031", where=f"{place}.mediaId", user=f'clip "{name}"', kind="media file", id=clip.media_id
            )
        style = clip.style_template
        found: dict[str, Any] = {
            "id": name,
            "source_path": path or None,
            "source": "generated" if style is not None else None,
            "start_time": whole(clip.start_time),
            "end_time": whole(clip.start_time + clip.duration),
            "source_start": None if start is None else whole(start),
            "source_end": None if clip.media_end_time is None else whole(clip.media_end_time),
            "speed": whole(self._speed(clip, name, place)),
            "volume": clip.volume,
            "opacity": clip.opacity,
            "effects": self._used("effects", clip.effects, f"{place}.effects"),
            "filters": self._used("filters", clip.filters, f"{place}.filters"),
            "template_id": clip.template_id,
            "template_cell": clip.template_cell,
            "crop": clip.crop,
            "audio_track_index": clip.audio_track_index,
            "style_template_id": style.style_template_id if style else "",
            "customizations": style.customizations if style else None,
        }
        if clip.position is not None:
            found |= self._placed(clip.position, name, place)
        return {key: value for key, value in found.items() if value is not None}

    def _speed(self, clip: SavedClip, name: str, place: str) -> Fraction:
        speed, rate = clip.speed or Fraction(1), clip.playback_rate or Fraction(1)
        if speed != rate and speed != 1 and rate != 1:
            self.warnings.add(
                "FORMAT-108",
                where=f"{place}.playbackRate",
                field="playbackRate",
                value=float(rate),
                other="speed",
                used=float(speed),
            )
        return speed if speed != 1 else rate

    def _placed(self, position: Position, name: str, place: str) -> dict[str, Any]:
        """Return a box as a transform where it has the frame's shape, else as a cell of its own.

        Raises:  FORMAT-076 for a box of another shape that leaves the frame.
        """
        x, y, width, height = position.x, position.y, position.width, position.height
        found: dict[str, Any] = {}
        transform = {"scale_x": position.scale_x, "scale_y": position.scale_y, "rotation": position.rotation}
        transform |= {"position_x": 0.0, "position_y": 0.0}
        if width == height:
            transform |= {
                "scale_x": width * position.scale_x,
                "scale_y": width * position.scale_y,
                "position_x": round(x + width / 2 - 0.5, 9),
                "position_y": round(y + height / 2 - 0.5, 9),
            }
        elif x < 0 or y < 0 or x + width > 1 + 1e-9 or y + height > 1 + 1e-9:
            raise KinofarmError("FORMAT-076", where=f"{place}.position", clip=name)
        else:
            if not (x < 1 and y < 1):
                raise KinofarmError("FORMAT-076", where=f"{place}.position", clip=name)
            self._more[name].changes["cell"] = Cell(x=x, y=y, width=min(width, 1 - x), height=min(height, 1 - y))
        if transform != {"scale_x": 1, "scale_y": 1, "rotation": 0, "position_x": 0, "position_y": 0}:
            found["transform"] = transform
        return found

    def _transitions(self, clip: SavedClip, name: str, place: str) -> None:
        for number, used in enumerate(clip.transitions):
            at = f"{place}.transitions[{number}]"
            beside = self._beside.get((id(clip), used.type == "in"))
            if beside is None:
                self.warnings.add("FORMAT-118", where=at, transition=used.transition_id, reason="no clip adjoins there")
                continue
            pair = (beside, name) if used.type == "in" else (name, beside)
            known = self._lists["transitions"]
            if pair in self._joined:
                continue  # both clips name the passage between them
            self._joined.add(pair)
            self._places[f"transitions[{len(known)}]"] = at
            written = {
                "id": used.id or f"{pair[0]}>{pair[1]}"[:500],
                "transition_type": used.transition_id,
                "duration": used.duration,
                "from_clip_id": pair[0],
                "to_clip_id": pair[1],
                "parameters": bare(used.custom_params),
            }
            known.append({key: value for key, value in written.items() if value is not None})

    def _used(self, kind: str, used: Sequence[UsedEffect], place: str) -> list[str]:
        """Write effects or filters into the ProjectSchema's list, and return their ids in their order."""
        ids = []
        for number, one in sorted(enumerate(used), key=lambda pair: pair[1].order):
            if not one.is_enabled:
                continue
            at, known = f"{place}[{number}]", self._lists[kind]
            self._places[f"{kind}[{len(known)}]"] = at
            name = f"{kind}:{len(known)}"
            ids.append(name)
            written: dict[str, Any] = {"id": name, "parameters": bare(one.custom_params)}
            if kind == "filters":
                known.append(written | {"filter_type": one.filter_id or one.effect_id})
                continue
            start = one.start_time or Fraction(0)
            if one.start_time is not None:
                written["start_time"] = whole(start)
            if one.duration is not None:
                written["end_time"] = whole(start + one.duration)
            known.append(written | {"effect_type": one.effect_id or one.filter_id})
        return ids

    def _subtitle(self, clip: SavedClip, seen: bool, place: str) -> None:
        known = self._lists["subtitles"]
        self._places[f"subtitles[{len(known)}]"] = place
        position = clip.position
        written = {
            "id": clip.id or place,
            "enabled": seen,
            "text": clip.text,
            "start_time": whole(clip.start_time),
            "end_time": whole(clip.start_time + clip.duration),
            "style": snake(clip.style),
            "animations": snake(clip.animations),
            "position": None if position is None else {"x": position.x * 100, "y": position.y * 100},
        }
        known.append({key: value for key, value in written.items() if value is not None})

    def _templates(self, name: str, written: Any) -> Any:
        found = snake(written) if written is not None else []
        if isinstance(found, list):
            self._places |= {f"{name}[{n}]": self._at(f"resources.{to_camel(name)}[{n}]") for n in range(len(found))}
        return found

    def _completed(self, clip: Clip) -> Clip:
        more = self._more.get(clip.id)
        if more is None:
            return clip
        changes = {name: value for name, value in more.changes.items() if name != "cell"}
        changes["reverse"] = clip.reverse != changes["reverse"]
        if clip.cell is None and "cell" in more.changes:
            changes["cell"] = more.changes["cell"]
        return clip.model_copy(update={**changes, "effects": (*clip.effects, *more.effects)})

    def _markers(self, grid: Grid, duration: int) -> Iterator[Marker]:
        for number, marker in sorted(enumerate(self.saved.markers), key=lambda pair: pair[1].time):
            where = self._at(f"markers[{number}]")
            frame = grid.frames(marker.time, f"{where}.time")
            if frame > duration:
                self.warnings.add("FORMAT-125", where=where, name=marker.name)
            else:
                yield Marker(time=frame, name=marker.name, colour=marker.color, kind=marker.type)


def _unknown(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yield every field that the saved file's objects do not know, with its place."""
    if isinstance(value, list):
        for number, child in enumerate(value):
            yield from _unknown(child, f"{place}[{number}]")
    elif isinstance(value, BaseModel):
        for name, extra in (value.__pydantic_extra__ or {}).items():
            yield join_path([name], place), extra
        for name, child in value.__dict__.items():
            if isinstance(child, BaseModel | list):
                yield from _unknown(child, join_path([to_camel(name)], place))
