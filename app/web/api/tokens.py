"""REST: bearer tokens, and the active bundle."""

from fastapi import APIRouter

from app.services.identity import issue_token
from app.web.api.problems import problems
from app.web.api.schemas import BundleRead, TokenRead
from app.web.dependencies import ContainerDep, UserDep

router = APIRouter()


@router.post(
    "/tokens", status_code=201, responses=problems(), tags=["access"], summary="Make a token"
)
def create_token(user: UserDep, container: ContainerDep) -> TokenRead:
    """Make a bearer token for the account that asks; its text is shown once."""
    with container.transactions() as transaction:
        text, token = issue_token(transaction, user, container.now())
    return TokenRead(token=text, expires_at=token.expires_at)


@router.get("/bundle", responses=problems(), tags=["bundle"], summary="The active bundle")
def read_bundle(container: ContainerDep) -> BundleRead:
    """Name, version and digest of the classifier that reads new cells."""
    return BundleRead.of(container.bundle.manifest)
