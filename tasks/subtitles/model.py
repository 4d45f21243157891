"""Text over the picture: titles of text and shapes, and subtitles, with their styles and motions.

Units: frames at the timeline's rate, ranges half-open [start, end). Places and sizes in the picture are fractions
of the frame's width and height unless a field says pixels. Colours are "#rrggbb" or "#rrggbbaa".
The timeline's model (tasks/compiler/model.py) is built on these values.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.values import Value

MAX_FRAMES = 10_000_000
"""Longest timeline, in frames: 92 hours at 30. A guard against absurd files, not a promise of comfort."""

Frame = Annotated[int, Field(ge=0, le=MAX_FRAMES)]
Name = Annotated[str, Field(max_length=500)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?$")]


class Animation(Value):
    """A motion of a title's element or a subtitle; delay and duration in frames from the element's start.

    One in hides the element until its delay is over; one out without a delay ends with the element. A slide comes
    from the side `direction` of the frame, or leaves to it. tasks/subtitles/motion.py has every kind's shape.
    """

    kind: Literal[
        "fade-in",
        "fade-out",
        "slide-in",
        "slide-out",
        "scale-in",
        "scale-out",
        "typewriter",
        "blink",
        "bounce",
        "shake",
    ]
    duration: Frame
    delay: Frame = 0
    direction: Literal["left", "right", "up", "down"] = "left"


class TextStyle(Value):
    """How text looks. Lengths are pixels of a frame 1080 lines high, so that a style fits every size.

    font_size is the em, as in CSS; line_height a multiple of it. The stroke lies outside the letters. A family that
    is not in the farm's fonts is drawn in Roboto, with a warning. shadow_blur is CSS's blur radius.
    """

    font_family: Name = ""
    font_size: float = Field(48, gt=0, le=2000)
    bold: bool = False
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
    line_height: float = Field(1.2, gt=0, le=10)
    align: Literal["left", "center", "right"] = "center"


class TextElement(Value):
    """Text in a title. (x, y) is the top left corner of its box; start and end are frames of the title.

    Lines break at the box's width less the padding and stand in the middle of its height; background_colour fills
    the box. Rotation is clockwise about the box's middle.
    """

    kind: Literal["text"] = "text"
    id: Name = ""
    text: str = Field(max_length=10_000)
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
    """A rectangle (with rounded corners), an ellipse or a line in a title, filling its box.

    border_width and radius are pixels of a frame 1080 lines high; the border lies inside the box. A line is as thick
    as its box is high and has no border.
    """

    kind: Literal["shape"] = "shape"
    id: Name = ""
    shape: Literal["rectangle", "ellipse", "line"] = "rectangle"
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
    animations: tuple[Animation, ...] = ()


Element = Annotated[TextElement | ShapeElement, Field(discriminator="kind")]


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
    style: TextStyle = TextStyle(stroke_width=2)
    animations: tuple[Animation, ...] = ()
