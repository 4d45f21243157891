"""Tokens: who may do what. A new one is shown once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apps.ui.asked_first import Question, asked_first
from apps.ui.house import Visit
from apps.ui.parts.confirm import Confirm
from apps.ui.parts.form import Form
from apps.ui.parts.tags import button, cell, panel, table, tag
from apps.ui.parts.when import When
from apps.ui.refreshed import refreshed
from infra.access.commands import TokenMade, Tokens
from infra.access.scopes import SCOPES
from infra.access.tokens import Token

EACH_SECONDS = 15.0


async def show(visit: Visit) -> None:
    """Draw them."""
    confirm = Confirm()
    with tag("header", "", "page-head"):
        tag("h1", "Tokens")
    with panel("Make a token"):
        made = _Form(visit)

    async def read() -> Tokens:
        return await visit.look(Tokens, "token.list")

    def revoking(one: Token) -> Callable[[], Awaitable[None]]:
        own = " This is the token that you are logged in with: you will be logged out." if one.name == visit.visitor.name else ""  # fmt: skip
        text = f"Whoever uses it is let in no more, at once.{own}"
        asked = Question(f"Revoke {one.name}?", text, "Revoke the token")
        return asked_first(
            visit, confirm, asked, "token.revoke", Token, one.name, f"{one.name} is revoked", lambda: again()
        )

    def draw(found: Tokens) -> None:
        with panel("Tokens"), table("Tokens", ("Name", "Scope", "State", "Made", "Last used", "")):
            for one in found.tokens:
                _row(one, revoking(one))

    again = await refreshed(visit, read, draw, EACH_SECONDS)
    made.then = again


def _row(one: Token, revoke: Callable[[], Awaitable[None]]) -> None:
    expired = one.expires_at is not None and one.expires_at <= datetime.now(UTC)
    with tag("tr"):
        cell(one.name, "strong")
        with cell(label="Scope"):
            tag("span", one.scope, "scope")
        with cell():
            if one.revoked_at is not None or expired:
                tag("span", "Revoked" if one.revoked_at is not None else "Expired", "badge cancelled")
            else:
                tag("span", "Valid", "badge done")
                if one.expires_at is not None:
                    with tag("span", "", "sub"):
                        tag("span", "until ")
                        When(one.expires_at, exact=True)
        with cell(label="Made"):
            When(one.created_at)
        with cell(label="Last used"):
            if one.last_used_at is None:
                tag("span", "never")
            else:
                When(one.last_used_at)
        with cell("", "end"):
            if one.revoked_at is None and not expired:
                button("Revoke", revoke, "small", aria_label=f"Revoke {one.name}")


class _Form:
    """The form for a new token, and the token when it is made."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.then: Callable[[], Awaitable[None]] | None = None
        self.form = Form("token", "Make the token", self._make)
        with self.form.fields():
            self.form.text("name", "Name", required=True, maxlength=100, placeholder="Whose it is, or what for")
            self.form.choice("scope", "Scope", {each: f"{each}: {words}" for each, words in SCOPES.items()}, "wide")
            self.form.text("days", "Days valid", "short", type="number", min=1, max=36500, placeholder="always")

    async def _make(self, given: dict[str, str]) -> None:
        made = await self.visit.ask(TokenMade, "token.create", **given)
        with tag("div", "", "secret"):
            tag("p", f"This is the token of {made.token.name}. It is shown this once: copy it now.")
            with tag("div", "", "secret-line"):
                tag("code", made.secret, "secret-text")
                with tag("button", "", "button small", type="button", data_copy=made.secret):
                    tag("span", "Copy")
        self.form.clear()
        if self.then is not None:
            await self.then()
