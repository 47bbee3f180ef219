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
        Whether the account has its password here, and the viewer sees all its sites.
    other_sites
        Names of sites that the account sees and the viewer does not; they are not the viewer's to
        give or take.
    """

    path: str
    name: str
    full_name: str | None
    is_active: bool
    is_self: bool
    can_reset: bool
    can_reactivate: bool
    other_sites: str
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
    """A site in the list; who does not see it changes nothing of it."""

    path: str
    name: str
    is_active: bool
    can_change: bool
    field_id: str


@dataclass(frozen=True)
class SitesPage:
    """administration_sites.html."""

    sites: tuple[SiteLine, ...]
    error: str | None
    notice: str | None
