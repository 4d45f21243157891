"""Events as they happen: as Server-Sent Events, and the same over a WebSocket.

A message is JSON: id, name, at, event (docs/events.md; null for `reset`). The first one says what is heard now (`connection`),
or that something was missed (`reset`) where the stream was to go on after a message that is not kept any more. Who reads
`reset`, or that a connection is back, reads a snapshot (`GET /jobs/{job}`, ...) and goes on.

A stream ends when the server does, and at the latest half a minute after its token or session has ended.

Source:  HTML Living Standard, server-sent events; RFC 6455.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from apps.api.entry import Caller, allowed, holder, identified_by_socket
from apps.api.hub import Ear, Hub, Told
from apps.api.problems import documented, problem
from infra.errors import KinofarmError
from infra.jobs.commands import JobName
from infra.jobs.store import JobStore

KEEP_ALIVE_SECONDS = 10
RETRY_MILLISECONDS = 2000
"""After which a browser connects again."""
CHECK_SECONDS = 15
"""Between two looks whether a stream's token or session is still valid."""
PARTING_SECONDS = 1
"""For a stream that is to end, to end by itself: its client may not read."""
MOST_LISTENERS = 1000
POLICY = 1008
GOING_AWAY = 1001
"""Codes with which a WebSocket is closed."""

GROUP = {"event": "What happens, as it happens"}

router = APIRouter(tags=["event"])
logger = logging.getLogger("kinofarm.api")
_checks = CapacityLimiter(2)
"""Streams that are checked at once: a database that is away shall not take all threads."""


_EXAMPLE = """\
retry: 2000

event: connection
data: {"id": "5f0c1e9a-41", "name": "connection", "at": "2026-11-26T15:04:05+00:00", "event": {"events": true, "database": true}}
id: 5f0c1e9a-41

event: chunk.changed
data: {"id": "5f0c1e9a-42", "name": "chunk.changed", "at": "2026-11-26T15:04:06+00:00", "event": {"job": "...", "key": "...", "index": 3, "state": "done"}}
id: 5f0c1e9a-42

"""
_ABOUT = {
    "description": "Events, each with its name, its id, and as data a message: JSON with id, name, at and event. A comment every "
    "ten seconds keeps the connection alive.",
    "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
}


@router.get(
    "/events",
    name="event.listen",
    operation_id="event_listen",
    summary="Hear what happens, as Server-Sent Events.",
    response_class=StreamingResponse,
    responses={**documented(), 200: _ABOUT},
)
def listen(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("read", "event.listen"))],
    job: Annotated[JobName | None, Query(description="Of this job only: its id, or the first letters of it.")] = None,
    last_event_id: Annotated[
        str | None, Query(description="Go on after this message; the header Last-Event-ID goes first.")
    ] = None,
    last_event_header: Annotated[str | None, Header(alias="Last-Event-ID", description="Sent by browsers.")] = None,
) -> Response:
    """Hear what happens on the farm, as it happens; it never ends by itself.

    The events are those of docs/events.md by their names, `chunk.changed` when a chunk is in another state, `job.changed` when
    a job or a chunk of it has changed in any way, `connection`, and `reset`: something was missed, read a snapshot. After a
    lost connection a stream goes on after the last message (Last-Event-ID), of which the last 10,000 are kept.

    The same messages come over a WebSocket at `/api/v1/events/ws` as JSON, with the same query; a program shows its token in
    the header Authorization there, a page of the farm its session.

    Needs the scope `read`.
    """
    hub: Hub = request.app.state.hub
    after = last_event_id if last_event_header is None else last_event_header
    return _Stream(request, hub, _wanted(request, hub, job), after)


