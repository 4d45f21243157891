"""An animated preview: a few pictures of a film, one after the other, as a WebP that plays by itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from infra.values import Value
from tasks.media.facts import MediaFacts
from tasks.media.views.pictures import pictures, shown_size
from tasks.media.views.view import View, no_film

QUALITY = 60
METHOD = 3
"""Of libwebp, 0 to 6: beyond it files hardly get smaller."""


class AnimationOptions(Value):
    """How it is to be."""

    pictures: int = Field(12, ge=2, le=60, description="Most pictures, at even distances over the film.")
    milliseconds: int = Field(300, ge=40, le=5000, description="For which each is shown.")
    width: int = Field(320, ge=16, le=960, description="Most pixels across and, for upright pictures, down.")


def make(path: Path, facts: MediaFacts, options: AnimationOptions, out: Path) -> Mapping[str, Any]:
    """Write it.

    Returns: its width and height in pixels, its pictures and the seconds that they show.
    Raises:  KinofarmError MEDIA-00x.
    """
    picture = facts.picture()
    assert picture is not None
    number = min(options.pictures, picture.frames)
    length = picture.end - picture.start
    times = [picture.start + length * (2 * place + 1) / (2 * number) for place in range(number)]
    first, *others = (
        one.image for one in pictures(path, facts, times, shown_size(picture, options.width, options.width))
    )
    first.save(
        out,
        format="WEBP",
        save_all=True,
        append_images=others,
        duration=options.milliseconds,
        loop=0,
        quality=QUALITY,
        method=METHOD,
    )
    return {"width": first.width, "height": first.height, "times": [float(at) for at in times]}


ANIMATION = View(
    "animation", "pictures of the film one after the other, moving", ".webp", "image/webp", 1, AnimationOptions, no_film, make
)  # fmt: skip
