"""Backups of projects, as bytes: with ranges, so that a download that broke off goes on."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path as InPath, Request, Response

from apps.api.entry import Caller, allowed
from apps.api.ranges import disposition, file_answer
from apps.api.results import FILE_ANSWERS
from flows.commands.backups import backup_file
from infra.errors import KinofarmError
from infra.settings import Settings

MEDIA_TYPE = "application/zip"

router = APIRouter(tags=["project"])

_ANSWERS = {status: words for status, words in FILE_ANSWERS.items() if status not in (307, 410)}


@router.get(
    "/backups/{name}",
    name="backup.download",
    operation_id="backup_download",
    summary="Download a backup of a project.",
    response_class=Response,
    responses=_ANSWERS,
)
@router.head(
    "/backups/{name}",
    name="backup.download.head",
    operation_id="backup_download_head",
    summary="Look how large a backup is.",
    response_class=Response,
    responses=_ANSWERS,
)
def download(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("submit", "backup.download"))],
    name: Annotated[
        str, InPath(description="As project.backup answers it.", max_length=200, examples=["film-0123456789ab.otioz"])
    ],
) -> Response:
    """Download a backup that `project.backup` made. Needs the scope `submit`."""
    path = backup_file(request.app.state.services.get(Settings), name)
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0)
    except OSError:
        raise KinofarmError("EDIT-013", where="name", name=name) from None
    found = os.fstat(file.fileno())
    return file_answer(
        request,
        file,
        size=found.st_size,
        tag=hashlib.sha256(f"{name} {found.st_size} {found.st_mtime_ns}".encode()).hexdigest(),
        modified=datetime.fromtimestamp(found.st_mtime, UTC),
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": disposition(name, attachment=True), "Cache-Control": "private, no-cache"},
    )
