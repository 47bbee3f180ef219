"""Accounts of people who sign in at the OpenID Connect provider: its claims say what they may."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.errors import Forbidden, InvalidInput
from app.domain.external import ClaimRule, ExternalIdentity
from app.domain.message import message
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import AT_PROVIDER, User
from app.ports import Transaction
from app.services.acting import concerns
from app.services.identity import check_full_name, check_name
from app.services.sessions import end_everywhere


def admit(
    transaction: Transaction,
    identity: ExternalIdentity,
    rule: ClaimRule,
    now: datetime,
    arrived: Callable[[User], None] = lambda _: None,
) -> User | None:
    """The account of who signed in at the provider, with the role and sites that it gives now.

    An account is found by issuer and subject alone: a name can be given to somebody else.

    Parameters
    ----------
    arrived
        Told who it is before the audit is: what the entry changes stands under the account's name.

    Returns
    -------
    None where the provider gives no role; an account from earlier is signed out then.

    Raises
    ------
    Forbidden
        If an administrator has deactivated the account here.
    """
    known = transaction.sign_ins.external(identity.issuer, identity.subject)
    if known:
        # An administrator may give it sites just now.
        transaction.users.lock(known)
    user = transaction.users.get(known) if known else None
    role = rule.role(identity.claims)
    if user is not None:
        concerns(f"user:{user.id}")
    if role is None:
        if user is not None:
            end_everywhere(transaction, user.id)
        return None
    if user is None:
        entering = _new(transaction, identity, rule, role)
    elif user.is_active:
        sites = _sites(transaction, identity, rule)
        entering = replace(user, role=role, site_ids=user.site_ids if sites is None else sites)
    else:
        raise Forbidden(message("This account is deactivated here. Ask an administrator."))
    arrived(entering)
    if user is None:
        _create(transaction, identity, entering, now)
    elif entering != user:
        _update(transaction, user, entering)
    transaction.audit.note("session.sign-in", subject=f"user:{entering.id}")
    return entering


def is_of(transaction: Transaction, identity: ExternalIdentity, user: User) -> bool:
    """Whether it is this account that the provider vouches for."""
    return transaction.sign_ins.external(identity.issuer, identity.subject) == user.id


def _new(transaction: Transaction, identity: ExternalIdentity, rule: ClaimRule, role: Role) -> User:
    sites = _sites(transaction, identity, rule)
    return User(
        uuid7(),
        _free_name(transaction, identity, rule),
        role,
        AT_PROVIDER,
        _full_name(identity),
        site_ids=frozenset({DEFAULT_SITE_ID}) if sites is None else sites,
    )


def _create(
    transaction: Transaction, identity: ExternalIdentity, user: User, now: datetime
) -> None:
    transaction.users.add(user, now)
    transaction.sign_ins.add_external(identity.issuer, identity.subject, user.id)
    after = {"name": user.name, "role": user.role.value, "issuer": identity.issuer}
    transaction.audit.note("account.create", subject=f"user:{user.id}", after=after)


def _update(transaction: Transaction, user: User, wanted: User) -> None:
    transaction.users.set_role(user.id, wanted.role)
    transaction.sites.set_sites_of(user.id, wanted.site_ids)
    end_everywhere(transaction, user.id)
    transaction.audit.note(
        "account.change",
        subject=f"user:{user.id}",
        before=_shown(user),
        after=_shown(wanted),
    )


def _shown(user: User) -> dict[str, object]:
    return {"role": user.role.value, "sites": sorted(str(site) for site in user.site_ids)}


def _sites(
    transaction: Transaction, identity: ExternalIdentity, rule: ClaimRule
) -> frozenset[UUID] | None:
    """Sites by their names; those that are unknown here are passed over."""
    names = rule.sites(identity.claims)
    if names is None:
        return None
    return frozenset(site.id for site in transaction.sites.all() if site.name in names)


def _free_name(transaction: Transaction, identity: ExternalIdentity, rule: ClaimRule) -> str:
    """The name that the provider gives; another account may have it already."""
    wanted = rule.name(identity)
    at_issuer = f"{wanted}@{urlsplit(identity.issuer).hostname}"
    for name in (wanted, at_issuer, str(uuid7())):
        if _is_name(name) and transaction.users.by_name(name) is None:
            return name
    raise AssertionError("a random name is taken")


def _is_name(name: str) -> bool:
    try:
        check_name(name)
    except InvalidInput:
        return False
    return True


def _full_name(identity: ExternalIdentity) -> str | None:
    name = identity.claims.get("name")
    try:
        check_full_name(name if isinstance(name, str) else "")
    except InvalidInput:
        return None
    return str(name)
