"""The media library: facts and views of media files, each found out once, in processes of their own, and kept.

Facts are kept in the database by the state of the file, views in the cache by the content of the file and what was asked for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.apart import Apart
from infra.cache.index import CacheIndex
from infra.cache.store import ChunkStore
from infra.errors import KinofarmError
from infra.jobs.joins import JoinProofs
from infra.library.facts import FactsStore, Remembered
from infra.library.medium import MediumState
from infra.services import Services
from infra.settings import Settings
from infra.values import Value
from tasks.filesystem.roots import MediaRoots
from tasks.filesystem.scratch import scratch
from tasks.media.facts import MediaFacts, Sha256
from tasks.media.numbered import Medium, medium_at
from tasks.media.reading import PROBED, VIEWED
from tasks.media.remembered import UNHASHED, itself, remembering
from tasks.media.shelf import Shelf
from tasks.media.views.table import VIEWS
from tasks.media.views.view import View

HASHED_PER_SECOND = 50e6
"""Bytes of a file that are hashed in a second at least, on a slow disk: its size adds to the time that it may take."""
PICTURES_PER_SECOND = 200
"""Numbered pictures that are opened and looked at in a second at least, in the same way."""


class ViewMade(Value):
    """A view: where its file lies in the cache, and what is known of it."""

    key: Sha256
    size: int
    sha256: Sha256
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class FoundOut:
    """What a look into a medium gave: facts as JSON values, or an error. state: in which it was before."""

    path: Path
    state: MediumState
    facts: Mapping[str, Any] | None
    error: KinofarmError | None

    @property
    def worth_remembering(self) -> bool:
        """Whether the next look would give the same."""
        return self.error is None or not self.error.retry

    @property
    def remembered(self) -> Remembered:
        return Remembered.of(self.path, self.state, self.facts, self.error.as_dict() if self.error else None)

    def meant(self) -> MediaFacts:
        """Return the facts.

        Raises:  KinofarmError: that it gave.
        """
        if self.error is not None:
            raise self.error
        return _meant(self.path, self.facts)


class Library:
    """The library of a farm.

    Raises:  every method: KinofarmError MEDIA-0xx, SECURITY-0xx, DB-00x, CACHE-00x.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.settings = services.get(Settings)

    def facts(self, path: Path, *, found_in: Path | None = None) -> MediaFacts:
        """Return the facts of a file or a sequence; the error that it gave is remembered as well.

        Args:    found_in: see `require_in_place`; None: the path was named by somebody who may.
        """
        if found_in is not None:
            self.require_in_place(path, found_in)
        store = self.services.get(FactsStore)
        known = store.known(path, _lying(path).state)
        if known is not None and known.facts is not None:
            try:
                return MediaFacts.model_validate(known.facts)
            except ValidationError:
                pass  # written by another version: find out again
        found = self.found_out(path, found_in=found_in)
        if found.worth_remembering:
            store.put_all([found.remembered])
        return found.meant()

    def found_out(
        self, path: Path, *, found_in: Path | None = None, should_stop: Callable[[], bool] | None = None
    ) -> FoundOut:
        """Look into a file or a sequence, whatever is known of it; nothing is remembered yet.

        Args:    found_in: see `require_in_place`, which is asked before and behind. should_stop: asked about five times a second: to
                 hash a large file takes long.
        Raises:  KinofarmError FFMPEG-001 when it was to stop.
        """
        with self._in_place(path, found_in):
            medium = _lying(path)
            more = medium.state.size / HASHED_PER_SECOND + medium.pictures / PICTURES_PER_SECOND
            try:
                told = self._apart(PROBED, path, {"path": str(path)}, more, should_stop)
                return FoundOut(path, medium.state, told, None)
            except KinofarmError as error:
                if error.code == "FFMPEG-001":
                    raise
                return FoundOut(path, medium.state, None, error)

    def require_in_place(self, path: Path, found_in: Path) -> None:
        """See that a path leads to what was found there: since then somebody may have put a link in its place, or on the way to it.

        Args:    found_in: the folder that was gone through, or the path itself where it was named; of a media root it must lead
                 to one still.
        Raises:  KinofarmError PATH-003.
        """
        roots = self.settings.media_roots
        if roots and (allowed := MediaRoots(roots[0], roots)).contains(found_in):
            allowed.held(found_in)
        if os.path.realpath(path) != str(Path(os.path.realpath(found_in)) / path.relative_to(found_in)):
            raise KinofarmError("PATH-003", path=str(path), clips="")

    def remembering(self, known_as: Callable[[Path], Path] = itself) -> Callable[[Path], MediaFacts]:
        """Return a probe of files for whoever plans a film.

        Args:    known_as: under which path a file is remembered.
        """
        return remembering(
            self.services.get(FactsStore), known_as=known_as, find_out=lambda path: self.found_out(path).meant()
        )

    def quick_look(self, path: Path) -> MediaFacts:
        """Return the facts of a file without its hash: enough to check a project, not to plan it."""
        given = {"path": str(path), "sha256": UNHASHED}
        return _meant(path, self._apart(PROBED, path, given, 0))

    def facts_of_content(self, path: Path, sha256: Sha256) -> MediaFacts:
        """Return the facts of a file whose content is known, and which nobody changes: an upload."""
        return _meant(path, self._apart(PROBED, path, {"path": str(path), "sha256": sha256}, 0))

    def view(
        self, path: Path, facts: MediaFacts, name: str, options: Value, *, found_in: Path | None = None
    ) -> ViewMade:
        """Return a view of a file, made now unless it is in the cache.

        Args:    name: of the table `VIEWS`. options: of that view. found_in: as for `found_out`.
        Raises:  KinofarmError MEDIA-014 when such a file has none.
        """
        row = VIEWS[name]
        if lacking := row.lacks(facts):
            raise KinofarmError("MEDIA-014", file=path.name, view=name, reason=lacking)
        key = row.key(facts.sha256, options)
        found = self._kept(key)
        if found is not None:
            return found
        with scratch(self.settings.home.absolute() / "scratch", "view") as folder:
            out = folder / f"view{row.suffix}"
            given: dict[str, Any] = {"view": name, "path": str(path), "out": str(out)}
            given |= {"facts": facts.model_dump(mode="json"), "options": options.model_dump(mode="json")}
            with self._in_place(path, found_in):
                told = self._apart(VIEWED, path, given, 0)
            digest = hashlib.sha256(out.read_bytes()).hexdigest()
            size = out.stat().st_size
            shelf(self.services).keep(key, out, "view", digest, told)
        return self._kept(key) or ViewMade(key=key, size=size, sha256=digest, facts=told)

    def known(self, folder: Path, views: Sequence[View]) -> Mapping[str, Remembered]:
        """Return what is remembered of the files below a folder, but of those of which one of these views is missing."""
        found = self.services.get(FactsStore).below(folder)
        keys = {path: tuple(_keys(remembered, views)) for path, remembered in found.items()} if views else {}
        wanted = {key for each in keys.values() for key in each}
        there = self.services.get(CacheIndex).entries(wanted).keys() if wanted else set()
        return {path: remembered for path, remembered in found.items() if there >= set(keys.get(path, ()))}

    def file(self, view: ViewMade, into: Path) -> Path:
        """Lay a view's file at `into`, for reading.

        Raises:  KinofarmError CACHE-002 when it made room for others meanwhile, CACHE-003.
        """
        return self.services.get(ChunkStore).get(view.key, into, size=view.size, sha256=view.sha256)

    @contextlib.contextmanager
    def _in_place(self, path: Path, found_in: Path | None) -> Iterator[None]:
        """Let the block read a medium that was found in a folder, if any.

        Raises:  KinofarmError PATH-003 where a link lies on the way to it, then or by now.
        """
        if found_in is not None:
            self.require_in_place(path, found_in)
        yield
        if found_in is not None:
            self.require_in_place(path, found_in)

    def _kept(self, key: Sha256) -> ViewMade | None:
        """What the cache has under a key; None: nothing, or not its file."""
        index = self.services.get(CacheIndex)
        entry = index.entries([key]).get(key)
        if entry is None or not self.services.get(ChunkStore).has(key):
            return None
        index.touch([key])
        return ViewMade(key=key, size=entry.size, sha256=entry.sha256, facts=entry.facts or {})

    def _apart(
        self,
        function: str,
        path: Path,
        given: Mapping[str, Any],
        more: float,
        should_stop: Callable[[], bool] | None = None,
    ) -> Any:
        """Call a function that reads media. more: seconds that it may take beyond the setting."""
        seconds = self.settings.media.reader_seconds + more
        return self.services.get(Apart).call(function, given, file=path.name, seconds=seconds, should_stop=should_stop)


