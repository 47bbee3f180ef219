"""What the pages of accounts and sites may know."""

from dataclasses import dataclass

from app.web.pages.contexts import Choice


@dataclass(frozen=True)
class PersonLine:
    """An account in the list; `path` leads to its own page."""

    path: str
    name: str
    full_name: str | None
    role: str
    sites: str
    sign_in: str
    is_active: bool


@dataclass(frozen=True)
class PeoplePage:
    """administration_users.html."""

    people: tuple[PersonLine, ...]
    new_name: str
    new_full_name: str
    roles: tuple[Choice, ...]
    sites: tuple[Choice, ...]
    error: str | None


@dataclass(frozen=True)
class PersonPage:
    """administration_user.html.

    Parameters
    ----------
    link
        Where the person chooses a password; shown once.
    can_reset
        Whether the account has its password here.
    """

    path: str
    name: str
    full_name: str | None
    is_active: bool
    is_self: bool
    can_reset: bool
    has_second_factor: bool
    sign_in: str
    session_count: str
    roles: tuple[Choice, ...]
    sites: tuple[Choice, ...]
    link: str | None
    link_hint: str
    notice: str | None
    error: str | None


@dataclass(frozen=True)
class SiteLine:
    """A site in the list."""

    path: str
    name: str
    is_active: bool
    field_id: str


@dataclass(frozen=True)
class SitesPage:
    """administration_sites.html."""

    sites: tuple[SiteLine, ...]
    error: str | None
    notice: str | None
