"""Text over the picture: titles of text and shapes, and subtitles, with their styles and motions.

Units: frames at the timeline's rate, ranges half-open [start, end). Places and sizes in the picture are fractions
of the frame's width and height unless a field says pixels. Colours are "#rrggbb" or "#rrggbbaa".
The timeline's model (tasks/compiler/model.py) is built on these values.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from infra.values import Value
from tasks.subtitles.easing import EASINGS
from tasks.subtitles.kinds import KINDS

MAX_FRAMES = 10_000_000
"""Longest timeline, in frames: 92 hours at 30. A guard against absurd files, not a promise of comfort."""

Frame = Annotated[int, Field(ge=0, le=MAX_FRAMES)]
Name = Annotated[str, Field(max_length=500)]
Offset = Annotated[float, Field(ge=-10, le=10)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?$")]


Language = Annotated[str, Field(pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4})?$", max_length=40)]
"""A language tag (BCP 47) such as "ja" or "zh-Hant", or none: Han characters take its forms, soft tracks its name."""


class Animation(Value):
    """A motion of a title's element or a subtitle; delay and duration in frames from the element's start.

    One in hides the element until its delay is over; one out without a delay ends with the element. direction is the side
    of the frame that a slide comes from or leaves to. tasks/subtitles/kinds.py says what each kind does, how it is eased
    and what its amount counts. repeat: how often it runs, 0: until the element ends. order: each round forwards,
    backwards, or every second one backwards. path: of motion-path, offsets in fractions of the frame.
    """

    kind: Literal[
        "fade-in",
        "fade-out",
        "slide-in",
        "slide-out",
        "scale-in",
        "scale-out",
        "bounce",
        "shake",
        "slide",
        "scale",
        "rotate",
        "pulse",
        "flicker",
        "typewriter",
        "motion-path",
        "morph",
        "parallax",
        "dissolve",
        "wave",
        "blink",
    ]
    duration: Frame
    delay: Frame = 0
    direction: Literal["left", "right", "up", "down"] = "left"
    easing: str | None = Field(None, json_schema_extra={"enum": [None, *EASINGS]})
    repeat: int = Field(1, ge=0, le=10_000)
    order: Literal["normal", "reverse", "alternate"] = "normal"
    amount: float | None = None
    path: tuple[tuple[Offset, Offset], ...] = Field((), max_length=1000)

    @field_validator("easing")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in EASINGS:
            raise ValueError("be one of " + ", ".join(EASINGS))
        return value

    @model_validator(mode="after")
    def _within_its_kind(self) -> Animation:
        kind = KINDS[self.kind]
        if self.amount is not None and not kind.unit:
            raise ValueError(f"{self.kind} has no amount")
        if self.amount is not None and not kind.low <= self.amount <= kind.high:
            raise ValueError(f"the amount of {self.kind} lies from {kind.low:g} to {kind.high:g} ({kind.unit})")
        if bool(self.path) != (self.kind == "motion-path"):
            raise ValueError("motion-path has a path, no other kind has one")
        return self


class TextStyle(Value):
    """How text looks. Lengths are pixels of a frame 1080 lines high, so that a style fits every size.

    font_size is the em, as in CSS; line_height a multiple of it. The stroke lies outside the letters. A family that
    is not in the farm's fonts is drawn in Roboto, with a warning; a character that the family lacks in one that has it. shadow_blur is CSS's blur radius.
    """

    font_family: Name = ""
    font_size: float = Field(48, gt=0, le=2000)
    bold: bool = False
    weight: int | None = Field(None, ge=1, le=1000, description="As in CSS; wins over bold, which is 700.")
    italic: bool = False
    colour: Colour = "#ffffff"
    stroke_colour: Colour = "#000000"
    stroke_width: float = Field(0, ge=0, le=200)
    shadow_colour: Colour = "#000000"
    shadow_x: float = Field(0, ge=-500, le=500)
    shadow_y: float = Field(0, ge=-500, le=500)
    shadow_blur: float = Field(0, ge=0, le=200)
    background_colour: Colour | None = None
    padding: float = Field(0, ge=0, le=500)
    letter_spacing: float = Field(0, ge=-200, le=500)
    radius: float = Field(0, ge=0, le=1000, description="Of the background's corners.")
    line_height: float = Field(1.2, gt=0, le=10)
    align: Literal["left", "center", "right"] = "center"

    @property
    def font_weight(self) -> int:
        return self.weight or (700 if self.bold else 400)


class TextElement(Value):
    """Text in a title. (x, y) is the top left corner of its box; start and end are frames of the title.

    Lines break at the box's width less the padding and stand in the middle of its height; background_colour fills
    the box. Rotation is clockwise about the box's middle.
    """

    kind: Literal["text"] = "text"
    id: Name = ""
    text: str = Field(max_length=10_000)
    language: Language = ""
    x: float = Field(ge=-10, le=10)
    y: float = Field(ge=-10, le=10)
    width: float = Field(gt=0, le=10)
    height: float = Field(gt=0, le=10)
    start: Frame = 0
    end: Frame | None = None
    opacity: float = Field(1, ge=0, le=1)
    rotation: float = Field(0, ge=-36000, le=36000)
    style: TextStyle = TextStyle()
    animations: tuple[Animation, ...] = ()


class ShapeElement(Value):
    """A shape in a title (tasks/subtitles/shapes.py says what each one is).

    border_width and radius are pixels of a frame 1080 lines high; the border lies inside the shape. points and inner are
    those of stars and polygons.
    """

    kind: Literal["shape"] = "shape"
    id: Name = ""
    shape: Literal["rectangle", "rounded", "circle", "ellipse", "triangle", "star", "polygon", "line", "arrow"] = (
        "rectangle"
    )
    x: float = Field(ge=-10, le=10)
    y: float = Field(ge=-10, le=10)
    width: float = Field(gt=0, le=10)
    height: float = Field(gt=0, le=10)
    start: Frame = 0
    end: Frame | None = None
    opacity: float = Field(1, ge=0, le=1)
    rotation: float = Field(0, ge=-36000, le=36000)
    fill: Colour = "#ffffff"
    border_colour: Colour = "#000000"
    border_width: float = Field(0, ge=0, le=200)
    radius: float = Field(0, ge=0, le=1000)
    points: int | None = Field(None, ge=3, le=60)
    inner: float = Field(0.4, gt=0, lt=1)
    animations: tuple[Animation, ...] = ()


class PictureElement(Value):
    """A picture or a silent video in a title, in its box: contained, covering, distorted to it or at its own size.

    It is laid between the elements before and after it. The box lies inside the frame. A relative path starts at the
    project file.
    """

    kind: Literal["picture"] = "picture"
    id: Name = ""
    path: str = Field(min_length=1, max_length=4096)
    x: float = Field(ge=-10, le=10)
    y: float = Field(ge=-10, le=10)
    width: float = Field(gt=0, le=10)
    height: float = Field(gt=0, le=10)
    start: Frame = 0
    end: Frame | None = None
    opacity: float = Field(1, ge=0, le=1)
    rotation: float = Field(0, ge=-36000, le=36000)
    fit: Literal["contain", "cover", "fill", "none"] = "contain"
    animations: tuple[Animation, ...] = ()


Element = Annotated[TextElement | ShapeElement | PictureElement, Field(discriminator="kind")]


class TitleSource(Value):
    """A generated title: elements drawn in order, the first at the bottom, on a clear or coloured ground."""

    kind: Literal["title"] = "title"
    background: Colour | None = None
    elements: tuple[Element, ...] = ()


class Subtitle(Value):
    """A line of speech over the timeline's frames [start, end), burnt in above every track.

    (x, y) is the anchor in fractions of the frame; align says which corner or edge of the text lies on it. Lines
    are at most max_width of the frame's width and of about one length; background_colour lies round them, padding
    and all.
    """

    id: Name = ""
    text: str = Field(max_length=10_000)
    start: Frame
    end: Frame
    x: float = Field(0.5, ge=-10, le=10)
    y: float = Field(0.93, ge=-10, le=10)
    align_x: Literal["left", "center", "right"] = "center"
    align_y: Literal["top", "center", "bottom"] = "bottom"
    max_width: float = Field(0.9, gt=0, le=1)
    language: Language = ""
    style: TextStyle = TextStyle(stroke_width=2)
    animations: tuple[Animation, ...] = ()
