"""A whole ProjectSchema, from parsed JSON to the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.counts import check_counts
from tasks.compiler.imports.imported import Imported, Warnings
from tasks.compiler.imports.places import Step, join_path, problem, refused
from tasks.compiler.imports.timeline_studio.cells import TemplateObject, Templates
from tasks.compiler.imports.timeline_studio.clips import Library, TrackObject, to_track
from tasks.compiler.imports.timeline_studio.effects import EffectObject, FilterObject, Looks
from tasks.compiler.imports.timeline_studio.export import SettingsObject, to_export
from tasks.compiler.imports.timeline_studio.fields import Read, number, shaped
from tasks.compiler.imports.timeline_studio.grid import Grid, frame_rate, nearly_broadcast
from tasks.compiler.imports.timeline_studio.origin import Origin
from tasks.compiler.imports.timeline_studio.style_templates import STYLE_TEMPLATES
from tasks.compiler.imports.timeline_studio.subtitles import SubtitleObject, to_subtitles
from tasks.compiler.imports.timeline_studio.titles import StyleTemplateObject, Titles
from tasks.compiler.imports.timeline_studio.transitions import TransitionObject, to_transitions
from tasks.compiler.model import Size, Timeline, Track

DEFAULT_RATE = Fraction(30)
DEFAULT_RESOLUTION = (1920, 1080)
"""What a new timeline has in the editor; taken with a warning where the file says nothing."""


def _rate(value: Any) -> Fraction:
    """Read a frame rate: a number, or a fraction such as "30000/1001"."""
    if isinstance(value, str):
        top, _, bottom = value.partition("/")
        if (
            top.isascii()
            and top.isdigit()
            and bottom.isascii()
            and bottom.isdigit()
            and len(value) <= 20
            and int(bottom)
        ):
            return Fraction(int(top), int(bottom))
        raise problem("FORMAT-020", problem='a number or a fraction such as "30000/1001" is wanted')
    return number(value)


def _film_length(value: Any) -> Fraction:
    read = number(value)
    if read < 0:
        raise problem("FORMAT-023", value=str(value))
    if read == 0:
        raise problem("FORMAT-024", reason="its duration is 0")
    return read


def _aspect(value: Any) -> Any:
    """Read an aspect ratio, which is informative: the resolution decides."""
    if isinstance(value, str) or (isinstance(value, dict) and len(value) == 1):
        return value
    raise problem("FORMAT-020", problem='it should be a name such as Ratio16x9, or {"Custom": 2.35}')


class FilmObject(Read):
    """`timeline`."""

    duration: Annotated[Fraction, shaped(_film_length)] | None = None
    fps: Annotated[Fraction, shaped(_rate)] | None = None
    resolution: Annotated[list[int], Field(min_length=2, max_length=2)] | None = None
    sample_rate: Annotated[int, Field(ge=8_000, le=192_000)] = 48_000
    aspect_ratio: Annotated[Any, shaped(_aspect)] = None


class MetadataObject(Read):
    """`metadata`: only the name is used."""

    name: Annotated[str, Field(max_length=500)] = ""
    description: Any = None
    created_at: Any = None
    modified_at: Any = None
    author: Any = None


class ProjectObject(Read):
    """The whole file."""

    version: Any = None
    metadata: MetadataObject = MetadataObject()
    timeline: FilmObject = FilmObject()
    tracks: list[TrackObject] = Field(default_factory=list)
    effects: list[EffectObject] = Field(default_factory=list)
    transitions: list[TransitionObject] = Field(default_factory=list)
    filters: list[FilterObject] = Field(default_factory=list)
    templates: list[TemplateObject] = Field(default_factory=list)
    style_templates: list[StyleTemplateObject] = Field(default_factory=list)
    subtitles: list[SubtitleObject] = Field(default_factory=list)
    settings: SettingsObject = SettingsObject()


def read(data: dict[str, Any]) -> Imported:
    """Read a ProjectSchema.

    What must hold between the parts (clips inside the film, no overlap without a transition) is checked for every
    format alike, by `tasks.compiler.check`.
    Raises:  FORMAT-016 for too much, FORMAT-020 to 050 with the place in the file.
    """
    check_counts(data)
    try:
        project = ProjectObject.model_validate(data)
    except ValidationError as error:
        raise refused(error, data) from None
    warnings = Warnings()
    extras = dict(_unknown(project, ()))
    for path in extras:
        warnings.add("FORMAT-100", where=path, name=path.rpartition(".")[2])
    rate, resolution, size = _raster(project, warnings)
    grid = Grid(rate=rate, width=resolution[0], height=resolution[1])
    library = Library(
        looks=Looks(project.effects, project.filters, grid, warnings),
        templates=Templates(project.templates, grid),
        titles=Titles(project.style_templates, grid, warnings, STYLE_TEMPLATES),
    )
    read_tracks = [to_track(track, row, library, grid, warnings) for row, track in enumerate(project.tracks)]
    bare = [track for track, _ in read_tracks]
    _check_ids(read_tracks)
    transitions, transition_places = to_transitions(project.transitions, bare, grid, warnings)
    tracks = [
        track.model_copy(update={"transitions": tuple(found)}) for track, found in zip(bare, transitions, strict=True)
    ]
    duration = _duration(project, tracks, grid)
    subtitles, subtitle_places = to_subtitles(project.subtitles, duration, grid, warnings)
    timeline = Timeline(
        name=project.metadata.name,
        rate=rate,
        size=size,
        sample_rate=project.timeline.sample_rate,
        duration=duration,
        freeze_handles=_freezes(project.settings.custom),
        tracks=tuple(tracks),
        subtitles=tuple(subtitles),
        export=to_export(project.settings, warnings),
    )
    order = [numbers for _, numbers in read_tracks]
    origin = Origin(project.tracks, library.looks, order, transition_places, subtitle_places)
    return Imported(timeline=timeline, warnings=warnings.all(), in_file=origin.in_file, extras=extras)


def _freezes(custom: Any) -> bool:
    """Return `settings.custom.freeze_handles`: the one of the editor's free settings that the farm knows."""
    wanted = custom.get("freeze_handles") if isinstance(custom, dict) else None
    if wanted is None or isinstance(wanted, bool):
        return bool(wanted)
    where, problem_ = "settings.custom.freeze_handles", "true or false is wanted"
    raise KinofarmError("FORMAT-020", where=where, field="freeze_handles", problem=problem_)


