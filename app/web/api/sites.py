"""REST: the sites of an account, whose keys cases and webhooks are made with."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.services.sites import sites_of
from app.web.api.problems import problems
from app.web.dependencies import ContainerDep, UserDep

router = APIRouter(prefix="/sites", tags=["cases"])


class SiteRead(BaseModel):
    """A laboratory, or a part of one, that keeps its cases for itself."""

    id: UUID = Field(description="Key of the site, the `site_id` of its cases.")
    name: str = Field(description="Name of the site.")


class SiteList(BaseModel):
    """The sites of the account."""

    items: list[SiteRead] = Field(description="By name.")


@router.get("", responses=problems(), summary="Your sites")
def list_sites(container: ContainerDep, user: UserDep) -> SiteList:
    """The sites in which your account may open cases."""
    with container.transactions() as transaction:
        found = sites_of(transaction, user)
    return SiteList(items=[SiteRead(id=site.id, name=site.name) for site in found])
