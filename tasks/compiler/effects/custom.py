"""Custom: a filter template of the project's own, taken apart and allow-listed (`tasks.security.filters`)."""

from __future__ import annotations

import ffmpeg
from pydantic import Field, field_validator

from infra.values import Value
from tasks.compiler.effects.row import EffectRow, Setting, Stream
from tasks.security.filters import LONGEST, parse_filters


class Custom(Value):
    filter: str = Field(
        max_length=LONGEST, description="A chain of ffmpeg's filters, such as `eq=contrast=1.2,unsharp=5:5:1`."
    )

    @field_validator("filter")
    @classmethod
    def _allowed(cls, value: str) -> str:
        """Refuse what is not on the allow-list with its own KinofarmError (SECURITY-...)."""
        parse_filters(value, "picture")
        return value


def build(stream: Stream, parameters: Custom, setting: Setting) -> Stream:
    """The template's filters on the opaque colours; ffmpeg converts for those that work in YUV. Alpha passes by."""
    if not setting.alpha:
        return _filtered(stream, parameters).filter("format", "gbrp16le")
    copies = stream.filter_multi_output("split", 2)
    colour = _filtered(copies[0].filter("format", "gbrp16le"), parameters).filter("format", "gbrp16le")
    alpha = copies[1].filter("alphaextract")
    planes = {"map0s": 0, "map0p": 0, "map1s": 0, "map1p": 1, "map2s": 0, "map2p": 2, "map3s": 1, "map3p": 0}
    return ffmpeg.filter([colour, alpha], "mergeplanes", format="gbrap16le", **planes)


CUSTOM = EffectRow("custom", "Runs a chain of allow-listed filters.", "picture", Custom, build)


def _filtered(stream: Stream, parameters: Custom) -> Stream:
    for name, options in parse_filters(parameters.filter, "picture"):
        stream = stream.filter(name, **options)
    return stream
