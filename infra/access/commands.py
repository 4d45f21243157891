"""Commands about who may do what: tokens, the audit log."""

from __future__ import annotations

from pydantic import Field

from infra.access.audit import AuditLog, Deed
from infra.access.scopes import Scope
from infra.access.tokens import Token, TokenStore
from infra.commands import Call, Command, Name, Nothing
from infra.values import Value


class TokenWanted(Value):
    """A token to make."""

    name: Name = Field(description="Whose it is, or what it is for; jobs are submitted in this name.")
    scope: Scope = Field("read", description="What it allows: read, submit, operate or admin.")
    days: float | None = Field(None, gt=0, le=36_500, description="Days for which it is valid; none: it stays.")


class TokenMade(Value):
    """A new token, shown this once."""

    token: Token
    secret: str = Field(description="What is sent as `Authorization: Bearer ...`. It is kept nowhere.")


class Tokens(Value):
    """Every token that there was, the newest first."""

    tokens: tuple[Token, ...]


class TokenNamed(Value):
    """A token."""

    name: Name


class AuditWanted(Value):
    """Which page of the audit log."""

    limit: int = Field(100, ge=1, le=1000, description="Most lines.")
    before: int | None = Field(None, ge=0, le=2**62, description="Only lines before this id.")


class Deeds(Value):
    """A page of the audit log, the newest first."""

    deeds: tuple[Deed, ...]


def create_token(call: Call, given: TokenWanted) -> TokenMade:
    """Make a token, which is shown this once."""
    token, secret = call.services.get(TokenStore).create(given.name, given.scope, given.days)
    return TokenMade(token=token, secret=secret.get_secret_value())


def list_tokens(call: Call, given: Nothing) -> Tokens:
    """List the tokens that there are and were; none is shown itself."""
    return Tokens(tokens=call.services.get(TokenStore).tokens())


def revoke_token(call: Call, given: TokenNamed) -> Token:
    """End a token, and the sessions that were begun with it."""
    return call.services.get(TokenStore).revoke(given.name)


def list_audit(call: Call, given: AuditWanted) -> Deeds:
    """Read the audit log: who changed what through which door, and who was not let."""
    return Deeds(deeds=call.services.get(AuditLog).recent(given.limit, given.before))


COMMANDS: tuple[Command, ...] = (
    Command("token.create", create_token, "POST /tokens", scope="admin", example={"name": "newsroom", "scope": "submit"}, makes=True),
    Command("token.list", list_tokens, "GET /tokens", scope="admin"),
    Command("token.revoke", revoke_token, "DELETE /tokens/{name}", scope="admin", example={"name": "old"}),
    Command("audit.list", list_audit, "GET /audit", scope="admin", example={"limit": 10}),
)  # fmt: skip
"""Of this module."""
