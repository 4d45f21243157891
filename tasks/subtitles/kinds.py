"""Kinds of animation: what each one does, how it is eased unless it says otherwise, and what its amount means.

The table feeds the model's limits, the motions, the importers and docs/titles.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PIXELS = "pixels of a frame 1080 lines high"
OF_THE_FRAME = "fraction of the frame's width or height"


@dataclass(frozen=True)
class Kind:
    """A kind of animation.

    when: "in" hides the element until it begins, "out" ends with the element unless it is delayed, "stays" leaves the
    element where it took it, "during" changes nothing before and after. unit: what the amount counts; "" without one.
    letters: it moves the letters of a text; a shape leaves it out, and a picture may not have it.
    """

    summary: str
    when: Literal["in", "out", "stays", "during"]
    easing: str = "linear"
    amount: float = 0.0
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    directed: bool = False
    letters: bool = False


KINDS: Mapping[str, Kind] = {
    "fade-in": Kind("from clear to opaque", "in"),
    "fade-out": Kind("from opaque to clear", "out"),
    "slide-in": Kind("from outside the frame, from the side `direction`", "in", "ease-out-cubic", directed=True),
    "slide-out": Kind("out of the frame, to the side `direction`", "out", "ease-in-cubic", directed=True),
    "scale-in": Kind("grows from a point in its middle", "in", "ease-out-cubic"),
    "scale-out": Kind("shrinks to a point in its middle", "out", "ease-in-cubic"),
    "bounce": Kind("three hops that die away", "during", amount=40, low=0, high=1000, unit=PIXELS),
    "shake": Kind("eight swings a second that die away; up and down with such a direction", "during",
                  amount=12, low=0, high=1000, unit=PIXELS, directed=True),
    "slide": Kind("moves on towards the side `direction`, and stays there", "stays", "ease-in-out",
                  amount=0.1, low=0, high=10, unit=OF_THE_FRAME, directed=True),
    "scale": Kind("grows or shrinks to so many times its size, and stays so", "stays", "ease-in-out",
                  amount=1.2, low=0.01, high=20, unit="times its size"),
    "rotate": Kind("turns clockwise about its middle, and stays so", "stays", "ease-in-out",
                   amount=360, low=-36000, high=36000, unit="degrees"),
    "pulse": Kind("grows by so much and shrinks back, once", "during", "linear",
                  amount=0.1, low=-0.99, high=10, unit="of its size"),
    "flicker": Kind("drops in opacity by so much at uneven moments", "during",
                    amount=0.8, low=0, high=1, unit="of its opacity"),
    "typewriter": Kind("characters appear one after the other", "in", letters=True),
    "motion-path": Kind("follows `path`, offsets from its place, at the pace of its easing, and stays at the end", "stays",
                        "ease-in-out"),
    "morph": Kind("comes out of a shape so many times as wide and as much less high, half clear", "in", "ease-out-cubic",
                  amount=2, low=0.1, high=10, unit="times as wide"),
    "parallax": Kind("drifts towards the side `direction`, through its own place in the middle; without a duration as long "
                     "as it is seen", "stays", amount=0.05, low=0, high=10, unit=OF_THE_FRAME, directed=True),
    "dissolve": Kind("comes out of a blur, from clear to opaque", "in", "linear",
                     amount=24, low=0, high=200, unit=PIXELS),
    "wave": Kind("its letters rise and fall one after the other, once a second; a line of a script that joins its letters "
                 "does so as a whole", "during", amount=10, low=0, high=500, unit=PIXELS, letters=True),
    "blink": Kind("on and off twice a second, on first", "during"),
}  # fmt: skip
