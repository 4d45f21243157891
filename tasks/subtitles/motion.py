"""Motion: where an animated element is at each of its frames, and how much of it is seen.

An animation in begins `delay` frames after the element does and hides the element until then; one out without a
delay ends with the element. Over d frames, frame k (from 0) is (k + 1) / (d + 1) of the way, so that both ends of a
fade look alike and no frame is spent on nothing. One that repeats does so back to back. tasks/subtitles/kinds.py says
what each kind is.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, hypot, pi, sin

from tasks.subtitles.easing import EASINGS
from tasks.subtitles.kinds import KINDS
from tasks.subtitles.model import Animation

BOUNCES = 3
SHAKES_PER_SECOND = 8
BLINKS_PER_SECOND = 2
FLICKERS_PER_SECOND = 12
WAVES_PER_SECOND = 1


@dataclass(frozen=True)
class Pose:
    """An element at a frame: offset in pixels, scale about its middle, turn in degrees clockwise, opacity, the share of
    its text that is typed, blur in pixels, and the wave that its letters ride: height in pixels, phase in turns.
    """

    x: float = 0.0
    y: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    rotation: float = 0.0
    opacity: float = 1.0
    typed: float = 1.0
    blur: float = 0.0
    wave: float = 0.0
    phase: float = 0.0

    @property
    def hidden(self) -> bool:
        return self.opacity <= 0 or self.scale_x <= 0 or self.scale_y <= 0 or self.typed <= 0


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

    @property
    def unit(self) -> float:
        """Pixels of the frame for one of a frame 1080 lines high."""
        return self.frame_height / 1080


@dataclass(frozen=True)
class _Moment:
    """A frame of an animation. way: how far it has come, eased. during: it is under way. frame: since it began.

    along: the share of this round that has passed, eased; at the round's first frame 0.
    """

    animation: Animation
    stage: Stage
    frame: int
    way: float
    along: float
    during: bool

    @property
    def amount(self) -> float:
        given = self.animation.amount
        return KINDS[self.animation.kind].amount if given is None else given

    @property
    def seconds(self) -> float:
        return float(self.frame / self.stage.rate)


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
    """Cut [first, last) into frames while anything moves, and into long pieces while nothing does."""
    edges = {first, last}
    for animation in animations:
        start, end, _ = _window(animation, length)
        edges.update(range(max(start, first), min(end, last) + 1))
    yield from itertools.pairwise(sorted(edges))


def _window(animation: Animation, length: int) -> tuple[int, int, int]:
    """The element's frames [start, end) that an animation moves in, and how long one round of it is."""
    duration = animation.duration
    if animation.kind == "parallax" and duration == 0:
        duration = max(1, length - animation.delay)
    rounds = animation.repeat or max(1, ceil((length - animation.delay) / duration) if duration else 1)
    start = animation.delay
    if KINDS[animation.kind].when == "out" and animation.delay == 0:
        start = max(0, length - duration * rounds)
    return start, start + duration * rounds, duration


def _pose(animations: Sequence[Animation], stage: Stage, frame: int) -> Pose:
    pose = Pose()
    for animation in animations:
        pose = _MOTIONS[animation.kind](pose, _moment(animation, stage, frame))
    return pose


def _moment(animation: Animation, stage: Stage, frame: int) -> _Moment:
    start, end, duration = _window(animation, stage.length)
    ease = EASINGS[animation.easing or KINDS[animation.kind].easing]
    within = start <= frame < end
    rounds = (end - start) // duration if duration else 1
    number, step = divmod(frame - start, duration) if within else (0 if frame < start else rounds - 1, 0)
    backwards = animation.order == "reverse" or (animation.order == "alternate" and number % 2 == 1)
    way, along = (0.0, 0.0) if frame < start else (1.0, 1.0)
    if within:
        way, along = (step + 1) / (duration + 1), step / duration
        if animation.kind == "typewriter":
            way = (step + 1) / duration
    if backwards:
        way, along = 1 - way, 1 - along
    return _Moment(animation, stage, frame - start, ease(way), ease(along), within)


def _fade_in(pose: Pose, at: _Moment) -> Pose:
    return replace(pose, opacity=pose.opacity * _clipped(at.way))


def _fade_out(pose: Pose, at: _Moment) -> Pose:
    return replace(pose, opacity=pose.opacity * _clipped(1 - at.way))


def _slide_in(pose: Pose, at: _Moment) -> Pose:
    return _away(pose, at, 1 - at.way)


def _slide_out(pose: Pose, at: _Moment) -> Pose:
    return _away(pose, at, at.way)


def _away(pose: Pose, at: _Moment, share: float) -> Pose:
    """Move a share of the way to where the element lies wholly outside the frame."""
    stage = at.stage
    match at.animation.direction:
        case "left":
            return replace(pose, x=pose.x - share * max(0.0, stage.x + stage.width))
        case "right":
            return replace(pose, x=pose.x + share * max(0.0, stage.frame_width - stage.x))
        case "up":
            return replace(pose, y=pose.y - share * max(0.0, stage.y + stage.height))
        case "down":
            return replace(pose, y=pose.y + share * max(0.0, stage.frame_height - stage.y))


def _scale_in(pose: Pose, at: _Moment) -> Pose:
    return _scaled(pose, at.way, at.way)


