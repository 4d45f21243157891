"""Sources on machines that do not see a project's folders: put into the farm's cache by content, and laid out from there.

A piece of work names what it reads by content; where that lies is a hint. A machine on which the named file is the named
content reads it in place, another one takes it from the cache, and the key of the work is the same for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from infra.errors import KinofarmError
from tasks.compiler.work import FontUse, MediaUse, Work
from tasks.media.facts import Sha256
from tasks.media.probe import content_hash
from tasks.media.shelf import Shelf


def sources_of(works: Iterable[Work]) -> dict[Sha256, Path]:
    """Return what pieces of work read, media and fonts: by content, where the planner saw it."""
    found: dict[Sha256, Path] = {}
    for work in works:
        found |= {use.sha256: Path(use.path) for use in work.media}
        found |= {font.sha256: Path(font.path) for font in work.fonts}
    return found


def share(sources: dict[Sha256, Path], shelf: Shelf) -> int:
    """Put those sources into the cache that are not there; return how many were.

    Raises:  KinofarmError FLOW-001 when a file has changed since it was planned with; CACHE-00x.
    """
    missing = sources.keys() - shelf.store.present(sources)
    for sha256 in sorted(missing):
        try:
            shelf.keep_source(sha256, sources[sha256])
        except KinofarmError as error:
            if error.code == "CACHE-003":
                raise KinofarmError("FLOW-001", file=sources[sha256].name) from None
            raise
    return len(missing)


def at_hand(work: Work, shelf: Shelf, folder: Path) -> Work:
    """Return the work with every source where this machine has it; what is not here is laid into `folder`.

    Raises:  KinofarmError FLOW-001 when a source has changed, FLOW-009 when it is not here, and it isn't in the cache
             either; CACHE-00x.
    """
    media = tuple(use if _unchanged(use) else _fetched_media(use, shelf, folder) for use in work.media)
    fonts = tuple(font if _is_that_font(font) else _fetched_font(font, shelf, folder) for font in work.fonts)
    if (media, fonts) == (work.media, work.fonts):
        return work
    return work.model_copy(update={"media": media, "fonts": fonts})


def _fetched_media(use: MediaUse, shelf: Shelf, folder: Path) -> MediaUse:
    file = _fetched(use.sha256, use.path, shelf, folder, use.size)
    facts = file.stat()
    return use.model_copy(update={"path": str(file), "modified_ns": facts.st_mtime_ns})


def _fetched_font(font: FontUse, shelf: Shelf, folder: Path) -> FontUse:
    return font.model_copy(update={"path": str(_fetched(font.sha256, font.path, shelf, folder))})


def _fetched(sha256: Sha256, named: str, shelf: Shelf, folder: Path, size: int | None = None) -> Path:
    into = folder / f"source-{sha256[:16]}{Path(named).suffix.lower()}"
    file = shelf.fetch(sha256, into, size, sha256)
    if file is None:
        raise KinofarmError("FLOW-001" if Path(named).exists() else "FLOW-009", file=Path(named).name)
    return file


def _unchanged(use: MediaUse) -> bool:
    try:
        facts = Path(use.path).stat()
    except OSError:
        return False
    return (facts.st_size, facts.st_mtime_ns) == (use.size, use.modified_ns)


def _is_that_font(font: FontUse) -> bool:
    try:
        facts = Path(font.path).stat()
        return _hashed(font.path, facts.st_size, facts.st_mtime_ns) == font.sha256
    except OSError:
        return False


@lru_cache(maxsize=256)
def _hashed(path: str, size: int, modified_ns: int) -> Sha256:
    return content_hash(Path(path))
