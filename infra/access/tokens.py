"""Tokens: what a program or a person shows to be let in. Kept are their hashes only.

A token is `kf_` and 43 letters of 256 random bits, so that one SHA-256 is as good as a slow hash: nothing can be guessed.

Source:  RFC 6750 (bearer tokens); secrets.token_urlsafe.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import Field, SecretStr
from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from infra.access.models import TokenRow
from infra.access.scopes import Scope
from infra.errors import KinofarmError
from infra.jobs.engine import surviving, transaction
from infra.values import Value

PREFIX = "kf_"
SEEN_SECONDS = 60
"""How exactly it is kept when a token was last used: a busy program writes no row a request."""

_SEEN = text("""
UPDATE tokens SET last_used_at = now() WHERE id = :id
    AND (last_used_at IS NULL OR last_used_at < now() - make_interval(secs => :seconds))
""")
_VALID = (TokenRow.revoked_at.is_(None), (TokenRow.expires_at.is_(None)) | (TokenRow.expires_at > func.now()))


class Token(Value):
    """What is known of a token, beside itself."""

    id: UUID
    name: str = Field(description="Whose it is, or what it is for; jobs are submitted in this name.")
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None


_COLUMNS: list[Any] = [getattr(TokenRow, name) for name in Token.model_fields]


class TokenStore:
    """The tokens of a farm.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def create(self, name: str, scope: Scope, days: float | None = None) -> tuple[Token, SecretStr]:
        """Make a token; it is shown this once.

        Args:    days: after which it is valid no more; None: it stays.
        Raises:  KinofarmError ACCESS-004 when a valid token has that name.
        """
        secret = PREFIX + secrets.token_urlsafe(32)
        until = None if days is None else func.now() + func.make_interval(0, 0, 0, 0, 0, 0, days * 86_400)
        token = uuid4()
        row = {"id": token, "name": name, "scope": scope, "hash": digest(secret), "expires_at": until}
        with transaction(self.engine) as connection:
            expired = (TokenRow.name == name, TokenRow.expires_at <= func.now(), TokenRow.revoked_at.is_(None))
            connection.execute(update(TokenRow).where(*expired).values(revoked_at=TokenRow.expires_at))
            try:
                connection.execute(insert(TokenRow).values(row))
            except IntegrityError:
                raise KinofarmError("ACCESS-004", name=name) from None
            return _read(connection, token), SecretStr(secret)

    @surviving
    def known(self, secret: str) -> Token | None:
        """Return the valid token that this is; None when it is none."""
        if not secret.startswith(PREFIX):
            return None
        with transaction(self.engine) as connection:
            query = select(*_COLUMNS).where(TokenRow.hash == digest(secret), *_VALID)
            found = connection.execute(query).mappings().one_or_none()
            if found is None:
                return None
            connection.execute(_SEEN, {"id": found["id"], "seconds": SEEN_SECONDS})
            return Token(**found)

    @surviving
    def tokens(self) -> tuple[Token, ...]:
        """Return every token that there was, the newest first."""
        with transaction(self.engine) as connection:
            query = select(*_COLUMNS).order_by(TokenRow.created_at.desc(), TokenRow.name)
            return tuple(Token(**row) for row in connection.execute(query).mappings())

    @surviving
    def revoke(self, name: str) -> Token:
        """End the valid token of this name, and the sessions that were begun with it.

        Raises:  KinofarmError ACCESS-005 when there is none.
        """
        with transaction(self.engine) as connection:
            ended = update(TokenRow).where(TokenRow.name == name, TokenRow.revoked_at.is_(None))
            found = connection.execute(ended.values(revoked_at=func.now()).returning(TokenRow.id)).scalar_one_or_none()
            if found is None:
                raise KinofarmError("ACCESS-005", name=name)
            connection.execute(text("DELETE FROM sessions WHERE token_id = :id"), {"id": found})
            return _read(connection, found)


def digest(secret: str) -> str:
    """Return what is kept of a secret: its SHA-256, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _read(connection: Connection, token_id: UUID) -> Token:
    query = select(*_COLUMNS).where(TokenRow.id == token_id)
    return Token(**connection.execute(query).mappings().one())
