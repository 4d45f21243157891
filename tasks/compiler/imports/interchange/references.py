"""What a clip of an interchange file refers to: a file, or something that only has a name, or nothing the farm draws."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit

import opentimelineio as otio

from tasks.compiler.imports.file_names import DRIVE
from tasks.compiler.imports.interchange.times import span
from tasks.compiler.model import MediaSource, Source, TitleSource

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

LONGEST_PATH = 4096


def plain(text: Any, limit: int = 500) -> str:
    """Return a name without what no name should hold (control characters, half characters), and not too long."""
    return _CONTROL.sub("", str(text or ""))[:limit]


def source_of(clip: Any, place: str) -> tuple[Source, str]:
    """Return a clip's source, and what could not be carried over about it ("" where nothing was lost).

    A media's `timecode` is None where the file does not say from where its times count.
    """
    reference = clip.media_reference
    name = plain(clip.name) or "clip"
    if isinstance(reference, otio.schema.GeneratorReference):
        kind = plain(reference.generator_kind, 80)
        if kind.casefold() == "black":
            return TitleSource(background="#000000"), ""
        return TitleSource(), f"its picture is made by a generator ({kind or plain(reference.name, 80) or 'unnamed'})"
    timing = _timing(reference, place)
    if isinstance(reference, otio.schema.ExternalReference) and (path := path_of(reference.target_url)):
        return MediaSource(path=path, **timing), ""
    if isinstance(reference, otio.schema.ImageSequenceReference):
        path = path_of(f"{reference.target_url_base}{reference.name_prefix}{reference.name_suffix}") or name
        return MediaSource(path=path, offline=True, **timing), "it is a sequence of images, not a film"
    known = plain(getattr(reference, "name", "")) or name
    return MediaSource(path=known, offline=True, **timing), ""


def path_of(url: Any) -> str:
    """Return the path that a file's address means: `file:` addresses are decoded, anything else is a path as it stands."""
    text = str(url or "")
    if text.casefold().startswith("file:"):
        parts = urlsplit(text)
        host = "" if parts.netloc.casefold() == "localhost" else parts.netloc
        text = unquote(parts.path)
        if host and not DRIVE.match(f"{host}/"):
            text = f"//{host}{text}"
        elif host:
            text = host + text
        if DRIVE.match(text):
            text = text.lstrip("/")
    return plain(text, LONGEST_PATH)


def _timing(reference: Any, place: str) -> dict[str, Fraction | None]:
    if reference is None or reference.available_range is None:
        return {"timecode": None}
    start, length = span(reference.available_range, place)
    return {"timecode": start, "length": length} if start >= 0 else {"timecode": None}
