"""REST: bearer tokens, and the active bundle."""

from fastapi import APIRouter, Depends, Request

from app.domain.errors import Forbidden
from app.domain.message import message
from app.services.identity import issue_token
from app.web.api.problems import problems
from app.web.api.schemas import BundleRead, TokenRead
from app.web.dependencies import ContainerDep, UserDep, shows_secret
from app.web.security import has_token

router = APIRouter()


@router.post(
    "/tokens",
    status_code=201,
    responses=problems(),
    tags=["access"],
    summary="Make a token",
    dependencies=[Depends(shows_secret)],
)
def create_token(request: Request, user: UserDep, container: ContainerDep) -> TokenRead:
    """Make a bearer token for the account that asks; its text is shown once.

    Ask with the password or signed in: a token cannot make another one.
    """
    if has_token(request):
        raise Forbidden(
            message("A bearer token cannot make another one. Ask with name and password.")
        )
    with container.transactions() as transaction:
        text, token = issue_token(transaction, user, container.now())
    return TokenRead(token=text, expires_at=token.expires_at)


@router.get("/bundle", responses=problems(), tags=["bundles"], summary="The active bundle")
def read_bundle(container: ContainerDep) -> BundleRead:
    """Name, version and digest of the classifier that reads new cells."""
    return BundleRead.of(container.bundle.manifest)
