"""The style templates that the farm brings along, in Timeline Studio's own words: places in percent, times in seconds,
lengths in pixels of a frame 1080 lines high.

Ids and durations are the catalogue's, the designs are ours. Texts and colours are replaced by element id.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_Object = Mapping[str, Any]


def _move(kind: str, duration: float, delay: float = 0, **more: Any) -> _Object:
    return {"animation_type": kind, "duration": duration, "delay": delay, **more}


def _element(
    name: str, kind: str, box: tuple[float, float, float, float], *moves: _Object, **properties: Any
) -> _Object:
    """box: left, top, width and height in percent of the frame."""
    x, y, width, height = box
    return {
        "id": name,
        "element_type": kind,
        "position": {"x": x, "y": y},
        "size": {"width": width, "height": height},
        "properties": properties,
        "animations": list(moves),
    }


def _template(name: str, title: str, category: str, seconds: float, *elements: _Object, ground: str = "") -> _Object:
    return {
        "id": name,
        "name": title,
        "category": category,
        "duration": seconds,
        "background_color": ground or None,
        "elements": list(elements),
    }


_LEAVE = _move("FadeOut", 0.4, easing="EaseIn")

_INTRO = _template(
    "modern-intro-1",
    "Modern intro",
    "Intro",
    3,
    _element("ring", "Shape", (66, 6, 40, 71), _move("ScaleIn", 1.4, easing="EaseOutExpo"), _LEAVE, shape_type="circle",
             background_color="#00000000", border_color="#ff5a3c", border_width=36),
    _element("disc", "Shape", (79, 58, 16, 28.5), _move("ScaleIn", 1.0, 0.25, easing="EaseOutBack"), _LEAVE,
             shape_type="circle", background_color="#ffc145"),
    _element("bar", "Shape", (10, 37.5, 0.55, 25), _move("SlideIn", 0.7, direction="down", easing="EaseOutCubic"), _LEAVE,
             background_color="#ff5a3c"),
    _element("title", "Text", (13, 36, 56, 15), _move("SlideIn", 0.8, 0.15, direction="left", easing="EaseOutQuint"),
             _move("FadeIn", 0.5, 0.15), _LEAVE, text="Your title here", font_size=124, font_weight=900, color="#ffffff",
             text_align="left", line_height=1.0, letter_spacing=-2),
    _element("subtitle", "Text", (13, 52.5, 56, 10), _move("FadeIn", 0.7, 0.7), _LEAVE,
             text="A line that says more about it", font_size=46, font_weight=300, color="#b9c0d4", text_align="left"),
    ground="#141a2e",
)  # fmt: skip

_OUTRO = _template(
    "minimal-outro-1",
    "Minimal outro",
    "Outro",
    4,
    _element("title", "Text", (10, 35, 80, 15), _move("FadeIn", 0.9, 0.1), _move("FadeOut", 0.7), text="Thank you for watching",
             font_size=96, font_weight=300, color="#23211f", letter_spacing=2),
    _element("rule", "Line", (46.5, 53, 7, 0.37), _move("ScaleIn", 0.9, 0.5, easing="EaseInOut"), _move("FadeOut", 0.7),
             color="#c8553d"),
    _element("caption", "Text", (10, 57, 80, 7), _move("FadeIn", 0.9, 0.9), _move("FadeOut", 0.7), text="WWW.EXAMPLE.ORG",
             font_size=32, font_weight=500, color="#7d766e", letter_spacing=9),
    ground="#f4f1eb",
)  # fmt: skip

_IN = _move("SlideIn", 0.6, direction="left", easing="EaseOutQuint")
_OUT = _move("SlideOut", 0.5, direction="left", easing="EaseInCubic")

_LOWER_THIRD = _template(
    "corporate-lower-third-1",
    "Corporate lower third",
    "LowerThird",
    5,
    _element("panel", "Shape", (6, 75.5, 34, 13.5), _IN, _OUT, background_color="#ffffffeb"),
    _element("accent", "Shape", (5.2, 75.5, 0.8, 13.5), _IN, _OUT, background_color="#0b5fd6"),
    _element("name", "Text", (7.6, 76.6, 31.6, 6.6), _move("SlideIn", 0.7, 0.12, direction="left", easing="EaseOutQuint"),
             _OUT, text="Full Name", font_size=52, font_weight=700, color="#10233f", text_align="left", line_height=1.1),
    _element("role", "Text", (7.6, 82.6, 31.6, 5), _move("SlideIn", 0.7, 0.22, direction="left", easing="EaseOutQuint"),
             _OUT, text="Position, Company", font_size=32, font_weight=400, color="#4d627f", text_align="left",
             line_height=1.1),
)  # fmt: skip

_BOLD = _template(
    "bold-title-1",
    "Bold title",
    "Title",
    2.5,
    _element("block", "Shape", (14, 37, 72, 26), _move("ScaleIn", 0.5, easing="EaseOutBack"),
             _move("ScaleOut", 0.25, easing="EaseInBack"), background_color="#ffd60a", rotation=-3),
    _element("title", "Text", (16, 37, 68, 26), _move("ScaleIn", 0.5, 0.1, easing="EaseOutBack"),
             _move("ScaleOut", 0.25, easing="EaseInBack"), text="BIG NEWS", font_size=225, font_weight=900, color="#111111",
             rotation=-3, line_height=1.0, letter_spacing=-3),
)  # fmt: skip

_CALM = _move("FadeIn", 0.9, easing="EaseInOut")
_CALM_OUT = _move("FadeOut", 0.8, easing="EaseInOut")

_OVERLAY = _template(
    "classic-overlay-1",
    "Classic overlay",
    "Overlay",
    6,
    _element("frame", "Shape", (3, 5.33, 94, 89.34), _CALM, _CALM_OUT, background_color="#00000000",
             border_color="#ffffffb0", border_width=3),
    _element("shade", "Shape", (3.16, 72, 93.68, 22.4), _CALM, _CALM_OUT, background_color="#00000073"),
    _element("label", "Text", (10, 74.5, 80, 4.5), _move("FadeIn", 0.9, 0.3), _CALM_OUT, text="CHAPTER ONE", font_size=28,
             font_weight=500, color="#e9d8a6", letter_spacing=10),
    _element("title", "Text", (10, 79, 80, 8.5), _move("FadeIn", 0.9, 0.5), _CALM_OUT, text="Where it all began",
             font_size=76, font_weight=300, font_style="italic", color="#ffffff", line_height=1.1),
    _element("rule", "Line", (45, 90, 10, 0.22), _move("ScaleIn", 1.2, 0.6, easing="EaseInOut"), _CALM_OUT,
             color="#e9d8a6"),
)  # fmt: skip

STYLE_TEMPLATES: Mapping[str, _Object] = MappingProxyType(
    {str(template["id"]): template for template in (_INTRO, _OUTRO, _LOWER_THIRD, _BOLD, _OVERLAY)}
)
"""Id → template, as a project would write it into `style_templates`."""
