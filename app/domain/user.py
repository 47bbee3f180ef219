"""People who sign in, and tokens that stand for them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.access import Permission, Role, Scope, permissions_of
from app.domain.site import DEFAULT_SITE_ID

NO_PASSWORD = "!"  # noqa: S105 - the hash of nothing: no password fits it
"""In place of a password's hash: an account that names who did something elsewhere."""
IMPORTED = "!imported"
"""In place of a password's hash: an account that an imported case made. Nothing else writes it, and
the account loses it for good once somebody is to sign in with it."""
AT_PROVIDER = "!provider"
"""In place of a password's hash: an account that signs in at the OpenID Connect provider."""


class Theme(StrEnum):
    """How bright a person's pages are."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class User:
    """An account; `password_hash` is argon2id in PHC form.

    Parameters
    ----------
    full_name
        As it is printed under a signature (21 CFR 11.50); None: the account's name is.
    language
        Code of the language that the person chose; None: what the browser prefers.
    tour_seen
        Whether the person has seen, or dismissed, the first-run tour.
    site_ids
        Sites whose cases the account sees.
    scopes
        Of a program: what the key that it came with opens. A person has none.
    is_active
        Whether the account may sign in; one that may not keeps what it has done.
    """

    id: UUID
    name: str
    role: Role
    password_hash: str
    full_name: str | None = None
    language: str | None = None
    theme: Theme = Theme.SYSTEM
    tour_seen: bool = False
    site_ids: frozenset[UUID] = frozenset({DEFAULT_SITE_ID})
    scopes: frozenset[Scope] = frozenset()
    is_active: bool = True

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the account may do."""
        return permissions_of(self.role, self.scopes)

    def may(self, permission: Permission) -> bool:
        """Whether the account may do it."""
        return permission in self.permissions

    def sees(self, site_id: UUID) -> bool:
        """Whether the account sees the cases of a site."""
        return site_id in self.site_ids

    @property
    def can_sign_in(self) -> bool:
        """Whether the account is in use; one that came with a case is not."""
        return self.is_active and self.password_hash not in {NO_PASSWORD, IMPORTED}

    @property
    def has_password(self) -> bool:
        """Whether the account has a password of this product."""
        return self.password_hash not in {NO_PASSWORD, IMPORTED, AT_PROVIDER}

    @property
    def printed_name(self) -> str:
        """The name under a signature."""
        return self.full_name or self.name


@dataclass(frozen=True)
class ApiToken:
    """A bearer token, kept as the SHA-256 of its 256 random bits."""

    id: UUID
    user_id: UUID
    token_sha256: str
    created_at: datetime
    expires_at: datetime
