"""Markup: a part of a painting in a pose, as the text of one ASS line, tags and all.

Every line is placed by \\pos, so that libass moves none out of another's way. A user's text is escaped: it can
hold no tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import cos, pi, radians, sin

from tasks.subtitles.fonts import FontChoice
from tasks.subtitles.layout import clusters
from tasks.subtitles.motion import Pose
from tasks.subtitles.paint import BLUR, Drawing, Painting, Part, TextLine
from tasks.subtitles.shapes import DRAWING_MODE

LETTERS_IN_A_WAVE = 8

_ALIGNMENT = {"left": 7, "center": 8, "right": 9}


def lines(part: Part, painting: Painting, pose: Pose) -> Iterator[str]:
    """One part in one pose, as the texts of ASS lines: usually one, none where nothing shows, letters alone in a wave."""
    if isinstance(part, Drawing):
        text = _drawing(part, painting, pose)
    elif pose.wave and part.letters:
        for number, letter in enumerate(part.letters):
            swing = pose.wave * sin(2 * pi * (pose.phase - number / LETTERS_IN_A_WAVE))
            yield from lines(letter, painting, replace(pose, wave=0.0, y=pose.y - swing))
        return
    else:
        swing = pose.wave * sin(2 * pi * pose.phase)
        text = _text(part, painting, replace(pose, y=pose.y - swing) if swing else pose)
    if text:
        yield text


def escaped(text: str) -> str:
    """Return a text that ASS shows as it is: no tag, no line break and no escape can be spelled in it."""
    return text.replace("\\", "\\\u2060").replace("{", "\\{").replace("\n", " ").replace("\r", " ")


def _stance(part: Part, painting: Painting, pose: Pose) -> list[str]:
    """The tags that place, turn and scale a part."""
    x, y = _placed(part.x, part.y, painting, pose)
    tags = [f"\\pos({_number(x)},{_number(y)})"]
    turn = -(painting.rotation + pose.rotation) % 360
    if turn:
        tags.append(f"\\frz{_number(turn)}")
    if (pose.scale_x, pose.scale_y) != (1, 1):
        tags.append(f"\\fscx{_number(100 * pose.scale_x)}\\fscy{_number(100 * pose.scale_y)}")
    return tags


def _drawing(part: Drawing, painting: Painting, pose: Pose) -> str:
    opacity = painting.opacity * pose.opacity
    if opacity * _opacity(part.colour) == 0:
        return ""
    tags = _stance(part, painting, pose)
    if pose.blur:
        tags.append(f"\\blur{_number(pose.blur * BLUR)}")
    tags.append(f"\\an7\\bord0{_colour(1, part.colour, opacity)}\\p{DRAWING_MODE}")
    return f"{{{''.join(tags)}}}{part.outline}"


def _text(part: TextLine, painting: Painting, pose: Pose) -> str:
    opacity = painting.opacity * pose.opacity
    if opacity * max(_opacity(part.colour), _opacity(part.stroke_colour) if part.stroke else 0) == 0:
        return ""
    tags = _stance(part, painting, pose)
    size = (pose.scale_x + pose.scale_y) / 2
    shown = sum(len(piece.text) for piece in part.pieces)
    if pose.typed < 1:
        shown = int(pose.typed * part.total) - part.before
        if shown <= 0:
            return ""
    tags.append(f"\\an{_ALIGNMENT[part.align]}\\bord{_number(part.stroke * size)}")
    tags.append(_colour(1, part.colour, opacity))
    if part.stroke:
        tags.append(_colour(3, part.stroke_colour, opacity))
    if blur := part.blur * size + pose.blur * BLUR:
        tags.append(f"\\blur{_number(blur)}")
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
    dx, dy = (x - cx) * pose.scale_x, (y - cy) * pose.scale_y
    turn = radians(painting.rotation + pose.rotation)
    c, s = cos(turn), sin(turn)
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
