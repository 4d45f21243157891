"""What is said of a medium, and where its views are asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from apps.ui.parts.words import count
from tasks.media.facts import MediaFacts, NumberedFacts, PictureFacts, SoundFacts

API = "/api/v1/media"
OWN_ANALYSES = "scenes, silence, loudness and the like"


def view_address(view: str, named: dict[str, str], **options: Any) -> str:
    """Return the address of a view. named: path or upload."""
    return f"{API}/{view}?{urlencode({**named, **options})}"


def looked_for(models: Iterable[str]) -> dict[str, str]:
    """Return what media can be looked through for, as a choice: their own analyses, or what one of these models knows."""
    return {"": OWN_ANALYSES} | {model: f"what {model} knows" for model in models}


def clock(seconds: float) -> str:
    """Return a length as players show it: "0:07", "1:02:03"."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def moment(seconds: float) -> str:
    """Return a time in a film to a tenth of a second, never later than it is: "0:07.4"."""
    tenths = math.floor(seconds * 10 + 1e-6)
    return f"{clock(tenths // 10)}.{tenths % 10}"


def in_short(facts: MediaFacts) -> str:
    """Return a line about a medium: its length, its size, its rate."""
    told = [numbers(facts.numbered)] if facts.numbered else []
    told += [clock(float(facts.duration))] if facts.duration else []
    picture, sound = facts.picture(), facts.sound()
    if picture is not None:
        across, down = picture.display_size
        told.append(f"{round(across)} × {round(down)}")
        if picture.rate:
            told.append(f"{_rate(picture)} fps")
    elif sound is not None:
        told.append(_channels(sound))
    return " · ".join(told)


def numbers(numbered: NumberedFacts) -> str:
    """Return which numbers a sequence has: "frames 1-240, 3 missing"."""
    missing = f", {count(numbered.missing)} missing" if numbered.missing else ""
    return f"frames {numbered.first}–{numbered.last}{missing}"


def of_picture(picture: PictureFacts) -> list[tuple[str, str]]:
    """Return what is known of a stream of pictures, as names and values."""
    across, down = picture.display_size
    shown = f"{picture.width} × {picture.height}"
    if (Fraction(picture.width), Fraction(picture.height)) != (across, down):
        shown += f", shown as {round(across)} × {round(down)}"
    rows = [("Codec", picture.codec), ("Size", shown), ("Pixels", f"{picture.pixel_format}, {picture.bit_depth} bit")]
    if not picture.still:
        steady = "" if picture.constant_rate else ", not constant"
        rows += [
            ("Rate", f"{_rate(picture)} a second{steady}" if picture.rate else "none"),
            ("Frames", count(picture.frames)),
            ("Between key frames", f"{float(picture.keyframe_gap):.2f} s at most"),
        ]
    turned = [f"{picture.rotation}° clockwise"] if picture.rotation else []
    turned += ["mirrored"] if picture.flipped else []
    tags = [tag for tag in (picture.primaries, picture.transfer, picture.matrix, picture.range) if tag]
    rows += [("Turned", " and ".join(turned))] if turned else []
    rows += [("Colours", " / ".join(dict.fromkeys(tags)) or "not tagged")]
    return rows + ([("Transparency", "yes")] if picture.alpha else [])


def of_sound(sound: SoundFacts) -> list[tuple[str, str]]:
    """Return what is known of a sound, as names and values."""
    return [
        ("Codec", sound.codec),
        ("Channels", _channels(sound)),
        ("Rate", f"{count(sound.sample_rate)} Hz"),
        ("Length", f"{float(sound.end - sound.start):.2f} s"),
    ]


def _channels(sound: SoundFacts) -> str:
    return sound.layout if sound.channels <= 2 else f"{sound.layout}, {sound.channels} channels"


def _rate(picture: PictureFacts) -> str:
    return f"{float(picture.rate or 0):.5g}"
