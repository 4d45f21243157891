"""Commands that show what an effect or a transition does, to a picture of a media file or to a test card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from flows.commands.media import MediaNamed
from flows.commands.places import file_of
from flows.commands.projects import FrameWanted, Picture, frame_of_project
from infra.commands import Call, Command, Name
from infra.errors import KinofarmError
from infra.values import Value
from tasks.compiler.effects import EFFECTS

RATE = 25
HALF = 10
"""Frames of a passage on either side of its cut: 0.8 s in all, for which the media have to last."""
MOST = 250
BARS = ("#c0c0c0", "#c0c000", "#00c0c0", "#00c000", "#c000c0", "#c00000", "#0000c0")

Parameters = Mapping[Name, Any]


class PreviewSource(Value):
    """The picture that a preview is made of."""

    media: MediaNamed | None = Field(None, description="The media file that is looked at; none: a test card.")
    at: float = Field(0, ge=0, le=10**6, description="Seconds into the media file.")

    def clip(self, call: Call, field: str, card: int, start: int, end: int) -> dict[str, Any]:
        """A clip of it over the film's frames [start, end). card: which test card, 0 or 1."""
        if self.media is None:
            source: dict[str, Any] = {"kind": "title", "background": "#101014", "elements": _card(card)}
            return {"id": field, "source": source, "start": start, "end": end}
        return {
            "id": field,
            "source": {"kind": "media", "path": _path(call, self.media, field)},
            "source_start": self.at,
            "start": start,
            "end": end,
        }


class PreviewSize(Value):
    """Of a preview, in pixels."""

    width: int = Field(640, ge=16, le=1920, multiple_of=2)
    height: int = Field(360, ge=16, le=1920, multiple_of=2)


class EffectTried(PreviewSource):
    """An effect on a clip, as the clip's frame `frame` shows it."""

    effect: Name
    parameters: Parameters = Field(default_factory=dict, description="By name; what is left out is as by default.")
    frame: int = Field(0, ge=0, lt=MOST, description="Of the clip: some effects move, or look at the frames before.")
    size: PreviewSize = PreviewSize()


class TransitionTried(Value):
    """A transition from one picture to another."""

    transition: Name
    parameters: Parameters = Field(default_factory=dict, description="By name; what is left out is as by default.")
    before: PreviewSource = PreviewSource()
    after: PreviewSource = PreviewSource()
    progress: float = Field(0.5, ge=0, le=1, description="0: its first frame, 1: its last one.")
    size: PreviewSize = PreviewSize()


def preview_effect(call: Call, given: EffectTried) -> Picture:
    """See what an effect does to a picture, as a PNG.

    Raises:  KinofarmError CHECK-0xx for an effect or a parameter that does not exist, API-013 for one on sound, PATH-0xx,
             MEDIA-0xx, SECURITY-0xx, FFMPEG-00x.
    """
    row = EFFECTS.get(given.effect)
    if row is not None and row.on == "sound":
        raise KinofarmError("API-013", where="effect", effect=given.effect)
    effect = {"kind": given.effect, "parameters": dict(given.parameters)}
    clip = given.clip(call, "media", 0, 0, given.frame + 1) | {"effects": [effect]}
    return _frame(call, given.size, [clip], [], given.frame)


def preview_transition(call: Call, given: TransitionTried) -> Picture:
    """See how far a transition is between two pictures, as a PNG.

    Raises:  KinofarmError CHECK-0xx for a transition or a parameter that does not exist, PATH-0xx, MEDIA-0xx, SECURITY-0xx,
             FFMPEG-00x.
    """
    clips = [given.before.clip(call, "before", 0, 0, HALF), given.after.clip(call, "after", 1, HALF, 2 * HALF)]
    if given.after.media is not None:
        clips[1]["source_start"] += HALF / RATE  # the passage begins with what comes before the cut
    passage = {
        "kind": given.transition,
        "from_clip": "before",
        "to_clip": "after",
        "start": 0,
        "end": 2 * HALF,
        "parameters": dict(given.parameters),
    }
    return _frame(call, given.size, clips, [passage], round(given.progress * (2 * HALF - 1)))


def _frame(
    call: Call, size: PreviewSize, clips: list[dict[str, Any]], passages: list[dict[str, Any]], number: int
) -> Picture:
    row = {"id": "picture", "kind": "video", "clips": clips, "transitions": passages}
    length = clips[-1]["end"]
    timeline = {"format": "kinofarm/1", "rate": RATE, "size": size.model_dump(), "duration": length, "tracks": [row]}
    return frame_of_project(call, FrameWanted(timeline=timeline, timeline_name="preview", at=f"f{number}"))


def _path(call: Call, media: MediaNamed, field: str) -> str:
    """The name by which a timeline reads it."""
    if media.upload is not None:
        return f"upload://{media.upload}"
    return str(file_of(call, media.path, None, field))


def _card(number: int) -> list[dict[str, Any]]:
    """Colour bars over a row of greys; the second card has them upside down and back to front, so that a passage is seen."""
    bars, greys = (BARS, range(0, 256, 32)) if number == 0 else (BARS[::-1], range(224, -1, -32))
    top, bottom = (0.0, 0.7) if number == 0 else (0.3, 0.0)
    return [
        *(_box(f"bar {place}", place / len(bars), top, 1 / len(bars), 0.7, fill) for place, fill in enumerate(bars)),
        *(_box(f"grey {place}", place / 8, bottom, 1 / 8, 0.3, f"#{grey:02x}{grey:02x}{grey:02x}") for place, grey in enumerate(greys)),
    ]  # fmt: skip


def _box(name: str, x: float, y: float, width: float, height: float, fill: str) -> dict[str, Any]:
    return {"kind": "shape", "id": name, "x": x, "y": y, "width": width, "height": height, "fill": fill}


COMMANDS: tuple[Command, ...] = (
    Command(
        "preview.effect",
        preview_effect,
        "POST /previews/effect",
        scope="submit",
        example={"effect": "blur", "parameters": {"radius": 4}, "media": {"path": "clip.mp4"}, "at": 1},
    ),
    Command(
        "preview.transition",
        preview_transition,
        "POST /previews/transition",
        scope="submit",
        example={"transition": "dissolve", "progress": 0.5, "before": {"media": {"path": "clip.mp4"}}},
    ),
)
"""Of this module."""
