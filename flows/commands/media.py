"""Commands about media files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import Field, model_validator

from flows.commands.projects import file_of
from infra.commands import Call, Command, Text
from infra.errors import KinofarmError
from infra.jobs.facts import FactsStore
from infra.uploads.library import Uploads
from infra.values import Value
from tasks.media.facts import MediaFacts
from tasks.media.probe import probe
from tasks.media.remembered import remembering


class MediaNamed(Value):
    """A media file."""

    path: Text | None = Field(None, description="A file on the farm's machine, in one of its media roots.")
    upload: UUID | None = Field(None, description="The id of an upload.")

    @model_validator(mode="after")
    def _one_of_them(self) -> MediaNamed:
        if (self.path is None) == (self.upload is None):
            raise ValueError("give either path or upload")
        return self


def probe_media(call: Call, given: MediaNamed) -> MediaFacts:
    """Look into a media file: its streams, when their frames stand, its content's hash.

    Raises:  KinofarmError PATH-0xx, MEDIA-0xx, SECURITY-0xx.
    """
    file = file_of(call, given.path, given.upload, "path")
    if given.upload is not None:  # its content was hashed when it came
        return probe(file, call.services.get(Uploads).get(given.upload).sha256)
    try:
        return remembering(call.services.get(FactsStore))(file)
    except OSError as error:
        raise KinofarmError("MEDIA-009", where="path", file=file.name, reason=error.strerror or str(error)) from None


_EXAMPLE: Mapping[str, Any] = {"path": "clip.mp4"}

COMMANDS: tuple[Command, ...] = (
    Command("media.probe", probe_media, "POST /media/probe", scope="submit", example=_EXAMPLE),
)
"""Of this module."""
