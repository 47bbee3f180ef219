"""Accounts and sites as an administrator sees them, from domain values to what the pages show."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.access import PEOPLE, Role
from app.domain.site import Site
from app.domain.user import User
from app.services.accounts import AccountState, unseen_sites
from app.services.passwords import LINK_LIFE
from app.web.language import gettext, ngettext
from app.web.pages.contexts import Choice
from app.web.pages.people_contexts import PeoplePage, PersonLine, PersonPage, SiteLine, SitesPage
from app.web.pages.present_account import role_name

PEOPLE_PATH = "/administration/users"
SITES_PATH = "/administration/sites"


@dataclass(frozen=True)
class AccountForm:
    """What was typed of a new account."""

    name: str = ""
    full_name: str = ""
    role: str = ""
    site_ids: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class PersonView:
    """An account, and what has just happened to it.

    Parameters
    ----------
    link
        Address of the page where the person chooses a password.
    """

    state: AccountState
    sites: Sequence[Site]
    session_count: int
    viewer: User
    link: str | None = None
    notice: str | None = None
    error: str | None = None


def person_path(user_id: UUID) -> str:
    """The page of an account."""
    return f"{PEOPLE_PATH}/{user_id}"


def people_page(
    people: Sequence[AccountState],
    sites: Sequence[Site],
    viewer: User,
    form: AccountForm,
    error: str | None,
) -> PeoplePage:
    """The list, and the form of a new account, in sites that who makes it sees."""
    offered = [site for site in sites if site.is_active and viewer.sees(site.id)]
    chosen = form.site_ids or ({offered[0].id} if len(offered) == 1 else frozenset())
    return PeoplePage(
        people=tuple(_line(state, sites) for state in people),
        new_name=form.name,
        new_full_name=form.full_name,
        roles=_roles(PEOPLE, form.role),
        sites=_site_choices(offered, chosen),
        error=error,
    )


def person_page(view: PersonView) -> PersonPage:
    """One account, and what can be done with it."""
    user, viewer = view.state.user, view.viewer
    unseen = unseen_sites(user, viewer)
    is_self, days = user.id == viewer.id, LINK_LIFE.days
    return PersonPage(
        path=person_path(user.id),
        name=user.name,
        full_name=user.full_name,
        is_active=user.is_active,
        is_self=is_self,
        can_reset=user.is_active and not view.state.is_external and not unseen,
        can_reactivate=not user.is_active and not unseen,
        other_sites=", ".join(site.name for site in view.sites if site.id in unseen),
        has_second_factor=view.state.has_second_factor,
        sign_in=_sign_in(view.state),
        session_count=_session_count(view.session_count),
        roles=_roles((user.role,) if is_self or unseen else PEOPLE, user.role.value),
        sites=_site_choices(_offered(view), user.site_ids),
        link=view.link,
        link_hint=ngettext(
            "It holds for one use within {count} day.",
            "It holds for one use within {count} days.",
            days,
        ).format(count=days),
        notice=view.notice,
        error=view.error,
    )


def _offered(view: PersonView) -> list[Site]:
    """Sites that the viewer may give or take."""
    seen = (site for site in view.sites if view.viewer.sees(site.id))
    return [site for site in seen if site.is_active or view.state.user.sees(site.id)]


def _session_count(count: int) -> str:
    if count == 0:
        return gettext("Not signed in.")
    text = ngettext("Signed in in {count} browser.", "Signed in in {count} browsers.", count)
    return text.format(count=count)


def sites_page(
    sites: Sequence[Site], viewer: User, notice: str | None, error: str | None
) -> SitesPage:
    """Every site; those that the viewer sees, with their names to change."""
    return SitesPage(tuple(_site_line(site, viewer) for site in sites), error, notice)


def _site_line(site: Site, viewer: User) -> SiteLine:
    return SiteLine(
        path=f"{SITES_PATH}/{site.id}",
        name=site.name,
        is_active=site.is_active,
        can_change=viewer.sees(site.id),
        field_id=f"site-{site.id}",
    )


def _line(state: AccountState, sites: Sequence[Site]) -> PersonLine:
    user = state.user
    return PersonLine(
        path=person_path(user.id),
        name=user.name,
        full_name=user.full_name,
        role=role_name(user.role),
        sites=", ".join(site.name for site in sites if user.sees(site.id)),
        sign_in=_sign_in(state),
        is_active=user.is_active,
    )


def _sign_in(state: AccountState) -> str:
    """How the person signs in."""
    if not state.user.is_active:
        return gettext("deactivated")
    if state.is_external:
        return gettext("at the provider")
    if not state.user.can_sign_in:
        return gettext("has no password")
    if state.has_second_factor:
        return gettext("password and second factor")
    return gettext("password")


def _roles(offered: Sequence[Role], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(role.value, role_name(role), role.value == chosen) for role in offered)


def _site_choices(sites: Sequence[Site], chosen: Collection[UUID]) -> tuple[Choice, ...]:
    return tuple(Choice(str(site.id), site.name, site.id in chosen) for site in sites)
