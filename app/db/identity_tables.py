"""The tables of signing in. `migrations/` makes them; a test holds both together."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.tables import Row


class SessionRow(Row):
    """A browser in which somebody is signed in; its cookie's token is kept as SHA-256."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    since: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(200))
    method: Mapped[str] = mapped_column(String(20))
    confirmed_at: Mapped[datetime | None]


class SecondFactorRow(Row):
    """The one-time passwords of an account; their secret is sealed."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(300))
    last_step: Mapped[int]
    confirmed_at: Mapped[datetime | None]


class RecoveryCodeRow(Row):
    """A code that stands in once for a lost second factor, as SHA-256 of its 80 random bits."""

    __tablename__ = "recovery_codes"

    code_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)


class PasswordLinkRow(Row):
    """A link by which a person chooses a password; an account has one at most."""

    __tablename__ = "password_links"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInFailureRow(Row):
    """Tries that failed one after the other, under a digest of whom or whence they were."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)


class ExternalIdentityRow(Row):
    """Whom an OpenID Connect provider means by a subject."""

    __tablename__ = "external_identities"

    issuer: Mapped[str] = mapped_column(String(500), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), unique=True)
