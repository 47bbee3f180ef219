"""What the templates of signing in and of the own account may know."""

from dataclasses import dataclass

from markupsafe import Markup

from app.web.pages.contexts import Choice, Moment


@dataclass(frozen=True)
class SignInCodePage:
    """sign_in_code.html; `next` is a path of this site."""

    next: str
    error: str | None


@dataclass(frozen=True)
class SignedInAgainPage:
    """signed_in_again.html, in a window of its own."""

    user_name: str


@dataclass(frozen=True)
class ChoosePasswordPage:
    """choose_password.html, behind a link of one use; `path` is where the form goes."""

    path: str
    user_name: str
    hint: str
    error: str | None


@dataclass(frozen=True)
class SessionRow:
    """A browser in which one is signed in."""

    device: str
    address: str
    since: Moment
    seen: Moment
    is_this: bool
    end_path: str


@dataclass(frozen=True)
class AccountPage:
    """account.html.

    Parameters
    ----------
    has_password
        Whether the account signs in here, and not at a provider.
    codes_left
        Recovery codes, in words; None without a second factor.
    notice
        What has just been done.
    """

    user_name: str
    role: str
    sites: tuple[str, ...]
    has_password: bool
    password_hint: str
    codes_left: str | None
    sessions: tuple[SessionRow, ...]
    notice: str | None
    error: str | None


@dataclass(frozen=True)
class SecondFactorPage:
    """second_factor.html: the secret, as a square code and as text."""

    picture: Markup
    secret: str
    error: str | None


@dataclass(frozen=True)
class RecoveryCodesPage:
    """recovery_codes.html: shown once."""

    codes: tuple[str, ...]


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
