"""The second factor: one-time passwords from an authenticator (RFC 6238), and recovery codes."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from uuid import UUID

import pyotp

from app.domain.errors import Conflict, InvalidInput
from app.domain.message import message
from app.domain.sign_in import SecondFactor
from app.domain.user import User
from app.ports import Transaction
from app.ports.sealing import Sealer
from app.services.passwords import refuse_external

ISSUER = "Vexascope"
STEP_S = 30
CLOCK_STEPS = 1
RECOVERY_CODES = 10
_CODE_BYTES = 10


def is_asked(transaction: Transaction, user_id: UUID) -> bool:
    """Whether an account signs in with a second factor."""
    factor = transaction.second_factors.get(user_id)
    return factor is not None and factor.confirmed_at is not None


def begin(transaction: Transaction, user: User, sealer: Sealer) -> SecondFactor:
    """A new secret for an authenticator; it is asked for once a first code has been given.

    Raises
    ------
    Conflict
        If the account has a second factor, or signs in at the provider.
    """
    refuse_external(user)
    if is_asked(transaction, user.id):
        raise Conflict(message("Your account has a second factor. Turn it off first."))
    factor = SecondFactor(user.id, sealer.seal(pyotp.random_base32()), 0, None)
    transaction.second_factors.put(factor, ())
    return factor


def provisioning_uri(secret: str, user: User) -> str:
    """What an authenticator reads from the square code."""
    totp = pyotp.TOTP(secret, interval=STEP_S)
    return totp.provisioning_uri(name=user.name, issuer_name=ISSUER)


def confirm(
    transaction: Transaction, user: User, code: str, sealer: Sealer, now: datetime
) -> tuple[str, ...]:
    """Ask for it from now on, once the first code is right; answers with the recovery codes.

    Raises
    ------
    InvalidInput
        If the code is wrong.
    Conflict
        If there is nothing to confirm.
    """
    factor = transaction.second_factors.get(user.id)
    if factor is None or factor.confirmed_at is not None:
        raise Conflict(message("There is no second factor to confirm. Begin again."))
    if not _uses_step(transaction, factor, code, sealer, now):
        raise InvalidInput(
            message("The code is wrong. Check that the clock of your authenticator is right.")
        )
    transaction.second_factors.confirm(user.id, now)
    return renew_codes(transaction, user.id)


def renew_codes(transaction: Transaction, user_id: UUID) -> tuple[str, ...]:
    """New recovery codes in place of all earlier ones; they are known only to the caller."""
    codes = tuple(_made_code() for _ in range(RECOVERY_CODES))
    transaction.second_factors.put_codes(user_id, [_digest(code) for code in codes])
    return codes


def uses(transaction: Transaction, user_id: UUID, text: str, sealer: Sealer, now: datetime) -> bool:
    """Whether a code of the authenticator, or a recovery code, is right; it is used up then."""
    factor = transaction.second_factors.get(user_id)
    if factor is None or factor.confirmed_at is None:
        return False
    if _uses_step(transaction, factor, text, sealer, now):
        return True
    return transaction.second_factors.use_code(user_id, _digest(text))


def _uses_step(
    transaction: Transaction, factor: SecondFactor, text: str, sealer: Sealer, now: datetime
) -> bool:
    step = _matching_step(sealer.unseal(factor.secret), "".join(text.split()), now)
    return step is not None and transaction.second_factors.use_step(factor.user_id, step)


def _matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step of a code: this one, or one beside it, as clocks differ."""
    totp = pyotp.TOTP(secret, interval=STEP_S)
    current = int(now.timestamp()) // STEP_S
    steps = range(current - CLOCK_STEPS, current + CLOCK_STEPS + 1)
    found = [
        step
        for step in steps
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    return found[-1] if found else None


def _made_code() -> str:
    """Eighty random bits in groups that are easy to copy."""
    text = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _digest(code: str) -> str:
    """SHA-256 of a recovery code, however it was typed."""
    plain = "".join(code.split()).replace("-", "").lower()
    return hashlib.sha256(plain.encode()).hexdigest()
