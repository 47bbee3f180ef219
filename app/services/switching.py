"""Giving bundles their parts: the active one, and the one in shadow beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.bundle_switch import MAX_SWITCH_REASON_LENGTH, BundlePart, BundleSwitch
from app.domain.discussion import written
from app.domain.errors import Conflict
from app.domain.message import message
from app.ports import Bundle, Transaction
from app.services.standing import active_digest


@dataclass(frozen=True)
class Switcher:
    """Who switches; `user_id` is None for a command on the server."""

    name: str
    user_id: UUID | None = None


@dataclass(frozen=True)
class Candidate:
    """A bundle that is installed and was just seen to run, with the texts that are kept of it."""

    bundle: Bundle
    texts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """What names it."""
        return self.bundle.manifest.digest


def activate(
    transaction: Transaction,
    candidate: Candidate,
    by: Switcher,
    reason: str,
    default: str,
    now: datetime,
) -> BundleSwitch:
    """Let a bundle read what comes from now on; cases that are read stay on theirs.

    A bundle in shadow that is activated is in shadow no more. `default` is the digest of the
    bundle that is active where nobody ever switched.

    Raises
    ------
    InvalidInput
        Without a reason.
    Conflict
        If it is active already.
    """
    before = active_digest(transaction, default)
    if before == candidate.digest:
        raise Conflict(message("This bundle is active already."))
    made = _switch(transaction, BundlePart.ACTIVE, before, candidate, by, reason, now)
    if shadow_digest(transaction) == candidate.digest:
        end_shadow(transaction, by, reason, now)
    return made


def begin_shadow(
    transaction: Transaction,
    candidate: Candidate,
    by: Switcher,
    reason: str,
    default: str,
    now: datetime,
) -> BundleSwitch:
    """Let a bundle read, unseen, whatever the active one reads from now on.

    Raises
    ------
    InvalidInput
        Without a reason.
    Conflict
        If it is the active one, or in shadow already.
    """
    if active_digest(transaction, default) == candidate.digest:
        raise Conflict(message("This bundle is active: it cannot be its own shadow."))
    before = shadow_digest(transaction)
    if before == candidate.digest:
        raise Conflict(message("This bundle is in shadow already."))
    return _switch(transaction, BundlePart.SHADOW, before, candidate, by, reason, now)


def end_shadow(transaction: Transaction, by: Switcher, reason: str, now: datetime) -> BundleSwitch:
    """From now on no bundle reads in shadow; what it found stays.

    Raises
    ------
    InvalidInput
        Without a reason.
    Conflict
        If none does.
    """
    before = shadow_digest(transaction)
    if before is None:
        raise Conflict(message("No bundle is in shadow."))
    return _switch(transaction, BundlePart.SHADOW, before, None, by, reason, now)


def shadow_digest(transaction: Transaction) -> str | None:
    """Digest of the bundle in shadow."""
    switch = transaction.switches.latest(BundlePart.SHADOW)
    return switch.digest if switch else None


def _switch(
    transaction: Transaction,
    part: BundlePart,
    before: str | None,
    candidate: Candidate | None,
    by: Switcher,
    reason: str,
    now: datetime,
) -> BundleSwitch:
    reason = written(reason, MAX_SWITCH_REASON_LENGTH)
    digest = None
    if candidate is not None:
        transaction.bundles.remember(candidate.bundle, candidate.texts, now)
        digest = candidate.digest
    switch = BundleSwitch(uuid7(), part, digest, now, by.user_id, by.name, reason)
    transaction.switches.add(switch)
    transaction.audit.note(
        "bundle.activate" if part is BundlePart.ACTIVE else "bundle.shadow",
        subject=f"bundle:{digest}" if digest else None,
        before={"digest": before},
        after={"digest": digest, "reason": reason},
    )
    return switch
