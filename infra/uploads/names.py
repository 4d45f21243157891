"""Names of uploaded files: what a stranger calls a file becomes a name that is safe beside ours."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

LONGEST = 200
"""Bytes of a name; file systems take 255."""
LONGEST_SUFFIX = 20
NAMELESS = "upload"

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode's categories of what is not seen: control and formatting signs (such as those that turn the direction of writing),
halves of characters, characters that nobody defined, separators of lines."""


def safe_name(text: str) -> str:
    """Return the last part of a name, of either system, without what is not seen, and not hidden; at most 200 bytes.

    The suffix stays, since it tells the format. Nothing left: "upload".
    """
    last = re.split(r"[/\\]", text)[-1]
    seen = "".join(sign for sign in unicodedata.normalize("NFC", last) if unicodedata.category(sign) not in _HIDDEN)
    name = re.sub(r"^[\s.]+", "", seen).rstrip()
    if len(name.encode()) > LONGEST:
        suffix = PurePosixPath(name).suffix
        suffix = suffix if len(suffix.encode()) <= LONGEST_SUFFIX else ""
        stem = name.removesuffix(suffix).encode()[: LONGEST - len(suffix.encode())].decode(errors="ignore")
        name = stem.rstrip() + suffix
    return name or NAMELESS
