"""Markup: a part of a painting in a pose, as the text of one ASS line, tags and all.

Every line is placed by \\pos, so that libass moves none out of another's way. A user's text is escaped: it can
hold no tag.
"""

from __future__ import annotations

from math import cos, radians, sin

from tasks.subtitles.fonts import FontChoice
from tasks.subtitles.layout import clusters
from tasks.subtitles.motion import Pose
from tasks.subtitles.paint import Drawing, Painting, Part, TextLine
from tasks.subtitles.shapes import DRAWING_MODE

_ALIGNMENT = {"left": 7, "center": 8, "right": 9}


def line(part: Part, painting: Painting, pose: Pose) -> str:
    """One part in one pose, as the text of an ASS line; empty where nothing of it shows."""
    x, y = _placed(part.x, part.y, painting, pose)
    opacity = painting.opacity * pose.opacity
    tags = [f"\\pos({_number(x)},{_number(y)})"]
    turn = -painting.rotation % 360
    if turn:
        tags.append(f"\\frz{_number(turn)}")
    if pose.scale != 1:
        percent = _number(100 * pose.scale)
        tags.append(f"\\fscx{percent}\\fscy{percent}")
    if isinstance(part, Drawing):
        if opacity * _opacity(part.colour) == 0:
            return ""
        tags.append(f"\\an7\\bord0{_colour(1, part.colour, opacity)}\\p{DRAWING_MODE}")
        return f"{{{''.join(tags)}}}{part.outline}"
    return _text(part, tags, opacity, pose)


def escaped(text: str) -> str:
    """Return a text that ASS shows as it is: no tag, no line break and no escape can be spelled in it."""
    return text.replace("\\", "\\\u2060").replace("{", "\\{").replace("\n", " ").replace("\r", " ")


def _text(part: TextLine, tags: list[str], opacity: float, pose: Pose) -> str:
    if opacity * max(_opacity(part.colour), _opacity(part.stroke_colour) if part.stroke else 0) == 0:
        return ""
    shown = sum(len(piece.text) for piece in part.pieces)
    if pose.typed < 1:
        shown = int(pose.typed * part.total) - part.before
        if shown <= 0:
            return ""
    tags.append(f"\\an{_ALIGNMENT[part.align]}\\bord{_number(part.stroke * pose.scale)}")
    tags.append(_colour(1, part.colour, opacity))
    if part.stroke:
        tags.append(_colour(3, part.stroke_colour, opacity))
    if part.blur:
        tags.append(f"\\blur{_number(part.blur * pose.scale)}")
    if part.spacing:
        tags.append(f"\\fsp{_number(part.spacing)}")
    words = []
    for piece in part.pieces:
        seen, rest = _typed(piece.text, shown)
        shown -= len(seen)
        words.append(f"{{{_font(piece.font, part.size)}}}{escaped(seen)}")
        if rest:
            # What is not typed yet keeps its room, so that nothing moves.
            words.append(f"{{\\alpha&HFF&}}{escaped(rest)}")
            shown = 0
    return f"{{{''.join(tags)}}}{''.join(words)}"


def _typed(text: str, count: int) -> tuple[str, str]:
    """Cut a text after at most `count` characters, between clusters."""
    if count >= len(text):
        return text, ""
    seen = ""
    for cluster in clusters(text):
        if len(seen) + len(cluster) > count:
            break
        seen += cluster
    return seen, text[len(seen) :]


def _placed(x: float, y: float, painting: Painting, pose: Pose) -> tuple[float, float]:
    """Where a point of the painting lies once it is scaled and turned about the box's middle, and moved."""
    cx, cy = painting.box.centre
    dx, dy = (x - cx) * pose.scale, (y - cy) * pose.scale
    c, s = cos(radians(painting.rotation)), sin(radians(painting.rotation))
    return cx + dx * c - dy * s + pose.x, cy + dx * s + dy * c + pose.y


def _font(font: FontChoice, size: float) -> str:
    """ASS sizes a font by its ascent and descent, not by its em."""
    height = size * (font.face.ascent + font.face.descent)
    return f"\\fn{font.family}\\b{font.weight}\\i{int(font.italic)}\\fs{_number(height)}"


def _colour(which: int, colour: str, opacity: float) -> str:
    """The tags of a colour (1: the text itself, 3: its stroke); ASS writes blue first and counts alpha from opaque."""
    red, green, blue = (colour[at : at + 2].upper() for at in (1, 3, 5))
    alpha = 255 - round(255 * opacity * _opacity(colour))
    return f"\\{which}c&H{blue}{green}{red}&\\{which}a&H{alpha:02X}&"


def _opacity(colour: str) -> float:
    return int(colour[7:9], 16) / 255 if len(colour) == 9 else 1.0


def _number(value: float) -> str:
    """Three decimals at most, no exponent, no negative nought."""
    return f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip(".")
