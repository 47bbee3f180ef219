"""What signing in keeps: sessions, second factors, links, failures, a provider's identities."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.sign_in import Failures, PasswordLink, SecondFactor, Session


class SessionRepository(Protocol):
    """Who is signed in where."""

    def add(self, session: Session, token_sha256: str) -> None:
        """Store a new session."""

    def by_token(self, token_sha256: str) -> Session | None:
        """The session of a cookie, ended by time or not."""

    def of_user(self, user_id: UUID) -> Sequence[Session]:
        """Everywhere that somebody is signed in, the latest act first."""

    def touch(self, session_id: UUID, at: datetime) -> None:
        """Note that the person did something."""

    def set_confirmed(self, session_id: UUID, at: datetime | None) -> None:
        """Note when the person proved who they are, or that the proof is used up."""

    def use_confirmation(self, session_id: UUID, since: datetime) -> bool:
        """Use up a proof that is not older than this; False where there is none."""

    def end(self, user_id: UUID, session_id: UUID) -> None:
        """End one of somebody's sessions; nothing where it has ended."""

    def end_all(self, user_id: UUID, *, but: UUID | None = None) -> int:
        """End every session of an account, or every other one; how many there were."""

    def forget(self, seen_before: datetime) -> None:
        """Delete what nobody has used since."""


class SecondFactorRepository(Protocol):
    """One-time passwords, and the codes that stand in for them."""

    def get(self, user_id: UUID) -> SecondFactor | None:
        """Of an account; unconfirmed ones too."""

    def put(self, factor: SecondFactor, code_digests: Sequence[str]) -> None:
        """Store or replace it, and all recovery codes with it."""

    def put_codes(self, user_id: UUID, code_digests: Sequence[str]) -> None:
        """Replace all recovery codes."""

    def confirm(self, user_id: UUID, at: datetime) -> None:
        """From now on it is asked for."""

    def use_step(self, user_id: UUID, step: int) -> bool:
        """Use up a time step and all before it; False where that has happened."""

    def use_code(self, user_id: UUID, code_sha256: str) -> bool:
        """Use up a recovery code; False where there is none such."""

    def count_codes(self, user_id: UUID) -> int:
        """Recovery codes that are left."""

    def remove(self, user_id: UUID) -> bool:
        """Forget it and its codes; whether there was one."""

    def confirmed(self) -> frozenset[UUID]:
        """The accounts that have one."""


class SignInRepository(Protocol):
    """Failures, links for passwords, and whom a provider means."""

    def failures(self, key: str, at: datetime) -> Failures:
        """Under a key, none at first; the row is locked until the transaction ends."""

    def count_failure(self, key: str, at: datetime, forgotten_before: datetime) -> None:
        """One more; the count begins anew where the last one is forgotten."""

    def take_back(self, key: str) -> None:
        """One fewer."""

    def clear_failures(self, key: str) -> None:
        """Forget those under a key."""

    def forget_failures(self, before: datetime) -> None:
        """Delete what is older."""

    def put_link(self, link: PasswordLink) -> None:
        """Store a link; an earlier one of the account ends."""

    def link(self, token_sha256: str) -> PasswordLink | None:
        """By its token, expired or not."""

    def use_link(self, token_sha256: str) -> bool:
        """Use a link up; False where that has happened."""

    def remove_link(self, user_id: UUID) -> None:
        """End the link of an account, if it has one."""

    def external(self, issuer: str, subject: str) -> UUID | None:
        """Whose account a provider's subject is."""

    def add_external(self, issuer: str, subject: str, user_id: UUID) -> None:
        """Bind an account to a provider's subject."""

    def external_users(self) -> frozenset[UUID]:
        """The accounts that sign in at a provider."""
