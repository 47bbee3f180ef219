"""Who does the work of a request under an Idempotency-Key: the first, or who takes over."""

from dataclasses import replace

from app.domain.idempotency import KEY_LIFETIME, KeyedRequest
from app.ports import Transaction


def begin(transaction: Transaction, wanted: KeyedRequest) -> KeyedRequest:
    """Take a key.

    Returns
    -------
    The request that has it. Its holder is `wanted`'s where the work is to be done now: the key is
    new, or its 24 hours are over, or whoever had it is gone and has done nothing.
    """
    now = wanted.started_at
    found = transaction.keys.find(wanted.user_id, wanted.key_sha256)
    if found is not None and found.is_expired(now) and not found.is_running(now):
        transaction.keys.forget_before(now - KEY_LIFETIME)
        found = None
    if found is None and transaction.keys.begin(wanted):
        return wanted
    # Another one may have been as fast.
    found = found or transaction.keys.find(wanted.user_id, wanted.key_sha256) or wanted
    if found.answer or found.worked_at or found.is_running(now):
        return found
    if not transaction.keys.take_over(found, wanted.holder, wanted.held_until):
        return replace(found, held_until=wanted.held_until)
    return replace(found, holder=wanted.holder, held_until=wanted.held_until)
