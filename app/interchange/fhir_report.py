"""A report as FHIR R4 resources, and all of them together as a Bundle."""

from collections.abc import Iterator

from app.domain.abnormality import Abnormality
from app.domain.finding import ReadCell
from app.domain.report import RESEARCH_USE_NOTICE, Report
from app.interchange import fhir_keys
from app.interchange.codes import (
    HAEMATOLOGY,
    IMAGE,
    LABORATORY,
    PIXEL_DIGESTS,
    SMEAR_PANEL,
    local,
)
from app.interchange.fhir_case import accession, order, patient, specimen
from app.interchange.fhir_device import device
from app.interchange.fhir_proposal import proposal
from app.interchange.fhir_provenance import practitioner, provenance
from app.interchange.fhir_types import (
    Element,
    concept,
    element,
    identifier,
    moment,
    narrative,
    reference,
    resource,
)
from app.interchange.fhir_view import ReportView

_LEAST_DECIMALS = 3


def resources(view: ReportView) -> list[Element]:
    """The report and everything that it points to; the DiagnosticReport comes first."""
    report = view.report
    is_signed = report.signature is not None
    return [
        diagnostic_report(view),
        *(observation(view, name) for name in view.results),
        *proposal(view),
        *(media(view, read) for read in key_cells(report)),
        *([practitioner(view), provenance(view)] if is_signed else []),
        order(report.case, view.names, view.placed, is_done=is_signed),
        specimen(report.case, view.names, view.placed),
        patient(report.case, view.names),
        device(report.bundle, report.rule),
    ]


def bundle(view: ReportView) -> Element:
    """All of them in one Bundle, within which every reference leads somewhere."""
    entries = [
        {"fullUrl": f"{view.base_url}/{item['resourceType']}/{item['id']}", "resource": item}
        for item in resources(view)
    ]
    return {
        "resourceType": "Bundle",
        "meta": view.meta,
        "type": "collection",
        "timestamp": moment(view.issued_at),
        "entry": entries,
    }


def diagnostic_report(view: ReportView) -> Element:
    """The report itself; its id is the case's key."""
    report, case_id = view.report, view.case_id
    results = [reference("Observation", fhir_keys.part(case_id, name)) for name in view.results]
    outcome = report.recommendation
    return resource(
        "DiagnosticReport",
        str(case_id),
        view.meta,
        text=narrative(f"Screening of a blood smear: {view.status}", list(_lines(report))),
        identifier=[accession(report.case, view.names)],
        basedOn=[reference("ServiceRequest", str(case_id))],
        status=view.status.value,
        category=[concept(HAEMATOLOGY)],
        code=concept(SMEAR_PANEL, text="Screening of neutrophils for VEXAS syndrome"),
        subject=reference("Patient", str(report.case.patient.id)),
        effectiveDateTime=view.collected,
        issued=moment(view.issued_at),
        resultsInterpreter=view.signers,
        specimen=[reference("Specimen", str(case_id))],
        result=results,
        media=[
            {
                "comment": _shown_on(read),
                "link": reference("Media", str(read.cell.id)),
            }
            for read in key_cells(report)
        ],
        conclusion=_conclusion(report),
        conclusionCode=[concept(local(outcome))] if outcome else None,
        presentedForm=[_pdf(view)] if report.progress.cell_count else None,
    )


def observation(view: ReportView, name: str) -> Element:
    """One result; its id is the case's key and the result's name."""
    report, case_id, result = view.report, view.case_id, view.results[name]
    derived = [
        reference("Observation", fhir_keys.part(case_id, part)) for part in result.derived_from
    ]
    derived += [reference("Media", str(cell_id)) for cell_id in result.key_cells]
    return resource(
        "Observation",
        fhir_keys.part(case_id, name),
        view.meta,
        text=narrative(
            f"{result.code['text']}: {result.words}",
            [note["text"] for note in result.about.get("note", [])],
        ),
        basedOn=[reference("ServiceRequest", str(case_id))],
        status=view.status_of(name).value,
        category=[concept(LABORATORY)],
        code=result.code,
        subject=reference("Patient", str(report.case.patient.id)),
        effectiveDateTime=view.collected,
        issued=moment(view.issued_at),
        performer=view.signers,
        specimen=reference("Specimen", str(case_id)),
        device=reference("Device", report.bundle.digest),
        derivedFrom=derived,
        **result.measured,
        **result.about,
    )


def media(view: ReportView, read: ReadCell) -> Element:
    """The picture of a key cell, behind an address that asks who is there."""
    cell = read.cell
    return resource(
        "Media",
        str(cell.id),
        view.meta,
        text=narrative(f"Cell {cell.ordinal}: {_shown_on(read)}"),
        identifier=[identifier(PIXEL_DIGESTS, cell.pixel_sha256)],
        basedOn=[reference("ServiceRequest", str(view.case_id))],
        status="completed",
        type=concept(IMAGE),
        subject=reference("Patient", str(view.report.case.patient.id)),
        reasonCode=[concept(local(label)) for label in Abnormality if label in read.abnormalities],
        height=cell.height_px,
        width=cell.width_px,
        content={
            "contentType": "image/png",
            "url": f"{view.server_url}/api/v1/cells/{cell.id}/image",
            "title": f"Cell {cell.ordinal}",
        },
    )


def key_cells(report: Report) -> list[ReadCell]:
    """The cells that show an abnormality most, each once, by ordinal."""
    found = {read.cell.id: read for line in report.abnormalities for read in line.strongest}
    return sorted(found.values(), key=lambda read: read.cell.ordinal)


def _shown_on(read: ReadCell) -> str:
    """What a cell shows, in the order in which reports name it."""
    return ", ".join(str(label.wording) for label in Abnormality if label in read.abnormalities)


def _conclusion(report: Report) -> str | None:
    """The recommendation, what was written under it, and what it cannot say."""
    outcome, written = report.recommendation, report.interpretation
    sentences = [
        f"{outcome.wording}." if outcome else None,
        written.text if written else None,
        str(RESEARCH_USE_NOTICE),
    ]
    return " ".join(text for text in sentences if text) if outcome or written else None


def _lines(report: Report) -> Iterator[str]:
    outcome, score = report.recommendation, report.score
    if outcome:
        yield str(outcome.wording)
    yield f"{report.pmn_count} PMN counted"
    for line in report.abnormalities:
        share = line.proportion
        if share.value is not None and share.low is not None and share.high is not None:
            yield (
                f"{line.label.wording}: {share.count} of {share.total} = {share.value:.1%} "
                f"(95 % interval {share.low:.1%} to {share.high:.1%})"
            )
    if score:
        decimals = score.decimals(_LEAST_DECIMALS)
        yield (
            f"Screening score: {score.value:.{decimals}f} (95 % interval "
            f"{score.interval_low:.3f} to {score.interval_high:.3f}), "
            f"cut-off {score.cut_off:.{decimals}f}"
        )
    yield from (str(text) for text in report.warnings)


def _pdf(view: ReportView) -> Element:
    version = view.report.version
    query = "" if version is None else f"?version={version}"
    return element(
        contentType="application/pdf",
        url=f"{view.server_url}/api/v1/cases/{view.case_id}/report.pdf{query}",
        title="The report, to print",
    )
