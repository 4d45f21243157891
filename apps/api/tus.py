"""What tus writes into headers.

Source:  https://tus.io/protocols/resumable-upload (1.0.0).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import timedelta
from email.utils import format_datetime
from typing import Annotated

from fastapi import Header, Request

from infra.errors import KinofarmError
from infra.uploads.appending import ALGORITHMS, Checksum
from infra.uploads.records import Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
PART = "application/offset+octet-stream"
"""Content-Type of what belongs to an upload."""

_BASE64 = r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_PAIR = rf"[!#-+.-~-]+( {_BASE64})?"

Named = Annotated[
    str,
    Header(
        alias="Upload-Metadata",
        description="`filename` and the file's name in base64.",
        max_length=8192,
        json_schema_extra={"pattern": f"^({_PAIR}(,{_PAIR})*)?$"},
    ),
]
Summed = Annotated[
    str,
    Header(
        alias="Upload-Checksum",
        description=f"Of this request's bytes: {' or '.join(ALGORITHMS)}, and the digest in base64.",
        json_schema_extra={"pattern": "^(|sha1 [A-Za-z0-9+/]{27}=|sha256 [A-Za-z0-9+/]{43}=)$"},
    ),
]
Version = Annotated[
    str,
    Header(alias="Tus-Resumable", description=f"{VERSION}, or nothing.", json_schema_extra={"enum": [VERSION]}),
]


def agreed(version: str) -> None:
    """See that a request speaks our version.

    Raises:  KinofarmError UPLOAD-010.
    """
    if version != VERSION:
        raise KinofarmError("UPLOAD-010", version=VERSION, asked=version)


def has_body(request: Request) -> bool:
    """Whether a request brings a body."""
    return "Transfer-Encoding" in request.headers or request.headers.get("Content-Length", "0") != "0"


def check_kind(request: Request) -> None:
    """See that a body is a part of an upload.

    Raises:  KinofarmError UPLOAD-011.
    """
    kind = request.headers.get("Content-Type", "")
    if kind.partition(";")[0].strip().lower() != PART:
        raise KinofarmError("UPLOAD-011", kind=kind)


def name_in(metadata: str) -> str:
    """The file's name in Upload-Metadata; empty: it has none.

    Raises:  KinofarmError UPLOAD-009.
    """
    found = {}
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        found[key] = _decoded("Upload-Metadata", value.strip())
    return (found.get("filename") or found.get("name") or b"").decode(errors="replace")


def checksum_in(text: str) -> Checksum | None:
    """Return what Upload-Checksum announces.

    Raises:  KinofarmError UPLOAD-009.
    """
    if not text:
        return None
    algorithm, _, value = text.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise KinofarmError("UPLOAD-009", header="Upload-Checksum", reason=f"it names none of {', '.join(ALGORITHMS)}")
    digest = _decoded("Upload-Checksum", value.strip())
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise KinofarmError("UPLOAD-009", header="Upload-Checksum", reason="its digest has another length")
    return Checksum(algorithm, digest)


def told(upload: Upload, kept: timedelta) -> dict[str, str]:
    """Return the headers that say how far an upload is.

    Args:    kept: for how long it is, if it does not go on.
    """
    headers = {"Upload-Offset": str(upload.received)}
    if not upload.whole:
        headers["Upload-Expires"] = format_datetime(upload.updated_at + kept, usegmt=True)
    return headers


def metadata_of(upload: Upload) -> str:
    """Return Upload-Metadata: what is kept of it, the name."""
    return f"filename {base64.b64encode(upload.name.encode()).decode()}"


def _decoded(header: str, value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise KinofarmError("UPLOAD-009", header=header, reason="what it says is not in base64") from None
