"""What the pages of API clients may know."""

from dataclasses import dataclass

from app.web.pages.contexts import Choice, FormField, Moment


@dataclass(frozen=True)
class ClientLine:
    """One client in the list; `mark` is a sign beside the state of one that does not work."""

    path: str
    name: str
    scopes: tuple[str, ...]
    sites: str
    mark: str
    state: str
    used: str


@dataclass(frozen=True)
class ClientsPage:
    """clients.html: every client, and the form for a new one."""

    lines: tuple[ClientLine, ...]
    fields: tuple[FormField, ...]
    scopes: tuple[Choice, ...]
    sites: tuple[Choice, ...]
    error: str | None


@dataclass(frozen=True)
class KeyLine:
    """One key of a client; only one that works can be revoked."""

    prefix: str
    mark: str
    state: str
    made: Moment
    expires: Moment
    used: str
    can_revoke: bool


@dataclass(frozen=True)
class ClientPage:
    """client.html.

    Parameters
    ----------
    new_key
        A key that was made just now: it is shown in this answer and never again.
    rotation
        Days that a new key lasts, and hours for which the old ones go on.
    can_change
        Whether the viewer sees all sites of the client; else it can only be closed.
    """

    path: str
    name: str
    account_key: str
    is_active: bool
    can_change: bool
    new_key: str | None
    keys: tuple[KeyLine, ...]
    rotation: tuple[FormField, ...]
    scopes: tuple[Choice, ...]
    sites: tuple[Choice, ...]
    subject: FormField
    error: str | None
    saved: bool
