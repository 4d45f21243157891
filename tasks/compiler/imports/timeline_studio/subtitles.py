"""Subtitles: their text, times, place and style. Lengths are pixels of the timeline's resolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.places import problem, refused
from tasks.compiler.imports.timeline_studio.animations import Animations, to_animations
from tasks.compiler.imports.timeline_studio.cells import AlignX, AlignY
from tasks.compiler.imports.timeline_studio.fields import Id, Paint, Read, Real, Seconds, shaped, squash
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.compiler.imports.timeline_studio.text import TextAlign, Weight, is_slanted, text_style
from tasks.compiler.model import Subtitle, TextStyle

_EDGE_X = {"left": 0.05, "center": 0.5, "right": 0.95}
_EDGE_Y = {"top": 0.07, "center": 0.5, "bottom": 0.93}
"""Where a relative subtitle stands: 5 % from the sides and 7 % from top and bottom, inside the title-safe area."""

_STYLE_NAMES = {
    "colour": "color",
    "stroke_colour": "stroke_color",
    "background_colour": "background_color",
    "weight": "font_weight",
    "radius": "border_radius",
}


def _largest(value: Any) -> float:
    """Read a length that may differ on the four sides; the largest holds on all of them."""
    sides = list(value.values()) if isinstance(value, dict) else [value]
    if not sides or any(isinstance(s, bool) or not isinstance(s, int | float) or not 0 <= s <= 1e6 for s in sides):
        raise problem("FORMAT-020", problem="a length in pixels is wanted, or one for each side")
    return float(max(sides))


Around = Annotated[float, shaped(_largest)]


class MarginObject(Read):
    """How far a subtitle keeps from the frame's edges, in pixels."""

    top: Annotated[Real, Field(ge=0)] = 0.0
    right: Annotated[Real, Field(ge=0)] = 0.0
    bottom: Annotated[Real, Field(ge=0)] = 0.0
    left: Annotated[Real, Field(ge=0)] = 0.0


class PositionObject(Read):
    """`position`: percent with alignment and margin; or type Relative (edges), or type Absolute (pixels)."""

    type: Id = ""
    x: Real | None = None
    y: Real | None = None
    align_x: AlignX | None = None
    align_y: AlignY | None = None
    margin: MarginObject | Real | None = None


def _tagged(value: Any) -> Any:
    """Lay {"Relative": {…}} flat, as {"type": "Relative", …}."""
    if isinstance(value, dict) and len(value) == 1:
        ((tag, inner),) = value.items()
        if isinstance(inner, dict):
            return {**inner, "type": tag}
    return value


class SubtitleStyleObject(Read):
    """`style` of a subtitle."""

    font_family: Id = ""
    font_size: Annotated[Real, Field(gt=0)] | None = None
    font_weight: Weight | None = None
    font_style: Id | None = None
    color: Paint = "#ffffff"
    stroke_color: Paint = "#000000"
    stroke_width: Annotated[Real, Field(ge=0)] | None = None
    shadow_color: Paint = "#000000"
    shadow_x: Real = 0.0
    shadow_y: Real = 0.0
    shadow_blur: Annotated[Real, Field(ge=0)] = 0.0
    background_color: Paint | None = None
    background_opacity: Annotated[Real, Field(ge=0, le=1)] | None = None
    padding: Around = 0.0
    border_radius: Around = 0.0
    line_height: Annotated[Real, Field(gt=0)] = 1.2
    letter_spacing: Real = 0.0
    text_align: TextAlign | None = None
    max_width: Annotated[Real, Field(gt=0, le=100)] = 90.0


class SubtitleObject(Read):
    """`subtitles[]`."""

    id: Id = ""
    text: Annotated[str, Field(max_length=10_000)]
    start_time: Seconds
    end_time: Seconds
    enabled: bool = True
    language: Id = ""
    position: Annotated[PositionObject, BeforeValidator(_tagged)] = PositionObject()
    style: SubtitleStyleObject = SubtitleStyleObject()
    animations: Animations = Field(default_factory=list)


