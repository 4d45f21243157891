"""Style templates: intros, lower thirds and titles made of text, shapes, icons and pictures, over a clip's frames.

Places and sizes are percent of the frame, (x, y) is the top left corner; lengths of text are pixels of the timeline's
resolution. Where a clip is longer than its template, what is there at the template's end stays to the clip's end;
where it is shorter, it is cut off. The farm's own templates are there without being defined; one of the file's with
the same id wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.places import refused
from tasks.compiler.imports.timeline_studio.animations import Animations, to_animations
from tasks.compiler.imports.timeline_studio.fields import Id, Paint, Read, Real, Seconds, one_of, squash
from tasks.compiler.imports.timeline_studio.grid import LINES, Grid
from tasks.compiler.imports.timeline_studio.text import TextAlign, Weight, is_slanted, text_style
from tasks.compiler.model import Element, PictureElement, ShapeElement, TextElement, TitleSource
from tasks.subtitles.icons import ICONS
from tasks.subtitles.scripts import EMOJI
from tasks.subtitles.shapes import SHAPES

_THIN = 1e-4
"""Height or width, in fractions of the frame, of a line that the file gives none."""

_ICON_SIZE = 0.78
"""An icon's em as a share of its box's shorter side: Noto's pictograms are somewhat larger than their em."""

MAX_ELEMENTS = 50_000
"""Elements of all titles of different lengths together: a guard against one large template used thousands of times."""

DEFAULT_SIZE = 48.0
"""Font size where the file gives none, in pixels of a frame 1080 lines high."""

_KINDS = ("text", "image", "video", "shape", "line", "icon", "particles", "animation")
_SHAPES = {squash(name): name for name in SHAPES} | {
    "rect": "rectangle",
    "square": "rectangle",
    "roundedrectangle": "rounded",
    "roundrect": "rounded",
    "oval": "ellipse",
    "hexagon": "polygon",
    "pentagon": "polygon",
    "octagon": "polygon",
}
_SIDES = {"pentagon": 5, "hexagon": 6, "octagon": 8}
_ICONS = {squash(name): name for name in ICONS}
_PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".svg")

_FILL, _OF_TEXT = "background_color", "color"


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
    src: Annotated[str, Field(max_length=4096)] = ""
    object_fit: Annotated[
        Literal["contain", "cover", "fill", "none"],
        one_of("contain", "cover", "fill", "none", also={"scale-down": "contain", "fit": "contain", "stretch": "fill"}),
    ] = "contain"
    shape_type: Id = "rectangle"
    points: Annotated[int, Field(ge=3, le=60)] | None = None
    inner_radius: Annotated[Real, Field(gt=0, lt=1)] | None = None
    icon: Id = ""
    padding: Annotated[Real, Field(ge=0)] = 0.0
    shadow_color: Paint = "#000000"
    shadow_x: Real = 0.0
    shadow_y: Real = 0.0
    shadow_blur: Annotated[Real, Field(ge=0)] = 0.0
    language: Id = ""


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


class Customizations(Read):
    """What one use of a template changes, by element id: texts, and colours (of text, or a shape's filling)."""

    texts: Annotated[dict[str, Annotated[str, Field(max_length=10_000)]], Field(max_length=1000)] = Field(
        default_factory=dict
    )
    colors: Annotated[dict[str, Paint], Field(max_length=1000)] = Field(default_factory=dict)

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        return (*sorted(self.texts.items()), ("", ""), *sorted(self.colors.items()))


UNCHANGED = Customizations()

BACKGROUND = "background"
"""The id under which `colors` replaces a template's own background."""


