"""The own account and its browsers, from domain values to what the pages show."""

import re
from collections.abc import Sequence
from datetime import datetime

import segno
from markupsafe import Markup

from app.domain.access import Role
from app.domain.message import message
from app.domain.password import least_length
from app.domain.sign_in import Session
from app.domain.user import User
from app.services.accounts import RESET_PASSWORD, RESET_SECOND_FACTOR, Reset
from app.services.second_factor import provisioning_uri
from app.web.language import gettext, ngettext, translated
from app.web.pages.account_contexts import SecondFactorPage, SessionRow
from app.web.pages.wording import date_time, moment

ROLES = {
    Role.TECHNICIAN: message("Technician"),
    Role.HAEMATOLOGIST: message("Haematologist"),
    Role.ADMINISTRATOR: message("Administrator"),
    Role.AUDITOR: message("Auditor"),
    Role.SYSTEM: message("System"),
}
# The first that is found: every browser calls itself by the names of others too.
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"))
_BROWSERS_LAST = (("Safari/", "Safari"),)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_LONGEST_NAME = 40


def password_hint(*, has_second_factor: bool) -> str:
    """What a new password needs."""
    text = gettext("At least {least} characters. A few words in a row are easy to keep in mind.")
    return text.format(least=least_length(has_second_factor=has_second_factor))


def codes_left(count: int) -> str:
    """How many recovery codes are left."""
    return ngettext(
        "{count} recovery code is left.", "{count} recovery codes are left.", count
    ).format(count=count)


def session_rows(
    sessions: Sequence[Session], this: Session | None, now: datetime
) -> tuple[SessionRow, ...]:
    """Every browser, the latest act first."""
    return tuple(
        SessionRow(
            device=device(session.device),
            address=session.address,
            since=moment(session.since, now),
            seen=moment(session.seen_at, now),
            is_this=this is not None and session.id == this.id,
            end_path=f"/account/sessions/{session.id}/end",
        )
        for session in sessions
    )


def reset_lines(resets: Sequence[Reset]) -> tuple[str, ...]:
    """What somebody else took from the account, who and when."""
    texts = {
        RESET_PASSWORD: gettext("Your password was reset by {who}, {when}."),
        RESET_SECOND_FACTOR: gettext("Your second factor was reset by {who}, {when}."),
    }
    return tuple(
        texts[reset.what].format(who=reset.by, when=date_time(reset.at)) for reset in resets
    )


def device(user_agent: str) -> str:
    """Browser and system, by what the browser calls itself."""
    browser = _named(user_agent, (*_BROWSERS, *_BROWSERS_LAST))
    system = _named(user_agent, _SYSTEMS)
    if browser and system:
        return gettext("{browser} on {system}").format(browser=browser, system=system)
    program = re.split(r"[ /]", user_agent, maxsplit=1)[0][:_LONGEST_NAME]
    return browser or system or program or gettext("unknown")


def _named(user_agent: str, names: tuple[tuple[str, str], ...]) -> str | None:
    return next((name for mark, name in names if mark in user_agent), None)


def second_factor_page(secret: str, user: User, error: str | None) -> SecondFactorPage:
    """The secret as a square code, and in groups of four."""
    picture = segno.make_qr(provisioning_uri(secret, user), error="m").svg_inline(
        scale=5, dark="#000", light="#fff"
    )
    groups = re.findall(".{1,4}", secret)
    # Drawn by the library from our own text; it holds shapes alone.
    return SecondFactorPage(Markup(picture), " ".join(groups), error)  # noqa: S704


def role_name(role: Role) -> str:
    """The role, for people."""
    return translated(ROLES[role])
