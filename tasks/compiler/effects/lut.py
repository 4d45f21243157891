"""LUT: a look-up table from a .cube file, of one or three dimensions (`tasks.media.cube` reads it)."""

from __future__ import annotations

from pydantic import Field

from infra.values import Value
from tasks.compiler.effects.layering import partly
from tasks.compiler.effects.row import EffectRow, Setting, Stream


class Lut(Value):
    file: str = Field(min_length=1, max_length=4096, description="Path of a .cube file in the media roots.")
    intensity: float = Field(100, ge=0, le=100, description="Percent of the table's colours; 0 changes nothing.")


def build(stream: Stream, parameters: Lut, setting: Setting) -> Stream:
    """out = (1 - i) * in + i * table(in), i = intensity / 100; between its points the table is interpolated (tetrahedra)."""
    if parameters.intensity == 0:
        return stream
    name = setting.file(parameters.file)
    return partly(stream, parameters.intensity / 100, lambda part: _mapped(part, name))


def _mapped(stream: Stream, name: str) -> Stream:
    if name.startswith("lut1d"):
        return stream.filter("lut1d", file=name, interp="linear")
    return stream.filter("lut3d", file=name, interp="tetrahedral")


LUT = EffectRow(
    "lut",
    "Maps colours through a look-up table.",
    "picture",
    Lut,
    build,
    category="color-correction",
    property="Each colour becomes what the table says for it.",
    files=("file",),
    table=lambda parameters: parameters.file if parameters.intensity == 100 else None,
)
