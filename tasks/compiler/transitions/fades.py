"""Fades: one picture fades into the next as a whole, or grain by grain."""

from __future__ import annotations

from pydantic import Field

from tasks.compiler.easing import Easing
from tasks.compiler.effects.row import Stream
from tasks.compiler.transitions.mixing import mixed, uncovered
from tasks.compiler.transitions.row import Paced, Setting, TransitionRow

EVEN = 0.8
"""The dissolve's intensity at which it is an even cross-fade: the editor's default."""

FLATTEST = 0.05
"""The least power of a fade: none at all would jump at both of its ends."""

_PACE = "How the change runs over its time; even unless the project says otherwise."

GRAIN = "mod(abs(sin(floor(X)*12.9898+floor(Y)*78.233)*43758.5453),1)"
"""A value from 0 to 1 for each pixel that looks like chance and is always the same."""


class Fade(Paced):
    easing: Easing = Field("linear", description=_PACE)
    intensity: float = Field(
        1, ge=0, le=4, description="1 mixes evenly; more holds both pictures for longer and changes faster between."
    )


class Dissolve(Paced):
    easing: Easing = Field("linear", description=_PACE)
    intensity: float = Field(
        EVEN,
        ge=0.05,
        le=4,
        description="0.8 mixes evenly; more holds both pictures for longer and changes faster between.",
    )
    smoothness: float = Field(
        0.5, ge=0, le=1, description="From 0.5 on all pixels change together; below, one by one, at 0 each at once."
    )


def fade(before: Stream, after: Stream, parameters: Fade, setting: Setting) -> Stream:
    """A cross-fade."""
    return mixed(before, after, lambda time: steepened(setting.progress(time), parameters.intensity), setting)


def dissolve(before: Stream, after: Stream, parameters: Dissolve, setting: Setting) -> Stream:
    """A cross-fade of all pixels together or of each at its turn."""

    def weight(time: float) -> float:
        return steepened(setting.progress(time), parameters.intensity / EVEN)

    if parameters.smoothness >= 0.5:
        return mixed(before, after, weight, setting)
    softness = parameters.smoothness / (0.5 - parameters.smoothness)
    return uncovered(before, after, GRAIN, weight, softness, setting)


def steepened(progress: float, power: float) -> float:
    """Progress with the same ends and the same middle, steeper there the higher the power; 1 changes nothing."""
    if power == 1 or progress in (0, 1):
        return progress
    power = max(power, FLATTEST)
    done: float = progress**power
    left: float = (1 - progress) ** power
    return done / (done + left)


def _plain_fade(parameters: Fade) -> str | None:
    return "fade" if parameters.intensity == 1 else None


def _plain_dissolve(parameters: Dissolve) -> str | None:
    return "fade" if parameters.intensity == EVEN and parameters.smoothness >= 0.5 else None


FADE = TransitionRow("fade", "A cross-fade from one picture to the next.", Fade, fade, _plain_fade, (0.3, 2.0))
DISSOLVE = TransitionRow(
    "dissolve", "A cross-fade, of the whole picture or grain by grain.", Dissolve, dissolve, _plain_dissolve, (0.8, 3.0)
)
