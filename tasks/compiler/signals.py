"""Signals: what a picture's numbers mean as light. A film is SDR (BT.709), HDR10 (BT.2020 with PQ) or HLG.

Source: ITU-R BT.709-6, BT.2100-2; H.273, by ffmpeg's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Hdr = Literal["hdr10", "hlg"]
"""The kinds of HDR that a film can be of."""


@dataclass(frozen=True)
class Signal:
    """A signal by ffmpeg's names: its matrix, primaries and transfer; always limited range in a film."""

    matrix: str
    primaries: str
    transfer: str

    @property
    def tags(self) -> dict[str, str]:
        """Options of setparams."""
        return {
            "range": "tv",
            "colorspace": self.matrix,
            "color_primaries": self.primaries,
            "color_trc": self.transfer,
        }

    @property
    def arguments(self) -> tuple[str, ...]:
        """ffmpeg's output options that tag a stream."""
        named = (("colorspace", self.matrix), ("color_primaries", self.primaries), ("color_trc", self.transfer))
        return (*(word for name, value in named for word in (f"-{name}", value)), "-color_range", "tv")

    @property
    def high(self) -> bool:
        """Is it HDR?"""
        return self is not SDR


SDR = Signal("bt709", "bt709", "bt709")

HDR: Mapping[Hdr, Signal] = {
    "hdr10": Signal("bt2020nc", "bt2020", "smpte2084"),
    "hlg": Signal("bt2020nc", "bt2020", "arib-std-b67"),
}


def signal_of(hdr: Hdr | None) -> Signal:
    """Return the signal of a film."""
    return SDR if hdr is None else HDR[hdr]


def tagged(transfer: str | None) -> Signal:
    """Return the signal that a source's transfer function means: HDR where it is one of HDR's, else SDR."""
    return next((signal for signal in HDR.values() if signal.transfer == transfer), SDR)
