"""Commands about media files: what is in them, what they look and sound like, and which there are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Literal
from uuid import UUID

from pydantic import Base64Bytes, Field, ValidationError, model_validator

from flows.commands.places import file_of, folder_of, held, upload_at
from flows.library import Library, ViewMade
from infra.commands import Call, Command, Name, Text
from infra.errors import KinofarmError
from infra.jobs.commands import Limit, Reason
from infra.library.facts import FactsStore, Remembered
from infra.settings import Settings
from infra.uploads.library import Uploads
from infra.values import Value
from tasks.filesystem.scratch import scratch
from tasks.filesystem.walk import HIDDEN
from tasks.media.facts import MediaFacts
from tasks.media.numbered_groups import Group
from tasks.media.scan import SUFFIXES, media_in, medium_of
from tasks.media.views.table import VIEWS

Kind = Literal["film", "sound", "picture", "unknown"]
"""What a medium is; unknown: a file that was not looked into, or gave an error."""


class MediaNamed(Value):
    """A media file."""

    path: Text | None = Field(
        None,
        description="A file on the farm's machine, in one of its media roots; or numbered pictures, such as shot_%04d.png@24.",
    )
    upload: UUID | None = Field(None, description="The id of an upload.")

    @model_validator(mode="after")
    def _one_of_them(self) -> MediaNamed:
        if (self.path is None) == (self.upload is None):
            raise ValueError("give either path or upload")
        return self


class ViewWanted(MediaNamed):
    """A view of a media file."""

    view: Literal["thumbnail", "storyboard", "animation", "waveform", "peaks"]
    options: Mapping[Name, Any] = Field(default_factory=dict, description="Of that view, see docs/media.md.")


class ViewShown(Value):
    """A view of a media file."""

    view: str
    media_type: str
    size: int = Field(description="Bytes.")
    sha256: str
    facts: Mapping[str, Any] = Field(description="What is known of it: its size in pixels, the times that it shows.")
    content: Base64Bytes = Field(description="The file, in base64.")


class MediaWanted(Value):
    """Which media files."""

    folder: Text | None = Field(None, description="A folder in a media root; none: the media roots themselves.")
    q: Text = Field("", description="Part of a file's name, whatever its case.")
    sequences: bool = Field(True, description="Numbered pictures are one medium; false: each picture by itself.")
    limit: Limit = Field(100, description="Most files on a page.")
    after: Text | None = Field(None, description="The field `following` of the page before.")


class FolderShown(Value):
    """A folder."""

    name: str
    path: str


class MediaItem(Value):
    """A media file or numbered pictures, and what is known of it."""

    name: str = Field(description="Of numbered pictures: shot_%04d.png.")
    path: str = Field(description="By which it is named in other commands.")
    size: int = Field(description="Bytes.")
    modified: datetime
    pictures: int = Field(description="Files that it consists of: 1, or the numbered pictures that are there.")
    kind: Kind
    facts: MediaFacts | None = Field(description="null: it was not looked into, or gave an error.")
    error: Reason | None


class MediaPage(Value):
    """Folders and media files of a folder, by name."""

    folder: str | None
    above: str | None = Field(description="The folder that it lies in; null for a media root.")
    folders: tuple[FolderShown, ...]
    items: tuple[MediaItem, ...]
    following: str | None = Field(description="For the next page; null: there is none.")


def probe_media(call: Call, given: MediaNamed) -> MediaFacts:
    """Look into a media file: its streams, when their frames stand, its content's hash.

    Raises:  KinofarmError PATH-0xx, MEDIA-0xx, SECURITY-0xx.
    """
    return looked_into(call, given)[1]


def view_media(call: Call, given: ViewWanted) -> ViewShown:
    """Show a media file: a thumbnail, a storyboard, an animated preview, its sound's waveform or the numbers behind it.

    Raises:  KinofarmError PATH-0xx, MEDIA-0xx, SECURITY-0xx, MEDIA-014 for one that it has not, API-009.
    """
    row = VIEWS[given.view]
    try:
        options = row.options.model_validate(dict(given.options))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(["options", *(str(part) for part in first["loc"])])
        raise KinofarmError("API-009", where=place, name="media.view", reason=f"{place}: {first['msg']}") from None
    made, file = view_of(call, given, row.name, options)
    with file:
        content = file.read()
    return ViewShown.model_construct(
        view=row.name, media_type=row.media_type, size=made.size, sha256=made.sha256, facts=made.facts, content=content
    )


def list_media(call: Call, given: MediaWanted) -> MediaPage:
    """List the media files of a folder with what is known of them; what was not looked into yet is listed as it lies there.

    Raises:  KinofarmError PATH-002, LIBRARY-003.
    """
    roots = [Path(os.path.realpath(root)) for root in call.services.get(Settings).media_roots]
    if given.folder is None:
        shown = tuple(FolderShown(name=root.name or str(root), path=str(root)) for root in roots)
        return MediaPage(folder=None, above=None, folders=shown, items=(), following=None)
    folder = folder_of(call, given.folder, "folder")
    try:
        folders, media = _listed(folder, given.q.casefold(), given.sequences)
    except OSError as error:
        raise KinofarmError("LIBRARY-003", folder=given.folder, reason=error.strerror or "an input error") from None
    rest = [group for group in media if given.after is None or _place(group.name) > _place(given.after)]
    page = rest[: given.limit]
    known = call.services.get(FactsStore).those(folder / group.name for group in page)
    above = folder.parent if folder not in roots and any(folder.is_relative_to(root) for root in roots) else None
    return MediaPage(
        folder=str(folder),
        above=None if above is None else str(above),
        folders=tuple(FolderShown(name=name, path=str(folder / name)) for name in folders)
        if given.after is None
        else (),
        items=tuple(_items(folder, page, known)),
        following=page[-1].name if len(rest) > len(page) else None,
    )


def looked_into(call: Call, given: MediaNamed) -> tuple[Path, MediaFacts]:
    """Return the file that is meant, and its facts.

    Raises:  as `probe_media`.
    """
    file = file_of(call, given.path, given.upload, "path")
    return file, _facts_of(call, file, given.upload)


def looked_into_again(call: Call, path: str, content: str, field: str) -> tuple[Path, MediaFacts]:
    """Return a medium that was looked into before, as it can be read now, and its facts.

    Args:    path: where it lay; content: its hash then. field: of the request, that names what was found in it.
    Raises:  KinofarmError ANALYSIS-006 where another content lies in its place, PATH-0xx, MEDIA-0xx, SECURITY-0xx.
    """
    file = held(call, Path(path), field)
    facts = _facts_of(call, file, upload_at(call, file))
    if facts.sha256 != content:
        raise KinofarmError("ANALYSIS-006", where=field, file=file.name)
    return file, facts


def _facts_of(call: Call, file: Path, upload: UUID | None) -> MediaFacts:
    library = Library(call.services)
    if upload is not None:  # its content was hashed when it came
        return library.facts_of_content(file, call.services.get(Uploads).get(upload).sha256 or "")
    return library.facts(file)


def view_of(call: Call, given: MediaNamed, view: str, options: Value) -> tuple[ViewMade, BinaryIO]:
    """Return a view of a media file, and its file, open.

    Raises:  as `view_media`.
    """
    file, facts = looked_into(call, given)
    library = Library(call.services)
    made = library.view(file, facts, view, options)
    with scratch(call.services.get(Settings).home.absolute() / "scratch", "view") as folder:
        return made, library.file(made, folder / "view").open("rb", buffering=0)


def _listed(folder: Path, words: str, sequences: bool) -> tuple[list[str], list[Group]]:
    """The names of the folders in a folder, and the media in it with these words in a file's name, in their order."""
    folders, files = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(HIDDEN) or not entry.name.isprintable():
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.name.lower().endswith(SUFFIXES) and entry.is_file(follow_symlinks=False):
                files.append(entry.name)
    groups = media_in(folder, files, sequences)
    found = [group for group in groups if any(words in name.casefold() for name in (group.name, *group.files))]
    return sorted(folders, key=_place), sorted(found, key=lambda group: _place(group.name))


