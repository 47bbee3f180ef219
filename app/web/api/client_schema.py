"""API clients and their keys, as JSON."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.domain.access import Scope
from app.domain.client import (
    DEFAULT_KEY_DAYS,
    DEFAULT_OVERLAP_HOURS,
    MOST_KEY_DAYS,
    MOST_OVERLAP_HOURS,
    ApiClient,
    ClientKey,
    KeyState,
)
from app.domain.site import DEFAULT_SITE_ID
from app.services import clients
from app.web.api.schemas import ShortText

_SCOPES = "What the client may do."
_SITES = "Keys of the sites whose cases the client sees."

Scopes = Annotated[list[Scope], Field(min_length=1, description=_SCOPES)]
Sites = Annotated[list[UUID], Field(min_length=1, description=_SITES)]
Days = Annotated[int, Field(ge=1, le=MOST_KEY_DAYS, description="Days until the key expires.")]
Subject = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_SUBJECT = "What an identity provider's tokens call the client; keys work without."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClientCreate(_Strict):
    """A new API client."""

    name: ShortText = Field(description="Name of the system; it stands beside what it does.")
    scopes: Scopes
    site_ids: Sites = [DEFAULT_SITE_ID]
    days: Days = DEFAULT_KEY_DAYS
    subject: Subject | None = Field(None, description=_SUBJECT)

    def to_service(self) -> clients.NewClient:
        """The service's value."""
        return clients.NewClient(
            name=self.name,
            scopes=frozenset(self.scopes),
            site_ids=frozenset(self.site_ids),
            days=self.days,
            subject=self.subject,
        )


class ClientChange(_Strict):
    """What to change; what is left out stays."""

    scopes: list[Scope] | None = Field(None, min_length=1, description=_SCOPES)
    site_ids: list[UUID] | None = Field(None, min_length=1, description=_SITES)
    is_active: bool | None = Field(None, description="False: every key is refused.")
    subject: Subject | None = Field(None, description=f"{_SUBJECT} Empty: none.")

    def to_service(self) -> clients.ClientChange:
        """The service's value."""
        return clients.ClientChange(
            scopes=None if self.scopes is None else frozenset(self.scopes),
            site_ids=None if self.site_ids is None else frozenset(self.site_ids),
            is_active=self.is_active,
            subject=self.subject,
        )


class KeyCreate(_Strict):
    """A new key in place of those that there are."""

    days: Days = DEFAULT_KEY_DAYS
    overlap_hours: int = Field(
        DEFAULT_OVERLAP_HOURS,
        ge=0,
        le=MOST_OVERLAP_HOURS,
        description="Hours for which the keys before go on.",
    )


class KeyRead(BaseModel):
    """A key without its secret."""

    prefix: str = Field(description="Its public start, by which it is named.")
    state: KeyState = Field(description="Whether it opens anything.")
    created_at: datetime = Field(description="When it was made, UTC.")
    expires_at: datetime = Field(description="When it ends, UTC.")
    revoked_at: datetime | None = Field(description="When it was ended by hand, UTC.")
    last_used_at: datetime | None = Field(description="UTC, to the minute or so.")
    last_used_from: str | None = Field(description="Network address of the last use.")

    @classmethod
    def of(cls, key: ClientKey, now: datetime) -> Self:
        """From the domain."""
        return cls(
            prefix=key.prefix,
            state=key.state(now),
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.last_used_at,
            last_used_from=key.last_used_from,
        )


class ClientRead(BaseModel):
    """An API client."""

    id: UUID = Field(description="Key of the client's account.")
    name: str = Field(description="Name of the system.")
    scopes: list[Scope] = Field(description="What it may do.")
    site_ids: list[UUID] = Field(description="Sites whose cases it sees.")
    is_active: bool = Field(description="False: every key is refused.")
    subject: str | None = Field(description=_SUBJECT)
    created_at: datetime = Field(description="When it was made, UTC.")
    created_by: UUID | None = Field(description="Account that made it; null: the command line.")
    keys: list[KeyRead] = Field(description="Its keys, the newest first.")

    @classmethod
    def of(cls, client: ApiClient, now: datetime) -> Self:
        """From the domain."""
        return cls(
            id=client.id,
            name=client.name,
            scopes=sorted(client.scopes),
            site_ids=sorted(client.account.site_ids),
            is_active=client.is_active,
            subject=client.subject,
            created_at=client.created_at,
            created_by=client.created_by,
            keys=[KeyRead.of(key, now) for key in client.keys],
        )


class ClientList(BaseModel):
    """Every API client."""

    items: list[ClientRead] = Field(description="By name.")


class KeyMade(BaseModel):
    """A key; it is shown once."""

    key: str = Field(description="Send as `Authorization: Bearer KEY`. It is stored nowhere.")
    client: ClientRead = Field(description="The client whose key it is.")
