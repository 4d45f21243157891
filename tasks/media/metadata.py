"""Chapters as ffmpeg's own metadata text, for files that ffmpeg itself writes.

Source: ffmpeg-formats(1), Metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks.media.containers import Chapter

_SPECIAL = re.compile(r"([=;#\\\n])")

MILLISECONDS = 1000


def ffmetadata(chapters: Iterable[Chapter]) -> str:
    """Return the text of a metadata file with these chapters, times in milliseconds."""
    blocks = [";FFMETADATA1"]
    for chapter in chapters:
        start, end = round(chapter.start * MILLISECONDS), round(chapter.end * MILLISECONDS)
        title = _SPECIAL.sub(r"\\\1", chapter.title)
        blocks.append(f"[CHAPTER]\nTIMEBASE=1/{MILLISECONDS}\nSTART={start}\nEND={end}\ntitle={title}")
    return "\n".join(blocks) + "\n"
