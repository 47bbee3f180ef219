"""Systems that act without a person."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.client import ApiClient, ClientKey


class ClientRepository(Protocol):
    """API clients and their keys; the accounts behind them are in `UserRepository`."""

    def add(self, client: ApiClient) -> None:
        """Store a client whose account is there; raises `Conflict` where the subject is taken."""

    def change(self, client: ApiClient) -> None:
        """Store scopes, activity and subject; raises `NotFound` and `Conflict`."""

    def get(self, client_id: UUID) -> ApiClient:
        """A client with its keys, newest first; raises `NotFound`."""

    def by_name(self, name: str) -> ApiClient:
        """A client by the name of its account; raises `NotFound`."""

    def by_subject(self, subject: str) -> ApiClient | None:
        """A client by what an identity provider calls it."""

    def all(self) -> Sequence[ApiClient]:
        """Every client, by name."""

    def add_key(self, key: ClientKey) -> None:
        """Store a key's digest."""

    def with_key(self, prefix: str) -> ApiClient | None:
        """The client of a key by the key's public start, with this key alone."""

    def limit_keys(self, client_id: UUID, until: datetime) -> None:
        """Let the client's keys end then, unless they end before."""

    def revoke_keys(self, key_ids: Iterable[UUID], at: datetime) -> None:
        """End keys at once."""

    def note_use(self, key_id: UUID, at: datetime, address: str) -> None:
        """Keep when and from where a key was used, unless that was done less than a minute ago."""
