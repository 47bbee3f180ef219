"""Idempotency-Key: a request that is sent again under its key is done once.

After draft-ietf-httpapi-idempotency-key-header, but that another body is answered with 409. How a
crash is survived: `docs/decisions/0021-once.md`.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.bootstrap import Container
from app.domain.errors import AnswerNotKept, InvalidInput, KeyInUse, KeyReused, VexascopeError
from app.domain.idempotency import KEY_LIFETIME, LEASE, Answer, KeyedRequest
from app.domain.message import message
from app.domain.user import User
from app.ports import Transaction
from app.services.keyed import begin
from app.services.once import Turn, taking
from app.web.access import rule_for
from app.web.errors import answer, explain
from app.web.named_sites import NamedSites
from app.web.relay import HEADER, Body, Sent, nothing, reading, send_again

KEYED_METHODS = {"POST", "PATCH", "PUT"}
KEYED_PREFIXES = ("/api/v1/", "/fhir/")
MAX_KEY_LENGTH = 255
RENEW_S = LEASE.total_seconds() / 3
SWEEP_EVERY_S = 3600
# An answer to keep; of the others the next attempt may succeed, or the body was not read.
_PASSING = {401, 408, 413, 423, 425, 429}
_KEY = re.compile(rf'"?([!#-~]{{1,{MAX_KEY_LENGTH}}})"?')

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)


class IdempotencyMiddleware:
    """Let the first request with a key through, and answer the next ones as the first.

    It stands inside of who asks for the account, and of who caps the body.
    """

    def __init__(self, app: ASGIApp, container: Container) -> None:
        self._app = app
        self._container = container

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests without a key pass untouched."""
        key = Headers(scope=scope).get(HEADER) if _may_have_key(scope) else None
        user: User | None = scope.get("state", {}).get("user")
        if key is None or user is None:
            await self._app(scope, receive, send)
            return
        body = Body(scope, receive)
        try:
            found, is_first = await self._begin(user, _digest_of(key))
            if is_first:
                await self._first(found, scope, body, send)
            else:
                await self._again(found, user, scope, body, send)
        except VexascopeError as error:
            # A client that is still sending would see a broken connection instead of the answer.
            with suppress(HTTPException):
                await body.read_all()
            await explain(Request(scope), error)(scope, receive, send)
        except HTTPException as error:
            # Of who counts the body, while it was read here.
            title = HTTPStatus(error.status_code).phrase
            problem = answer(Request(scope), error.status_code, title, error.detail)
            await problem(scope, receive, send)

    async def _begin(self, user: User, key_sha256: str) -> tuple[KeyedRequest, bool]:
        now, holder = self._container.now(), uuid7()
        wanted = KeyedRequest(uuid7(), user.id, key_sha256, holder, now, now + LEASE)
        found = await self._in_transaction(lambda transaction: begin(transaction, wanted))
        if found.holder != holder and found.is_running(now):
            raise KeyInUse(
                message("The first request with this Idempotency-Key is running. Ask again soon.")
            )
        return found, found.holder == holder

    async def _first(self, request: KeyedRequest, scope: Scope, body: Body, send: Send) -> None:
        """Do the work; its answer is sent once it is stored, so that nobody asks in between."""
        sent = Sent()
        kept: Answer | None = None
        try:
            async with self._holding(request):
                with taking(Turn(request.id, request.holder, body.sha256)):
                    await self._app(scope, body.receive, sent.take)
                if _is_kept(sent.status):
                    await body.read_all()
                    kept = _without_secret(scope, sent.answer())
        finally:
            await self._settle(request, body, kept)
        for part in sent.messages:
            await send(part)

    async def _again(
        self, found: KeyedRequest, user: User, scope: Scope, body: Body, send: Send
    ) -> None:
        """Answer as the first request was answered, where this one is the same."""
        await body.read_all()
        if found.body_sha256 != body.sha256():
            raise KeyReused(
                message(
                    "This Idempotency-Key was sent with another request in the last 24 hours. "
                    "Give each request a key of its own, and repeat a request unchanged."
                )
            )
        await self._check_site(user, found)
        known = found.answer or await self._made_anew(found, scope)
        if known is None or known.body is None:
            raise AnswerNotKept(
                message(
                    "The request with this Idempotency-Key was done, but its answer is not kept: "
                    "it showed a secret, or was lost in a failure, or its data are erased. Look at "
                    "what is there; use another key for new work."
                )
            )
        if found.answer is None:
            await self._settle(found, body, known)
        await self._in_transaction(partial(_note_replay, request=found))
        await send_again(known, send)

    async def _check_site(self, user: User, found: KeyedRequest) -> None:
        """Raise `NotFound` where the account no longer sees what the first request made."""
        location = found.location or (found.answer and found.answer.headers.get("location"))
        matched = rule_for("GET", urlsplit(location).path) if location else None
        if matched is not None:
            sites = NamedSites(matched.keys)
            await run_in_threadpool(sites.look_up, self._container)
            sites.check(user)

    async def _made_anew(self, found: KeyedRequest, scope: Scope) -> Answer | None:
        """The answer that a crash has swallowed: what stands where the work left it."""
        if found.location is None or found.work_status is None:
            return None
        sent = Sent()
        await self._app(reading(scope, found.location), nothing, sent.take)
        if sent.status != HTTPStatus.OK:
            return None
        read = sent.answer()
        is_new = found.work_status != HTTPStatus.OK
        headers = {**read.headers, **({"location": found.location} if is_new else {})}
        return Answer(found.work_status, headers, read.body)

    @asynccontextmanager
    async def _holding(self, request: KeyedRequest) -> AsyncIterator[None]:
        """Show that this process lives as long as the request runs."""
        beating = asyncio.create_task(self._beat(request))
        try:
            yield
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    async def _beat(self, request: KeyedRequest) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            until = self._container.now() + LEASE
            with suppress(VexascopeError):
                await self._in_transaction(partial(_extend, request=request, until=until))

    async def _settle(self, request: KeyedRequest, body: Body, kept: Answer | None) -> None:
        """Keep the answer, or free the key; where that fails it is as after a crash."""
        now = self._container.now()
        settle = partial(_finish, request=request, sha256=body.sha256(), kept=kept, now=now)
        try:
            await self._in_transaction(settle)
        except VexascopeError:
            _log.warning("the answer under a key could not be kept", request=str(request.id))

    async def _in_transaction(self, do: Callable[[Transaction], Result]) -> Result:
        def work() -> Result:
            with self._container.transactions() as transaction:
                return do(transaction)

        return await run_in_threadpool(work)


