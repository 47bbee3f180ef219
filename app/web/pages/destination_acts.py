"""What administrators do with the messages of any kind of destination."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.domain.outbox import Destination
from app.domain.user import User
from app.ports import Transaction
from app.services import replaying
from app.web.dependencies import ContainerDep, UserDep
from app.web.pages.navigation import see_other

Find = Callable[[Transaction, User, UUID], Destination]
"""One that the account sees; raises `NotFound`."""


def message_acts(path: str, key: str, find: Find) -> APIRouter:
    """The routes that send messages again and let one go.

    Parameters
    ----------
    path
        Of the pages of this kind.
    key
        What their paths call the destination, `webhook_id` for example.
    """
    router = APIRouter()
    Key = Annotated[UUID, Path(alias=key)]  # noqa: N806 - a type

    @router.post(f"/{{{key}}}/replay")
    def replay_dead(container: ContainerDep, user: UserDep, destination_id: Key) -> Response:
        """Send again what was given up."""
        with container.transactions() as transaction:
            find(transaction, user, destination_id)
            replaying.replay_dead(transaction, destination_id, container.now(), user)
        return see_other(f"{path}/{destination_id}?done=all")

    @router.post(f"/{{{key}}}/deliveries/{{delivery_id}}/replay")
    def replay(
        container: ContainerDep, user: UserDep, destination_id: Key, delivery_id: UUID
    ) -> Response:
        """Send one message again."""
        with container.transactions() as transaction:
            find(transaction, user, destination_id)
            replaying.replay(transaction, destination_id, delivery_id, container.now(), user)
        return see_other(f"{path}/{destination_id}?done=again")

    @router.post(f"/{{{key}}}/deliveries/{{delivery_id}}/skip")
    def skip(
        container: ContainerDep, user: UserDep, destination_id: Key, delivery_id: UUID
    ) -> Response:
        """Let one message go."""
        with container.transactions() as transaction:
            find(transaction, user, destination_id)
            replaying.skip(transaction, destination_id, delivery_id, container.now(), user)
        return see_other(f"{path}/{destination_id}?done=skipped")

    return router
