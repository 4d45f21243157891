"""What models found, as files: findings in their forms, and contact sheets.

Each is made when it is asked for, by the command of the same name, and told apart by its content (ETag).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path as InPath, Query, Request, Response

from apps.api.entry import Caller, allowed
from apps.api.ranges import disposition, file_answer
from apps.api.results import FILE_ANSWERS
from flows.commands.analysing import ExportWanted, Form, export
from flows.commands.reframing import SheetWanted, show_sheet
from infra.commands import Call
from infra.settings import Settings
from tasks.filesystem.scratch import scratch
from tasks.recognition.sheet import SheetOptions

MEDIA_TYPES: Mapping[Form, str] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "otio": "application/json",
}

router = APIRouter(tags=["analysis"])

_ANSWERS = {status: words for status, words in FILE_ANSWERS.items() if status not in (307, 410)}
_EXAMPLE = "5ca9ab1e-0000-4000-8000-00000000a0a0"

Analysis = Annotated[UUID, InPath(description="Its id.", examples=[_EXAMPLE])]


@router.get(
    "/analyses/{analysis}/export/{form}",
    name="analysis.export.file",
    operation_id="analysis_export_file",
    summary="Download what a model found.",
    response_class=Response,
    responses=_ANSWERS,
)
def exported(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("read", "analysis.export"))],
    analysis: Analysis,
    form: Annotated[Form, InPath(description="json, csv, vtt or otio.", examples=["csv"])],
) -> Response:
    """Download what a model found: the file that `analysis.export` answers with. Needs the scope `read`."""
    found = export(_call(request, caller), ExportWanted(analysis=analysis, form=form))
    return _file(request, found.content, MEDIA_TYPES[form], disposition(found.name, attachment=True))


@router.get(
    "/analyses/{analysis}/sheet",
    name="analysis.sheet.file",
    operation_id="analysis_sheet_file",
    summary="See a contact sheet of what a model found.",
    response_class=Response,
    responses=_ANSWERS,
)
def sheet(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("read", "analysis.sheet"))],
    analysis: Analysis,
    options: Annotated[SheetOptions, Query()],
) -> Response:
    """See a contact sheet of what a model found: the picture that `analysis.sheet` answers with. Needs the scope `read`."""
    drawn = show_sheet(_call(request, caller), SheetWanted(analysis=analysis, options=options))
    return _file(request, drawn.jpeg, "image/jpeg", disposition(f"sheet-{analysis}.jpg", attachment=False))


def _call(request: Request, caller: Caller) -> Call:
    return Call(request.app.state.services, caller.name, caller.scope)


def _file(request: Request, content: bytes, media_type: str, shown: str) -> Response:
    headers: dict[str, Any] = {"Content-Disposition": shown, "Cache-Control": "private, no-cache"}
    settings = request.app.state.services.get(Settings)
    with scratch(settings.home.absolute() / "scratch", "findings") as folder:
        (folder / "file").write_bytes(content)
        file = (folder / "file").open("rb", buffering=0)
    return file_answer(
        request,
        file,
        size=len(content),
        tag=hashlib.sha256(content).hexdigest(),
        modified=datetime.now(UTC),
        media_type=media_type,
        headers=headers,
    )
