"""Failures of signing in: counted before the password is checked, and answered by waiting.

Counts stand in the database, so several servers agree and a restart forgets nothing. A stranger
can make an account's other strangers wait, for a quarter of an hour at most; a browser that has
signed in to the account before has a count of its own, so its person gets in.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import TooManyAttempts
from app.domain.message import message
from app.domain.sign_in import FORGOTTEN_AFTER
from app.ports import Transaction

FREE_TRIES = 10
# Many people sit behind one address of a hospital.
FREE_TRIES_OF_ADDRESS = 50


@dataclass(frozen=True)
class Attempt:
    """A try: under which name, from where, and from which device that is known to the account.

    Parameters
    ----------
    kind
        What the name names: one chosen by a stranger must not meet the count of something else.
    """

    name: str
    address: str
    known_device: str | None = None
    kind: str = "account"

    @property
    def _own_key(self) -> str:
        if self.known_device is not None:
            # One for each kind: a right password must not clear the count of codes.
            return f"{self.kind} device:{_digest(self.known_device)}"
        return f"{self.kind}:{_digest(self.name)}"

    @property
    def _address_key(self) -> str | None:
        return None if self.known_device is not None else f"address:{_digest(self.address)}"

    @property
    def counts(self) -> Sequence[tuple[str, int]]:
        """Each count that the try goes into, and how many failures it lets pass."""
        counts = [(self._own_key, FREE_TRIES)]
        if self._address_key:
            counts.append((self._address_key, FREE_TRIES_OF_ADDRESS))
        # Always in one order: two tries that lock the same rows do not wait for each other.
        return sorted(counts)


def begin(transaction: Transaction, attempt: Attempt, now: datetime) -> None:
    """Count a try as failed, before it is known; raises `TooManyAttempts` where it must wait.

    So a thousand tries at the same moment are a thousand failures, not one.
    """
    for key, free in attempt.counts:
        failures = transaction.sign_ins.failures(key, now)
        if now - failures.last_at < FORGOTTEN_AFTER:
            _refuse_before(failures.blocked_until(free), now)
    for key, _ in attempt.counts:
        transaction.sign_ins.count_failure(key, now, now - FORGOTTEN_AFTER)


def succeed(transaction: Transaction, attempt: Attempt, now: datetime) -> None:
    """Forget the account's failures, and take this try back from its address.

    The address keeps its others: who knows one password must not get tries at all accounts.
    """
    transaction.sign_ins.clear_failures(attempt._own_key)
    if attempt._address_key:
        transaction.sign_ins.take_back(attempt._address_key)
    transaction.sign_ins.forget_failures(now - FORGOTTEN_AFTER)


def _refuse_before(until: datetime, now: datetime) -> None:
    if until <= now:
        return
    wait_s = max(1, round((until - now).total_seconds()))
    raise TooManyAttempts(
        message("Too many failed sign-ins. Try again in {wait_s} s.", wait_s=wait_s),
        retry_after_s=wait_s,
    )


def _digest(text: str) -> str:
    """A name may be a password typed in the wrong place: it is not kept as it is."""
    return hashlib.sha256(text.encode()).hexdigest()
