"""What an analysis is: a row of the table, what it is told at its start, and what collects while the film goes by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

from infra.values import Value
from tasks.media.analysis.curve import CurveMaker
from tasks.media.analysis.ranges import Place
from tasks.media.analysis.samples import SoundBlock
from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.shot import Shot
from tasks.media.facts import MediaFacts, PictureFacts, SoundFacts
from tasks.media.timing import Timing

USUAL_RATE = Fraction(25)
"""Assumed of a picture whose file knows no rate."""


@dataclass(frozen=True)
class Scope:
    """What an analysis is told at its start."""

    facts: MediaFacts
    picture: PictureFacts | None
    sound: SoundFacts | None
    settings: AnalysisSettings

    @property
    def frame_time(self) -> Fraction:
        """Seconds that a frame is shown, about."""
        shown = self.picture.frame_time if self.picture is not None else None
        return shown or 1 / USUAL_RATE

    def frame_curve(self) -> CurveMaker:
        """Return a maker of a curve with one value a frame."""
        slack = self.picture.time_base / 2 if self.picture is not None else Fraction(0)
        return CurveMaker(self.frame_time, self.facts.duration, slack=min(slack, self.frame_time / 2))


@dataclass(frozen=True)
class Ending:
    """What is known when all has gone by.

    Args:
        picture: the place after the last frame.
        sound: the time after the last sample.
        timing: the picture's packets.
    """

    picture: Place
    sound: Fraction
    timing: Timing


class FrameCollector(Protocol):
    """Looks at frames in the order in which they are shown."""

    def look(self, shot: Shot) -> None:
        """Take in a frame."""

    def result(self, end: Ending) -> Value:
        """Return what was found."""


class SoundCollector(Protocol):
    """Listens to samples in order."""

    def hear(self, block: SoundBlock) -> None:
        """Take in samples."""

    def result(self, end: Ending) -> Value:
        """Return what was found."""


class PacketReader(Protocol):
    """Needs nothing but the times of the packets."""

    def result(self, end: Ending) -> Value:
        """Return what was found."""


def always(scope: Scope) -> str | None:
    """Apply to whatever has a stream of the kind."""
    return None


def moving_only(scope: Scope) -> str | None:
    """Apply to pictures of more than one frame."""
    return "it is a single image" if scope.picture is not None and scope.picture.still else None


@dataclass(frozen=True)
class Frames:
    """An analysis of decoded frames.

    Args:
        result: the type of what it returns.
        start: makes its collector.
        why_not: a reason why it does not apply to a file with a picture, or None.
    """

    result: type[Value]
    start: Callable[[Scope], FrameCollector]
    why_not: Callable[[Scope], str | None] = always
    stream: Literal["picture", "sound"] = "picture"


@dataclass(frozen=True)
class Sound:
    """An analysis of decoded samples; its arguments are those of `Frames`."""

    result: type[Value]
    start: Callable[[Scope], SoundCollector]
    why_not: Callable[[Scope], str | None] = always
    stream: Literal["picture", "sound"] = "sound"


@dataclass(frozen=True)
class Packets:
    """An analysis of the picture's packets, which decodes nothing; its arguments are those of `Frames`."""

    result: type[Value]
    start: Callable[[Scope], PacketReader]
    why_not: Callable[[Scope], str | None] = always
    stream: Literal["picture", "sound"] = "picture"


Analysis = Frames | Sound | Packets
