"""`colorGrading`: the editor's colour panel as effects. What lies at its neutral place makes none.

Wheels become `lift-gamma-gain`, curves `curves`, a look-up table `lut`, and the basic sliders one filter. The sliders go from
-100 to 100; contrast, saturation and luminance are percent of what they change, hue is degrees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from tasks.compiler.imports.imported import Warnings
from tasks.compiler.imports.timeline_studio.fields import Read, Real
from tasks.compiler.model import Effect, Parameter

_WHEELS = ("lift", "gamma", "gain", "offset")
_CURVES = ("master", "red", "green", "blue")
_STRAIGHT = ((), (0.0, 0.0, 1.0, 1.0))
"""Points of a curve that changes nothing."""

_PIVOT = 0.5


class _Saved(Read):
    model_config = ConfigDict(alias_generator=to_camel)


class Wheel(_Saved):
    """One colour wheel."""

    r: Real = 0.0
    g: Real = 0.0
    b: Real = 0.0


class Wheels(_Saved):
    """`colorWheels`. A wheel that is all 0 was not touched."""

    lift: Wheel = Wheel()
    gamma: Wheel = Wheel()
    gain: Wheel = Wheel()
    offset: Wheel = Wheel()


class Basics(_Saved):
    """`basicParameters`."""

    temperature: Annotated[Real, Field(ge=-100, le=100)] = 0.0
    tint: Annotated[Real, Field(ge=-100, le=100)] = 0.0
    contrast: Annotated[Real, Field(ge=-100, le=100)] = 0.0
    pivot: Real = _PIVOT
    saturation: Annotated[Real, Field(ge=-100, le=100)] = 0.0
    hue: Annotated[Real, Field(ge=-360, le=360)] = 0.0
    luminance: Annotated[Real, Field(ge=-100, le=100)] = 0.0


class CurvePoint(_Saved):
    """A point of a curve, each way from 0 to 1 (or to 255, where one is above 1)."""

    x: Annotated[Real, Field(ge=0, le=255)]
    y: Annotated[Real, Field(ge=0, le=255)]


Points = Annotated[list[CurvePoint], Field(max_length=100)]


class Curves(_Saved):
    """`curves`."""

    master: Points = Field(default_factory=list)
    red: Points = Field(default_factory=list)
    green: Points = Field(default_factory=list)
    blue: Points = Field(default_factory=list)


class Table(_Saved):
    """`lut`."""

    file: Annotated[str, Field(max_length=4096)] = ""
    intensity: Annotated[Real, Field(ge=0, le=100)] = 100.0
    is_enabled: bool = True


class Grading(_Saved):
    """`colorGrading`."""

    color_wheels: Wheels = Wheels()
    basic_parameters: Basics = Basics()
    curves: Curves = Curves()
    lut: Table = Table()
    is_enabled: bool = True


def to_effects(grading: Grading, where: str, warnings: Warnings) -> Iterator[Effect]:
    """Yield the effects of a colour panel, in the order of its sections."""
    if not grading.is_enabled:
        return
    if wheels := _wheels(grading.color_wheels):
        yield Effect(kind="lift-gamma-gain", parameters=wheels)
    if basics := _basics(grading.basic_parameters, where, warnings):
        yield Effect(kind="filter-neutral", parameters=basics)
    curves: dict[str, Parameter] = {
        name: points for name in _CURVES if (points := _points(getattr(grading.curves, name))) not in _STRAIGHT
    }
    if curves:
        yield Effect(kind="curves", parameters=curves)
    if grading.lut.is_enabled and grading.lut.file and grading.lut.intensity:
        yield Effect(kind="lut", parameters={"file": grading.lut.file, "intensity": grading.lut.intensity})


def _wheels(wheels: Wheels) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for name in _WHEELS:
        wheel: Wheel = getattr(wheels, name)
        neutral = 1.0 if name in ("gamma", "gain") else 0.0
        values = (wheel.r, wheel.g, wheel.b)
        if any(values) and any(value != neutral for value in values):
            found |= {f"{name}_{channel}": value for channel, value in zip("rgb", values, strict=True)}
    return found


def _basics(basics: Basics, where: str, warnings: Warnings) -> dict[str, Parameter]:
    found: dict[str, Any] = {
        "temperature": basics.temperature,
        "tint": basics.tint,
        "hue": basics.hue,
        "brightness": basics.luminance / 100,
        "contrast": 1 + basics.contrast / 100,
        "saturation": 1 + basics.saturation / 100,
    }
    if basics.contrast and basics.pivot != _PIVOT:
        what = "a pivot of the contrast"
        warnings.add(
            "FORMAT-103", where=f"{where}.basicParameters.pivot", what=what, instead="it turns about the middle"
        )
    return {name: value for name, value in found.items() if value != (1 if name in ("contrast", "saturation") else 0)}


def _points(points: list[CurvePoint]) -> tuple[float, ...]:
    values = [value for point in sorted(points, key=lambda point: point.x) for value in (point.x, point.y)]
    return tuple(value / 255 for value in values) if any(value > 1 for value in values) else tuple(values)
