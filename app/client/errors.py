"""What can go wrong, one class for each thing that a program would do about it."""

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from math import isfinite
from typing import Any

import httpx
from pydantic import TypeAdapter, ValidationError

from app.client.models import RefusedFile

PROBLEM = "application/problem+json"
_REFUSED = TypeAdapter(tuple[RefusedFile, ...])


class VexascopeClientError(Exception):
    """Anything that the client cannot do; its text says what is wrong."""


class NotUnderstood(VexascopeClientError):
    """What answered is not a Vexascope server: a proxy, a page to sign in at, another program."""

    def __init__(self) -> None:
        super().__init__(
            "The answer is not one of a Vexascope server of this version. Check the address, and "
            "what stands between: a proxy, or a page to sign in at."
        )


class Redirected(VexascopeClientError):
    """The server is elsewhere; the key was sent to the address that was given and nowhere else."""

    def __init__(self, location: str) -> None:
        where = f" to {location}" if location else ""
        super().__init__(
            f"The server redirects{where}. Redirects are not followed: correct the address."
        )


class Unreachable(VexascopeClientError):
    """No answer came, after every retry; what was asked may have been done or not.

    Asking again does nothing twice: images that the case has are known by their pixels.
    """


class TimedOut(VexascopeClientError):
    """The findings did not come in the time that was given; the server goes on with them."""


class Problem(VexascopeClientError):
    """The server refused, and said why (RFC 9457).

    Parameters
    ----------
    status
        The HTTP status.
    title
        The kind of problem, the same words each time.
    detail
        What is wrong with this request, and what to do.
    code
        Stable, for problems that share a status; empty where the status says it all.
    request_id
        The number under which the server's log has it.
    refused
        Of files that were kept out.
    fields
        Of wrong fields: name to problem.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        code: str = "",
        request_id: str = "",
        refused: tuple[RefusedFile, ...] = (),
        fields: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.status = status
        self.title = title
        self.detail = detail
        self.code = code
        self.request_id = request_id
        self.refused = refused
        self.fields = dict(fields or {})
        self.retry_after_s = retry_after_s


class NotSignedIn(Problem):
    """The key is missing, unknown, expired or revoked."""


class NotAllowed(Problem):
    """The key lacks the scope that the detail names, or the case is of another site."""


class NotFound(Problem):
    """No such case, cell, upload or version."""


class Conflict(Problem):
    """It contradicts what is stored: an accession number in use, a signed case."""


class TooLarge(Problem):
    """More bytes or files than the server takes in one request; nothing was stored."""


class NotValid(Problem):
    """A field or a file cannot be accepted; see `fields` and `refused`."""


class TooManyRequests(Problem):
    """Too many requests; `retry_after_s` says how long to wait."""


class Failed(Problem):
    """The server could not; it was tried again before this was raised."""


_CLASSES: Mapping[int, type[Problem]] = {
    HTTPStatus.UNAUTHORIZED: NotSignedIn,
    HTTPStatus.FORBIDDEN: NotAllowed,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLarge,
    HTTPStatus.UNPROCESSABLE_ENTITY: NotValid,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
}


def problem_of(response: httpx.Response) -> Problem:
    """The exception of a response that is an error; a proxy's page has no problem in it."""
    content = _content(response)
    status = response.status_code
    kind = Failed if response.is_server_error else _CLASSES.get(status, Problem)
    return kind(
        status,
        str(content.get("title") or response.reason_phrase or f"HTTP {status}"),
        str(content.get("detail") or ""),
        code=str(content.get("code") or ""),
        request_id=str(content.get("request_id") or response.headers.get("x-request-id", "")),
        refused=_refused(content.get("refused")),
        fields=_fields(content.get("errors")),
        retry_after_s=retry_after_s(response),
    )


def _refused(items: Any) -> tuple[RefusedFile, ...]:
    """None where another program's problem has something else under this name."""
    with suppress(ValidationError):
        return _REFUSED.validate_python(items or ())
    return ()


def _fields(items: Any) -> dict[str, str]:
    known = [item for item in items or () if isinstance(item, dict)]
    return {str(item.get("field")): str(item.get("problem")) for item in known}


def retry_after_s(response: httpx.Response) -> float | None:
    """What `Retry-After` asks for, in seconds; a date is not waited for."""
    try:
        wait_s = float(response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, wait_s) if isfinite(wait_s) else None


def _content(response: httpx.Response) -> dict[str, Any]:
    """The problem; empty where the body is none, or another program's."""
    if response.headers.get("content-type", "").partition(";")[0] != PROBLEM:
        return {}
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
