"""Numbers that a site gives: unique in the site, not in the installation.

Two laboratories may both have a patient `P-1`, and they are two people. A column that is unique in
the whole installation therefore holds the number itself for the main site alone, and for every
other site a digest of site and number; what was given stands beside it. (SQLite cannot drop the
column's constraint without making the table anew, to which others refer.)
"""

import hashlib
from collections.abc import Collection, Iterator
from uuid import UUID

from app.domain.site import DEFAULT_SITE_ID

# No number may hold a control character, so no number of the main site can be such a key.
_MARK = "\x1f"


def site_key(site_id: UUID, number: str) -> str:
    """What stands for a site's number in the column that is unique."""
    if site_id == DEFAULT_SITE_ID:
        return number
    digest = hashlib.sha256(f"{site_id.hex}:{number}".encode()).hexdigest()
    return f"{_MARK}{digest}"


def own_number(site_id: UUID, number: str) -> str | None:
    """What stands beside the key: the number, where the key is another text."""
    return None if site_id == DEFAULT_SITE_ID else number


def site_keys(site_ids: Collection[UUID], numbers: Collection[str]) -> Iterator[str]:
    """All keys under which the numbers may stand in the sites."""
    return (site_key(site_id, number) for site_id in site_ids for number in numbers)