async def forget_expired(container: Container) -> None:
    """Remove keys whose time is over, every hour, until it is cancelled."""

    def work() -> None:
        with container.transactions() as transaction:
            transaction.keys.forget_before(container.now() - KEY_LIFETIME)

    while True:
        try:
            await run_in_threadpool(work)
        except VexascopeError:
            _log.warning("expired keys were not removed; it is tried again")
        await asyncio.sleep(SWEEP_EVERY_S)


def _note_replay(transaction: Transaction, request: KeyedRequest) -> None:
    """Under a name of its own, or the audit would tell that the work was done again."""
    place = {"location": request.location} if request.location else None
    transaction.audit.note("request.replay", subject=f"request:{request.id}", after=place)


def _extend(transaction: Transaction, request: KeyedRequest, until: datetime) -> None:
    transaction.keys.extend(request.id, request.holder, until)


def _finish(
    transaction: Transaction,
    request: KeyedRequest,
    sha256: str,
    kept: Answer | None,
    now: datetime,
) -> None:
    if kept is None:
        transaction.keys.let_go(request.id, request.holder, now)
    else:
        transaction.keys.finish(request.id, request.holder, sha256, kept)


def _may_have_key(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] in KEYED_METHODS
        and scope["path"].startswith(KEYED_PREFIXES)
    )


def _digest_of(key: str) -> str:
    """A key is a quoted string by the draft; most clients send it bare."""
    found = _KEY.fullmatch(key.strip())
    if found is None:
        raise InvalidInput(
            message(
                "The Idempotency-Key must have 1 to {most} visible ASCII characters. Send a random "
                "UUID.",
                most=MAX_KEY_LENGTH,
            )
        )
    return hashlib.sha256(found[1].encode()).hexdigest()


def _is_kept(status: int) -> bool:
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _PASSING


def _without_secret(scope: Scope, answered: Answer) -> Answer:
    shows_secret = scope.get("state", {}).get("shows_secret", False)
    if not shows_secret or answered.status >= HTTPStatus.BAD_REQUEST:
        return answered
    return Answer(answered.status, answered.headers, None)
