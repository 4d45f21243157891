"""The demo's titles: style templates of Timeline Studio, places and sizes in percent of the frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.demo.scenes import HEIGHT, WIDTH

FONT = "Roboto"
_NAVY, _GOLD, _CREAM, _CORAL, _BLACK = "#0b1030", "#ffcf6b", "#fff4d6", "#ff7a66", "#000000"
_BORDER = 0.35
"""Width of the frame around the picture in the picture, in percent of the frame's width."""


def font_size(lines: float) -> float:
    """Return a font size of a frame 1080 lines high for this film's."""
    return lines * HEIGHT / 1080


def opening() -> dict[str, Any]:
    return _style(
        "opening",
        "Title",
        5.0,
        _text(
            "name", "KINOFARM", (10, 27), (80, 20), 0.6, 5.0, 168, _CREAM, weight="bold", motion=("ScaleIn", "FadeOut")
        ),
        _shape("rule", (38, 47.5), (24, 0.7), 1.2, 5.0, _GOLD, motion=("FadeIn", "FadeOut")),
        _text("line", "A timeline goes in. A film comes out.", (10, 50), (80, 9), 1.5, 5.0, 52, _CREAM),
        _shape("black", (0, 0), (100, 100), 0.0, 1.2, _BLACK, motion=("FadeOut",), seconds=1.2),
    )


def lower_third() -> dict[str, Any]:
    return _style(
        "lower-third",
        "LowerThird",
        4.2,
        _shape("bar", (5, 75), (0.8, 13.5), 0.0, 4.2, _CORAL, motion=("SlideIn", "FadeOut")),
        _shape("plate", (5.8, 75), (39, 13.5), 0.0, 4.2, _NAVY, motion=("SlideIn", "FadeOut"), opacity=0.82),
        _text(
            "who", "Aurora over the same hills", (7.6, 76), (36, 6.5), 0.3, 4.2, 50, _CREAM, weight="bold", align="Left"
        ),
        _text("what", "noise, false colour, four ridges", (7.6, 82.3), (36, 5), 0.5, 4.2, 36, _GOLD, align="Left"),
    )


def frame(scale: float, x: float, y: float) -> dict[str, Any]:
    """A border a little larger than the picture of that scale and place (from the centre) that lies over it."""
    across, down = _BORDER, _BORDER * WIDTH / HEIGHT
    size = (round(100 * scale + 2 * across, 3), round(100 * scale + 2 * down, 3))
    place = (round(50 + 100 * x - size[0] / 2, 3), round(50 + 100 * y - size[1] / 2, 3))
    return _style("frame", "Overlay", 4.4, _shape("border", place, size, 0.0, 4.4, _CREAM, motion=()))


def ground() -> dict[str, Any]:
    return {**_style("ground", "Overlay", 3.0), "background_color": _NAVY}


def closing() -> dict[str, Any]:
    return _style(
        "closing",
        "Outro",
        3.0,
        _text(
            "one", "Rendered in chunks.", (10, 24), (80, 11), 0.2, 3.0, 80, _CREAM, weight="bold", motion=("FadeIn",)
        ),
        _text(
            "two",
            "Verified frame by frame.",
            (10, 36),
            (80, 11),
            0.7,
            3.0,
            80,
            _GOLD,
            weight="bold",
            motion=("FadeIn",),
        ),
        _shape("black", (0, 0), (100, 100), 1.8, 3.0, _BLACK, motion=("FadeIn",), seconds=1.2),
    )


def _style(name: str, category: str, duration: float, *elements: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "category": category,
        "style": "Modern",
        "duration": duration,
        "elements": list(elements),
    }


def _text(
    name: str,
    text: str,
    place: tuple[float, float],
    size: tuple[float, float],
    start: float,
    end: float,
    lines: float,
    colour: str,
    *,
    weight: str = "normal",
    align: str = "Center",
    motion: tuple[str, ...] = ("FadeIn", "FadeOut"),
) -> dict[str, Any]:
    return _element(
        name,
        "Text",
        place,
        size,
        (start, end),
        {
            "text": text,
            "font_family": FONT,
            "font_size": font_size(lines),
            "font_weight": weight,
            "color": colour,
            "text_align": align,
        },
        motion,
    )


def _shape(
    name: str,
    place: tuple[float, float],
    size: tuple[float, float],
    start: float,
    end: float,
    colour: str,
    *,
    motion: tuple[str, ...],
    opacity: float = 1.0,
    seconds: float = 0.6,
) -> dict[str, Any]:
    properties = {"shape_type": "rectangle", "background_color": colour, "opacity": opacity}
    return _element(name, "Shape", place, size, (start, end), properties, motion, seconds)


def _element(
    name: str,
    kind: str,
    place: tuple[float, float],
    size: tuple[float, float],
    timing: tuple[float, float],
    properties: Mapping[str, Any],
    motion: tuple[str, ...],
    seconds: float = 0.6,
) -> dict[str, Any]:
    lasts = timing[1] - timing[0]
    return {
        "id": name,
        "name": name,
        "element_type": kind,
        "position": {"x": place[0], "y": place[1]},
        "size": {"width": size[0], "height": size[1]},
        "timing": {"start": timing[0], "end": timing[1]},
        "properties": dict(properties),
        "animations": [
            {
                "id": f"{name}-{move}",
                "animation_type": move,
                "duration": seconds,
                "delay": round(lasts - seconds, 3) if move.endswith("Out") else 0.0,
                "easing": "Linear",
                **({"direction": "Left"} if move.startswith("Slide") else {}),
            }
            for move in motion
        ],
    }
