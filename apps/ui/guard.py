"""The page's door: who has no session sees the login only, and no answer may be framed, sniffed or scripted by others.

The API has a door of its own (apps/api/entry.py). Here everything else comes by: pages, what they are made of, and the
socket over which they live.

Source:  Content Security Policy level 3 (nonces); RFC 6265bis (SameSite); OWASP on cross-site WebSocket hijacking.
"""

from __future__ import annotations

import asyncio
import html
import secrets
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from sqlalchemy import Engine
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.api.entry import COOKIE, Caller
from infra.access.sessions import Session, SessionStore
from infra.access.tokens import digest
from infra.errors import KinofarmError
from infra.services import Services
from infra.settings import Settings

DOORS_OF_THEIR_OWN = ("/api/", "/metrics")
"""Beginnings of paths that ask for a token themselves."""
OPEN = ("/login", "/ui/static/", "/favicon.ico")
FILES = ("/_nicegui/",)
"""Beginnings of paths that need no session: the login, and files that are the same for everybody."""
BELIEVED_SECONDS = 5.0
"""For so long a session is not looked up again: a token that was revoked is good for that much longer."""
AWAY_SECONDS = 600.0
"""For so long a known session is believed while the database is away, so that open pages say so and heal."""
MOST_SESSIONS = 10_000
REFUSED = 1008
"""WebSocket: policy violation."""

_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self'; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Vue compiles templates in the browser ('unsafe-eval') and Quasar styles elements; scripts need the page's own nonce."""


class Visitor(Caller):
    """Who has a session of the page. csrf: what it shows with every change that goes over REST."""

    csrf: str
    cookie: str


class Sessions:
    """The sessions of those who come by, looked up at most every few seconds each."""

    def __init__(self, services: Services) -> None:
        self._store = SessionStore(services.get(Engine), patience=0.5)
        self._known: dict[str, tuple[float, Session]] = {}
        self._threads = ThreadPoolExecutor(2, "page-sessions")

    async def of(self, cookie: str) -> Session | None:
        """Return the session of a cookie; None when there is none.

        Raises:  KinofarmError DB-00x when the database is away and the session is not known from before.
        """
        key = digest(cookie)
        at, session = self._known.get(key, (0.0, None))
        now = time.monotonic()
        if session is not None and now - at < BELIEVED_SECONDS:
            return session
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, self._store.known, cookie)
        except KinofarmError:
            if session is not None and now - at < AWAY_SECONDS:
                return session
            raise
        if found is None:
            self._known.pop(key, None)
        else:
            if len(self._known) >= MOST_SESSIONS:
                self._known.clear()
            self._known[key] = (now, found)
        return found

    def forget(self, cookie: str) -> None:
        """Believe a session no longer: it was ended."""
        self._known.pop(digest(cookie), None)


class Guard:
    """An ASGI layer in front of the page. The visitor lies in scope["state"]["visitor"]."""

    def __init__(self, app: ASGIApp, services: Services, sessions: Sessions) -> None:
        self.api = app
        self.page: ASGIApp = GZipMiddleware(_Protected(app), minimum_size=1000, compresslevel=5)
        self.sessions = sessions
        self.settings = services.get(Settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"].startswith(DOORS_OF_THEIR_OWN):
            await self.api(scope, receive, send)
            return
        scope["headers"] = [one for one in scope["headers"] if one[0] != b"x-forwarded-prefix"]
        answer = await self._refused(scope)
        if answer is None:
            await (self.page if scope["type"] == "http" else self.api)(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": REFUSED})
        else:
            await _Protected(answer)(scope, receive, send)

    async def _refused(self, scope: Scope) -> Response | None:
        """The answer to who may not come in; None: he may."""
        headers, path = Headers(scope=scope), scope["path"]
        if not self._same_site(headers):
            return PlainTextResponse("This is for the farm's own page only.", 403)
        if path.startswith(OPEN) or (path.startswith(FILES) and scope.get("method") in ("GET", "HEAD")):
            return None
        cookie = cookies(headers).get(COOKIE, "")
        try:
            session = await self.sessions.of(cookie) if cookie else None
        except KinofarmError:
            return away()
        if session is not None:
            address = scope["client"][0] if scope.get("client") else ""
            visitor = Visitor(name=session.name, scope=session.scope, door="page", address=address, csrf=session.csrf, cookie=cookie)  # fmt: skip
            scope.setdefault("state", {})["visitor"] = visitor
            return None
        if scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD") or path.startswith("/_nicegui"):
            return PlainTextResponse("Log in first.", 401)
        query = scope["query_string"].decode("latin-1")
        here = path + (f"?{query}" if query else "")
        if headers.get("sec-fetch-site") == "cross-site":
            # A link on another site brings no SameSite=Strict cookie along; asked for by our own page, it does.
            return HTMLResponse(f'<!doctype html><meta http-equiv="refresh" content="0; url={html.escape(here)}">')
        return RedirectResponse(f"/login?next={quote(here, safe='/')}", 303)

    def _same_site(self, headers: Headers) -> bool:
        """Whether a request that names its origin comes from this page."""
        origin = headers.get("origin")
        if origin is None:
            return True
        ours = {headers.get("host", ""), urlsplit(self.settings.api.url or "").netloc}
        return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc in ours


class _Protected:
    """Adds the headers that keep other sites out, and the page's nonce to its own scripts."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        nonce = secrets.token_urlsafe(18)
        start: Message | None = None
        body = b""

        async def protected(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", _POLICY.format(nonce=nonce))
                if "x-nicegui-content" in headers:
                    start = message
                    return
            elif start is not None and message["type"] == "http.response.body":
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                # Whatever the page shows stands in it as JSON without "<" (nicegui/client.py): these are its own scripts.
                body = body.replace(b"<script", b'<script nonce="%s"' % nonce.encode())
                MutableHeaders(scope=start)["Content-Length"] = str(len(body))
                await send(start)
                message = {"type": "http.response.body", "body": body}
            await send(message)

        await self.app(scope, receive, protected)


def cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the cookies that a request brought; none when they can't be read."""
    try:
        return {name: one.value for name, one in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def away() -> Response:
    """The answer while the database is away and nobody can be told apart: it asks again by itself."""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Kinofarm</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="refresh" content="3">'
        '<link rel="stylesheet" href="/ui/static/style.css"></head><body class="door"><main class="door-box">'
        "<h1>The farm’s database does not answer</h1><p>Jobs are safe: they go on when it is back. "
        "This page tries again every few seconds.</p></main></body></html>"
    )
    return HTMLResponse(text, 503, {"Retry-After": "3", "Cache-Control": "no-store"})
