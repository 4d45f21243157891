"""Canvas: the pixel formats in which a film is composed, chosen by what is to come out of it.

Eight bit 4:2:0 is what most films are delivered in, so that is what plain clips are conformed to. A film of ten bits, of
finer colour or with alpha is composed in such a format from its clips on: nothing is ever blown up at the end.

Source: ffmpeg's pixel formats; ffmpeg-filters(1), overlay; docs/adr/0019.
"""

from __future__ import annotations

from typing import Literal

from infra.values import Value
from tasks.compiler.signals import Hdr, Signal, signal_of

Chroma = Literal["420", "422", "444"]


class Canvas(Value):
    """Bits per sample, how the colour is sampled, whether what no clip covers stays clear, and which HDR it is, if any."""

    bits: Literal[8, 10] = 8
    chroma: Chroma = "420"
    alpha: bool = False
    hdr: Hdr | None = None

    @property
    def signal(self) -> Signal:
        """What its numbers mean."""
        return signal_of(self.hdr)

    @property
    def drawn_apart(self) -> bool:
        """Is text drawn as a picture of its own? libass knows neither what is clear nor HDR."""
        return self.alpha or self.hdr is not None

    @property
    def solid(self) -> str:
        """The pixel format of pictures that hide what lies below them."""
        return f"yuv{self.chroma}p{self._depth}"

    @property
    def clear(self) -> str:
        """The pixel format of pictures through which something may show."""
        return f"yuva{self.chroma}p{self._depth}"

    @property
    def mixing(self) -> str:
        """The pixel format in which pictures with alpha are mixed: colour and alpha have the same size in it."""
        return f"yuva444p{self._depth}"

    @property
    def ground(self) -> str:
        """The pixel format of the film itself."""
        return self.clear if self.alpha else self.solid

    @property
    def subsampled(self) -> tuple[int, int]:
        """Pixels to one sample of chroma, across and down."""
        return {"420": (2, 2), "422": (2, 1), "444": (1, 1)}[self.chroma]

    @property
    def overlaying(self) -> dict[str, str]:
        """Options of the overlay filter: without them it works in 8 bit 4:2:0."""
        if self.bits == 8 and self.chroma == "420":
            return {}
        return {"format": f"yuv{self.chroma}{'p10' if self.bits == 10 else ''}"}

    @property
    def _depth(self) -> str:
        return "10le" if self.bits == 10 else ""


PLAIN = Canvas()
"""Eight bit 4:2:0, opaque."""
