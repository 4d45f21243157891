"""GIF: one palette for a whole film, chosen from what moves in it, and the film dithered to it.

The film comes as chunks joined without loss. Two runs of ffmpeg: one that looks at every frame and writes the palette, one
that writes the GIF; the graph of a single run would hold the whole film in memory until the palette is known.

Source: ffmpeg-filters(1): palettegen, paletteuse; GIF89a.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error

from infra.errors import KinofarmError
from infra.process import run_ffmpeg
from tasks.media.packets import FrameClock, only_picture, opened, words
from tasks.media.proof import PictureShape

PALETTE = "gif/1"
"""Name and version of the way: a change that makes other pixels of the same chunks must alter it."""

_PALETTE_FILE = "palette.png"
_GENERATE = "palettegen=stats_mode=diff"
_USE = "paletteuse=dither=sierra2_4a:diff_mode=rectangle"


def write_gif(joined: Path, out: Path, binary: Path | None = None) -> None:
    """Write the joined film as a GIF that runs for ever; its palette lies beside it meanwhile.

    Raises:  KinofarmError FFMPEG-00x.
    """
    source, clean = ("-i", f"file:{joined}"), ("-map_metadata", "-1", "-fflags", "+bitexact")
    run_ffmpeg(
        [*source, "-vf", _GENERATE, "-frames:v", "1", "-update", "1", _PALETTE_FILE], cwd=out.parent, binary=binary
    )
    run_ffmpeg(
        [
            *(*source, "-i", _PALETTE_FILE, "-filter_complex", f"[0:v][1:v]{_USE}[out]", "-map", "[out]"),
            *("-fps_mode", "passthrough", *clean, "-loop", "0", "-f", "gif", f"file:{out}"),
        ],
        cwd=out.parent,
        binary=binary,
    )
    (out.parent / _PALETTE_FILE).unlink()


def count_gif(path: Path, *, frames: int, rate: Fraction, size: tuple[int, int]) -> PictureShape:
    """Decode a GIF and check that every frame is there, at its hundredth of a second; return what it is.

    Raises:  KinofarmError VERIFY-001 unreadable, VERIFY-002 another count, VERIFY-003 another size, VERIFY-004 a frame at
        the wrong time, VERIFY-006 damage.
    """
    what = "the film"
    with opened(path, what) as container:
        stream = only_picture(container, what)
        clock = FrameClock(stream.time_base, rate, what)
        count, found = 0, (stream.codec_context.width, stream.codec_context.height)
        if found != size:
            raise KinofarmError("VERIFY-003", what=what, property="size", found=str(found), wanted=str(size))
        try:
            for frame in container.decode(stream):
                if (place := clock.frame(frame.pts)) != count:
                    clock.misplaced(count, place / rate)
                count += 1
        except (av.error.FFmpegError, ValueError) as error:
            raise KinofarmError("VERIFY-006", what=what, reason=words(error)) from None
        shape = _shape(stream.codec_context)
    if count != frames:
        raise KinofarmError("VERIFY-002", what=what, found=count, wanted=frames)
    return shape


def _shape(context: Any) -> PictureShape:
    return PictureShape(codec="gif", width=context.width, height=context.height, pixel_format=str(context.pix_fmt))
