"""Motions of title elements and subtitles: which of Timeline Studio's the farm renders, and how they are timed."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.timeline_studio.fields import Id, Read, Real, Seconds, kebab, squash
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.subtitles.model import Animation

RENDERED: tuple[str, ...] = get_args(Animation.model_fields["kind"].annotation)
_KINDS = {squash(name): name for name in RENDERED}
_NOT_YET = {
    squash(name)
    for name in ("slide", "scale", "rotate", "pulse", "flicker", "motion-path", "morph", "parallax", "dissolve", "wave")
}
_DIRECTIONS = {"left": "left", "right": "right", "up": "up", "top": "up", "down": "down", "bottom": "down"}
_DIRECTED = ("slide-in", "slide-out")


class AnimationObject(Read):
    """`animations[]` of a style element or a subtitle."""

    id: Any = None
    animation_type: Id
    duration: Seconds
    delay: Seconds | None = None
    easing: Any = None
    direction: Id | None = None
    repeat: Real | None = None
    properties: Any = None


Animations = Annotated[list[AnimationObject], Field(max_length=20)]


def to_animations(written: list[AnimationObject], grid: Grid, where: str, warnings: Warnings) -> tuple[Animation, ...]:
    """Return the motions in frames; each moves evenly, whatever its easing (warned).

    Raises:  FORMAT-040 for a kind, a direction or a repetition that is not built, FORMAT-032 for an unknown kind.
    """
    return tuple(_to_animation(one, grid, f"{where}.animations[{n}]", warnings) for n, one in enumerate(written))


def _to_animation(written: AnimationObject, grid: Grid, where: str, warnings: Warnings) -> Animation:
    kind = _KINDS.get(squash(written.animation_type))
    if kind is None:
        name = kebab(written.animation_type)
        if squash(written.animation_type) not in _NOT_YET:
            raise KinofarmError("FORMAT-032", where=f"{where}.animation_type", kind="animation", name=name, user=where)
        raise KinofarmError(
            "FORMAT-040",
            where=f"{where}.animation_type",
            what=f'the animation "{name}"',
            instead="take one of " + ", ".join(RENDERED),
        )
    if written.repeat is not None and written.repeat > 1:
        raise KinofarmError(
            "FORMAT-040", where=f"{where}.repeat", what="an animation that repeats", instead="set repeat to 1"
        )
    if isinstance(written.easing, str) and squash(written.easing) != "linear":
        warnings.add(
            "FORMAT-103",
            where=f"{where}.easing",
            what=f'the easing "{kebab(written.easing)[:50]}" of an animation',
            instead="it moves evenly",
        )
    direction = "left"
    if kind in _DIRECTED and written.direction is not None:
        direction = _DIRECTIONS.get(squash(written.direction).removeprefix("from"), "")
        if not direction:
            raise KinofarmError(
                "FORMAT-040",
                where=f"{where}.direction",
                what=f'the direction "{written.direction}"',
                instead="take left, right, up or down",
            )
    return Animation.model_validate(
        {
            "kind": kind,
            "duration": grid.frames(written.duration, f"{where}.duration"),
            "delay": 0 if written.delay is None else grid.frames(written.delay, f"{where}.delay"),
            "direction": direction,
        }
    )
