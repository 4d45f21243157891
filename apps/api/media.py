"""Views of media files as bytes, one route for each view of the table: what an <img> or a player asks for.

Each is made once and kept in the cache. At most a few are made at once; who asks for more waits a while.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO
from urllib.parse import urlencode
from uuid import UUID

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, create_model

from apps.api.entry import Caller, allowed
from apps.api.problems import Problem, documented
from apps.api.ranges import file_answer
from flows.commands.media import MediaNamed, view_of
from flows.library import ViewMade
from infra.commands import Call, Text
from infra.errors import KinofarmError
from infra.services import Services
from tasks.media.views.storyboard import as_webvtt, board_of
from tasks.media.views.table import VIEWS
from tasks.media.views.view import View

PATH = "/media"
AT_ONCE = 8
"""Requests that look into media at once: the others wait, and nobody else with them."""
SECONDS = 30
"""Longest wait for one."""
KEPT = "private, max-age=300"
"""For so long a browser does not ask again: a file in a media root may be replaced by another of its name."""

_ANSWERS: dict[int | str, dict[str, Any]] = {
    **documented(),
    304: {"description": "The view is the one that the client has (If-None-Match)"},
    206: {"description": "The ranges that were asked for"},
    416: {"description": "The view has none of these bytes", "model": Problem},
}


def router() -> APIRouter:
    """Return the routes: GET /media/{view} for each view, and GET /media/storyboard/track."""
    routes = APIRouter(tags=["media"])
    limiter: list[CapacityLimiter] = []

    async def made(
        request: Request, caller: Caller, named: MediaNamed, view: View, options: Any
    ) -> tuple[ViewMade, BinaryIO]:
        if not limiter:  # belongs to the loop that serves
            limiter.append(CapacityLimiter(AT_ONCE))
        services: Services = request.app.state.services
        call = Call(services, caller.name, caller.scope)
        with anyio.move_on_after(SECONDS):
            return await to_thread.run_sync(
                lambda: view_of(call, named, view.name, options), limiter=limiter[0], abandon_on_cancel=True
            )
        raise KinofarmError("RESULT-009", seconds=SECONDS)

    for view in VIEWS.values():
        _add(routes, view, made)
    _add_track(routes, made)
    return routes


Made = Callable[[Request, Caller, MediaNamed, View, Any], Coroutine[Any, Any, tuple[ViewMade, BinaryIO]]]


def _asked(view: View) -> type[BaseModel]:
    """The query of a view's route: which file, and the view's own options."""
    which: Mapping[str, Any] = {
        "path": (Text | None, MediaNamed.model_fields["path"]),
        "upload": (UUID | None, MediaNamed.model_fields["upload"]),
    }
    return create_model(f"{view.name.title()}Asked", __base__=view.options, **which)


def _annotate(route: Callable[..., Any], view: View, name: str) -> None:
    """Say what FastAPI hands to a route of a view, which no annotation in the source can: it depends on the row."""
    caller = Annotated[Caller, Depends(allowed("read", name))]
    route.__annotations__ = {"request": Request, "caller": caller, "asked": Annotated[_asked(view), Query()]}


def _split(view: View, asked: BaseModel) -> tuple[MediaNamed, Any]:
    """Which file, and the options.

    Raises:  KinofarmError API-009 for none or two files.
    """
    given = asked.model_dump()
    path, upload = given.pop("path"), given.pop("upload")
    if (path is None) == (upload is None):
        raise KinofarmError("API-009", where="path", name=f"media.{view.name}", reason="give either path or upload")
    return MediaNamed(path=path, upload=upload), view.options.model_validate(given)


def _add(routes: APIRouter, view: View, made: Made) -> None:
    async def shown(request: Request, caller: Caller, asked: Any) -> Response:
        named, options = _split(view, asked)
        found, file = await made(request, caller, named, view, options)
        return file_answer(
            request,
            file,
            size=found.size,
            tag=found.sha256,
            modified=datetime.now(UTC),
            media_type=view.media_type,
            headers={"Cache-Control": KEPT},
        )

    _annotate(shown, view, f"media.{view.name}")
    described: dict[int | str, dict[str, Any]] = {200: {"description": "The view", "content": {view.media_type: {}}}}
    routes.add_api_route(
        f"{PATH}/{view.name}",
        shown,
        methods=["GET"],
        name=f"media.{view.name}",
        operation_id=f"media_{view.name}",
        summary=f"See a media file: {view.summary}.",
        description="Needs the scope `read`. What it has not (MEDIA-014) is a 404.",
        response_class=Response,
        responses={**_ANSWERS, **described},
    )


def _add_track(routes: APIRouter, made: Made) -> None:
    view = VIEWS["storyboard"]

    async def shown(request: Request, caller: Caller, asked: Any) -> Response:
        named, options = _split(view, asked)
        found, sheet = await made(request, caller, named, view, options)
        sheet.close()
        query = urlencode({name: value for name, value in asked.model_dump(mode="json").items() if value is not None})
        track = as_webvtt(board_of(found.facts), f"{request.url.path.removesuffix('/track')}?{query}")
        return Response(track, media_type="text/vtt", headers={"Cache-Control": KEPT})

    _annotate(shown, view, "media.storyboard.track")
    routes.add_api_route(
        f"{PATH}/{view.name}/track",
        shown,
        methods=["GET"],
        name="media.storyboard.track",
        operation_id="media_storyboard_track",
        summary="The storyboard as a WebVTT track of thumbnails, for players.",
        description="Needs the scope `read`.",
        response_class=Response,
        responses={**documented(), 200: {"description": "The track", "content": {"text/vtt": {}}}},
    )
