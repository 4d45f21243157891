"""Logging in with a token, and out again: plain forms, which work without scripts.

The form's own CSRF word stands in a cookie and in a hidden field; another site can make neither.

Source:  OWASP, Cross-Site Request Forgery Prevention (signed double submit is not needed: the cookie is SameSite=Strict).
"""

from __future__ import annotations

import asyncio
import hmac
import html
import secrets
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from apps.api.entry import COOKIE, Rates, address_of
from apps.ui.guard import Sessions, away
from infra.access.audit import AuditLog
from infra.access.sessions import SessionStore
from infra.access.tokens import TokenStore
from infra.errors import KinofarmError
from infra.services import Services
from infra.settings import Settings

FORM_COOKIE = "kinofarm_login"
TRIES_PER_MINUTE = 20
MOST_BYTES = 4096


def add_routes(app: FastAPI, services: Services, sessions: Sessions, style: str) -> None:
    """Add /login and /logout to an app.

    Args:    style: the address of the style sheet.
    """
    rates = Rates(TRIES_PER_MINUTE)
    hours = services.get(Settings).api.session_hours

    async def form(request: Request) -> Response:
        """Show the form."""
        return _form(request, style, local(request.query_params.get("next")), "", 200)

    async def log_in(request: Request) -> Response:
        """Take the form."""
        fields = await _fields(request)
        target = local(fields.get("next"))
        shown = request.cookies.get(FORM_COOKIE, "")
        if not shown or not hmac.compare_digest(shown.encode(), fields.get("word", "").encode()):
            return _form(request, style, target, "The form had grown old. Please try once more.", 403)
        try:
            rates.count(address_of(request))
            cookie = await asyncio.to_thread(
                _begun, services, fields.get("token", "").strip(), hours, address_of(request)
            )
        except KinofarmError as error:
            if error.code.startswith("DB-"):
                return away()
            return _form(request, style, target, f"{error.message}. Wait a minute.", 429)
        if cookie is None:
            return _form(request, style, target, "That token is not known, has expired or was revoked.", 401)
        answer = RedirectResponse(target, 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, cookie, max_age=int(hours * 3600), httponly=True, samesite="strict", secure=secure)
        answer.delete_cookie(FORM_COOKIE, path="/login")
        return answer

    async def log_out(request: Request) -> Response:
        """End the session."""
        fields = await _fields(request)
        visitor = request.state.visitor
        if not hmac.compare_digest(visitor.csrf.encode(), fields.get("word", "").encode()):
            return RedirectResponse("/", 303)
        try:
            await asyncio.to_thread(services.get(SessionStore).end, visitor.cookie)
        except KinofarmError:
            return away()
        sessions.forget(visitor.cookie)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    app.add_api_route("/login", form, methods=["GET"], include_in_schema=False)
    app.add_api_route("/login", log_in, methods=["POST"], include_in_schema=False)
    app.add_api_route("/logout", log_out, methods=["POST"], include_in_schema=False)


def local(target: str | None) -> str:
    """Return where to go after the login: a path of this page, else the overview."""
    path = target or "/"
    odd = any(ord(sign) < 0x21 or sign == "\\" for sign in path)
    return path if path.startswith("/") and not path.startswith(("//", "/login", "/logout")) and not odd else "/"


def _begun(services: Services, secret: str, hours: float, address: str) -> str | None:
    """Begin a session with a token; the cookie's value, None for a token that is not valid."""
    token = services.get(TokenStore).known(secret) if secret else None
    log = services.get(AuditLog)
    if token is None:
        log.note("", "page", "log in", "", "ACCESS-002", address)
        return None
    cookie = services.get(SessionStore).begin(token, hours)
    log.note(token.name, "page", "log in", "", "ok", address)
    return cookie


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a small form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return {}
    return {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace"), max_num_fields=10).items()}


def _form(request: Request, style: str, target: str, wrong: str, status: int) -> Response:
    word = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    told = f'<p class="door-wrong" role="alert" id="wrong">{html.escape(wrong)}</p>' if wrong else ""
    described = ' aria-invalid="true" aria-describedby="wrong"' if status == 401 else ""
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Log in · Kinofarm</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="{style}">
<script src="/ui/static/page.js"></script>
</head>
<body class="door">
<main class="door-box">
<img class="door-mark" src="/ui/static/mark.svg" alt="" width="40" height="40">
<h1>Log in to Kinofarm</h1>
<form method="post" action="/login">
<input type="hidden" name="word" value="{html.escape(word)}">
<input type="hidden" name="next" value="{html.escape(target)}">
<label for="token">Access token</label>
<input id="token" name="token" type="password" autocomplete="current-password" spellcheck="false" required autofocus{described}>
{told}
<button class="button primary" type="submit">Log in</button>
</form>
<p class="door-hint">The farm’s first token lies in the file <code>admin.token</code> in its home. More are made with
<code>kinofarm token NAME --scope submit</code>.</p>
</main>
</body>
</html>"""
    answer = HTMLResponse(text, status, {"Cache-Control": "no-store"})
    secure = request.url.scheme == "https"
    answer.set_cookie(FORM_COOKIE, word, max_age=3600, path="/login", httponly=True, samesite="strict", secure=secure)
    return answer
