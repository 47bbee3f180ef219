"""The passwords that are guessed first: a shipped list of digests.

18,000 passwords of at least 8 characters, from breaches, as the first bytes of their SHA-256,
sorted. `python -m tests.common_passwords` writes it. With five bytes, one good password in sixty
million is refused by mistake.
"""

import hashlib
from bisect import bisect_left
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("common_passwords.bin")
DIGEST_BYTES = 5


def is_common(folded: str) -> bool:
    """Whether the list holds a password (NFC, case-folded)."""
    wanted = digest(folded)
    known = _digests()
    index = bisect_left(known, wanted)
    return index < len(known) and known[index] == wanted


def digest(folded: str) -> bytes:
    """What the list holds of a password."""
    return hashlib.sha256(folded.encode()).digest()[:DIGEST_BYTES]


@cache
def _digests() -> tuple[bytes, ...]:
    content = LIST.read_bytes()
    starts = range(0, len(content), DIGEST_BYTES)
    return tuple(content[start : start + DIGEST_BYTES] for start in starts)
