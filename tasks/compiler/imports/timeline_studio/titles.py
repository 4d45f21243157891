"""Style templates: intros, lower thirds and titles made of text and shapes, drawn over a clip's frames.

Places and sizes are percent of the frame, (x, y) is the top left corner; lengths of text are pixels of the timeline's
resolution. Where a clip is longer than its template, what is there at the template's end stays to the clip's end;
where it is shorter, it is cut off.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.places import refused
from tasks.compiler.imports.timeline_studio.animations import Animations, to_animations
from tasks.compiler.imports.timeline_studio.fields import Id, Paint, Read, Real, Seconds, one_of, squash
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.compiler.imports.timeline_studio.text import TextAlign, Weight, is_bold, is_slanted, text_style
from tasks.compiler.model import Element, ShapeElement, TextElement, TitleSource

_THIN = 1e-4
"""Height or width, in fractions of the frame, of a line that the file gives none."""

MAX_ELEMENTS = 50_000
"""Elements of all titles of different lengths together: a guard against one large template used thousands of times."""

DEFAULT_SIZE = 48.0
"""Font size where the file gives none, in pixels of a frame 1080 lines high."""

_KINDS = ("text", "image", "video", "shape", "line", "icon", "particles", "animation")
_SHAPES = {"rectangle": "rectangle", "rect": "rectangle", "square": "rectangle", "ellipse": "ellipse", "circle": "ellipse",
           "oval": "ellipse", "line": "line"}  # fmt: skip


class Point(Read):
    """A place in percent of the frame."""

    x: Real = 0.0
    y: Real = 0.0


class Extent(Read):
    """A size in percent of the frame."""

    width: Real = 100.0
    height: Real = 100.0


class Timing(Read):
    """When an element is seen, in seconds of its template: start and end, or in_time and out_time."""

    start: Seconds | None = None
    end: Seconds | None = None
    in_time: Seconds | None = None
    out_time: Seconds | None = None


class Properties(Read):
    """`properties` of a style element."""

    opacity: Annotated[Real, Field(ge=0, le=1)] = 1.0
    rotation: Real = 0.0
    scale: Annotated[Real, Field(gt=0, le=100)] = 1.0
    text: Annotated[str, Field(max_length=10_000)] = ""
    font_size: Annotated[Real, Field(gt=0)] | None = None
    font_family: Id = ""
    color: Paint | None = None
    text_align: TextAlign = "center"
    font_weight: Weight | None = None
    font_style: Id | None = None
    letter_spacing: Real = 0.0
    line_height: Annotated[Real, Field(gt=0)] = 1.2
    background_color: Paint | None = None
    border_color: Paint | None = None
    border_width: Annotated[Real, Field(ge=0)] = 0.0
    border_radius: Annotated[Real, Field(ge=0)] = 0.0
    src: Any = None
    object_fit: Any = None
    shape_type: Id = "rectangle"


class ElementObject(Read):
    """`elements[]` of a style template."""

    id: Id = ""
    element_type: Annotated[str, one_of(*_KINDS, also={"particle": "particles"})]
    name: Any = None
    position: Point = Point()
    size: Extent = Extent()
    timing: Timing = Timing()
    properties: Properties = Properties()
    animations: Animations = Field(default_factory=list)


class StyleTemplateObject(Read):
    """`style_templates[]`."""

    id: Id
    name: Any = None
    category: Any = None
    style: Any = None
    duration: Seconds | None = None
    background_color: Paint | None = None
    elements: Annotated[list[ElementObject], Field(max_length=200)] = Field(default_factory=list)


class Titles:
    """The project's style templates; each is turned into a title once for every length that clips ask for."""

    def __init__(self, templates: list[StyleTemplateObject], grid: Grid, warnings: Warnings) -> None:
        self._templates = {template.id: (n, template) for n, template in enumerate(templates)}
        self._grid, self._warnings = grid, warnings
        self._made: dict[tuple[str, int], TitleSource] = {}
        self._drawn = 0

    def title(self, name: str, frames: int, clip: str, where: str) -> TitleSource:
        """Return a style template as a title that lasts for that many frames.

        Raises:  FORMAT-031 when the file does not define it, FORMAT-040 for an element that is not built, FORMAT-016
                 for too many elements.
        """
        if name not in self._templates:
            raise KinofarmError("FORMAT-031", where=where, user=f'clip "{clip}"', kind="style template", id=name)
        if (name, frames) not in self._made:
            number, template = self._templates[name]
            self._drawn += len(template.elements)
            if self._drawn > MAX_ELEMENTS:
                things = "title elements"
                raise KinofarmError("FORMAT-016", where=where, things=things, count=self._drawn, limit=MAX_ELEMENTS)
            self._made[name, frames] = self._make(template, frames, f"style_templates[{number}]")
        return self._made[name, frames]

    def _make(self, template: StyleTemplateObject, frames: int, where: str) -> TitleSource:
        length = None if template.duration is None else self._grid.frames(template.duration, f"{where}.duration")
        elements = []
        for number, element in enumerate(template.elements):
            place = f"{where}.elements[{number}]"
            start, end = self._span(element.timing, length, f"{place}.timing")
            if start < frames:
                seen_until = None if end is None or end >= frames else end
                elements.append(self._element(element, start, seen_until, place))
        return TitleSource(background=template.background_color, elements=tuple(elements))

    def _span(self, timing: Timing, length: int | None, where: str) -> tuple[int, int | None]:
        """Return an element's frames; an end of None means the title's own end."""
        first, first_name = (timing.in_time, "in_time") if timing.start is None else (timing.start, "start")
        last, last_name = (timing.out_time, "out_time") if timing.end is None else (timing.end, "end")
        start = 0 if first is None else self._grid.frames(first, f"{where}.{first_name}")
        end = None if last is None else self._grid.frames(last, f"{where}.{last_name}")
        if end is not None and end <= start:
            place = f"{where}.{last_name}"
            raise KinofarmError("FORMAT-025", where=place, thing="element", id=where, start=start, end=end)
        return start, None if end is None or (length is not None and end >= length) else end

    def _element(self, element: ElementObject, start: int, end: int | None, where: str) -> Element:
        if element.element_type not in ("text", "shape", "line"):
            raise KinofarmError(
                "FORMAT-040",
                where=f"{where}.element_type",
                what=f"a style element of the type {element.element_type}",
                instead="take text, shape and line elements; a picture or video is a clip on a track of its own",
            )
        p = element.properties
        width, height = element.size.width / 100 * p.scale, element.size.height / 100 * p.scale
        common: dict[str, Any] = {
            "id": element.id,
            # The scale keeps the element's centre where it is.
            "x": element.position.x / 100 + (element.size.width / 100 - width) / 2,
            "y": element.position.y / 100 + (element.size.height / 100 - height) / 2,
            "width": width,
            "height": height,
            "start": start,
            "end": end,
            "opacity": p.opacity,
            "rotation": p.rotation,
            "animations": to_animations(element.animations, self._grid, where, self._warnings),
        }
        try:
            return (
                self._text(p, common, where) if element.element_type == "text" else self._shape(element, common, where)
            )
        except ValidationError as error:
            known = {**common, "border_width": 0, "radius": 0}
            raise refused(error, known, base=where, names=_NAMES) from None

    def _text(self, p: Properties, common: dict[str, Any], where: str) -> TextElement:
        pixels = self._grid.at_1080_lines
        style = text_style(
            f"{where}.properties",
            _STYLE_NAMES,
            {
                "font_family": p.font_family,
                "font_size": (DEFAULT_SIZE if p.font_size is None else pixels(p.font_size)) * p.scale,
                "bold": is_bold(p.font_weight),
                "italic": is_slanted(p.font_style),
                "colour": p.color or "#ffffff",
                "stroke_colour": p.border_color or "#000000",
                "stroke_width": pixels(p.border_width * p.scale),
                "background_colour": p.background_color,
                "letter_spacing": pixels(p.letter_spacing * p.scale),
                "line_height": p.line_height,
                "align": p.text_align,
            },
        )
        return TextElement(text=p.text, style=style, **common)

    def _shape(self, element: ElementObject, common: dict[str, Any], where: str) -> ShapeElement:
        p, pixels = element.properties, self._grid.at_1080_lines
        is_line = element.element_type == "line"
        shape = "line" if is_line else _SHAPES.get(squash(p.shape_type))
        if shape is None:
            raise KinofarmError(
                "FORMAT-040",
                where=f"{where}.properties.shape_type",
                what=f'the shape "{p.shape_type}"',
                instead="take rectangle, ellipse or line",
            )
        fill = (p.color or p.background_color) if shape == "line" else (p.background_color or p.color)
        if shape == "line":
            common |= {"width": max(common["width"], _THIN), "height": max(common["height"], _THIN)}
        return ShapeElement.model_validate(
            {
                **common,
                "shape": shape,
                "fill": fill or p.border_color or "#ffffff",
                "border_colour": p.border_color or "#000000",
                "border_width": pixels(p.border_width * p.scale),
                "radius": pixels(p.border_radius * p.scale),
            }
        )


_NAMES = {
    "x": "position.x",
    "y": "position.y",
    "width": "size.width",
    "height": "size.height",
    "rotation": "properties.rotation",
    "radius": "properties.border_radius",
    "border_width": "properties.border_width",
}
_STYLE_NAMES = {"stroke_width": "border_width", "colour": "color"}
