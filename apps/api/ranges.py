"""Answers of whole files or of ranges of them, so that a browser plays a film and seeks in it.

Starlette's FileResponse reads the file by its name again after it was looked at, answers 416 when one of several ranges
reaches beyond the end, and refuses or misreads ranges that are to be passed over. Here the file is opened once.

Source:  RFC 9110, 13.1 (If-None-Match, If-Range), 14 (Range); RFC 6266 and RFC 8187 (names of files).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from itertools import chain
from typing import BinaryIO
from urllib.parse import quote

from anyio import to_thread
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from apps.api.problems import problem
from infra.errors import KinofarmError

BLOCK = 256 * 1024
"""Bytes read and sent at a time."""
MOST_RANGES = 32
"""Who asks for more gets the whole file."""

_RANGE = re.compile(r"[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*")


def file_answer(
    request: Request,
    file: BinaryIO,
    *,
    size: int,
    tag: str,
    modified: datetime,
    media_type: str,
    headers: dict[str, str],
) -> Response:
    """Return the answer to GET or HEAD for a file, which it closes.

    Args:    tag: tells its bytes from all others. headers: further ones.
    """
    since = modified.astimezone(UTC).replace(microsecond=0)
    shown = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{tag}"',
        "Last-Modified": format_datetime(since, usegmt=True),
        "X-Content-Type-Options": "nosniff",
        **headers,
    }
    if _is_known(request, tag, since):
        file.close()
        return Response(status_code=304, headers=shown)
    asked = request.headers.get("Range")
    ranges: tuple[range, ...] | None = None
    if asked is not None and _if_range(request, tag, since):
        ranges = wanted_ranges(asked, size)
    if ranges == ():
        file.close()
        return problem(KinofarmError("RESULT-006", size=size), request.url.path, {"Content-Range": f"bytes */{size}"})
    status, parts = 200, [range(size)]
    kind = media_type
    if ranges is not None and len(ranges) == 1:
        status, parts = 206, [ranges[0]]
        shown["Content-Range"] = _content_range(ranges[0], size)
    elif ranges is not None:
        boundary = secrets.token_hex(12)
        status, kind = 206, f"multipart/byteranges; boundary={boundary}"
        parts = [*chain.from_iterable(_part(each, boundary, media_type, size) for each in ranges), f"--{boundary}--\r\n".encode()]  # type: ignore[list-item]  # fmt: skip
    shown["Content-Length"] = str(sum(map(len, parts)))
    if request.method == "HEAD":
        file.close()
        return Response(status_code=status, headers={**shown, "Content-Type": kind})
    return _File(file, parts, status, {**shown, "Content-Type": kind})


def wanted_ranges(header: str, size: int) -> tuple[range, ...] | None:
    """Return the ranges of a file that are asked for, as they were asked for; none that it has: an empty tuple.

    Returns: None: the whole file, since no ranges of bytes are asked for, they are not understood, or they are absurdly many.
    """
    unit, _, listed = header.partition("=")
    if unit.strip().lower() != "bytes":
        return None
    found = []
    for part in listed.split(","):
        if not part.strip():
            continue
        match = _RANGE.fullmatch(part)
        if match is None or match.groups() == ("", ""):
            return None
        first, last = match.groups()
        if first and last and int(last) < int(first):
            return None
        start = int(first) if first else max(0, size - int(last))
        found.append(range(start, min(int(last) + 1, size) if first and last else size))
    has = tuple(each for each in found if each)
    if not found or len(found) > MOST_RANGES or (len(has) > 1 and sum(map(len, has)) > size):
        return None
    return has


def disposition(name: str, *, attachment: bool) -> str:
    """Return the header Content-Disposition for a file of that name."""
    plain = re.sub(r"[^ !#$&+.0-9A-Z^_`a-z|~()\[\]{},;=@\'-]", "_", name)
    kind = "attachment" if attachment else "inline"
    exact = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    return f'{kind}; filename="{plain}"{exact}'


class _File(StreamingResponse):
    """Parts of an open file, and bytes between them."""

    def __init__(self, file: BinaryIO, parts: Sequence[range | bytes], status: int, headers: dict[str, str]) -> None:
        super().__init__(_pieces(file, parts), status, headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


async def _pieces(file: BinaryIO, parts: Sequence[range | bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        place = part.start
        while place < part.stop:
            block = await to_thread.run_sync(os.pread, file.fileno(), min(BLOCK, part.stop - place), place)
            if not block:
                raise EOFError("a file that is being sent became shorter")  # the connection breaks off: no end is faked
            yield block
            place += len(block)


def _part(wanted: range, boundary: str, media_type: str, size: int) -> tuple[bytes, range, bytes]:
    head = f"--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {_content_range(wanted, size)}\r\n\r\n"
    return head.encode(), wanted, b"\r\n"


def _content_range(wanted: range, size: int) -> str:
    return f"bytes {wanted.start}-{wanted.stop - 1}/{size}"


def _is_known(request: Request, tag: str, since: datetime) -> bool:
    """Whether the client has the file already."""
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        return tags.strip() == "*" or f'"{tag}"' in [each.strip().removeprefix("W/") for each in tags.split(",")]
    had = _date(request.headers.get("If-Modified-Since"))
    return had is not None and since <= had


def _if_range(request: Request, tag: str, since: datetime) -> bool:
    """Whether a range is wanted of the file as it is now."""
    given = request.headers.get("If-Range")
    return given is None or given.strip() == f'"{tag}"' or _date(given) == since


def _date(text: str | None) -> datetime | None:
    try:
        found = None if text is None else parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)
