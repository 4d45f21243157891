"""Sessions: a browser that showed a token once, and is known by a cookie from then on.

What changes something needs the session's CSRF word beside the cookie: another site can make a browser send the one, but
can't read the other.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Engine, text

from infra.access.scopes import Scope
from infra.access.tokens import Token, digest
from infra.jobs.engine import surviving, transaction

_BEGIN = text("""
INSERT INTO sessions (hash, token_id, csrf, expires_at)
VALUES (:hash, :token, :csrf, now() + make_interval(secs => :seconds))
""")
_KNOWN = text("""
SELECT token.name, token.scope, session.csrf
FROM sessions session JOIN tokens token ON token.id = session.token_id
WHERE session.hash = :hash AND session.expires_at > now() AND token.revoked_at IS NULL
    AND (token.expires_at IS NULL OR token.expires_at > now())
""")


@dataclass(frozen=True)
class Session:
    """A browser that is logged in. csrf: what it has to show with every change."""

    name: str
    scope: Scope
    csrf: str


class SessionStore:
    """The sessions of the status page.

    Raises:  every method: KinofarmError DB-001, DB-002.
    """

    def __init__(self, engine: Engine, *, patience: float = 30) -> None:
        self.engine = engine
        self.patience = patience

    @surviving
    def begin(self, token: Token, hours: float) -> str:
        """Begin a session of a token; return the cookie's value, which is kept by nobody else."""
        cookie = secrets.token_urlsafe(32)
        row = {
            "hash": digest(cookie),
            "token": token.id,
            "csrf": secrets.token_urlsafe(24),
            "seconds": hours * 3600,
        }
        with transaction(self.engine) as connection:
            connection.execute(text("DELETE FROM sessions WHERE expires_at <= now()"))
            connection.execute(_BEGIN, row)
        return cookie

    @surviving
    def known(self, cookie: str) -> Session | None:
        """Return the session that this cookie is of; None when there is none, or it is over."""
        with transaction(self.engine) as connection:
            found = connection.execute(_KNOWN, {"hash": digest(cookie)}).mappings().one_or_none()
        return None if found is None else Session(**found)

    @surviving
    def end(self, cookie: str) -> None:
        """End a session: the browser logs out."""
        with transaction(self.engine) as connection:
            connection.execute(text("DELETE FROM sessions WHERE hash = :hash"), {"hash": digest(cookie)})
