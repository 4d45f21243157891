"""A row of the transition table: what a transition is called, which parameters it takes and which filters it becomes.

A transition receives two streams of equal size, rate and length, timestamps from 0, and returns as many frames: the
first equals the old picture; the one that would follow the last equals the next. Between solid pictures all are
yuv444p, between clear ones yuva444p with straight alpha, BT.709 limited: at full chroma pictures move by single pixels.

Source: docs/adr/0013.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, get_args

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.row import Stream
from tasks.compiler.graph import Sources
from tasks.compiler.signals import SDR
from tasks.subtitles.easing import EasingName, eased

BT709 = SDR.tags


class Paced(Value):
    """What every transition takes. A row that goes somewhere narrows `direction` to its own words."""

    easing: EasingName = Field("linear", description="How the change runs over its time.")
    direction: str = Field("", max_length=100, description="Taken from any project; this transition has none.")


class Eased(Paced):
    """The parameters of a transition that the editor runs at ease-in-out."""

    easing: EasingName = Field("ease-in-out", description="How the change runs over its time.")


@dataclass(frozen=True)
class Setting:
    """Where a transition is built: its length in frames, the pictures' size in pixels, and whether they are clear.

    Progress at frame n of `frames` is n / frames, eased; it reaches 1 with the first frame after the transition.
    span: the part of the transition's time that these frames are, for one that is built in parts.
    """

    rate: Fraction
    width: int
    height: int
    frames: int
    clear: bool
    easing: str
    sources: Sources
    span: tuple[float, float] = (0, 1)

    @property
    def pixels(self) -> str:
        """The format in which the transition works."""
        return "yuva444p" if self.clear else "yuv444p"

    def progress(self, time: float) -> float:
        """Progress at a time, both 0 to 1. Where elastic and back would leave that range it stands at its end."""
        start, end = self.span
        return min(1.0, max(0.0, eased(self.easing, start + (end - start) * time)))

    def within(self, first: int, last: int) -> Setting:
        """The setting of the frames [first, last) alone."""
        return replace(self, frames=last - first, span=(first / self.frames, last / self.frames))


Plain = Callable[[Any], str | None]
"""Parameters → the xfade that, run at an even pace, is all there is to the transition; None where there is more to it."""


def _never(parameters: Any) -> str | None:
    return None


@dataclass(frozen=True)
class TransitionRow:
    """A transition of the table.

    parameters: a `Paced` whose fields are the transition's parameters with their defaults, bounds and descriptions.
    build: adds the transition's filters. seconds: the slider of the editor (None: free).
    """

    name: str
    summary: str
    parameters: type[Paced]
    build: Callable[[Stream, Stream, Any, Setting], Stream]
    plain: Plain = _never
    seconds: tuple[float, float] | None = None

    @property
    def directions(self) -> tuple[str, ...]:
        """The words that its `direction` takes; none where it goes nowhere."""
        return get_args(self.parameters.model_fields["direction"].annotation)


TransitionTable = Mapping[str, TransitionRow]
