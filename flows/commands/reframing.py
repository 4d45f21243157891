"""Commands that make something of what a model found: a sheet of it, a film in other proportions that follows the subject."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import Base64Bytes, Field, StringConstraints, field_validator

from flows.camera import MOST_FRAMES, PLANNED
from flows.commands.analysing import MOST_EXPORTED, AnalysisNamed, found_by, recognition
from flows.commands.media import looked_into_again
from flows.commands.places import address_of, film_name, roots_for
from flows.commands.projects import Accepted, RenderWanted, submit_film
from infra.apart import Apart
from infra.commands import Call, Command, Name
from infra.errors import KinofarmError
from infra.library.analyses import AnalysisEntry
from infra.library.findings import FindingStore, FindingsWanted
from infra.settings import Settings
from infra.values import Value
from tasks.compiler.following import following, own_size
from tasks.compiler.imports import media
from tasks.compiler.model import Timeline
from tasks.compiler.overlaid import overlaid
from tasks.compiler.presets import presets
from tasks.filesystem.scratch import scratch
from tasks.media.facts import MediaFacts, PictureFacts
from tasks.recognition.burnt import boxes
from tasks.recognition.findings import Finding
from tasks.recognition.follow import CameraPath, FollowOptions
from tasks.recognition.reading import DRAWN
from tasks.recognition.sheet import SheetOptions

UPRIGHT = "9:16"
PREVIEW = "draft"
"""The preset of films that are made to be looked at once."""

Aspect = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}:[1-9][0-9]{0,4}$")]


class ReframeWanted(AnalysisNamed):
    """What a model found in a film, and the proportions that are wanted."""

    aspect: Aspect = Field(UPRIGHT, description="Width to height, such as 9:16 or 1:1; at most ten to one either way.")
    name: tuple[Name, ...] = Field((), max_length=100, description="Classes to follow; none: whatever is seen most.")

    @field_validator("aspect")
    @classmethod
    def _within_reason(cls, aspect: str) -> str:
        across, down = map(int, aspect.split(":"))
        if not 1 <= 10 * across // down <= 100:
            raise ValueError("one side is more than ten times the other")
        return aspect


class Reframed(Value):
    """A project that shows a film through a window that follows its subject."""

    timeline: Mapping[str, Any] = Field(description="Our own project format; its clip's transform has the keyframes.")
    width: int
    height: int
    followed: int = Field(description="How many things are followed, one after the other.")


class SheetWanted(AnalysisNamed):
    """What a model found, and how a sheet of it is to look."""

    options: SheetOptions = SheetOptions()


class SheetShown(Value):
    """A sheet of findings."""

    findings: int = Field(description="On the sheet.")
    width: int = Field(description="Pixels.")
    height: int
    jpeg: Base64Bytes = Field(description="The picture, in base64.")


def show_sheet(call: Call, given: SheetWanted) -> SheetShown:
    """Draw a contact sheet of what a model found: each thing where it was surest, with its class, score and time.

    Raises:  KinofarmError ANALYSIS-001, ANALYSIS-006, ANALYSIS-007, ANALYSIS-021, ANALYSIS-008 where nothing was found, PATH-0xx, MEDIA-0xx.
    """
    row, found = _found(call, given)
    if not found:
        raise KinofarmError("ANALYSIS-008", analysis=str(row.id))
    path, facts, _ = _film(call, row)
    settings = call.services.get(Settings)
    with scratch(settings.home.absolute() / "scratch", "sheet") as folder:
        asked = {
            "path": str(path),
            "facts": facts.model_dump(mode="json"),
            "found": [one.model_dump(mode="json") for one in found],
            "options": given.options.model_dump(mode="json"),
            "out": str(folder / "sheet.jpg"),
        }
        told = call.services.get(Apart).call(DRAWN, asked, file=path.name, seconds=settings.media.reader_seconds)
        return SheetShown.model_construct(**told, jpeg=(folder / "sheet.jpg").read_bytes())


def reframe(call: Call, given: ReframeWanted) -> Reframed:
    """Return a project in other proportions that follows what a model found, as keyframes that can be edited like any others.

    Where the film's scenes are known (analysis.begin without a model) the window jumps at cuts instead of panning.

    Raises:  KinofarmError ANALYSIS-001, ANALYSIS-006, ANALYSIS-007, ANALYSIS-021, ANALYSIS-020, PATH-0xx, MEDIA-0xx.
    """
    _, timeline, followed = _reframed(call, given)
    return Reframed(
        timeline=timeline.model_dump(mode="json"),
        width=timeline.size.width,
        height=timeline.size.height,
        followed=followed,
    )


def render_reframed(call: Call, given: ReframeWanted) -> Accepted:
    """Have a film rendered in other proportions, following what a model found; see analysis.reframe.

    Raises:  KinofarmError ANALYSIS-001, ANALYSIS-006, ANALYSIS-007, ANALYSIS-021, ANALYSIS-020, PATH-0xx, MEDIA-0xx, FARM-023.
    """
    row, timeline, _ = _reframed(call, given)
    name = film_name(Path(row.path), given.aspect.replace(":", "x"))
    wanted = RenderWanted(timeline=timeline.model_dump(mode="json"), timeline_name=name)
    return submit_film(call, wanted, roots=roots_for(call, Path(row.path)))


def render_boxes(call: Call, given: AnalysisNamed) -> Accepted:
    """Have a preview of a film rendered with what a model found drawn into it: boxes, classes and scores.

    Raises:  KinofarmError ANALYSIS-001, ANALYSIS-006, ANALYSIS-007, ANALYSIS-021, PATH-0xx, MEDIA-0xx, FARM-023.
    """
    row, found = _found(call, given)
    path, facts, picture = _film(call, row)
    film = media.read(path, lambda _: facts).timeline
    drawn = boxes(
        found,
        picture=picture.display_size,
        size=film.size,
        rate=film.rate,
        frames=film.duration,
        start=film.tracks[0].clips[0].source_start,
    )
    export = presets()[PREVIEW].export
    timeline = overlaid(media.sourced(film, address_of(call, path)), drawn, "boxes").model_copy(
        update={"export": export}
    )
    wanted = RenderWanted(timeline=timeline.model_dump(mode="json"), timeline_name=film_name(path, "boxes"))
    return submit_film(call, wanted, roots=roots_for(call, path))


def _found(call: Call, given: AnalysisNamed) -> tuple[AnalysisEntry, tuple[Finding, ...]]:
    """A recognition that is done, and what it found.

    Raises:  KinofarmError ANALYSIS-001, ANALYSIS-007, ANALYSIS-021.
    """
    row = recognition(call, given.analysis)
    return row, found_by(call, row)


def _film(call: Call, row: AnalysisEntry) -> tuple[Path, MediaFacts, PictureFacts]:
    """The film in which a recognition found something, as it lies there still.

    Raises:  KinofarmError ANALYSIS-006, MODEL-020 for one without a picture, PATH-0xx, MEDIA-0xx.
    """
    path, facts = looked_into_again(call, row.path, row.content, "analysis")
    picture = facts.picture()
    if picture is None:
        raise KinofarmError("MODEL-020", file=path.name)
    return path, facts, picture


def _reframed(call: Call, given: ReframeWanted) -> tuple[AnalysisEntry, Timeline, int]:
    row, found = _found(call, given)
    path, facts, picture = _film(call, row)
    film = media.read(path, lambda _: facts).timeline
    if film.duration > MOST_FRAMES:
        raise KinofarmError("ANALYSIS-020", file=path.name, frames=film.duration, most=MOST_FRAMES)
    asked = {
        "found": [one.model_dump(mode="json") for one in found],
        "size": [str(side) for side in picture.display_size],
        "rate": str(film.rate),
        "frames": film.duration,
        "aspect": given.aspect.replace(":", "/"),
        "options": FollowOptions(names=given.name).model_dump(mode="json"),
        "cuts": _cuts(call.services.get(FindingStore), row, film, picture),
        "start": str(film.tracks[0].clips[0].source_start),
    }
    seconds = call.services.get(Settings).media.reader_seconds
    way = CameraPath.model_validate(call.services.get(Apart).call(PLANNED, asked, file=path.name, seconds=seconds))
    window = (way.width, way.height)
    places = [(point.frame, point.left, point.top) for point in way.points]
    try:
        made = following(film, picture.display_size, window, places, own_size(window))
    except ValueError as error:  # a window of so few of the picture's pixels
        raise KinofarmError("API-009", where="aspect", name="analysis.reframe", reason=str(error)) from None
    return row, media.sourced(made, address_of(call, path)), len(way.followed)


def _cuts(store: FindingStore, row: AnalysisEntry, film: Timeline, picture: PictureFacts) -> list[int]:
    """The frames of the film with which scenes begin, where that is known of the content.

    A frame shows what its file shows until half a tick after its time (`tasks.compiler.sampling`).
    """
    scenes = store.find_all(FindingsWanted(names=("scene",), content=row.content, limit=MOST_EXPORTED))
    begins = film.tracks[0].clips[0].source_start + picture.time_base / 2
    return [
        math.ceil((Fraction(scene.finding["start"]) - begins) * film.rate) for scene in scenes if scene.model is None
    ]


_EXAMPLE = {"analysis": "5ca9ab1e-0000-4000-8000-00000000a0a0"}

COMMANDS: tuple[Command, ...] = (
    Command("analysis.sheet", show_sheet, "POST /analyses/{analysis}/sheet", scope="read", example=_EXAMPLE),
    Command("analysis.reframe", reframe, "GET /analyses/{analysis}/reframed", scope="read", example={**_EXAMPLE, "aspect": "1:1"}),
    Command("render.reframe", render_reframed, "POST /analyses/{analysis}/reframe", scope="submit", example=_EXAMPLE, kind="job"),
    Command("render.boxes", render_boxes, "POST /analyses/{analysis}/boxes", scope="submit", example=_EXAMPLE, kind="job"),
)  # fmt: skip
"""Of this module."""
