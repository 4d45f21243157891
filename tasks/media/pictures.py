"""Pictures that libavformat does not put together: HEIC and AVIF, which come in tiles, and WebP that moves. Pillow reads them.

They have facts, views, analyses and recognition (`pictures_container`) like any other medium; a timeline can't hold them (`probe` says
so to whoever renders).

Source: libheif through pillow-heif; libavif and libwebp through Pillow.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from infra.errors import KinofarmError
from tasks.media.facts import PictureFacts
from tasks.security.formats import PILLOW

pillow_heif.register_heif_opener(thumbnails=False)

READERS: Mapping[str, tuple[str, str]] = {"heif": ("HEIF", "hevc"), "avif": ("AVIF", "av1"), "webp": ("WEBP", "webp")}
"""Pillow's reader and the codec, by what `tasks.security.formats.sniff` calls them."""
assert READERS.keys() == PILLOW

MILLISECOND = Fraction(1, 1000)
USUAL_DURATION = 100
"""Milliseconds that a picture is shown whose file does not say; as browsers do."""
MOST_FRAMES = 10_000


def picture_file(path: Path, kind: str, most_pixels: int, most_side: int) -> dict[str, Any]:
    """Return the facts of such a file, as the fields of `MediaFacts` but its hash and size.

    Args:    kind: as `sniff` calls it. most_pixels, most_side: beyond these it is refused.
    Raises:  KinofarmError MEDIA-001, MEDIA-002, MEDIA-005, MEDIA-006.
    """
    with _opened(path, kind) as image:
        width, height = image.size
        if max(width, height) > most_side or width * height > most_pixels:
            raise KinofarmError("MEDIA-005", file=path.name, reason=f"its picture is {width}x{height}")
        frames = getattr(image, "n_frames", 1) if kind == "webp" else 1
        if frames > MOST_FRAMES:
            raise KinofarmError("MEDIA-005", file=path.name, reason=f"it has {frames} pictures")
        image.load()  # shows that it is whole
        width, height = _upright(image).size
        alpha = image.has_transparency_data
        depth = int(image.info.get("bit_depth", 8))
        shown = _durations(image, frames) if frames > 1 else [0]
    still, end = frames == 1, Fraction(sum(shown), 1000)
    picture = PictureFacts(
        index=0,
        codec=READERS[kind][1],
        width=width,
        height=height,
        pixel_format="rgba" if alpha else "rgb24",
        bit_depth=depth,
        alpha=alpha,
        time_base=MILLISECOND,
        rate=None if still or not end else frames / end,
        constant_rate=not still and len(set(shown)) == 1,
        start=Fraction(0),
        end=end,
        frames=frames,
        max_gap=Fraction(max(shown), 1000),
        still=still,
        default=True,
    )
    return {"demuxer": kind, "start": Fraction(0), "duration": end, "pictures": (picture,)}


def pictures_of(path: Path, kind: str) -> Generator[tuple[Fraction, Fraction, Image.Image]]:
    """Yield each picture, upright, after the time at which it is shown and for how long, in seconds; a still's is 0.

    Raises:  KinofarmError MEDIA-001, MEDIA-002, MEDIA-006.
    """
    with _opened(path, kind) as image:
        frames = getattr(image, "n_frames", 1) if kind == "webp" else 1
        at = 0
        for number in range(frames):
            image.seek(number)
            image.load()
            shown = int(image.info.get("duration") or USUAL_DURATION) if frames > 1 else 0
            upright = _upright(image).convert("RGBA" if image.has_transparency_data else "RGB")
            yield Fraction(at, 1000), Fraction(shown, 1000), upright
            at += shown


def _durations(image: Image.Image, frames: int) -> list[int]:
    shown = []
    for number in range(frames):
        image.seek(number)
        image.load()
        shown.append(int(image.info.get("duration") or USUAL_DURATION))
    return shown


def _upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its file says; HEIC's reader has done so, AVIF's and WebP's tell it as Exif's orientation."""
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, TypeError, ArithmeticError, LookupError, struct.error):
        return image  # without readable Exif it is upright


@contextmanager
def _opened(path: Path, kind: str) -> Iterator[Image.Image]:
    """Open it with the one reader that it is for, and tell in our words what goes wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MEDIA-005 comes sooner, or it is fine
            with Image.open(path, formats=[READERS[kind][0]]) as image:
                yield image
    except UnidentifiedImageError:
        raise KinofarmError("MEDIA-001", file=path.name, reason="no reader recognises its content") from None
    except Image.DecompressionBombError:
        raise KinofarmError("MEDIA-005", file=path.name, reason="its picture is too large") from None
    except (OSError, EOFError, SyntaxError) as error:
        if getattr(error, "errno", None):
            raise KinofarmError("MEDIA-009", file=path.name, reason=str(error.args[-1])) from None
        raise KinofarmError("MEDIA-002", file=path.name, reason=str(error)[:200]) from None
    except (ValueError, RuntimeError, ArithmeticError, LookupError) as error:
        raise KinofarmError("MEDIA-006", file=path.name, reason=str(error)[:200]) from None
