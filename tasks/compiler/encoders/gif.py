"""GIF: chunks are kept without loss, as PNG; the colours are chosen once, over the whole film, when they are joined.

A palette per chunk would make colours jump where chunks meet; see `tasks.media.palette` and docs/adr/0018.
"""

from __future__ import annotations

from tasks.compiler.encoders.pictures import png_arguments, png_pixels, to_rgb
from tasks.compiler.encoders.row import EncoderRow

GIF = EncoderRow("gif", "gif", png_arguments, stored="png", form="mov", pixels=png_pixels, modes=(), prepared=to_rgb)