class Titles:
    """The project's style templates; each is turned into a title once for every length that clips ask for."""

    def __init__(
        self,
        templates: list[StyleTemplateObject],
        grid: Grid,
        warnings: Warnings,
        built_in: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._templates = {template.id: (n, template) for n, template in enumerate(templates)}
        self._built_in = built_in
        self._grid, self._warnings = grid, warnings
        self._made: dict[tuple[Any, ...], TitleSource] = {}
        self._drawn = 0

    def title(self, name: str, frames: int, clip: str, where: str, custom: Customizations = UNCHANGED) -> TitleSource:
        """Return a style template as a title that lasts for that many frames.

        Raises:  FORMAT-031 when neither the file nor the farm has it, FORMAT-040, FORMAT-051 and FORMAT-052 for an
                 element that is not built, FORMAT-016 for too many elements.
        """
        if name in self._templates:
            number, template = self._templates[name]
            place, grid = f"style_templates[{number}]", self._grid
        elif name in self._built_in:
            template = StyleTemplateObject.model_validate(self._built_in[name])
            place, grid = where, Grid(self._grid.rate, LINES * 16 // 9, LINES)
        else:
            raise KinofarmError("FORMAT-031", where=where, user=f'clip "{clip}"', kind="style template", id=name)
        key = (name, frames, custom.key)
        if key not in self._made:
            self._drawn += len(template.elements)
            if self._drawn > MAX_ELEMENTS:
                things = "title elements"
                raise KinofarmError("FORMAT-016", where=where, things=things, count=self._drawn, limit=MAX_ELEMENTS)
            self._made[key] = _Making(grid, self._warnings).title(self._changed(template, custom, where), frames, place)
        return self._made[key]

    def _changed(self, template: StyleTemplateObject, custom: Customizations, where: str) -> StyleTemplateObject:
        """The template with the texts and colours of one use."""
        if custom == UNCHANGED:
            return template
        known = {element.id for element in template.elements} - {""}
        for name in sorted({*custom.texts, *custom.colors} - known - {BACKGROUND}):
            ids = ", ".join(sorted(known)) or "none"
            self._warnings.add("FORMAT-111", where=where, name=name[:80], template=template.id, known=ids[:300])
        elements = [_customized(element, custom) for element in template.elements]
        ground = custom.colors.get(BACKGROUND, template.background_color)
        return template.model_copy(update={"elements": elements, "background_color": ground})


def _customized(element: ElementObject, custom: Customizations) -> ElementObject:
    changes: dict[str, Any] = {}
    if element.id in custom.texts:
        changes["text"] = custom.texts[element.id]
    if element.id in custom.colors:
        is_shape = element.element_type == "shape" and element.properties.background_color is not None
        changes[_FILL if is_shape else _OF_TEXT] = custom.colors[element.id]
    return element.model_copy(update={"properties": element.properties.model_copy(update=changes)})


class _Making:
    """Turns one template into a title of the model."""

    def __init__(self, grid: Grid, warnings: Warnings) -> None:
        self._grid, self._warnings = grid, warnings

    def title(self, template: StyleTemplateObject, frames: int, where: str) -> TitleSource:
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
        kind = element.element_type
        if kind in ("particles", "animation"):
            raise KinofarmError(
                "FORMAT-040",
                where=f"{where}.element_type",
                what=f"a style element of the type {kind}",
                instead="render it into a video with alpha (WebM, ProRes 4444) and take a Video element",
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
            if kind == "text":
                return self._text(p, common, where)
            if kind == "icon":
                return self._icon(p, common, where)
            if kind in ("image", "video"):
                return self._picture(p, common, where)
            return self._shape(element, common, where)
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
                "weight": p.font_weight,
                "italic": is_slanted(p.font_style),
                "colour": p.color or "#ffffff",
                "stroke_colour": p.border_color or "#000000",
                "stroke_width": pixels(p.border_width * p.scale),
                "background_colour": p.background_color,
                "padding": pixels(p.padding * p.scale),
                "radius": pixels(p.border_radius * p.scale),
                "shadow_colour": p.shadow_color,
                "shadow_x": pixels(p.shadow_x * p.scale),
                "shadow_y": pixels(p.shadow_y * p.scale),
                "shadow_blur": pixels(p.shadow_blur * p.scale),
                "letter_spacing": pixels(p.letter_spacing * p.scale),
                "line_height": p.line_height,
                "align": p.text_align,
            },
        )
        return TextElement(text=p.text, language=p.language, style=style, **common)

    def _icon(self, p: Properties, common: dict[str, Any], where: str) -> Element:
        """A pictogram as large as its box; a file that is named instead is a picture."""
        written = p.icon or p.text or p.src
        if PurePosixPath(written).suffix.lower() in _PICTURE_SUFFIXES:
            return self._picture(p.model_copy(update={"src": written}), common, where)
        name = _ICONS.get(squash(written).removeprefix("icon"))
        if name is None:
            known = ", ".join(ICONS)
            raise KinofarmError("FORMAT-051", where=f"{where}.properties.icon", name=written[:80], known=known)
        side = min(common["height"] * self._grid.height, common["width"] * self._grid.width)
        style = text_style(
            f"{where}.properties",
            _STYLE_NAMES,
            {
                "font_family": EMOJI,
                "font_size": max(1.0, self._grid.at_1080_lines(side) * _ICON_SIZE),
                "colour": p.color or "#ffffff",
                "line_height": 1,
            },
        )
        return TextElement(text=ICONS[name], style=style, **common)

    def _picture(self, p: Properties, common: dict[str, Any], where: str) -> PictureElement:
        if not p.src:
            raise KinofarmError("FORMAT-021", where=f"{where}.properties.src", field="src")
        if "://" in p.src:
            raise KinofarmError("FORMAT-052", where=f"{where}.properties.src")
        return PictureElement(path=p.src, fit=p.object_fit, **common)

    def _shape(self, element: ElementObject, common: dict[str, Any], where: str) -> ShapeElement:
        p, pixels = element.properties, self._grid.at_1080_lines
        is_line = element.element_type == "line"
        shape = "line" if is_line else _SHAPES.get(squash(p.shape_type))
        if shape is None:
            raise KinofarmError(
                "FORMAT-040",
                where=f"{where}.properties.shape_type",
                what=f'the shape "{p.shape_type}"',
                instead="take one of " + ", ".join(SHAPES),
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
                "points": p.points or _SIDES.get(squash(p.shape_type)),
                **({} if p.inner_radius is None else {"inner": p.inner_radius}),
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
_STYLE_NAMES = {"stroke_width": "border_width", "colour": "color", "radius": "border_radius", "weight": "font_weight"}
