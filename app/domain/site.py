"""Sites: the laboratories that share one installation and not their cases."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

DEFAULT_SITE_ID = UUID(int=1)
"""The site that every installation has; it holds what came before there were sites."""
DEFAULT_SITE_NAME = "Main laboratory"


@dataclass(frozen=True)
class Site:
    """A laboratory.

    Parameters
    ----------
    is_active
        Whether new cases may be opened in it; a site is never removed.
    """

    id: UUID
    name: str
    created_at: datetime
    is_active: bool = True
