"""The ids of resources: a case's key, and after a dot which part of the case it is.

Nothing is stored under them. They hold random keys and words of this program, never a name or a
number of a patient, and stay within FHIR's 64 characters.
"""

from uuid import UUID

UBA1 = "uba1"
INTERPRETATION = "interpretation"
_SIGNATURE, _SIGNER = "signature-", "signer-"


def part(case_id: UUID, name: str) -> str:
    """The id of one part of a case: ``0190a000-....vacuole``."""
    # FHIR's ids have no underscore, and local codes have no hyphen.
    return f"{case_id}.{name.replace('_', '-')}"


def signature(case_id: UUID, version: int) -> str:
    """The id of the Provenance of a signed version."""
    return part(case_id, f"{_SIGNATURE}{version}")


def signer(case_id: UUID, version: int) -> str:
    """The id of the Practitioner who signed a version, under the name that was printed then."""
    return part(case_id, f"{_SIGNER}{version}")


def case_of(key: str) -> UUID | None:
    """The case that an id belongs to; None where it is no id of a part of a case."""
    text = key.partition(".")[0]
    try:
        case_id = UUID(text)
    except ValueError:
        return None
    # Ids are compared letter by letter, and Python reads a UUID in many spellings.
    return case_id if str(case_id) == text else None


def version_of(key: str) -> int | None:
    """The version that a signature or a signer belongs to; None of every other id."""
    name = key.partition(".")[2]
    for prefix in (_SIGNATURE, _SIGNER):
        number = name.removeprefix(prefix)
        if number != name and number.isascii() and number.isdigit():
            return int(number)
    return None
