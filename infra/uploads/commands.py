"""Commands about uploads. They are made, sent and deleted over the tus protocol: apps/api/uploads.py."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from infra.commands import Call, Command
from infra.uploads.library import Uploads
from infra.uploads.records import Upload
from infra.values import Value


class UploadsWanted(Value):
    """How many uploads to list."""

    limit: int = Field(100, ge=1, le=1000, description="Most uploads.")


class UploadList(Value):
    """Uploads, the newest first."""

    uploads: tuple[Upload, ...]


class UploadNamed(Value):
    """An upload."""

    upload: UUID = Field(description="Its id, as its address (Location) ends with.")


def list_uploads(call: Call, given: UploadsWanted) -> UploadList:
    """List the files that were uploaded, or are being uploaded, the newest first."""
    return UploadList(uploads=call.services.get(Uploads).newest(given.limit))


def show_upload(call: Call, given: UploadNamed) -> Upload:
    """Show an upload: what it is called, how much of it is here, its content's hash."""
    return call.services.get(Uploads).get(given.upload)


_EXAMPLE = {"upload": "0b7ef1a2-5d0c-4c57-9a57-3f8f2f6f0c11"}

COMMANDS: tuple[Command, ...] = (
    Command("upload.list", list_uploads, "GET /uploads", scope="read", example={"limit": 10}),
    Command("upload.show", show_upload, "GET /uploads/{upload}", scope="read", example=_EXAMPLE),
)
"""Of this module."""
