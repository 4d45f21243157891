"""The objects of a saved file, as they stand in it. Names are camelCase on disk."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from tasks.compiler.imports.counts import MAX_CLIPS, MAX_TRACKS
from tasks.compiler.imports.timeline_studio.fields import Id, Paint, Parameters, Ratio, Read, Real, Seconds, one_of
from tasks.compiler.imports.timeline_studio.saved.grading import Grading

PICTURE_TRACKS = ("video", "image", "title", "subtitle")
SOUND_TRACKS = ("audio", "music", "voiceover", "sfx", "ambient")


class Saved(Read):
    """An object of the saved file."""

    model_config = ConfigDict(alias_generator=to_camel)


class UsedEffect(Saved):
    """`effects[]`, `trackEffects[]`, and with `filterId` `filters[]`, `trackFilters[]`."""

    effect_id: Id = ""
    filter_id: Id = ""
    start_time: Seconds | None = None
    duration: Seconds | None = None
    custom_params: Parameters = Field(default_factory=dict)
    is_enabled: bool = True
    order: Real = 0.0


UsedEffects = Annotated[list[UsedEffect], Field(max_length=100)]


class UsedTransition(Saved):
    """`transitions[]` of a clip: to the clip before it (in) or after it (out, cross)."""

    id: Id = ""
    transition_id: Id
    duration: Any = None
    type: Annotated[Literal["in", "out", "cross"], one_of("in", "out", "cross")] = "cross"
    custom_params: Parameters = Field(default_factory=dict)


class UsedStyle(Saved):
    """`styleTemplate`."""

    style_template_id: Id
    customizations: Any = None


class Position(Saved):
    """`position`: a box in fractions of the frame, turned and scaled about its centre."""

    x: Real = 0.0
    y: Real = 0.0
    width: Annotated[Real, Field(gt=0)] = 1.0
    height: Annotated[Real, Field(gt=0)] = 1.0
    rotation: Real = 0.0
    scale_x: Real = 1.0
    scale_y: Real = 1.0


class MediaFile(Saved):
    """`mediaFile`, and `resources.media[]`."""

    id: Id = ""
    path: Annotated[str, Field(max_length=4096)] = ""


class SavedClip(Saved):
    """`clips[]`: times are the project's."""

    id: Id = ""
    name: Any = None
    media_id: Id = ""
    media_file: MediaFile | None = None
    start_time: Seconds
    duration: Seconds
    media_start_time: Seconds | None = None
    media_end_time: Seconds | None = None
    offset: Seconds | None = None
    volume: Real = 1.0
    speed: Ratio | None = None
    playback_rate: Ratio | None = None
    maintain_pitch: bool = True
    is_reversed: bool = False
    opacity: Real = 1.0
    position: Position | None = None
    crop: Any = None
    audio_track_index: Any = None
    template_id: Id = ""
    template_cell: Any = None
    effects: UsedEffects = Field(default_factory=list)
    filters: UsedEffects = Field(default_factory=list)
    transitions: Annotated[list[UsedTransition], Field(max_length=10)] = Field(default_factory=list)
    style_template: UsedStyle | None = None
    color_grading: Grading | None = None
    text: Annotated[str, Field(max_length=10_000)] | None = None
    style: Any = None
    animations: Any = None


class SavedTrack(Saved):
    """`tracks[]` of a section, and `globalTracks[]`."""

    id: Id = ""
    name: Id = ""
    type: Annotated[str, one_of(*PICTURE_TRACKS, *SOUND_TRACKS)]
    order: Real = 0.0
    is_muted: bool = False
    is_hidden: bool = False
    is_solo: bool = False
    is_locked: Any = None
    volume: Real = 1.0
    pan: Annotated[Real, Field(ge=-1, le=1)] = 0.0
    track_effects: UsedEffects = Field(default_factory=list)
    track_filters: UsedEffects = Field(default_factory=list)
    clips: Annotated[list[SavedClip], Field(max_length=MAX_CLIPS)] = Field(default_factory=list)


class Section(Saved):
    """`sections[]`: clips inside are placed on the project's timeline."""

    id: Id = ""
    name: Any = None
    start_time: Seconds = Fraction(0)
    end_time: Seconds | None = None
    tracks: Annotated[list[SavedTrack], Field(max_length=MAX_TRACKS)] = Field(default_factory=list)


class SavedMarker(Saved):
    """`markers[]`."""

    id: Id = ""
    time: Seconds
    name: Id = ""
    color: Paint | None = None
    type: Annotated[Literal["chapter", "section", "note", "export"], one_of("chapter", "section", "note", "export")] = (
        "note"
    )


class Resources(Saved):
    """`resources`: what clips refer to by id. Templates are written as in a ProjectSchema, in camelCase."""

    media: Annotated[list[MediaFile], Field(max_length=MAX_CLIPS)] = Field(default_factory=list)
    templates: Any = None
    style_templates: Any = None


class SavedProject(Saved):
    """The whole file, or what lies in it under `timeline` or `project`."""

    id: Any = None
    name: Id = ""
    description: Any = None
    version: Any = None
    duration: Any = None
    fps: Any = None
    sample_rate: Any = None
    resolution: Any = None
    sections: Annotated[list[Section], Field(max_length=10_000)] = Field(default_factory=list)
    global_tracks: Annotated[list[SavedTrack], Field(max_length=MAX_TRACKS)] = Field(default_factory=list)
    markers: Annotated[list[SavedMarker], Field(max_length=MAX_CLIPS)] = Field(default_factory=list)
    resources: Resources = Resources()
    settings: Any = None
