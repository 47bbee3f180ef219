"""What the server can do, and what it declares."""

from fastapi import APIRouter, Request

from app.domain.errors import NotFound
from app.domain.message import message
from app.interchange.fhir_conformance import (
    CODE_SYSTEM,
    EVERYTHING,
    capability_statement,
    code_system,
    everything_operation,
)
from app.web.fhir.answers import FhirAnswer, base_url

router = APIRouter()


@router.get("/metadata")
def read_metadata(request: Request) -> FhirAnswer:
    """The CapabilityStatement; open to everyone, as clients expect before they sign in."""
    return FhirAnswer(capability_statement(base_url(request)))


@router.get("/CodeSystem/{name}")
def read_code_system(name: str) -> FhirAnswer:
    """The local codes."""
    if name != CODE_SYSTEM:
        raise NotFound(message("There is no such code system here."))
    return FhirAnswer(code_system())


@router.get("/OperationDefinition/{name}")
def read_operation(name: str, request: Request) -> FhirAnswer:
    """What `$everything` does."""
    if name != EVERYTHING:
        raise NotFound(message("There is no such operation here."))
    return FhirAnswer(everything_operation(base_url(request)))