def shelf(services: Services) -> Shelf:
    """Return the farm's shelf, where views lie, and what other machines are to read."""
    return Shelf(services.get(ChunkStore), services.get(CacheIndex), services.get(JoinProofs))


def lies_at(path: Path) -> bool:
    """Whether a medium, a file or numbered pictures, lies there."""
    try:
        medium_at(path)
    except OSError:
        return False
    except KinofarmError:  # more pictures than a sequence has
        return True
    return True


def _lying(path: Path) -> Medium:
    try:
        return medium_at(path)
    except OSError as error:
        raise KinofarmError("MEDIA-009", file=path.name, reason=error.strerror or "an input error") from None


def _meant(path: Path, told: Mapping[str, Any] | None) -> MediaFacts:
    """The facts that a process of its own told.

    Raises:  KinofarmError MEDIA-006 for what can be no facts.
    """
    try:
        return MediaFacts.model_validate(told)
    except ValidationError as error:
        reason = f"its numbers make no sense: {error.errors(include_url=False, include_input=False)[0]['msg']}"
        raise KinofarmError("MEDIA-006", file=path.name, reason=reason) from None


def _keys(remembered: Remembered, views: Sequence[View]) -> Iterator[Sha256]:
    """The keys of the views that a file has."""
    if remembered.facts is None:
        return
    with contextlib.suppress(ValidationError):  # written by another version: looked into again when it is asked for
        facts = MediaFacts.model_validate(remembered.facts)
        yield from (view.key(facts.sha256, view.options()) for view in views if not view.lacks(facts))
