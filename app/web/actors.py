"""Who acts in a request, as the audit names them."""

from fastapi import Request

from app.domain.access import Role
from app.domain.audit import Actor, ActorKind
from app.domain.user import User


def actor_of(request: Request, user: User | None) -> Actor:
    """Who acts in a request, and from where; without an account a stranger."""
    address = request.client.host if request.client else None
    request_id = getattr(request.state, "request_id", None)
    if user is None:
        return Actor(ActorKind.STRANGER, "", address=address, request_id=request_id)
    kind = ActorKind.CLIENT if user.role is Role.SYSTEM else ActorKind.PERSON
    return Actor(kind, user.name, user.id, user.role.value, address, request_id)
