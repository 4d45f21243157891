"""Tracks and clips: what plays when, from which source, and how it is laid into the frame."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.places import refused
from tasks.compiler.imports.timeline_studio.cells import Templates
from tasks.compiler.imports.timeline_studio.effects import Looks
from tasks.compiler.imports.timeline_studio.fields import Id, Ids, Ratio, Read, Real, Seconds, one_of, squash
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.compiler.imports.timeline_studio.titles import UNCHANGED, Customizations, Titles
from tasks.compiler.model import Cell, Clip, ColourCorrection, Crop, MediaSource, Source, Track, Transform

STILLS = frozenset(
    (
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".bmp",
        ".tif",
        ".tiff",
        ".webp",
        ".tga",
        ".heic",
        ".heif",
        ".avif",
        ".svg",
        ".psd",
        ".exr",
        ".dpx",
        ".ppm",
        ".pgm",
    )
)
"""Files that are pictures without a length: their source range is ignored."""

_SPEEDS = (Fraction(1, 100), Fraction(100))


class ColourObject(Read, ColourCorrection):
    """`color_correction`: the model's own fields and limits."""

    model_config = ConfigDict(extra="allow")


class CropObject(Read, Crop):
    """`crop`, in source pixels."""

    model_config = ConfigDict(extra="allow")


class TransformObject(Read, Transform):
    """`transform`."""

    model_config = ConfigDict(extra="allow")


class ClipObject(Read):
    """`clips[]` of a track."""

    id: Id = ""
    name: Any = None
    source_path: Annotated[str, Field(max_length=4096)] | None = None
    source: Any = None
    start_time: Seconds
    end_time: Seconds
    source_start: Seconds = Fraction(0)
    source_end: Seconds | None = None
    speed: Ratio = Fraction(1)
    volume: Annotated[Real, Field(ge=0, le=10)] = 1.0
    opacity: Annotated[Real, Field(ge=0, le=1)] = 1.0
    effects: Ids = Field(default_factory=list)
    filters: Ids = Field(default_factory=list)
    template_id: Id = ""
    template_cell: Annotated[int, Field(ge=0, le=1000)] | None = None
    template_position: Annotated[int, Field(ge=0, le=1000)] | None = None
    style_template_id: Id = ""
    customizations: Customizations | None = None
    color_correction: ColourObject | None = None
    crop: CropObject | None = None
    transform: TransformObject | None = None
    audio_track_index: Annotated[int, Field(ge=0, le=255)] | None = None
    properties: Any = None


class TrackObject(Read):
    """`tracks[]`, bottom first."""

    id: Id = ""
    track_type: Annotated[Literal["video", "audio", "subtitle"], one_of("video", "audio", "subtitle")]
    name: Id = ""
    enabled: bool = True
    locked: Any = None
    volume: Annotated[Real, Field(ge=0, le=10)] = 1.0
    clips: list[ClipObject] = Field(default_factory=list)
    effects: Ids = Field(default_factory=list)
    filters: Ids = Field(default_factory=list)


@dataclass(frozen=True)
class Library:
    """What clips refer to by id."""

    looks: Looks
    templates: Templates
    titles: Titles


def to_track(track: TrackObject, row: int, library: Library, grid: Grid, warnings: Warnings) -> tuple[Track, list[int]]:
    """Return a track with its clips in order of time, and each clip's number in the file.

    A subtitle track becomes a video track: its titles are drawn in their order; the project's subtitles lie above all.
    """
    where = f"tracks[{row}]"
    name = track.name or track.id or where
    if track.volume > 2:
        warnings.add("FORMAT-102", where=f"{where}.volume", field="volume", value=track.volume, low=0, high=2)
    clips = []
    for number, clip in enumerate(track.clips):
        place = f"{where}.clips[{number}]"
        made = _to_clip(clip, clip.id or f"{row}-{number}", place, library, grid, warnings)
        if track.track_type == "subtitle" and isinstance(made.source, MediaSource):
            raise KinofarmError(
                "FORMAT-040",
                where=place,
                what="a file on a subtitle track",
                instead="put its lines into the project's subtitles, or the clip on a video track",
            )
        clips.append((made.start, made.end, number, made))
    clips.sort(key=lambda placed: placed[:3])
    library.looks.refuse_motion(track.effects, f'track "{name}"', where)
    made_track = Track(
        id=track.id or where,
        name=track.name,
        kind="audio" if track.track_type == "audio" else "video",
        enabled=track.enabled,
        volume=track.volume,
        clips=tuple(clip for *_, clip in clips),
        effects=library.looks.applied(track.filters, track.effects, f'track "{name}"', where),
    )
    return made_track, [number for _, _, number, _ in clips]