def _place(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _items(folder: Path, groups: list[Group], known: Mapping[str, Remembered]) -> Iterator[MediaItem]:
    for group in groups:
        try:
            medium = medium_of(folder, group, [os.lstat(f"{folder}/{name}") for name in group.files])
        except OSError:  # gone meanwhile
            continue
        found = known.get(str(medium.path))
        holds = found is not None and found.holds(medium.state)
        facts = _known_facts(found.facts) if found is not None and holds else None
        yield MediaItem(
            name=group.name,
            path=str(medium.path),
            size=medium.state.size,
            modified=_moment(medium.state.modified_ns),
            pictures=medium.pictures,
            kind="film" if group.numbers else kind_of(facts),
            facts=facts,
            error=None if found is None or not holds or found.error is None else Reason.model_validate(found.error),
        )


def _moment(ns: int) -> datetime:
    """The time that a file system gives, or the nearest one that can be written."""
    epoch = datetime.fromtimestamp(0, UTC)
    try:
        return epoch + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if ns > 0 else datetime.min.replace(tzinfo=UTC)


def _known_facts(found: Mapping[str, Any] | None) -> MediaFacts | None:
    try:
        return None if found is None else MediaFacts.model_validate(found)
    except ValidationError:  # written by another version
        return None


def kind_of(facts: MediaFacts | None) -> Kind:
    """Say what a medium is."""
    if facts is None:
        return "unknown"
    picture = facts.picture()
    if picture is None:
        return "sound"
    return "picture" if picture.still else "film"


_EXAMPLE: Mapping[str, Any] = {"path": "clip.mp4"}

COMMANDS: tuple[Command, ...] = (
    Command("media.list", list_media, "GET /media", scope="read", example={"folder": "."}),
    Command("media.probe", probe_media, "POST /media/probe", scope="submit", example=_EXAMPLE),
    Command("media.view", view_media, "POST /media/view", scope="read", example={**_EXAMPLE, "view": "thumbnail"}),
)
"""Of this module."""
