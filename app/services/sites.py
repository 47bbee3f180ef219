"""Sites: in which laboratory a new case is opened."""

from uuid import UUID

from app.domain.errors import Forbidden, InvalidInput
from app.domain.message import message
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import User
from app.ports import Transaction


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
