"""Who signs in."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.access import Role
from app.domain.site import Site
from app.domain.user import ApiToken, User


class UserRepository(Protocol):
    """People and their tokens."""

    def count(self) -> int:
        """How many accounts there are."""

    def add(self, user: User, created_at: datetime) -> None:
        """Store an account; raises `Conflict` where the name exists."""

    def by_name(self, name: str) -> User | None:
        """An account by its name."""

    def get(self, user_id: UUID) -> User | None:
        """An account by its id."""

    def lock(self, user_id: UUID) -> None:
        """Hold an account until the transaction ends; what is read from then on is as it stands."""

    def set_password_hash(self, user_id: UUID, password_hash: str) -> None:
        """Replace the stored hash and end the account's tokens."""

    def set_preferences(self, user: User) -> None:
        """Store the full name, language, theme and tour of an account; raises `NotFound`."""

    def set_role(self, user_id: UUID, role: Role) -> None:
        """Give an account another role; raises `NotFound`."""

    def set_active(self, user_id: UUID, *, is_active: bool) -> None:
        """Say whether an account may sign in; raises `NotFound`."""

    def all(self) -> Sequence[User]:
        """Every account, by name."""

    def active_administrators(self) -> Sequence[User]:
        """Locked until the transaction ends: two must not take the role from each other."""

    def add_token(self, token: ApiToken) -> None:
        """Store a bearer token's digest."""

    def end_tokens(self, user_id: UUID) -> None:
        """End every bearer token of an account."""

    def by_token(self, token_sha256: str, now: datetime) -> User | None:
        """Whose unexpired token this is."""


class SiteRepository(Protocol):
    """The laboratories of this installation."""

    def add(self, site: Site) -> None:
        """Store a site; raises `Conflict` where the name exists."""

    def put(self, site: Site) -> None:
        """Rename, end or resume a site; raises `NotFound` and `Conflict`."""

    def all(self) -> Sequence[Site]:
        """Every site, by name."""

    def held(self) -> Sequence[Site]:
        """Every site, by name, locked until the transaction ends: two must not close the last."""

    def set_sites_of(self, user_id: UUID, site_ids: Collection[UUID]) -> None:
        """Say which sites an account sees."""
