"""The tables of who may do what, and who did; and of files that were uploaded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from infra.access.scopes import SCOPES
from infra.jobs.models import Base, one_of

_DIGEST = String(64)


class TokenRow(Base):
    """A token: what it is called, what it allows, and its hash; the token itself is kept by nobody but its owner."""

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint(one_of("scope", tuple(SCOPES)), name="scope"),
        Index("ix_tokens_valid_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    scope: Mapped[str]
    hash: Mapped[str] = mapped_column(_DIGEST, unique=True, comment="sha256 of the token, in hex")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SessionRow(Base):
    """A browser that logged in with a token; it ends with the token."""

    __tablename__ = "sessions"

    hash: Mapped[str] = mapped_column(_DIGEST, primary_key=True, comment="sha256 of the cookie's value, in hex")
    token_id: Mapped[UUID] = mapped_column(ForeignKey("tokens.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]


class AuditRow(Base):
    """That somebody changed something, or was not allowed to. outcome: ok, or the code of the error."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    who: Mapped[str]
    door: Mapped[str] = mapped_column(comment="by which it came: api, page, cli")
    address: Mapped[str] = mapped_column(server_default="")
    command: Mapped[str]
    subject: Mapped[str] = mapped_column(server_default="")
    outcome: Mapped[str] = mapped_column(comment="ok, or the code of the error")


class UploadRow(Base):
    """A file that is being uploaded, or that was. Files of the same content share one object, named by its sha256."""

    __tablename__ = "uploads"
    __table_args__ = (CheckConstraint("received BETWEEN 0 AND size", name="received"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger, comment="in bytes, as it was announced")
    received: Mapped[int] = mapped_column(BigInteger, server_default="0")
    sha256: Mapped[str | None] = mapped_column(_DIGEST, index=True, comment="of the whole file; null until it is there")
    submitted_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
