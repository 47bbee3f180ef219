"""The one table from errors to HTTP statuses.

Systems get problem+json, or under `/fhir` an OperationOutcome; people get a page.
"""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.domain import errors
from app.domain.message import message
from app.web.fhir.outcomes import outcome_answer, speaks_fhir
from app.web.language import translated
from app.web.pages.failure import failure_page

STATUS: dict[type[errors.VexascopeError], int] = {
    errors.InvalidInput: 422,
    errors.ElementRefused: 422,
    errors.NothingAccepted: 422,
    errors.ImageRefused: 422,
    errors.NotFound: 404,
    errors.OfAnotherSite: 404,
    errors.Gone: 410,
    errors.Conflict: 409,
    errors.KeyReused: 409,
    errors.KeyInUse: 409,
    errors.AnswerNotKept: 409,
    errors.Duplicate: 409,
    errors.AnotherUser: 409,
    errors.PreconditionMissing: 428,
    errors.PreconditionFailed: 412,
    errors.Locked: 423,
    errors.TooLarge: 413,
    errors.NotSignedIn: 401,
    errors.Forbidden: 403,
    errors.TooManyAttempts: 429,
    errors.TooManyRequests: 429,
    errors.StorageUnavailable: 503,
    errors.ProviderUnavailable: 503,
    errors.Damaged: 500,
    errors.BundleRefused: 500,
    errors.SettingsRefused: 500,
    errors.DatasetRefused: 500,
}
# Problems that share a status, told apart for systems.
CODES: dict[type[errors.VexascopeError], str] = {
    errors.AnotherUser: "another-user",
    errors.KeyReused: "idempotency-key-reused",
    errors.KeyInUse: "idempotency-key-in-use",
    errors.AnswerNotKept: "answer-not-kept",
}
KEY_RETRY_S = 1
# What the framework answers by itself, for the catalogue of sentences.
_PHRASES = {
    HTTPStatus.BAD_REQUEST: message("Bad Request"),
    HTTPStatus.NOT_FOUND: message("Not Found"),
    HTTPStatus.METHOD_NOT_ALLOWED: message("Method Not Allowed"),
}
MEDIA_TYPE = "application/problem+json"
API_PREFIXES = ("/api/", "/health/", "/metrics")

_log = structlog.get_logger(__name__)


class Problem(JSONResponse):
    """RFC 9457."""

    media_type = MEDIA_TYPE


def install(app: FastAPI) -> None:
    """Answer every error of the application in one form."""
    app.add_exception_handler(errors.VexascopeError, explain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


def explain(request: Request, error: Exception) -> Response:
    """Answer one of the product's own errors."""
    assert isinstance(error, errors.VexascopeError)  # noqa: S101 - registered for this class
    status = STATUS[type(error)]
    if isinstance(error, errors.StorageUnavailable):
        _log.error("storage is unavailable", detail=error.detail, cause=str(error.__cause__))
    headers = {}
    if isinstance(error, errors.TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.KeyInUse):
        headers["Retry-After"] = str(KEY_RETRY_S)
    if isinstance(error, errors.NotSignedIn):
        headers["WWW-Authenticate"] = _challenge(request)
    extra: dict[str, Any] = {}
    if type(error) in CODES:
        extra["code"] = CODES[type(error)]
    if isinstance(error, errors.NothingAccepted):
        extra["refused"] = [
            {**vars(item), "detail": translated(item.detail)} for item in error.refused
        ]
    if speaks_fhir(request) and (issue := _issue(error)):
        extra["issue"] = issue
    return answer(request, status, error.title, error.detail, headers=headers, extra=extra)


def _issue(error: errors.VexascopeError) -> dict[str, str]:
    """What FHIR says more exactly than the status does."""
    if isinstance(error, errors.ElementRefused):
        return {"code": error.code, "expression": error.expression}
    return {"code": "duplicate"} if isinstance(error, errors.Duplicate) else {}


def _challenge(request: Request) -> str:
    """Browsers answer a Basic challenge with a box of their own; a page's script must not."""
    if "sec-fetch-site" in request.headers:
        return 'Bearer realm="Vexascope"'
    return 'Basic realm="Vexascope", charset="UTF-8"'


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    if speaks_fhir(request) and all(item["loc"][0] == "path" for item in error.errors()):
        # An id that could not be one: to FHIR it is as unknown as any other.
        return explain(request, errors.NotFound(message("There is no such resource.")))
    items = [
        {"field": ".".join(str(part) for part in item["loc"][1:]), "problem": item["msg"]}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['field'] or 'body'}: {item['problem']}" for item in items)
    return answer(request, 422, errors.InvalidInput.title, detail, extra={"errors": items})


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    phrase = _PHRASES.get(HTTPStatus(error.status_code), HTTPStatus(error.status_code).phrase)
    headers = dict(error.headers or {})
    return answer(request, error.status_code, phrase, str(error.detail), headers=headers)


def unexpected(request: Request) -> Response:
    """Answer what nobody foresaw; `RequestMiddleware` logs it and adds the headers."""
    detail = message("The server failed. The log has the details under this request's number.")
    return answer(request, 500, message("Internal error"), detail)


def _asks_for_json(request: Request) -> bool:
    """Systems, and the scripts of pages: those that say so, and the client of uploads."""
    headers = request.headers
    wants_json = headers.get("accept", "").startswith("application/json")
    by_path = request.url.path.startswith(API_PREFIXES)
    return by_path or wants_json or "tus-resumable" in headers


def answer(
    request: Request,
    status: int,
    title: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    """A problem for systems, an OperationOutcome for FHIR clients, a page for people.

    Of a problem only the details are in the language of the request: titles and reasons are codes.
    """
    if speaks_fhir(request):
        return outcome_answer(status, title, detail, headers or {}, extra or {})
    if not _asks_for_json(request):
        return failure_page(request, status, title, detail, headers or {})
    content = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": translated(detail),
        "instance": request.url.path,
        "request_id": getattr(request.state, "request_id", ""),
        **(extra or {}),
    }
    return Problem(content, status, headers)
