"""How long an answer may wait for the findings."""

from typing import Annotated

from fastapi import Query

MAX_WAIT_S = 120

Wait = Annotated[float, Query(ge=0, le=MAX_WAIT_S, description="Seconds to wait for the findings.")]
