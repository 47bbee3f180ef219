"""tus 1.0.0 (https://tus.io/protocols/resumable-upload): a file in pieces, resumable.

Core protocol with creation, expiration and termination. Bytes go to this server's disk; what has
arrived whole is taken in by `app.web.arrivals`. `docs/decisions/0017-resumable-upload.md` says why
this is not a library's.
"""

import base64
import binascii
from collections.abc import AsyncIterator
from email.utils import format_datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.bootstrap import Container
from app.domain.errors import Conflict, InvalidInput, NotFound, TooLarge
from app.domain.message import message
from app.domain.upload_part import UploadPart
from app.domain.user import User
from app.ports import PartWriter
from app.services.intake import shown_name
from app.services.telling import tell_if_classified
from app.services.uploading import begin, new_part
from app.services.worklist import refresh
from app.web.dependencies import ArrivalsDep, ContainerDep, UserDep

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
MEDIA_TYPE = "application/offset+octet-stream"
# To the disk in pieces of this size: each hop to a thread costs more than the network's 64 KiB.
WRITE_BYTES = 1024 * 1024
# Below a petabyte: it fits every column.
MOST_DIGITS = 15

router = APIRouter(prefix="/cases/{case_id}/uploads/tus")


@router.options("")
def describe(container: ContainerDep, _: UserDep) -> Response:
    """What this server can do."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(container.limits.max_bytes),
    }
    return _answer(204, headers)


@router.post("")
def create(
    request: Request, case_id: UUID, container: ContainerDep, arrivals: ArrivalsDep, user: UserDep
) -> Response:
    """Begin a file; one that is too large is refused, and the refusal is kept."""
    _check_version(request)
    size_bytes = _number(request, "upload-length")
    name = shown_name(_metadata(request.headers.get("upload-metadata", "")).get("filename", ""))
    part = new_part(case_id, user.id, name, size_bytes, container.now())
    with container.transactions() as transaction:
        refused = begin(transaction, part, container.limits)
    if refused is not None:
        raise TooLarge(refused.detail)
    container.part_files.create(part.id)
    if part.is_complete:
        arrivals.notice(part)
    location = f"/cases/{case_id}/uploads/tus/{part.id}"
    return _answer(201, {"Location": location, **_expiry(part)})


@router.head("/{part_id}")
def show_offset(
    request: Request, case_id: UUID, part_id: UUID, container: ContainerDep, user: UserDep
) -> Response:
    """How many bytes are stored."""
    _check_version(request)
    with container.transactions() as transaction:
        finished = [
            upload.size_bytes
            for upload in transaction.cases.recorded_uploads([part_id])
            if upload.case_id == case_id and upload.size_bytes is not None
        ]
        if finished:
            # The answer to the last piece was lost on its way.
            return _answer(200, _state(finished[0], finished[0]))
        part = transaction.parts.get(part_id, case_id, user.id)
    here_bytes = container.part_files.size_bytes(part_id)
    if here_bytes is None or here_bytes < part.offset_bytes:
        raise NotFound(
            message("This server does not have the bytes of the upload. Choose the file again.")
        )
    return _answer(200, {**_state(part.offset_bytes, part.size_bytes), **_expiry(part)})


@router.patch("/{part_id}")
async def append(
    request: Request,
    case_id: UUID,
    part_id: UUID,
    container: ContainerDep,
    arrivals: ArrivalsDep,
    user: UserDep,
) -> Response:
    """Store the next piece; what has come of one that breaks off is kept."""
    _check_version(request)
    if request.headers.get("content-type") != MEDIA_TYPE:
        raise HTTPException(415, f"Send the piece as {MEDIA_TYPE}.")
    offset_bytes = _number(request, "upload-offset")
    # Before the disk is touched: whose it is.
    await run_in_threadpool(_part, container, case_id, part_id, user)
    async with contextmanager_in_threadpool(container.part_files.appending(part_id)) as writer:
        # Again, now that no other request can change it.
        part = await run_in_threadpool(_part, container, case_id, part_id, user)
        if part.offset_bytes != offset_bytes:
            raise Conflict(
                message("The next piece begins at {count} bytes.", count=part.offset_bytes)
            )
        await run_in_threadpool(writer.start_at, offset_bytes)
        try:
            await _write(request, writer, part.size_bytes - offset_bytes)
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            part = await run_in_threadpool(_keep, container, writer, part)
    if part.is_complete:
        arrivals.notice(part)
    return _answer(204, {"Upload-Offset": str(part.offset_bytes), **_expiry(part)})


@router.delete("/{part_id}")
def terminate(
    request: Request, case_id: UUID, part_id: UUID, container: ContainerDep, user: UserDep
) -> Response:
    """Give a file up."""
    _check_version(request)
    _part(container, case_id, part_id, user)
    with container.part_files.appending(part_id), container.transactions() as transaction:
        transaction.parts.remove(part_id)
        refresh(transaction, case_id, container.bundle, container.review_rule)
        tell_if_classified(transaction, case_id, container.bundle, container.now())
    container.part_files.remove(part_id)
    return _answer(204, {})


def _part(container: Container, case_id: UUID, part_id: UUID, user: User) -> UploadPart:
    with container.transactions() as transaction:
        return transaction.parts.get(part_id, case_id, user.id)


async def _write(request: Request, writer: PartWriter, most_bytes: int) -> None:
    left_bytes = most_bytes
    async for content in _pieces(request):
        await run_in_threadpool(writer.write, content[:left_bytes])
        left_bytes -= len(content)
        if left_bytes < 0:
            raise TooLarge(message("More bytes came than the file was announced with."))


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of `WRITE_BYTES`; on a broken connection first what has come of it."""
    held = bytearray()
    try:
        async for content in request.stream():
            held += content
            if len(held) >= WRITE_BYTES:
                yield bytes(held)
                held.clear()
    except ClientDisconnect:
        if held:
            yield bytes(held)
        raise
    if held:
        yield bytes(held)


def _keep(container: Container, writer: PartWriter, part: UploadPart) -> UploadPart:
    """First the disk, then the row: no row promises bytes that a power cut could take."""
    stored_bytes = writer.keep()
    with container.transactions() as transaction:
        transaction.parts.set_offset(part.id, stored_bytes, container.now())
        return transaction.parts.get(part.id, part.case_id, part.user_id)


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise HTTPException(412, f"Speak tus {VERSION}.", {"Tus-Version": VERSION})


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise InvalidInput(message("The header {name} must be a number of bytes.", name=name))
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """Names to values, which come in base64 of UTF-8."""
    found = {}
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InvalidInput(
                message("The header upload-metadata is not base64 of UTF-8.")
            ) from error
    return found


def _state(offset_bytes: int, size_bytes: int) -> dict[str, str]:
    return {"Upload-Offset": str(offset_bytes), "Upload-Length": str(size_bytes)}


def _expiry(part: UploadPart) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(part.expires_at, usegmt=True)}


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(
        status_code=status,
        headers={"Tus-Resumable": VERSION, "Cache-Control": "no-store", **headers},
    )