def _check_ids(tracks: Sequence[tuple[Track, Sequence[int]]]) -> None:
    """Refuse two clips of one id, also on different tracks, since transitions refer to clips by id alone."""
    places: dict[str, str] = {}
    for row, (track, numbers) in enumerate(tracks):
        for clip, number_ in zip(track.clips, numbers, strict=True):
            place = f"tracks[{row}].clips[{number_}]"
            if clip.id in places:
                raise KinofarmError("FORMAT-030", where=f"{place}.id", id=clip.id, first=places[clip.id])
            places[clip.id] = place


def _raster(project: ProjectObject, warnings: Warnings) -> tuple[Fraction, tuple[int, int], Size]:
    """Return the film's rate, the pixels that the project measures in, and the film's size.

    settings.frame_rate and settings.resolution win over the timeline's own, with a warning where they differ.
    """
    film, settings = project.timeline, project.settings
    written, where = film.fps, "timeline.fps"
    if settings.frame_rate is not None:
        if written is not None and written != settings.frame_rate:
            _gives_way(warnings, where, float(written), "settings.frame_rate", float(settings.frame_rate))
        written, where = settings.frame_rate, "settings.frame_rate"
    if written is None:
        written = DEFAULT_RATE
        warnings.add("FORMAT-101", where=where, field="fps", value=DEFAULT_RATE)
    rate = frame_rate(written) if 1 <= written <= 240 else written
    if not 1 <= rate <= 240:
        raise KinofarmError("FORMAT-046", where=where, rate=float(written))
    if near := nearly_broadcast(written):
        warnings.add("FORMAT-104", where=where, rate=f"{float(written):g}", near=f"{float(near):.3f}")
    resolution, where = film.resolution, "timeline.resolution"
    if resolution is not None:
        _size(resolution[0], resolution[1], where)
    used = resolution
    if settings.resolution is not None:
        used = [settings.resolution.width, settings.resolution.height]
        if resolution is not None and resolution != used:
            shown = f"{used[0]} x {used[1]}"
            _gives_way(warnings, where, f"{resolution[0]} x {resolution[1]}", "settings.resolution", shown)
        where = "settings.resolution"
    if used is None:
        used = list(DEFAULT_RESOLUTION)
        warnings.add("FORMAT-101", where=where, field="resolution", value=f"{used[0]} x {used[1]}")
    measured = resolution or used
    return rate, (measured[0], measured[1]), _size(used[0], used[1], where)


def _gives_way(warnings: Warnings, where: str, value: Any, other: str, used: Any) -> None:
    warnings.add("FORMAT-108", where=where, field=where, value=value, other=other, used=used)


def _size(width: int, height: int, where: str) -> Size:
    try:
        return Size(width=width, height=height)
    except ValidationError:
        raise KinofarmError("FORMAT-050", where=where, width=width, height=height) from None


def _duration(project: ProjectObject, tracks: list[Track], grid: Grid) -> int:
    """Return the film's length in frames: the timeline's duration; absent, the end of the last clip on any track."""
    if project.timeline.duration is not None:
        frames = grid.frames(project.timeline.duration, "timeline.duration")
        reason = "its duration is less than half a frame"
    else:
        frames = max((track.clips[-1].end if track.clips else 0 for track in tracks), default=0)
        frames = max([frames, *(clip.end for track in tracks for clip in track.clips)])
        reason = "it has neither a duration nor a clip"
    if frames < 1:
        raise KinofarmError("FORMAT-024", where="timeline.duration", reason=reason)
    return frames


def _unknown(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[str, Any]]:
    """Yield every field that the format does not know, with its place in the file."""
    if isinstance(value, BaseModel):
        if value.__pydantic_extra__:
            for name, extra in value.__pydantic_extra__.items():
                yield join_path((*path, name)), extra
        for name, child in value.__dict__.items():
            if isinstance(child, BaseModel | list):
                yield from _unknown(child, (*path, name))
    elif isinstance(value, list):
        for position, child in enumerate(value):
            if isinstance(child, BaseModel):
                yield from _unknown(child, (*path, position))
