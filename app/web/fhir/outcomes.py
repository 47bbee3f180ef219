"""Errors under `/fhir`, as FHIR clients read them."""

from http import HTTPStatus
from typing import Any

from fastapi import Request, Response

from app.interchange.fhir_outcome import Issue, outcome
from app.web.fhir.answers import PREFIX, FhirAnswer
from app.web.language import translated

# FHIR's IssueType for each status; what is not here is a matter of processing.
_CODES = {
    HTTPStatus.BAD_REQUEST: "invalid",
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "not-supported",
    HTTPStatus.NOT_ACCEPTABLE: "not-supported",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.PRECONDITION_FAILED: "not-supported",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not-supported",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid",
    HTTPStatus.LOCKED: "lock-error",
    HTTPStatus.TOO_MANY_REQUESTS: "throttled",
    HTTPStatus.INTERNAL_SERVER_ERROR: "exception",
    HTTPStatus.SERVICE_UNAVAILABLE: "transient",
}


def speaks_fhir(request: Request) -> bool:
    """Whether the address is one of the FHIR server's, known to it or not."""
    path = request.url.path
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def outcome_answer(
    status: int, title: str, detail: str, headers: dict[str, str], extra: dict[str, Any]
) -> Response:
    """An error as OperationOutcome, in the language of the request."""
    issue = extra.get("issue", {})
    code = issue.get("code") or _CODES.get(HTTPStatus(status), "processing")
    found = Issue(code, translated(title), translated(detail), issue.get("expression"))
    return FhirAnswer(outcome(found), status, headers)