def to_subtitles(
    written: Sequence[SubtitleObject], duration: int, grid: Grid, warnings: Warnings
) -> tuple[list[Subtitle], dict[int, str]]:
    """Return the subtitles that are seen, and their places in the file.

    One that is switched off or empty is left out; one that goes beyond the film is cut off there, with a warning.
    """
    found: list[Subtitle] = []
    places: dict[int, str] = {}
    for number, subtitle in enumerate(written):
        if not subtitle.enabled:
            continue
        where = f"subtitles[{number}]"
        name = subtitle.id or where
        start = grid.frames(subtitle.start_time, f"{where}.start_time")
        end = grid.frames(subtitle.end_time, f"{where}.end_time")
        if end <= start:
            raise KinofarmError(
                "FORMAT-025", where=f"{where}.end_time", thing="subtitle", id=name, start=start, end=end
            )
        if not subtitle.text.strip():
            warnings.add("FORMAT-106", where=f"{where}.text", id=name, what="has no text and is left out")
        elif start >= duration:
            warnings.add("FORMAT-106", where=where, id=name, what="begins after the film's end and is left out")
        else:
            if end > duration:
                warnings.add("FORMAT-106", where=f"{where}.end_time", id=name, what="is cut off at the film's end")
            places[len(found)] = where
            found.append(_to_subtitle(subtitle, name, start, min(end, duration), grid, where, warnings))
    return found, places


def _to_subtitle(
    subtitle: SubtitleObject, name: str, start: int, end: int, grid: Grid, where: str, warnings: Warnings
) -> Subtitle:
    place = _place(subtitle.position, grid, f"{where}.position")
    animations = to_animations(subtitle.animations, grid, where, warnings)
    try:
        return Subtitle(
            id=name,
            text=subtitle.text,
            start=start,
            end=end,
            max_width=subtitle.style.max_width / 100,
            style=_style(subtitle.style, place["align_x"], grid, f"{where}.style"),
            animations=animations,
            language=subtitle.language,
            **place,
        )
    except ValidationError as error:
        names = {"x": "position.x", "y": "position.y"}
        raise refused(error, {"x": 0, "y": 0}, base=where, names=names) from None


def _place(position: PositionObject, grid: Grid, where: str) -> dict[str, Any]:
    """Return the anchor and which side of the text lies on it."""
    kind = squash(position.type)
    if kind == "absolute":
        return {
            "x": (position.x or 0.0) / grid.width,
            "y": (position.y or 0.0) / grid.height,
            "align_x": position.align_x or "left",
            "align_y": position.align_y or "top",
        }
    if kind not in ("", "relative", "percent"):
        problem_ = "it should be Relative or Absolute, or left out"
        raise KinofarmError("FORMAT-020", where=f"{where}.type", field="type", problem=problem_)
    align_x, align_y = position.align_x or "center", position.align_y or "bottom"
    margin = position.margin
    sides = margin if isinstance(margin, MarginObject) else _even(margin or 0.0)
    x = _EDGE_X[align_x] if position.x is None else position.x / 100
    y = _EDGE_Y[align_y] if position.y is None else position.y / 100
    if margin is not None:
        x = _kept(x, align_x == "left", align_x == "right", sides.left / grid.width, sides.right / grid.width)
        y = _kept(y, align_y == "top", align_y == "bottom", sides.top / grid.height, sides.bottom / grid.height)
    return {"x": x, "y": y, "align_x": align_x, "align_y": align_y}


def _even(margin: float) -> MarginObject:
    return MarginObject.model_construct(top=margin, right=margin, bottom=margin, left=margin)


def _kept(value: float, at_low: bool, at_high: bool, low: float, high: float) -> float:
    """Keep an anchor out of the margin of the edge that the text is aligned to."""
    if at_low:
        return max(value, low)
    return min(value, 1 - high) if at_high else value


def _style(style: SubtitleStyleObject, align_x: str, grid: Grid, where: str) -> TextStyle:
    pixels = grid.at_1080_lines
    background = style.background_color
    if background and style.background_opacity is not None:
        alpha = int(background[7:9] or "ff", 16) / 255 * style.background_opacity
        background = f"{background[:7]}{round(alpha * 255):02x}"
    return text_style(
        where,
        _STYLE_NAMES,
        {
            "font_family": style.font_family,
            "font_size": 48 if style.font_size is None else pixels(style.font_size),
            "weight": style.font_weight,
            "italic": is_slanted(style.font_style),
            "colour": style.color,
            "stroke_colour": style.stroke_color,
            "stroke_width": 2 if style.stroke_width is None else pixels(style.stroke_width),
            "shadow_colour": style.shadow_color,
            "shadow_x": pixels(style.shadow_x),
            "shadow_y": pixels(style.shadow_y),
            "shadow_blur": pixels(style.shadow_blur),
            "background_colour": background,
            "padding": pixels(style.padding),
            "radius": pixels(style.border_radius),
            "letter_spacing": pixels(style.letter_spacing),
            "line_height": style.line_height,
            "align": style.text_align or align_x,
        },
    )
