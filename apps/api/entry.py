"""The API's door: who comes in, by a token or by the session of the status page, and how often.

A program sends `Authorization: Bearer kf_...`. The page has a cookie that no script can read, and shows its session's CSRF
word with everything that changes something.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from apps.api.carrying import Caller, permitted
from infra.access.scopes import Scope
from infra.access.sessions import SessionStore
from infra.access.tokens import TokenStore
from infra.errors import KinofarmError
from infra.services import Services

COOKIE = "kinofarm_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE = ("GET", "HEAD", "OPTIONS")

_bearer = HTTPBearer(auto_error=False, description="A token: `kinofarm token NAME --scope read` makes one.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="The session of the status page.")


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
            import time

            raise KinofarmError("API-005", limit=self.most, seconds=max(1, round(reset - time.time())))


def address_of(request: Request) -> str:
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
    if session is None:
        rates.count(f"address {address}")
        raise KinofarmError("ACCESS-001")
    rates.count(f"session {session.name}")
    if request.method not in SAFE and request.headers.get(CSRF_HEADER) != session.csrf:
        raise KinofarmError("ACCESS-006")
    return Caller(name=session.name, scope=session.scope, door="page", address=address)


def allowed(scope: Scope, command: str) -> Callable[..., Caller]:
    """Return the dependency of a route that needs a scope; who lacks it stands in the audit log.

    Args:    command: what the route does, for that log.
    """

    def caller(request: Request, found: Annotated[Caller, Depends(identified)]) -> Caller:
        permitted(request.app.state.services, found, scope, command, request.url.path)
        return found

    return caller
