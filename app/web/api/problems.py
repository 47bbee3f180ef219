"""How errors look in the OpenAPI document."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

from app.web.errors import MEDIA_TYPE


class RefusedFileRead(BaseModel):
    """One file that was kept out."""

    file: str = Field(description="Name as sent; inside an archive `archive.zip/name.jpg`.")
    reason: str = Field(description="Stable code, for example `truncated`.")
    detail: str = Field(description="A sentence: what is wrong and what to do.")


class ProblemRead(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="`about:blank`: the status says the kind.")
    title: str = Field(description="The kind of problem, the same words each time.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong with this request, and what to do.")
    instance: str = Field(description="The path of the request.")
    request_id: str = Field(description="Number of the request; the log has it too.")
    code: str | None = Field(
        None,
        description="Tells problems of one status apart, `idempotency-key-reused` for example.",
    )
    refused: list[RefusedFileRead] | None = Field(
        None, description="Uploads only: each file that was refused."
    )
    errors: list[dict[str, str]] | None = Field(
        None, description="Wrong fields only: `field` and `problem` of each."
    )


_DESCRIPTIONS = {
    400: "The body cannot be parsed.",
    401: "No credentials, or wrong ones.",
    403: "The account may not, or its key does not open it.",
    404: "There is no such thing, or it belongs to another site.",
    410: "The case was erased.",
    409: "It contradicts what is stored.",
    412: "It has changed since it was read.",
    413: "More bytes or files than the limits allow; nothing was stored.",
    422: "A field or a file cannot be accepted; nothing was stored.",
    428: "If-Match is missing.",
    429: "Too many requests in a minute, or failed sign-ins; see Retry-After (seconds).",
    503: "Database or object store do not answer.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can answer with these statuses."""
    content = {MEDIA_TYPE: {"schema": ProblemRead.model_json_schema()}}
    always = {401, 403, 429, 503}
    # What may not be there may have been erased.
    erased = {HTTPStatus.GONE} if HTTPStatus.NOT_FOUND in statuses else set()
    return {
        status: {"description": _DESCRIPTIONS[status], "content": content}
        for status in sorted(always | erased | set(statuses))
    }
