"""Motions of title elements and subtitles: Timeline Studio's words for them, and how they are timed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from infra.errors import KinofarmError
from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.places import refused
from tasks.compiler.imports.timeline_studio.fields import Id, Read, Seconds, kebab, squash
from tasks.compiler.imports.timeline_studio.grid import Grid
from tasks.subtitles.easing import EASINGS, FAMILIES
from tasks.subtitles.kinds import KINDS, OF_THE_FRAME, PIXELS
from tasks.subtitles.model import Animation

_KINDS = {squash(name): name for name in KINDS}
_SIDES = {"left": "left", "right": "right", "up": "up", "top": "up", "down": "down", "bottom": "down"}
_ORDERS = {"normal": "normal", "forward": "normal", "forwards": "normal", "reverse": "reverse", "backwards": "reverse",
           "alternate": "alternate", "both": "alternate", "center": "normal"}  # fmt: skip
_EASINGS = {squash(name): name for name in EASINGS} | {
    squash(f"{family}-{way}"): f"ease-{way}-{family}" for family in FAMILIES for way in ("in", "out", "in-out")
}
_AMOUNTS = ("amount", "intensity", "distance", "amplitude", "scale", "angle", "degrees", "rotation", "strength")
"""Names under which `properties` may give how much a motion moves; the first that is there holds."""

_PATHS = ("path", "points")


class AnimationObject(Read):
    """`animations[]` of a style element or a subtitle."""

    id: Any = None
    animation_type: Id
    duration: Seconds
    delay: Seconds | None = None
    easing: Any = None
    direction: Id | None = None
    repeat: Any = None
    properties: Any = None


Animations = Annotated[list[AnimationObject], Field(max_length=20)]


def to_animations(written: list[AnimationObject], grid: Grid, where: str, warnings: Warnings) -> tuple[Animation, ...]:
    """Return the motions in frames.

    Raises:  FORMAT-032 for an unknown kind or easing, FORMAT-020 for a value out of its bounds.
    """
    return tuple(_to_animation(one, grid, f"{where}.animations[{n}]", warnings) for n, one in enumerate(written))


def _to_animation(written: AnimationObject, grid: Grid, where: str, warnings: Warnings) -> Animation:
    kind = _KINDS.get(squash(written.animation_type))
    if kind is None:
        name = kebab(written.animation_type)
        raise KinofarmError("FORMAT-032", where=f"{where}.animation_type", kind="animation", name=name, user=where)
    fields: dict[str, Any] = {
        "kind": kind,
        "duration": grid.frames(written.duration, f"{where}.duration"),
        "delay": 0 if written.delay is None else grid.frames(written.delay, f"{where}.delay"),
        "easing": _easing(written.easing, where),
        "repeat": _repeat(written.repeat, where),
        **_direction(written.direction, kind, where),
        **_properties(written.properties, kind, grid, where, warnings),
    }
    if kind == "motion-path" and "path" not in fields:
        raise KinofarmError("FORMAT-021", where=f"{where}.properties.path", field="path")
    try:
        return Animation.model_validate(fields)
    except ValidationError as error:
        raise refused(error, fields, base=where, names={"amount": "properties"}) from None


def _easing(written: Any, where: str) -> str | None:
    if written is None:
        return None
    name = _EASINGS.get(squash(written)) if isinstance(written, str) else None
    if name is None:
        shown = written[:50] if isinstance(written, str) else str(written)[:50]
        raise KinofarmError("FORMAT-032", where=f"{where}.easing", kind="easing", name=shown, user=where)
    return name


def _repeat(written: Any, where: str) -> int:
    """How often it runs; 0 or "infinite": until the element ends."""
    if written is None or written is False:
        return 1
    if written is True or written in ("infinite", "Infinite", -1):
        return 0
    if isinstance(written, int | float) and written == int(written) and 0 <= written <= 10_000:
        return int(written)
    problem = "it should be a whole number to 10000, or infinite"
    raise KinofarmError("FORMAT-020", where=f"{where}.repeat", field="repeat", problem=problem)


def _direction(written: str | None, kind: str, where: str) -> dict[str, str]:
    """Timeline Studio has one word for the side of the frame and for the order of the rounds."""
    if written is None:
        return {}
    word = squash(written).removeprefix("from").removeprefix("to")
    if word in _SIDES:
        return {"direction": _SIDES[word]} if KINDS[kind].directed else {}
    if word in _ORDERS:
        return {"order": _ORDERS[word]}
    problem = "it should be left, right, up or down, or normal, reverse or alternate"
    raise KinofarmError("FORMAT-020", where=f"{where}.direction", field="direction", problem=problem)


def _properties(written: Any, kind: str, grid: Grid, where: str, warnings: Warnings) -> dict[str, Any]:
    """What `properties` say of how much, and along which path; the rest is named and left."""
    found: dict[str, Any] = {}
    if not isinstance(written, Mapping):
        return found
    place = f"{where}.properties"
    for name, value in written.items():
        if kind == "motion-path" and name in _PATHS:
            found.setdefault("path", _path(value, f"{place}.{name}"))
        elif KINDS[kind].unit and name in _AMOUNTS and "amount" not in found:
            found["amount"] = _amount(value, kind, grid, f"{place}.{name}")
        else:
            warnings.add("FORMAT-110", where=f"{place}.{str(name)[:80]}", name=str(name)[:80], kind=kind)
    return found


def _amount(value: Any, kind: str, grid: Grid, where: str) -> float:
    """Lengths are pixels of the timeline's resolution, shares of the frame percent."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e6:
        raise KinofarmError("FORMAT-020", where=where, field=where.rpartition(".")[2], problem="a number is wanted")
    unit = KINDS[kind].unit
    return grid.at_1080_lines(value) if unit == PIXELS else value / 100 if unit == OF_THE_FRAME else float(value)


def _path(value: Any, where: str) -> tuple[tuple[float, float], ...]:
    """A list of {x, y} in percent of the frame, offsets from the element's place."""
    points: list[tuple[float, float]] = []
    for point in value if isinstance(value, list) and len(value) <= 1000 else ():
        x, y = (point.get("x"), point.get("y")) if isinstance(point, Mapping) else (None, None)
        if any(isinstance(axis, bool) or not isinstance(axis, int | float) or abs(axis) > 1000 for axis in (x, y)):
            points = []
            break
        points.append((x / 100, y / 100))  # type: ignore[operator]
    if len(points) < 2:
        problem = "a list of at least two points {x, y} in percent of the frame is wanted"
        raise KinofarmError("FORMAT-020", where=where, field="path", problem=problem)
    return tuple(points)