def _to_clip(clip: ClipObject, name: str, where: str, library: Library, grid: Grid, warnings: Warnings) -> Clip:
    start, end = grid.frames(clip.start_time, f"{where}.start_time"), grid.frames(clip.end_time, f"{where}.end_time")
    if end <= start:
        raise KinofarmError("FORMAT-025", where=f"{where}.end_time", thing="clip", id=name, start=start, end=end)
    motion = library.looks.motion(clip.effects, f'clip "{name}"', where)
    speed = clip.speed * motion.rate
    if speed != 1:
        _check_speed(speed, name, where)
    if clip.volume > 1:
        warnings.add("FORMAT-102", where=f"{where}.volume", field="volume", value=clip.volume, low=0, high=1)
    source = _source(clip, name, end - start, where, library)
    timed: dict[str, Any] = {}
    if isinstance(source, MediaSource):
        _check_length(clip, speed, name, source, grid, where)
        timed = {"source_start": grid.source_time(clip.source_start), "speed": speed, "reverse": motion.reverse}
    try:
        return Clip(
            id=name,
            source=source,
            start=start,
            end=end,
            volume=clip.volume,
            opacity=clip.opacity,
            crop=_plain(Crop, clip.crop),
            transform=_plain(Transform, clip.transform),
            cell=_cell(clip, name, library, where),
            colour_correction=_plain(ColourCorrection, clip.color_correction),
            effects=library.looks.applied(clip.filters, clip.effects, f'clip "{name}"', where),
            **timed,
        )
    except ValidationError as error:
        raise refused(error, clip.model_dump(), base=where) from None


Adjustment = TypeVar("Adjustment", Crop, Transform, ColourCorrection)


def _plain(kind: type[Adjustment], read: Adjustment | None) -> Adjustment | None:
    return None if read is None else kind.model_construct(**{name: getattr(read, name) for name in kind.model_fields})


def _source(clip: ClipObject, name: str, frames: int, where: str, library: Library) -> Source:
    """Return the clip's file or title, from whichever shape of source it has."""
    path = clip.source_path
    field = "source_path"
    generated = False
    if clip.source is not None:
        kind, value = _tagged(clip.source, where)
        if kind in ("stream", "device"):
            what = "a network stream" if kind == "stream" else "a device"
            raise KinofarmError("FORMAT-042", where=f"{where}.source", clip=name, what=what)
        generated = kind == "generated"
        if kind == "file" and not path:
            path, field = value, "source"
    if path and (generated or clip.style_template_id):
        raise KinofarmError("FORMAT-049", where=where, clip=name)
    if clip.style_template_id:
        custom = _customizations(clip, where)
        return library.titles.title(clip.style_template_id, frames, name, f"{where}.style_template_id", custom)
    if generated:
        raise KinofarmError("FORMAT-041", where=f"{where}.source", clip=name)
    if not path:
        raise KinofarmError("FORMAT-043", where=f"{where}.{field}", clip=name)
    return MediaSource(path=path, audio_stream=clip.audio_track_index)


def _customizations(clip: ClipObject, where: str) -> Customizations:
    """What this use of a template changes: the clip's own field, else the one that the editor keeps as metadata."""
    if clip.customizations is not None:
        return clip.customizations
    metadata = clip.properties.get("custom_metadata") if isinstance(clip.properties, dict) else None
    found = metadata.get("customizations") if isinstance(metadata, dict) else None
    if not isinstance(found, dict):
        return UNCHANGED
    try:
        return Customizations.model_validate(found)
    except ValidationError as error:
        raise refused(error, found, base=f"{where}.properties.custom_metadata.customizations") from None


def _check_speed(speed: Fraction, clip: str, where: str) -> None:
    if speed <= 0:
        raise KinofarmError("FORMAT-029", where=f"{where}.speed", clip=clip, speed=float(speed))
    if not _SPEEDS[0] <= speed <= _SPEEDS[1]:
        problem = "a speed goes from 0.01 to 100"
        raise KinofarmError("FORMAT-020", where=f"{where}.speed", field="speed", problem=problem)


def _tagged(source: Any, where: str) -> tuple[str, str]:
    """Read a source in Rust's shapes: "Generated", {"File": "path"}, {"type": "File", "value": "path"}."""
    kind: Any = source
    value: Any = ""
    if isinstance(source, dict) and len(source) == 1:
        ((kind, value),) = source.items()
    elif isinstance(source, dict):
        kind = source.get("type")
        value = source.get("value", source.get("path", ""))
    found = squash(kind) if isinstance(kind, str) else ""
    if found not in ("file", "generated", "stream", "device") or not isinstance(value or "", str):
        problem = 'it should be {"File": "path"} or "Generated"'
        raise KinofarmError("FORMAT-020", where=f"{where}.source", field="source", problem=problem)
    if len(value or "") > 4096:
        problem = "a path has at most 4096 characters"
        raise KinofarmError("FORMAT-020", where=f"{where}.source", field="source", problem=problem)
    return found, value or ""


def _check_length(clip: ClipObject, speed: Fraction, name: str, source: MediaSource, grid: Grid, where: str) -> None:
    """Refuse a source range that, at its speed, differs by more than a frame from the clip's place."""
    if clip.source_end is None or PurePosixPath(source.path).suffix.lower() in STILLS:
        return
    if float(clip.source_end - clip.source_start) == float(clip.end_time - clip.start_time) and speed == 1:
        return
    taken = (clip.source_end - clip.source_start) / speed
    place = clip.end_time - clip.start_time
    if abs(taken - place) * grid.rate > 1:
        raise KinofarmError(
            "FORMAT-027",
            where=f"{where}.source_end",
            clip=name,
            source=f"{float(taken):.6g}",
            place=f"{float(place):.6g}",
            wanted=f"{float(clip.source_start + place * speed):.6f}".rstrip("0").rstrip("."),
        )


def _cell(clip: ClipObject, name: str, library: Library, where: str) -> Cell | None:
    if not clip.template_id:
        return None
    index = clip.template_position if clip.template_cell is None else clip.template_cell
    return library.templates.cell(clip.template_id, index, name, where)
