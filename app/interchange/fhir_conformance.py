"""What this server can do, and the local codes and operations that it declares."""

from collections.abc import Sequence

from app import __version__
from app.domain.report import RESEARCH_USE_NOTICE
from app.interchange.codes import CONCEPTS, LOCAL
from app.interchange.fhir_types import FHIR_VERSION, Element, element

MEDIA_TYPE = "application/fhir+json"
CODE_SYSTEM, EVERYTHING = "smear", "DiagnosticReport-everything"
# Of this statement; raise it with what the server can do.
STATEMENT_DATE = "2026-11-29"
READ_ONLY = ("Observation", "Specimen", "Device", "Provenance", "Practitioner", "Media", "Patient")
"""Kinds that can be read by their id, besides DiagnosticReport and ServiceRequest."""
VERSIONED = frozenset({"DiagnosticReport", "Observation", "Media"})
"""Kinds that a signed version of a report fixes; the others have no versions."""
SEARCH: dict[str, tuple[str, str]] = {
    "_id": ("token", "Id of the report."),
    "identifier": ("token", "Accession number, with or without its system."),
    "status": ("token", "One or more states, separated by commas."),
    "patient": ("reference", "Id of the patient."),
    "subject": ("reference", "The same as `patient`."),
    "_lastUpdated": ("date", "Time of the signature: a draft has none, and is not found by it."),
}


def capability_statement(base_url: str) -> Element:
    """The CapabilityStatement of this server."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "vexascope",
        "name": "Vexascope",
        "title": "Vexascope: screening of blood smears for VEXAS syndrome",
        "status": "active",
        "date": STATEMENT_DATE,
        "kind": "instance",
        "description": str(RESEARCH_USE_NOTICE),
        "software": {"name": "Vexascope", "version": __version__},
        "implementation": {"description": "Vexascope", "url": base_url},
        "fhirVersion": FHIR_VERSION,
        "format": [MEDIA_TYPE, "json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "cors": False,
                    "description": "Every address but this one asks for credentials: a client's "
                    "key as bearer token, a person's account by HTTP Basic, or a session.",
                },
                "resource": _resources(base_url),
            }
        ],
    }


def _resources(base_url: str) -> list[Element]:
    return [
        _resource(
            "DiagnosticReport",
            ("read", "vread", "history-instance", "search-type"),
            searchParam=[
                {"name": name, "type": kind, "documentation": text}
                for name, (kind, text) in SEARCH.items()
            ],
            operation=[
                {
                    "name": "everything",
                    "definition": f"{base_url}/OperationDefinition/{EVERYTHING}",
                }
            ],
        ),
        _resource("ServiceRequest", ("read", "create"), conditionalCreate=True),
        *(_resource(kind, _interactions(kind)) for kind in READ_ONLY),
        _resource("CodeSystem", ("read",)),
        _resource("OperationDefinition", ("read",)),
    ]


def _interactions(kind: str) -> Sequence[str]:
    return ("read", "vread") if kind in VERSIONED else ("read",)


def _resource(kind: str, interactions: Sequence[str], **values: object) -> Element:
    return element(
        type=kind,
        interaction=[{"code": code} for code in interactions],
        versioning="versioned" if kind in VERSIONED else "no-version",
        conditionalRead="not-match",
        **values,
    )


def code_system() -> Element:
    """The local codes."""
    return {
        "resourceType": "CodeSystem",
        "id": CODE_SYSTEM,
        "url": LOCAL,
        "version": __version__,
        "name": "VexascopeSmear",
        "title": "Vexascope: findings on blood smears",
        "status": "active",
        "experimental": False,
        "description": "What Vexascope measures on neutrophils of a blood smear, and what follows "
        f"from it. {RESEARCH_USE_NOTICE}",
        "caseSensitive": True,
        "content": "complete",
        "count": len(CONCEPTS),
        "concept": [
            {"code": item.code, "display": item.display, "definition": item.definition}
            for item in CONCEPTS
        ],
    }


def everything_operation(base_url: str) -> Element:
    """The operation that gives a report with all that it points to."""
    return {
        "resourceType": "OperationDefinition",
        "id": EVERYTHING,
        "url": f"{base_url}/OperationDefinition/{EVERYTHING}",
        "name": "Everything",
        "title": "A report with all that it points to",
        "status": "active",
        "kind": "operation",
        "description": "A Bundle (collection) of a DiagnosticReport and of every resource that it "
        "points to, directly or not; all of one version of the report.",
        "affectsState": False,
        "code": "everything",
        "resource": ["DiagnosticReport"],
        "system": False,
        "type": False,
        "instance": True,
        "parameter": [
            {
                "name": "return",
                "use": "out",
                "min": 1,
                "max": "1",
                "documentation": "The Bundle.",
                "type": "Bundle",
            }
        ],
    }
