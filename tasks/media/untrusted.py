"""Opening a media file that somebody else made: with allow-lists, and with everything that can go wrong told in our words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import av.error

from infra.errors import KinofarmError
from tasks.media.facts import MediaFacts
from tasks.media.numbered_container import NumberedContainer
from tasks.media.pictures_container import PicturesContainer
from tasks.security import formats


def opened(path: Path, facts: MediaFacts) -> Any:
    """Return a container for a medium that has facts: PyAV's, or one that is used like it, of numbered pictures and of what Pillow reads.

    Close it, or use it as a context. What libavformat raises passes through: use it within `translated`.

    Raises:  KinofarmError SECURITY-001, SECURITY-002, MEDIA-001, MEDIA-009 for what lies in its place now. What Pillow reads
        raises MEDIA-00x later, too.
    """
    if facts.numbered is not None:
        return NumberedContainer(path, facts)
    formats.sniff(path)
    if facts.demuxer in formats.PILLOW:
        return PicturesContainer(path, facts)
    container = opened_file(path, facts.demuxer)
    try:
        formats.demuxer(container.format.name, path)
    except KinofarmError:
        container.close()
        raise
    return container


def opened_file(path: Path, demuxer: str | None) -> Any:
    """Return PyAV's container for a file that was sniffed (`formats.sniff`); close it, or use it as a context.

    Args:    demuxer: that must read it, where that is known.
    Raises:  what libavformat raises: use it within `translated`.
    """
    return av.open(f"file:{path}", format=demuxer, options=formats.options(), metadata_errors="replace")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what libavformat and the system raise into KinofarmErrors."""
    try:
        yield
    except av.error.InvalidDataError:
        raise KinofarmError("MEDIA-001", file=path.name, reason="no reader recognises its content") from None
    except av.error.EOFError:
        raise KinofarmError("MEDIA-002", file=path.name, reason="it ends before its streams are described") from None
    except av.error.FFmpegError as error:
        if error.errno == errno.EINVAL:
            raise KinofarmError("SECURITY-002", file=path.name, reason="its format is not on the allow-list") from None
        if isinstance(error, OSError) and error.errno in (errno.EIO, errno.EACCES, errno.ENOENT, errno.ESTALE):
            raise KinofarmError("MEDIA-009", file=path.name, reason=words(error)) from None
        raise KinofarmError("MEDIA-006", file=path.name, reason=words(error)) from None
    except OSError as error:
        raise KinofarmError("MEDIA-009", file=path.name, reason=error.strerror or "an input error") from None
    except (ValueError, OverflowError, ArithmeticError, MemoryError) as error:
        raise KinofarmError(
            "MEDIA-006", file=path.name, reason=f"its numbers make no sense ({type(error).__name__})"
        ) from None


def words(error: Exception) -> str:
    """Return an error's own words without the path that it may carry."""
    return str(getattr(error, "strerror", None) or type(error).__name__)
