"""How resources go out: as JSON in FHIR's media type, to those who accept it."""

from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse

from app.domain.message import message
from app.interchange.fhir_conformance import MEDIA_TYPE
from app.interchange.fhir_types import Element

PREFIX = "/fhir"
_JSON = {"json", "text/json", "application/json", MEDIA_TYPE}
_ANY = {"*/*", "application/*"}


class FhirAnswer(JSONResponse):
    """A resource, or a Bundle of resources."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        resource: Element,
        status_code: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(resource, status_code, {**_of_version(resource), **(headers or {})})


def _of_version(resource: Element) -> dict[str, str]:
    """Name and time of a version; of what has none, the tag is made of its bytes, as everywhere."""
    record = resource.get("meta", {})
    if not (version := record.get("versionId")):
        return {}
    updated = datetime.fromisoformat(record["lastUpdated"])
    return {"ETag": f'W/"{version}"', "Last-Modified": format_datetime(updated, usegmt=True)}


def negotiate(request: Request) -> None:
    """Refuse who cannot read JSON; `_format` comes before Accept, as FHIR wants it."""
    wanted = request.query_params.get("_format") or request.headers.get("accept", "")
    # In a query a plus that nobody escaped is a blank.
    kinds = {part.partition(";")[0].strip().replace(" ", "+") for part in wanted.split(",")}
    if kinds != {""} and not kinds & (_JSON | _ANY):
        raise HTTPException(
            HTTPStatus.NOT_ACCEPTABLE,
            message("This server speaks JSON alone. Ask for {kind}.", kind=MEDIA_TYPE),
        )


def base_url(request: Request) -> str:
    """Where the FHIR server is, as the client sees it."""
    return server_url(request) + PREFIX


def server_url(request: Request) -> str:
    """Where the product is, as the client sees it; without a slash at its end."""
    return str(request.base_url).rstrip("/")
