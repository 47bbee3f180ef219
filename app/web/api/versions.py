"""How a route asks for a signed version of a report."""

from typing import Annotated

from fastapi import Query

from app.domain.signing import MOST_VERSIONS

Version = Annotated[
    int | None,
    Query(
        ge=1,
        le=MOST_VERSIONS,
        description="A signed version; without, what holds now: the latest version of a signed "
        "case, else the report as it stands.",
    ),
]
