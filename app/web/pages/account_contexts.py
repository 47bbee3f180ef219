"""What the templates of signing in and of the own account may know."""

from dataclasses import dataclass

from markupsafe import Markup

from app.web.pages.contexts import Moment


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
    resets
        Who took the password or the second factor from the account, and when.
    notice
        What has just been done.
    """

    user_name: str
    role: str
    resets: tuple[str, ...]
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
