"""A contact sheet: pictures of a film at even distances on one PNG, each with its timecode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from font_roboto import Roboto
from PIL import Image, ImageDraw, ImageFont

from tasks.media.packets import FrameClock, only_picture, opened

MARGIN = 12
"""Pixels around each picture."""

CAPTION = 22
"""Pixels for the timecode under each picture."""

_GROUND, _INK = (24, 24, 26), (222, 222, 226)


def contact_sheet(
    film: Path, out: Path, *, rate: Fraction, frames: int, columns: int = 4, rows: int = 4, width: int = 320
) -> None:
    """Draw a contact sheet of a film that the farm made, as a PNG.

    Args:
        out: the PNG to write.
        rate, frames: of the film.
        columns, rows: pictures side by side and above one another; a short film gets fewer rows.
        width: of each picture, in pixels.
    Raises:  KinofarmError VERIFY-001 when the film cannot be read; OSError when the sheet cannot be written.
    """
    wanted = even_frames(frames, columns * rows)
    pictures = list(_pictures(film, wanted, rate))
    height = round(width * pictures[0][1].height / pictures[0][1].width)
    used_rows = -(-len(pictures) // columns)
    cell = width + MARGIN, height + CAPTION + MARGIN
    sheet = Image.new("RGB", (columns * cell[0] + MARGIN, used_rows * cell[1] + MARGIN), _GROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(Roboto, CAPTION - 8)
    for place, (frame, picture) in enumerate(pictures):
        x, y = MARGIN + place % columns * cell[0], MARGIN + place // columns * cell[1]
        sheet.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (x, y))
        draw.text((x, y + height + 4), _timecode(frame, rate), font=font, fill=_INK)
    sheet.save(out, format="PNG", optimize=True)


def even_frames(frames: int, count: int) -> tuple[int, ...]:
    """Return at most `count` different frames of a film, each in the middle of an equal share of it."""
    count = min(count, frames)
    return tuple((2 * place + 1) * frames // (2 * count) for place in range(count))


def _pictures(film: Path, wanted: Sequence[int], rate: Fraction) -> Iterator[tuple[int, Any]]:
    """Yield frames as their numbers and Pillow images: those wanted, or the first after that others refer to.

    Frames that no other needs are skipped on the way, which halves the work.
    """
    what = "the film"
    with opened(film, what) as container:
        stream = only_picture(container, what)
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.skip_frame = "NONREF"
        clock = FrameClock(stream.time_base, rate, what)
        for frame in wanted:
            container.seek(int(frame / rate / stream.time_base), stream=stream)
            for decoded in container.decode(stream):
                if (found := clock.frame(decoded.pts)) >= frame:
                    yield found, decoded.to_image()
                    break


def _timecode(frame: int, rate: Fraction) -> str:
    """Return hours:minutes:seconds:frames, counted without dropping numbers."""
    seconds, left = divmod(frame, round(rate))
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{left:02}"
