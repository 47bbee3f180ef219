"""What is said on the form that it is about, and with which status."""

from http import HTTPStatus

from app.domain.errors import Conflict, Forbidden, InvalidInput, VexascopeError

STATUS: dict[type[VexascopeError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    Conflict: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
}
REFUSED = tuple(STATUS)
