"""Several reports in one Bundle: the versions of one, or what a search found."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.interchange.fhir_report import diagnostic_report
from app.interchange.fhir_types import Element, element, moment
from app.interchange.fhir_view import ReportView


def history(views: Sequence[ReportView], now: datetime) -> Element:
    """The signed versions of one report, newest first."""
    return element(
        resourceType="Bundle",
        type="history",
        timestamp=moment(now),
        total=len(views),
        entry=[_version(view) for view in views],
    )


def _version(view: ReportView) -> Element:
    is_first = view.report.version == 1
    return {
        "fullUrl": _url(view),
        "resource": diagnostic_report(view),
        # As if a client had sent it: FHIR wants it of every entry.
        "request": {
            "method": "POST" if is_first else "PUT",
            "url": "DiagnosticReport" if is_first else f"DiagnosticReport/{view.case_id}",
        },
        "response": {
            "status": "201" if is_first else "200",
            "etag": f'W/"{view.report.version}"',
            "lastModified": moment(view.issued_at),
        },
    }


def found(views: Sequence[ReportView], now: datetime, links: Mapping[str, str]) -> Element:
    """What a search found; how many there are in all is not counted."""
    return element(
        resourceType="Bundle",
        type="searchset",
        timestamp=moment(now),
        link=[{"relation": name, "url": url} for name, url in links.items()],
        entry=[
            {
                "fullUrl": _url(view),
                "resource": diagnostic_report(view),
                "search": {"mode": "match"},
            }
            for view in views
        ],
    )


def _url(view: ReportView) -> str:
    return f"{view.base_url}/DiagnosticReport/{view.case_id}"
