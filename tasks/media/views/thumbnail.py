"""A thumbnail: one picture that shows what a medium is."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydantic import Field

from infra.values import Value
from tasks.media.facts import MediaFacts
from tasks.media.views.pictures import Shown, pictures, shown_size
from tasks.media.views.view import View, no_picture

QUALITY = 82
PLACES = (Fraction(1, 10), Fraction(1, 4), Fraction(2, 5), Fraction(3, 5), Fraction(4, 5))
"""Of a film, at which is looked for a picture with something in it; in this order, the first one that has."""
PLAIN = 14.0
"""Standard deviation of brightness, of 255, below which a picture shows next to nothing: black, a fade, a flat card."""


class ThumbnailOptions(Value):
    """How it is to be."""

    width: int = Field(320, ge=16, le=1920, description="Most pixels across and, for upright pictures, down.")
    at: float | None = Field(
        None, ge=0, le=10**7, description="Seconds into the film; none: where something is to be seen."
    )


def make(path: Path, facts: MediaFacts, options: ThumbnailOptions, out: Path) -> Mapping[str, Any]:
    """Write it.

    Returns: its width and height in pixels, and the second that it shows.
    Raises:  KinofarmError MEDIA-00x.
    """
    picture = facts.picture()
    assert picture is not None
    size = shown_size(picture, options.width, options.width)
    length = picture.end - picture.start
    if options.at is not None:
        last = max(Fraction(0), length - Fraction(1, 1000))
        (shown,) = pictures(path, facts, [picture.start + min(Fraction(options.at), last)], size)
    else:
        shown = _telling(pictures(path, facts, [picture.start + length * place for place in PLACES[: 1 if picture.still else None]], size))  # fmt: skip
    shown.image.save(out, format="JPEG", quality=QUALITY, optimize=True)
    return {"width": shown.image.width, "height": shown.image.height, "at": float(shown.at)}


def _telling(found: list[Shown]) -> Shown:
    """Return the first picture with something in it, or the one with the most."""
    spread = [_spread(one.image) for one in found]
    return next((one for one, much in zip(found, spread, strict=True) if much >= PLAIN), found[int(np.argmax(spread))])


def _spread(image: Image.Image) -> float:
    return float(np.asarray(image.convert("L")).std())


THUMBNAIL = View(
    "thumbnail",
    "one picture with something to be seen in it",
    ".jpg",
    "image/jpeg",
    1,
    ThumbnailOptions,
    no_picture,
    make,
)
