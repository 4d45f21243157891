"""Film grain: grey noise, other for each frame of the source, the same whenever that frame is rendered."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import blended, on_colour
from tasks.compiler.effects.plates import noise
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class FilmGrain(Value):
    intensity: float = Field(0.02, ge=0, le=1, description="Roughness of the grain, as a fraction of white.")
    amount: float = Field(0.5, ge=0, le=1, description="How much of it is laid over the picture; 0 changes nothing.")


def build(stream: Stream, parameters: FilmGrain, setting: Setting) -> Stream:
    """out = in + noise, Gaussian, of standard deviation intensity * amount, the same in all three channels."""
    deviation = parameters.intensity * parameters.amount
    if deviation == 0:
        return stream
    return on_colour(stream, setting, lambda colour: grained(colour, deviation, setting))


def grained(stream: Stream, deviation: float, setting: Setting) -> Stream:
    """The grain on opaque colours."""
    return blended(stream, noise(setting, deviation), "grainmerge", shortest=1)


FILM_GRAIN = EffectRow(
    "film-grain",
    "Lays the grain of film over the picture.",
    "picture",
    FilmGrain,
    build,
    category="vintage",
    property="In a flat middle grey the standard deviation becomes intensity x amount; the mean stays.",
    moving=lambda parameters: parameters.intensity * parameters.amount > 0,
)
