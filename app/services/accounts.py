"""Accounts of people, as an administrator manages them; what changes is noted in the audit."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.access import PEOPLE, Role
from app.domain.audit import Outcome
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.message import message
from app.domain.sign_in import LocalSignIn
from app.domain.user import NO_PASSWORD, User
from app.ports import AuditFilter, Transaction
from app.services import passwords, sessions
from app.services.identity import check_full_name, check_name
from app.services.sites import check_giving

RESET_PASSWORD = "account.reset-password"  # noqa: S105 - the name of an act
RESET_SECOND_FACTOR = "account.reset-second-factor"
SHOWN_RESETS = 3


@dataclass(frozen=True)
class NewAccount:
    """What an administrator says of a new account."""

    name: str
    full_name: str | None
    role: Role
    site_ids: frozenset[UUID]


@dataclass(frozen=True)
class AccountState:
    """What an administrator sees of an account, beside the account."""

    user: User
    has_second_factor: bool
    is_external: bool


def people(transaction: Transaction) -> list[AccountState]:
    """Every account of a person, by name; clients have a page of their own."""
    factors = transaction.second_factors.confirmed()
    external = transaction.sign_ins.external_users()
    return [
        AccountState(user, user.id in factors, user.id in external)
        for user in transaction.users.all()
        if user.role is not Role.SYSTEM
    ]


def state_of(transaction: Transaction, user_id: UUID) -> AccountState:
    """One account; raises `NotFound`."""
    user = person(transaction, user_id)
    factors = transaction.second_factors.confirmed()
    return AccountState(user, user.id in factors, user.id in transaction.sign_ins.external_users())


def create(
    transaction: Transaction, new: NewAccount, now: datetime, by: User | None
) -> tuple[User, str]:
    """An account without a password, and the token of a link to choose one.

    Parameters
    ----------
    by
        Who makes it; None: a command, which may give every site.

    Raises
    ------
    Forbidden
        If who makes it does not see a site.
    InvalidInput
        If a name cannot be, the role is no person's, or a site is unknown.
    Conflict
        If the name exists.
    """
    check_name(new.name)
    if new.full_name is not None:
        check_full_name(new.full_name)
    _check_role(new.role)
    _check_sites(transaction, new.site_ids)
    check_giving(by, new.site_ids)
    user = User(uuid7(), new.name, new.role, NO_PASSWORD, new.full_name, site_ids=new.site_ids)
    transaction.users.add(user, now)
    after = {"name": user.name, "role": user.role.value, "sites": _texts(user.site_ids)}
    transaction.audit.note("account.create", subject=_subject(user), after=after)
    return user, passwords.make_link(transaction, user, now)


def change(
    transaction: Transaction,
    user_id: UUID,
    role: Role,
    site_ids: frozenset[UUID],
    *,
    by: User | None,
    local: LocalSignIn,
) -> User:
    """Give an account another role and other sites; its sessions and tokens end with the role.

    Parameters
    ----------
    site_ids
        What it sees from now on; sites that who changes it does not see stay beside them.
    by
        Who changes it; None: a command, which may give and take every site.

    Raises
    ------
    NotFound
    Forbidden
        If who changes it does not see a site that is added, or, for another role, one that the
        account has: the role would hold there too.
    InvalidInput
        If the role is no person's, or a site is unknown.
    Conflict
        If it is the own role, or the last administrator that can sign in.
    """
    _check_role(role)
    if role is not Role.ADMINISTRATOR:
        # All of them first, in their order: two who took the role from each other would wait for
        # each other otherwise.
        transaction.users.active_administrators()
    # Two may give sites at one moment: the second one adds to what the first has given.
    transaction.users.lock(user_id)
    user = person(transaction, user_id)
    site_ids |= unseen_sites(user, by)
    _check_sites(transaction, site_ids)
    check_giving(by, site_ids - user.site_ids)
    if role is not user.role:
        check_giving(by, user.site_ids)
    if role is not Role.ADMINISTRATOR:
        _keep_an_administrator(transaction, user, local)
    if by is not None and user.id == by.id and role is not user.role:
        raise Conflict(message("Nobody changes their own role. Ask another administrator."))
    if (role, site_ids) == (user.role, user.site_ids):
        return user
    transaction.users.set_role(user.id, role)
    transaction.sites.set_sites_of(user.id, site_ids)
    if role is not user.role:
        sessions.end_everywhere(transaction, user.id)
    transaction.audit.note(
        "account.change",
        subject=_subject(user),
        before={"role": user.role.value, "sites": _texts(user.site_ids)},
        after={"role": role.value, "sites": _texts(site_ids)},
    )
    return user


def set_active(
    transaction: Transaction,
    user_id: UUID,
    *,
    is_active: bool,
    local: LocalSignIn,
    by: User | None = None,
) -> User:
    """Let an account sign in, or no longer; what it has done stays.

    Every administrator may keep somebody out.

    Raises
    ------
    NotFound
    Forbidden
        If who lets an account in again does not see all of its sites.
    Conflict
        If it is the last administrator that can sign in.
    """
    user = person(transaction, user_id)
    if not is_active:
        _keep_an_administrator(transaction, user, local)
        end_access(transaction, user)
    else:
        check_giving(by, user.site_ids)
    transaction.users.set_active(user.id, is_active=is_active)
    action = "account.activate" if is_active else "account.deactivate"
    transaction.audit.note(action, subject=_subject(user))
    return user


def reset_password(
    transaction: Transaction, user_id: UUID, now: datetime, local: LocalSignIn, by: User | None
) -> tuple[User, str]:
    """End a password and all it opened; the token of a link to choose another.

    Raises
    ------
    NotFound
    Forbidden
        If who asks does not see all sites of the account: the link would open them.
    Conflict
        If the account signs in at the provider, or no longer, or is the last administrator's that
        can sign in.
    """
    user = person(transaction, user_id)
    _check_local(user)
    check_giving(by, user.site_ids)
    _keep_an_administrator(transaction, user, local)
    passwords.replace(transaction, user.id, NO_PASSWORD)
    transaction.audit.note(RESET_PASSWORD, subject=_subject(user))
    return user, passwords.make_link(transaction, user, now)


def reset_second_factor(
    transaction: Transaction, user_id: UUID, now: datetime, local: LocalSignIn, by: User | None
) -> tuple[User, str]:
    """Forget a lost second factor, and the password with it.

    A password that was long enough only beside a second factor would be too short now; and who
    asks by telephone should prove more than a name.
    """
    user, token = reset_password(transaction, user_id, now, local, by)
    if not transaction.second_factors.remove(user.id):
        raise Conflict(message("The account has no second factor."))
    transaction.audit.note(RESET_SECOND_FACTOR, subject=_subject(user))
    return user, token


@dataclass(frozen=True)
class Reset:
    """What was taken from an account, so that its person chooses anew.

    Parameters
    ----------
    what
        The action in the audit.
    by
        Who did it, as the audit names them.
    """

    what: str
    by: str
    at: datetime


def resets(transaction: Transaction, user: User) -> tuple[Reset, ...]:
    """The last few of each kind: one that the person never asked for stands out among them."""
    found = (
        transaction.audit.page(
            AuditFilter(action=action, subject=_subject(user), outcome=Outcome.DONE),
            before=None,
            limit=SHOWN_RESETS,
        )
        for action in (RESET_PASSWORD, RESET_SECOND_FACTOR)
    )
    events = [entry.event for entries in found for entry in entries]
    return tuple(Reset(event.action, event.actor.name, event.at) for event in events)


def is_first_since_reset(transaction: Transaction, user: User) -> bool:
    """Whether nobody has signed in to the account since its last reset."""
    chosen = AuditFilter(account_id=user.id, action="session.sign-in", outcome=Outcome.DONE)
    earlier = transaction.audit.page(chosen, before=None, limit=1)
    last = earlier[0].event.at if earlier else None
    return any(last is None or reset.at > last for reset in resets(transaction, user))


def unseen_sites(user: User, by: User | None) -> frozenset[UUID]:
    """Sites of an account that an administrator does not see; a command sees all."""
    return frozenset(site for site in user.site_ids if by is not None and not by.sees(site))


def end_access(transaction: Transaction, user: User) -> None:
    """End sessions, tokens and links of an account; the password stays what it is."""
    sessions.end_everywhere(transaction, user.id)
    transaction.sign_ins.remove_link(user.id)


def person(transaction: Transaction, user_id: UUID) -> User:
    """An account of a person; raises `NotFound`."""
    user = transaction.users.get(user_id)
    if user is None or user.role is Role.SYSTEM:
        raise NotFound(message("There is no such account."))
    return user


def _keep_an_administrator(transaction: Transaction, user: User, local: LocalSignIn) -> None:
    """Raise `Conflict` where nobody could administer any more."""
    if user.role is not Role.ADMINISTRATOR or not user.is_active:
        return
    for other in transaction.users.active_administrators():
        if other.id != user.id and other.can_sign_in and not local.keeps_out(other):
            return
    raise Conflict(
        message("This is the last administrator who can sign in. Make another one first.")
    )


def _check_local(user: User) -> None:
    passwords.refuse_external(user)
    if not user.is_active:
        raise Conflict(message("This account is deactivated. Reactivate it first."))


def _check_role(role: Role) -> None:
    if role not in PEOPLE:
        raise InvalidInput(message("People do not have this role. Make an API client instead."))


def _check_sites(transaction: Transaction, site_ids: Collection[UUID]) -> None:
    if not set(site_ids) <= {site.id for site in transaction.sites.all()}:
        raise InvalidInput(message("There is no such site."))
    if not site_ids:
        raise InvalidInput(message("Choose at least one site."))


def _subject(user: User) -> str:
    return f"user:{user.id}"


def _texts(site_ids: Collection[UUID]) -> list[str]:
    return sorted(str(site_id) for site_id in site_ids)
