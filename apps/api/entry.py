"""The API's door: who comes in, by a token or by the session of the status page, and how often.

A program sends `Authorization: Bearer kf_...`. The page has a cookie that no script can read, and shows its session's CSRF
word with everything that changes something.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import Engine
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from infra.access.audit import AuditLog, Door
from infra.access.scopes import Scope, allows
from infra.access.sessions import SessionStore
from infra.access.tokens import TokenStore, digest
from infra.errors import KinofarmError
from infra.services import Services
from infra.values import Value

COOKIE = "kinofarm_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE = ("GET", "HEAD", "OPTIONS")

_bearer = HTTPBearer(auto_error=False, description="A token: `kinofarm token NAME --scope read` makes one.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="The session of the status page.")


class Caller(Value):
    """Who asks. door: by which he came in. address: from where."""

    name: str
    scope: Scope
    door: Door
    address: str


class Rates:
    """Counts the requests of each caller in the last minute.

    Args:    most: a minute.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._item = RateLimitItemPerMinute(most)

    def count(self, caller: str) -> None:
        """Count a request.

        Raises:  KinofarmError API-005 when there were too many; `params["seconds"]` says how long to wait.
        """
        if not self._limiter.hit(self._item, caller):
            reset = self._limiter.get_window_stats(self._item, caller).reset_time
            raise KinofarmError("API-005", limit=self.most, seconds=max(1, round(reset - time.time())))


def address_of(request: HTTPConnection) -> str:
    """Return from where a request came (uvicorn puts in a proxy's word, where one is believed)."""
    return request.client.host if request.client else ""


def identified(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    cookie: Annotated[str | None, Security(_cookie)],
) -> Caller:
    """Find out who asks.

    Raises:  KinofarmError ACCESS-001 nobody, ACCESS-002 an invalid token, ACCESS-006, API-005, DB-00x.
    """
    services: Services = request.app.state.services
    rates: Rates = request.app.state.rates
    address = address_of(request)
    if credentials is not None:
        token = services.get(TokenStore).known(credentials.credentials)
        if token is None:
            rates.count(f"address {address}")
            raise KinofarmError("ACCESS-002")
        rates.count(f"token {token.id}")
        return Caller(name=token.name, scope=token.scope, door="api", address=address)
    session = services.get(SessionStore).known(cookie) if cookie else None
    if cookie is None or session is None:
        rates.count(f"address {address}")
        raise KinofarmError("ACCESS-001")
    rates.count(f"session {digest(cookie)}")  # each browser for itself: pages ask for many pictures
    if request.method not in SAFE and request.headers.get(CSRF_HEADER) != session.csrf:
        raise KinofarmError("ACCESS-006")
    return Caller(name=session.name, scope=session.scope, door="page", address=address)


def permitted(services: Services, caller: Caller, scope: Scope, command: str, subject: str) -> None:
    """Let a caller through who has a scope; who lacks it stands in the audit log.

    Raises:  KinofarmError ACCESS-003.
    """
    if not allows(caller.scope, scope):
        error = KinofarmError("ACCESS-003", needed=scope, name=caller.name, scope=caller.scope)
        services.get(AuditLog).note(caller.name, caller.door, command, subject, error.code, caller.address)
        raise error


def allowed(scope: Scope, command: str) -> Callable[..., Caller]:
    """Return the dependency of a route that needs a scope; who lacks it stands in the audit log.

    Args:    command: what the route does, for that log.
    """

    def caller(request: Request, found: Annotated[Caller, Depends(identified)]) -> Caller:
        permitted(request.app.state.services, found, scope, command, request.url.path)
        return found

    return caller


def holder(connection: HTTPConnection, patience: float = 30) -> Caller | None:
    """Return who shows a valid token or session with this request, None when nobody does; nothing is counted.

    Args:    patience: seconds to wait for a database that is away.
    Raises:  KinofarmError DB-00x.
    """
    engine, address = connection.app.state.services.get(Engine), address_of(connection)
    scheme, secret = get_authorization_scheme_param(connection.headers.get("Authorization"))
    if scheme.lower() == "bearer" and secret:
        token = TokenStore(engine, patience=patience).known(secret)
        return None if token is None else Caller(name=token.name, scope=token.scope, door="api", address=address)
    cookie = connection.cookies.get(COOKIE)
    session = SessionStore(engine, patience=patience).known(cookie) if cookie else None
    return None if session is None else Caller(name=session.name, scope=session.scope, door="page", address=address)


def identified_by_socket(socket: WebSocket) -> Caller:
    """Find out who opens a WebSocket: by a token, or by the session of a page of this very origin.

    A browser sends a cookie along whichever site's script asks for it, and no CSRF word fits into a WebSocket's request.
    Raises:  KinofarmError ACCESS-001, API-031, API-005, DB-00x.
    """
    rates: Rates = socket.app.state.rates
    caller = holder(socket)
    if caller is None:
        rates.count(f"address {address_of(socket)}")
        raise KinofarmError("ACCESS-002" if "Authorization" in socket.headers else "ACCESS-001")
    rates.count(f"{caller.door} {caller.name}")
    if caller.door == "page" and not _same_origin(socket):
        raise KinofarmError("API-031", origin=socket.headers.get("Origin", ""))
    return caller


def _same_origin(socket: WebSocket) -> bool:
    scheme = "https" if socket.url.scheme == "wss" else "http"
    return socket.headers.get("Origin", "").lower() == f"{scheme}://{socket.headers.get('Host', '')}".lower()