def _scale_out(pose: Pose, at: _Moment) -> Pose:
    return _scaled(pose, 1 - at.way, 1 - at.way)


def _scale(pose: Pose, at: _Moment) -> Pose:
    factor = 1 + (at.amount - 1) * at.way
    return _scaled(pose, factor, factor)


def _pulse(pose: Pose, at: _Moment) -> Pose:
    factor = 1 + at.amount * sin(pi * at.along) if at.during else 1.0
    return _scaled(pose, factor, factor)


def _scaled(pose: Pose, across: float, down: float) -> Pose:
    return replace(pose, scale_x=pose.scale_x * max(0.0, across), scale_y=pose.scale_y * max(0.0, down))


def _rotate(pose: Pose, at: _Moment) -> Pose:
    return replace(pose, rotation=pose.rotation + at.amount * at.way)


def _slide(pose: Pose, at: _Moment) -> Pose:
    return _shifted(pose, at, at.way)


def _parallax(pose: Pose, at: _Moment) -> Pose:
    return _shifted(pose, at, at.way - 0.5)


def _shifted(pose: Pose, at: _Moment, share: float) -> Pose:
    across, down = _DIRECTIONS[at.animation.direction]
    step = share * at.amount
    x, y = across * step * at.stage.frame_width, down * step * at.stage.frame_height
    return replace(pose, x=pose.x + x, y=pose.y + y)


def _motion_path(pose: Pose, at: _Moment) -> Pose:
    """Along straight lines from point to point, at one pace: as much of the whole length as of the way."""
    points = [(x * at.stage.frame_width, y * at.stage.frame_height) for x, y in at.animation.path]
    if not points:
        return pose
    legs = [(a, b, hypot(b[0] - a[0], b[1] - a[1])) for a, b in itertools.pairwise(points)]
    left = _clipped(at.way) * sum(length for _, _, length in legs)
    x, y = points[0]
    for (from_x, from_y), (to_x, to_y), length in legs:
        share = min(1.0, left / length) if length else 1.0
        x, y = from_x + share * (to_x - from_x), from_y + share * (to_y - from_y)
        left -= length
        if left <= 0:
            break
    return replace(pose, x=pose.x + x, y=pose.y + y)


def _typewriter(pose: Pose, at: _Moment) -> Pose:
    return replace(pose, typed=min(pose.typed, _clipped(at.way)))


def _blink(pose: Pose, at: _Moment) -> Pose:
    off = at.during and at.frame * BLINKS_PER_SECOND / at.stage.rate % 1 >= Fraction(1, 2)
    return replace(pose, opacity=0.0) if off else pose


def _flicker(pose: Pose, at: _Moment) -> Pose:
    """The moments are drawn from the number of the twelfth of a second: the same in every chunk."""
    if not at.during:
        return pose
    number = at.frame * FLICKERS_PER_SECOND // at.stage.rate
    drawn = hashlib.sha256(f"flicker {number}".encode()).digest()[0] / 255
    return replace(pose, opacity=pose.opacity * (1 - at.amount * (drawn if drawn > 0.5 else 0.0)))


def _bounce(pose: Pose, at: _Moment) -> Pose:
    if not at.during:
        return pose
    hop = at.amount * at.stage.unit * abs(sin(BOUNCES * pi * at.along)) * (1 - at.along)
    return replace(pose, y=pose.y - hop)


def _shake(pose: Pose, at: _Moment) -> Pose:
    if not at.during:
        return pose
    swing = at.amount * at.stage.unit * sin(2 * pi * SHAKES_PER_SECOND * at.seconds) * (1 - at.along)
    upright = at.animation.direction in ("up", "down")
    return replace(pose, y=pose.y + swing) if upright else replace(pose, x=pose.x + swing)


def _morph(pose: Pose, at: _Moment) -> Pose:
    if not at.during and at.way <= 0:
        return replace(pose, opacity=0.0)
    stretch = at.amount ** (1 - at.way)
    return replace(_scaled(pose, stretch, 1 / stretch), opacity=pose.opacity * _clipped(0.5 + at.way / 2))


def _dissolve(pose: Pose, at: _Moment) -> Pose:
    blur = at.amount * at.stage.unit * (1 - _clipped(at.way))
    return replace(pose, opacity=pose.opacity * _clipped(at.way), blur=pose.blur + blur)


def _wave(pose: Pose, at: _Moment) -> Pose:
    if not at.during:
        return pose
    # It swells and dies away, so that the letters leave their line and come back to it without a jump.
    height = at.amount * at.stage.unit * sin(pi * at.along)
    return replace(pose, wave=height, phase=at.seconds * WAVES_PER_SECOND)


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, value))


_DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}

_MOTIONS: Mapping[str, Callable[[Pose, _Moment], Pose]] = {
    "fade-in": _fade_in,
    "fade-out": _fade_out,
    "slide-in": _slide_in,
    "slide-out": _slide_out,
    "scale-in": _scale_in,
    "scale-out": _scale_out,
    "bounce": _bounce,
    "shake": _shake,
    "slide": _slide,
    "scale": _scale,
    "rotate": _rotate,
    "pulse": _pulse,
    "flicker": _flicker,
    "typewriter": _typewriter,
    "motion-path": _motion_path,
    "morph": _morph,
    "parallax": _parallax,
    "dissolve": _dissolve,
    "wave": _wave,
    "blink": _blink,
}
