"""Motion: where an animated element is at each of its frames, and how much of it is seen.

An animation in begins `delay` frames after the element does and hides the element until then; one out without a
delay ends with the element. Over d frames, frame k (from 0) is (k + 1) / (d + 1) of the way, so that both ends of a
fade look alike and no frame is spent on nothing.

    fade-in, fade-out      opacity, linear
    slide-in, slide-out    from or to outside the frame on the side `direction`; slows down coming, speeds up going
    scale-in, scale-out    from or to a point in the element's middle, eased likewise
    typewriter             characters appear one after the other, the last at the end of the duration
    blink                  on and off twice a second, on first
    bounce                 three hops of at most 40 pixels (at 1080 lines) that die away
    shake                  eight swings a second of at most 12 pixels (at 1080 lines) that die away
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import pi, sin

from tasks.subtitles.model import Animation

BOUNCE_HEIGHT, BOUNCES = 40.0, 3
SHAKE_WIDTH, SHAKES_PER_SECOND = 12.0, 8
BLINKS_PER_SECOND = 2


@dataclass(frozen=True)
class Pose:
    """An element at a frame: its offset in pixels, scale about its middle, opacity, and the share of its text."""

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    opacity: float = 1.0
    typed: float = 1.0

    @property
    def hidden(self) -> bool:
        return self.opacity <= 0 or self.scale <= 0 or self.typed <= 0


@dataclass(frozen=True)
class Stage:
    """What a motion is measured against: the element's box and the frame, in pixels; rate in frames a second."""

    x: float
    y: float
    width: float
    height: float
    frame_width: int
    frame_height: int
    rate: Fraction
    length: int


def poses(animations: Sequence[Animation], stage: Stage, first: int, last: int) -> Iterator[tuple[int, int, Pose]]:
    """Yield (start, end, pose) over the element's frames [first, last), each as long as it can be; hidden ones are left out."""
    run: tuple[int, int, Pose] | None = None
    for start, end in _steps(animations, stage.length, first, last):
        pose = _pose(animations, stage, start)
        if run is not None and run[2] == pose:
            run = (run[0], end, pose)
            continue
        if run is not None and not run[2].hidden:
            yield run
        run = (start, end, pose)
    if run is not None and not run[2].hidden:
        yield run


def _steps(animations: Sequence[Animation], length: int, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Cut [first, last) into single frames where something moves, and whole stretches where nothing does."""
    windows = [_window(animation, length) for animation in animations]
    edges = {first, last}
    for start, end in windows:
        edges.update(range(max(start, first), min(end, last) + 1))
    yield from itertools.pairwise(sorted(edges))


def _window(animation: Animation, length: int) -> tuple[int, int]:
    start = animation.delay
    if animation.kind.endswith("-out") and animation.delay == 0:
        start = max(0, length - animation.duration)
    return start, start + animation.duration


def _pose(animations: Sequence[Animation], stage: Stage, frame: int) -> Pose:
    pose = Pose()
    for animation in animations:
        start, end = _window(animation, stage.length)
        pose = _moved(pose, animation, stage, frame - start, end - start)
    return pose


def _moved(pose: Pose, animation: Animation, stage: Stage, frame: int, duration: int) -> Pose:
    """Add one animation to a pose, `frame` frames after the animation's start (negative: before it)."""
    done = 1.0 if frame >= duration else 0.0 if frame < 0 else (frame + 1) / (duration + 1)
    during = 0 <= frame < duration
    match animation.kind:
        case "fade-in":
            return replace(pose, opacity=pose.opacity * done)
        case "fade-out":
            return replace(pose, opacity=pose.opacity * (1 - done))
        case "slide-in":
            return _shifted(pose, animation, stage, (1 - done) ** 3)
        case "slide-out":
            return _shifted(pose, animation, stage, done**3)
        case "scale-in":
            return replace(pose, scale=pose.scale * (1 - (1 - done) ** 3))
        case "scale-out":
            return replace(pose, scale=pose.scale * (1 - done**3))
        case "typewriter":
            typed = 1.0 if frame >= duration else max(0.0, (frame + 1) / duration)
            return replace(pose, typed=min(pose.typed, typed))
        case "blink" if during:
            off = frame * BLINKS_PER_SECOND / stage.rate % 1 >= Fraction(1, 2)
            return replace(pose, opacity=0.0) if off else pose
        case "bounce" if during:
            along = frame / duration
            hop = BOUNCE_HEIGHT * stage.frame_height / 1080 * abs(sin(BOUNCES * pi * along)) * (1 - along)
            return replace(pose, y=pose.y - hop)
        case "shake" if during:
            swing = sin(2 * pi * SHAKES_PER_SECOND * frame / float(stage.rate)) * (1 - frame / duration)
            return replace(pose, x=pose.x + SHAKE_WIDTH * stage.frame_height / 1080 * swing)
        case _:
            return pose


def _shifted(pose: Pose, animation: Animation, stage: Stage, share: float) -> Pose:
    """Move a share of the way to where the element lies wholly outside the frame."""
    match animation.direction:
        case "left":
            return replace(pose, x=pose.x - share * max(0.0, stage.x + stage.width))
        case "right":
            return replace(pose, x=pose.x + share * max(0.0, stage.frame_width - stage.x))
        case "up":
            return replace(pose, y=pose.y - share * max(0.0, stage.y + stage.height))
        case "down":
            return replace(pose, y=pose.y + share * max(0.0, stage.frame_height - stage.y))
