"""What went wrong, as a FHIR R4 OperationOutcome."""

from dataclasses import dataclass

from app.interchange.fhir_types import Element, element


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong.

    Parameters
    ----------
    code
        Of FHIR's IssueType, for example ``required``.
    expression
        The element that it is about, as a FHIRPath; None where it is about no element.
    """

    code: str
    title: str
    detail: str
    expression: str | None = None


def outcome(*issues: Issue) -> Element:
    """An OperationOutcome of errors."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            element(
                severity="error",
                code=issue.code,
                details={"text": issue.title},
                diagnostics=issue.detail,
                expression=[issue.expression] if issue.expression else None,
            )
            for issue in issues
        ],
    }
