"""REST: API clients and their keys, for administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from app.bootstrap import Container
from app.ports import Transaction
from app.services import clients
from app.web.api.client_schema import (
    ClientChange,
    ClientCreate,
    ClientList,
    ClientRead,
    KeyCreate,
    KeyMade,
)
from app.web.api.conditional import IfMatch, etag_of_configured, refuse_changed
from app.web.api.problems import problems
from app.web.dependencies import ContainerDep, UserDep, shows_secret

router = APIRouter(prefix="/clients", tags=["clients"])

Prefix = Annotated[str, Path(max_length=20, description="Public start of the key.")]


@router.get("", responses=problems(), summary="List API clients")
def list_clients(container: ContainerDep) -> ClientList:
    """Every client with its keys, without their secrets."""
    with container.transactions() as transaction:
        found = transaction.clients.all()
    now = container.now()
    return ClientList(items=[ClientRead.of(client, now) for client in found])


@router.post(
    "",
    status_code=201,
    responses=problems(409, 422),
    summary="Make an API client",
    dependencies=[Depends(shows_secret)],
)
def create_client(
    new: ClientCreate, container: ContainerDep, user: UserDep, response: Response
) -> KeyMade:
    """Make a client and its first key; the key is in this answer and nowhere else."""
    with container.transactions() as transaction:
        client, key = clients.create_client(transaction, new.to_service(), user, container.now())
    response.headers["Location"] = f"/api/v1/clients/{client.id}"
    return KeyMade(key=key, client=ClientRead.of(client, container.now()))


@router.get("/{client_id}", responses=problems(404, 422), summary="One API client")
def read_client(client_id: UUID, container: ContainerDep, response: Response) -> ClientRead:
    """A client with its keys, without their secrets."""
    with container.transactions() as transaction:
        read = _read(container, transaction, client_id)
    response.headers["ETag"] = etag_of_configured(read, ClientChange)
    return read


@router.patch(
    "/{client_id}", responses=problems(404, 409, 412, 422), summary="Change an API client"
)
def change_client(
    client_id: UUID,
    change: ClientChange,
    container: ContainerDep,
    user: UserDep,
    response: Response,
    if_match: IfMatch = None,
) -> ClientRead:
    """Change scopes, or switch the client off and on; what is left out stays."""
    with container.transactions() as transaction:
        client = clients.held(transaction, client_id)
        now = _read(container, transaction, client_id)
        refuse_changed(if_match, etag_of_configured(now, ClientChange))
        clients.change_client(transaction, client, change.to_service(), user)
        read = _read(container, transaction, client_id)
    response.headers["ETag"] = etag_of_configured(read, ClientChange)
    return read


@router.post(
    "/{client_id}/keys",
    status_code=201,
    responses=problems(404, 422),
    summary="Rotate the key",
    dependencies=[Depends(shows_secret)],
)
def rotate_key(client_id: UUID, new: KeyCreate, container: ContainerDep, user: UserDep) -> KeyMade:
    """Make a new key; those before go on for the overlap and then end."""
    with container.transactions() as transaction:
        client = clients.held(transaction, client_id)
        key, _ = clients.rotate_key(
            transaction,
            client,
            user,
            container.now(),
            days=new.days,
            overlap_hours=new.overlap_hours,
        )
        return KeyMade(key=key, client=_read(container, transaction, client_id))


@router.delete("/{client_id}/keys/{prefix}", responses=problems(404, 422), summary="Revoke a key")
def revoke_key(client_id: UUID, prefix: Prefix, container: ContainerDep) -> ClientRead:
    """End one key at once; one that has ended already stays as it was."""
    with container.transactions() as transaction:
        client = clients.held(transaction, client_id)
        clients.revoke_keys(transaction, client, container.now(), prefix)
        return _read(container, transaction, client_id)


def _read(container: Container, transaction: Transaction, client_id: UUID) -> ClientRead:
    return ClientRead.of(transaction.clients.get(client_id), container.now())
