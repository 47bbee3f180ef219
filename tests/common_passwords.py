"""Write the list of common passwords anew: `python -m tests.common_passwords WORDS...`.

WORDS are text files with a password a line. The shipped list was made from the password lists of
zxcvbn 4.5.0 for Python (`FREQUENCY_LISTS["passwords"]`) and of @zxcvbn-ts/language-common 4.1.3
(`src/passwords.json`); both are under the MIT licence that lies beside it.
"""

import sys
from pathlib import Path

from app.domain.password import MIN_LENGTH_WITH_SECOND_FACTOR, normalised
from app.services.common_passwords import DIGEST_BYTES, LIST, digest


def packed(words: set[str]) -> bytes:
    """Sorted digests, one after the other."""
    folded = {normalised(word).casefold() for word in words}
    long_enough = {word for word in folded if len(word) >= MIN_LENGTH_WITH_SECOND_FACTOR}
    return b"".join(sorted({digest(word) for word in long_enough}))


def main() -> None:
    """Read the files that are named, and write."""
    words = {line for name in sys.argv[1:] for line in Path(name).read_text().splitlines()}
    LIST.write_bytes(packed(words))
    print(f"{LIST.stat().st_size // DIGEST_BYTES} passwords")


if __name__ == "__main__":
    main()