@router.websocket("/events/ws", name="event.socket")
async def socket(websocket: WebSocket, job: str | None = None, last_event_id: str | None = None) -> None:
    """Hear the same over a WebSocket; what the client sends is not read."""
    hub: Hub = websocket.app.state.hub
    try:
        await to_thread.run_sync(identified_by_socket, websocket)
        wanted = await to_thread.run_sync(_wanted, websocket, hub, job)
    except KinofarmError as error:
        await websocket.send_denial_response(problem(error, websocket.url.path))
        return
    await websocket.accept()
    async with hub.ear(job=wanted, after=last_event_id) as ear:

        async def told() -> None:
            async for messages in _messages(hub, ear):
                for message in messages:
                    await websocket.send_text(message.json)

        async def gone() -> None:
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass

        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # sent to one who has gone
            await _first(told, gone, partial(_ended, websocket, ear))
        with contextlib.suppress(RuntimeError, WebSocketDisconnect), anyio.move_on_after(PARTING_SECONDS):
            await websocket.close(GOING_AWAY if hub.ended else POLICY)


class _Stream(StreamingResponse):
    """The answer to one listener."""

    def __init__(self, request: Request, hub: Hub, job: UUID | None, after: str | None) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__((), headers=headers, media_type="text/event-stream")
        self._request = request
        self._hub = hub
        self._job = job
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with (
            self._hub.ear(job=self._job, after=self._after) as ear,
            contextlib.aclosing(self._pieces(ear)) as pieces,
        ):
            self.body_iterator = pieces
            await _first(
                partial(self.stream_response, send),
                partial(self.listen_for_disconnect, receive),
                partial(_ended, self._request, ear),
            )

    async def _pieces(self, ear: Ear) -> AsyncGenerator[bytes, None]:
        yield format_sse_event(retry=RETRY_MILLISECONDS)
        async for told in _messages(self._hub, ear):
            if told:
                yield b"".join(format_sse_event(data_str=each.json, event=each.name, id=each.id) for each in told)
            else:  # with the place: who listens to a quiet job goes on from here, too
                yield format_sse_event(comment="keep-alive", id=ear.position)


async def _messages(hub: Hub, ear: Ear) -> AsyncIterator[tuple[Told, ...]]:
    """Yield what is told, and first how things stand; nothing, when nothing was told for ten seconds."""
    place = ear.position
    told = await ear.next(0)
    if told and told[0].event is None:
        yield told[:1]
        place, told = ear.position, told[1:]
    yield (hub.standing(place), *told)
    while not ear.over:
        told = await ear.next(KEEP_ALIVE_SECONDS)
        if not ear.over:
            yield told


async def _ended(connection: HTTPConnection, ear: Ear) -> None:
    """Wait until the token or session of a stream is valid no more; let the stream end then."""
    valid = True
    while valid:
        await anyio.sleep(CHECK_SECONDS)
        with contextlib.suppress(KinofarmError):  # the database is away: nobody can say
            valid = await to_thread.run_sync(holder, connection, 1, abandon_on_cancel=True, limiter=_checks) is not None
    ear.end()
    await anyio.sleep(PARTING_SECONDS)


async def _first(*works: Callable[[], Awaitable[Any]]) -> None:
    """Do all at once until the first one is done.

    Raises:  what the first one raises.
    """
    failed: list[Exception] = []
    async with anyio.create_task_group() as group:

        async def work(one: Callable[[], Awaitable[Any]]) -> None:
            try:
                await one()
            except Exception as error:
                failed.append(error)
            group.cancel_scope.cancel()

        for one in works:
            group.start_soon(work, one)
    if failed:
        raise failed[0]


def _wanted(connection: HTTPConnection, hub: Hub, job: str | None) -> UUID | None:
    """Return the id of the job that is to be heard.

    Raises:  KinofarmError JOB-002, JOB-003, API-030, DB-00x.
    """
    if hub.listeners >= MOST_LISTENERS:
        raise KinofarmError("API-030", count=hub.listeners)
    if job is None:
        return None
    found = connection.app.state.services.get(JobStore).job(job)
    return UUID(str(found.id))
