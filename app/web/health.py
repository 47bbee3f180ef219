"""Health, open to everyone: it tells nothing of a patient."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.web.dependencies import ContainerDep

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """Where this answers at all, all is well."""

    status: Literal["ok"] = Field("ok", description="Always `ok`; a failure is a problem.")


@router.get("/live", summary="Is the process alive?")
async def live() -> Health:
    """Answer while the process runs; a failure means: start it again."""
    return Health()


@router.get("/ready", summary="Can the process take work?", responses={503: {}})
def ready(container: ContainerDep) -> Health:
    """Answer once database and object store do; a failure means: send it no work yet."""
    container.check_database()
    container.blobs.check()
    return Health()
