"""What routes ask for: the container, and who is signed in."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request

from app.bootstrap import Container
from app.domain.user import User
from app.ports import Transaction
from app.services.reviewing import Reader
from app.web.arrivals import Arrivals
from app.web.auditing import AuditWriter
from app.web.progress import Progress
from app.web.rate_limits import RateLimits
from app.web.security import Security


def container_of(request: Request) -> Container:
    """The process's adapters."""
    return cast("Container", request.app.state.container)


def security_of(request: Request) -> Security:
    """The process's sign-in."""
    return cast("Security", request.app.state.security)


def auditor_of(request: Request) -> AuditWriter:
    """Who writes requests into the audit."""
    return cast("AuditWriter", request.app.state.auditor)


def rate_limits_of(request: Request) -> RateLimits:
    """Who counts requests."""
    return cast("RateLimits", request.app.state.rate_limits)


def arrivals_of(request: Request) -> Arrivals:
    """Who takes in the files that have arrived."""
    return cast("Arrivals", request.app.state.arrivals)


def current_user(request: Request) -> User:
    """Who is signed in; raises `NotSignedIn` or, from another site, `Forbidden`.

    Where the guard has asked already, its answer stands: a password is checked once.
    """
    known: User | None = getattr(request.state, "user", None)
    return known or security_of(request).user_of(request)


def reader_on(container: Container, transaction: Transaction, user: User, case_id: UUID) -> Reader:
    """Who is signed in, at work on a case; raises `NotFound`."""
    case = transaction.cases.get(case_id)
    return Reader(user, case, container.bundle, container.review_rule)


def progress_of(request: Request) -> Progress:
    """Who knows how far cases are."""
    return cast("Progress", request.app.state.progress)


def shows_secret(request: Request) -> None:
    """For routes whose answer shows a secret once: it is not kept under an Idempotency-Key."""
    request.state.shows_secret = True


ArrivalsDep = Annotated[Arrivals, Depends(arrivals_of)]
ContainerDep = Annotated[Container, Depends(container_of)]
ProgressDep = Annotated[Progress, Depends(progress_of)]
SecurityDep = Annotated[Security, Depends(security_of)]
UserDep = Annotated[User, Depends(current_user)]
