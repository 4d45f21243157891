"""Whether the farm can be reached: the one question that needs no token, and therefore costs the farm next to nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from infra.values import Value

KEPT_SECONDS = 2.0
"""For so long an answer holds, however many ask: looking starts ffmpeg and asks every server."""


class Health(Value):
    """Whether the farm can be reached."""

    ok: bool


class Looked:
    """Looks at most every `seconds`, however many ask at once from any thread; those who come meanwhile wait for that answer."""

    def __init__(self, look: Callable[[], bool], seconds: float = KEPT_SECONDS) -> None:
        self._look = look
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._ok = False

    def ok(self) -> bool:
        """Return what was seen at the last look."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._ok = self._look()
                self._until = time.monotonic() + self._seconds
            return self._ok


def router(look: Callable[[], bool]) -> APIRouter:
    """Return the route. look: whether all is well now."""
    made, looked = APIRouter(tags=["farm"]), Looked(look)

    def health() -> JSONResponse:
        """Whether the farm, its database, its Prefect server and its cache answered a moment ago; needs no token."""
        ok = looked.ok()
        return JSONResponse(Health(ok=ok).model_dump(), 200 if ok else 503)

    away = {"description": "Some of it is away", "model": Health}
    made.add_api_route("/health", health, methods=["GET"], name="health", response_model=Health, responses={503: away})
    return made
