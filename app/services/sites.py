"""Sites: in which laboratory a new case is opened, and which there are."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.domain.message import message
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import User
from app.ports import Transaction
from app.services.identity import check_full_name


def sites_of(transaction: Transaction, user: User) -> list[Site]:
    """The sites in which an account may open cases, by name."""
    return [site for site in transaction.sites.all() if site.is_active and user.sees(site.id)]


def site_for(transaction: Transaction, user: User, wanted: UUID | None) -> UUID:
    """The site of a new case: the one that is wanted, or the account's own.

    Raises
    ------
    Forbidden
        If the account may open no case there.
    InvalidInput
        If the account sees several sites and none of them is the main one: say which.
    """
    allowed = {site.id for site in sites_of(transaction, user)}
    if wanted is not None:
        if wanted not in allowed:
            raise Forbidden(message("Your account opens no cases in this site."))
        return wanted
    if not allowed:
        raise Forbidden(message("Your account belongs to no site. Ask an administrator for one."))
    if DEFAULT_SITE_ID in allowed:
        return DEFAULT_SITE_ID
    if len(allowed) > 1:
        raise InvalidInput(message("Your account has several sites. Give the case's site."))
    return allowed.pop()


def sites_named(transaction: Transaction, names: Sequence[str]) -> frozenset[UUID]:
    """Sites by their names; without a name the first one. Raises `NotFound`."""
    if not names:
        return frozenset({DEFAULT_SITE_ID})
    known = {site.name: site.id for site in transaction.sites.all()}
    for name in names:
        if name not in known:
            raise NotFound(message("There is no site named {name}.", name=name))
    return frozenset(known[name] for name in names)


def check_giving(by: User | None, site_ids: Collection[UUID]) -> None:
    """Raise `Forbidden` unless whoever gives sites sees them; None is a command, which may."""
    if by is not None and not all(by.sees(site_id) for site_id in site_ids):
        raise Forbidden(
            message("Your account does not see all of these sites. Ask an administrator who does.")
        )


def add_site(transaction: Transaction, name: str, now: datetime, by: User | None = None) -> Site:
    """A new site, which whoever makes it sees; raises `InvalidInput` or `Conflict`."""
    check_full_name(name)
    site = Site(uuid7(), name, now)
    transaction.sites.add(site)
    after = {"name": name}
    if by is not None:
        # Nobody could give it to others otherwise.
        transaction.users.lock(by.id)
        own = transaction.users.get(by.id) or by
        transaction.sites.set_sites_of(by.id, own.site_ids | {site.id})
        after["seen_by"] = by.name
    transaction.audit.note("site.add", subject=f"site:{site.id}", after=after)
    return site


def rename_site(transaction: Transaction, site_id: UUID, name: str, by: User) -> None:
    """Give a site another name; raises `NotFound`, `Forbidden`, `InvalidInput` or `Conflict`."""
    check_full_name(name)
    site = _seen_site(transaction.sites.held(), site_id, by)
    transaction.sites.put(replace(site, name=name))
    transaction.audit.note(
        "site.rename", subject=f"site:{site.id}", before={"name": site.name}, after={"name": name}
    )


def set_site_active(transaction: Transaction, site_id: UUID, by: User, *, is_active: bool) -> None:
    """Let cases be opened in a site, or no longer; its cases stay.

    Raises
    ------
    NotFound, Forbidden
    Conflict
        If it is the last site in which cases can be opened.
    """
    sites = transaction.sites.held()
    site = _seen_site(sites, site_id, by)
    others = [other for other in sites if other.is_active and other.id != site.id]
    if not is_active and not others:
        raise Conflict(message("This is the last site. Add another one first."))
    transaction.sites.put(replace(site, is_active=is_active))
    action = "site.activate" if is_active else "site.deactivate"
    transaction.audit.note(action, subject=f"site:{site.id}")


def sees_all_sites(transaction: Transaction, user: User) -> bool:
    """Whether what holds for every site is the account's business."""
    return all(user.sees(site.id) for site in transaction.sites.all())


def narrowed_to(transaction: Transaction, user: User) -> frozenset[UUID] | None:
    """The sites whose cases an account sees; None, nothing to choose from, where it sees all."""
    return None if sees_all_sites(transaction, user) else user.site_ids


def _seen_site(sites: Sequence[Site], site_id: UUID, by: User) -> Site:
    found = [site for site in sites if site.id == site_id]
    if not found:
        raise NotFound(message("There is no such site."))
    if not by.sees(site_id):
        raise Forbidden(message("Your account does not see this site. Ask one that does."))
    return found[0]
