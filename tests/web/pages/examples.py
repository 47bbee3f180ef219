"""One full example of every page's context, built from domain values."""

from dataclasses import replace
from datetime import timedelta

from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.case import CaseOrigin, ClinicalContext, Patient, Progress, Sex, Upload
from app.domain.cell import Box, Framing, Location, QualityFlag
from app.domain.errors import RefusedFile
from app.domain.finding import read_cell, tally
from app.domain.report import Report, compile_report
from app.domain.upload_part import UploadPart
from app.imaging.morphometry import NotMeasured, examine
from app.imaging.synthetic import SyntheticCell, render_cell
from app.ports import Bundle
from app.services.similar import SimilarCell, SimilarCells
from app.web.pages.case_form import CaseForm, form_page
from app.web.pages.contexts import CasePage, CellPage, FailurePage, SignInPage
from app.web.pages.preferences import PreferencesForm, preferences_page
from app.web.pages.present import case_head, progress_part
from app.web.pages.present_cell import cell_page
from app.web.pages.present_cells import CaseCells, gallery_part
from app.web.pages.present_neighbours import heat_part, similar_part
from app.web.pages.present_report import report_page
from app.web.pages.present_uploads import deliveries_part, upload_panel
from app.web.pages.upload_contexts import DeliveriesPart
from tests.factories import (
    NOW,
    make_case,
    make_cell,
    make_correction,
    make_findings,
    make_manifest,
    make_rule,
)
from tests.web.pages.example_readers import example_readers
from tests.web.pages.example_worklist import example_worklist

LATER = NOW + timedelta(hours=3)
HOSTILE = '<script>alert("1")</script>'
# What examples say in the words of people, not of the product.
DATA = (
    "Dr Ann",
    "Dr Bob",
    "drawn cells",
    "P-1",
    "admin",
    "searched",
    "r-1",
    "Not found",
    "Internal error",
    "No.",
    "Wrong.",
    "Choose one of the list.",
    "Patient identifier is needed.",
    "The stored image is damaged.",
)
CONTEXT = ClinicalContext(71, Sex.MALE, 8.9, 108, 98, 1.9, HOSTILE, "VEXAS?")


def example_case(**changes):
    values = {
        "origin": CaseOrigin.SYNTHETIC,
        "context": CONTEXT,
        "patient": Patient(make_case().patient.id, "P-1", HOSTILE),
        **changes,
    }
    return make_case(**values)


def example_cells(pmn_count=120, waiting_count=2, **counts):
    """Counted cells with the abnormalities asked for, and one cell of each other kind."""
    case, manifest = example_case(), make_manifest()
    shown = {Abnormality(name): count for name, count in counts.items()}
    read = []
    for index in range(pmn_count):
        cell = make_cell(case_id=case.id, ordinal=index + 1)
        labels = [label for label, count in shown.items() if index < count]
        read.append(read_cell(cell, make_findings(cell, labels), manifest))
    other = make_cell(case_id=case.id, ordinal=pmn_count + 1)
    blurred = make_cell(case_id=case.id, ordinal=pmn_count + 2, flags=[QualityFlag.BLURRED])
    failed = make_cell(case_id=case.id, ordinal=pmn_count + 3)
    read.append(read_cell(other, make_findings(other, pmn=0.2), manifest))
    read.append(read_cell(blurred, make_findings(blurred), manifest))
    read.append(read_cell(failed, None, manifest))
    waiting = [
        make_cell(case_id=case.id, ordinal=pmn_count + 4 + index) for index in range(waiting_count)
    ]
    return CaseCells(case, manifest, read, waiting, {failed.id: "The stored image is damaged."})


def example_report(pmn_count=120, *, pending_count=0, rule=None, **counts) -> Report:
    cells = example_cells(pmn_count, 0, **counts)
    progress = Progress(len(cells.read) + pending_count, len(cells.read), 0)
    counted = tally(cells.read)
    return compile_report(cells.case, counted, cells.manifest, rule or make_rule(), progress, LATER)


def framed_cell_page() -> CellPage:
    cells = example_cells(1, 0, vacuole=1)
    first = cells.read[0]
    location = Location(Framing.FRAMED, Box(10, 20, 90, 80))
    cell = replace(first.cell, location=location, file_name=HOSTILE)
    return cell_page(replace(first, cell=cell), cells, examine(measured_picture()))


def measured_picture():
    """A neutrophil of every kind of outline: lobes, a protrusion and a hole."""
    shown = frozenset({Abnormality.NUCLEAR_SPIKE, Abnormality.VACUOLE})
    return render_cell(SyntheticCell(shown, seed=3))


def example_deliveries(number: int | None = None) -> DeliveriesPart:
    """All kinds of files, or as many deliveries of the first kind as asked for."""
    case = example_case()
    refused = (RefusedFile(HOSTILE, "not_an_image", "The file is no image."),)
    uploads = [
        Upload(uuid7(), case.id, NOW, 60, ("again.png",), refused, "cells.zip", 9_000_000),
        Upload(uuid7(), case.id, NOW, 0, (), refused, HOSTILE, 5),
    ]
    parts = [
        UploadPart(uuid7(), case.id, uuid7(), HOSTILE, 50_000_000, offset, NOW, NOW)
        for offset in (20_000_000, 50_000_000)
    ]
    return deliveries_part(case.id, uploads[:number], parts[:number])


def pages() -> dict[str, list[object]]:
    """Template name to contexts that reach every branch of it."""
    cells = example_cells(300, 2, vacuole=150, pseudo_pelger=30)
    empty = replace(cells, read=[], waiting=[], failures={})
    case, done, busy = cells.case, Progress(9, 8, 1), Progress(9, 3, 0)
    errors = {"mcv_fl": HOSTILE, "sex": "Choose one of the list."}
    return {
        "failure.html": [
            FailurePage(404, "Not found", HOSTILE, "r-1"),
            FailurePage(500, "Internal error", "No.", ""),
        ],
        "sign_in.html": [SignInPage("", "", None), SignInPage(HOSTILE, "/cases/1", "Wrong.")],
        "preferences.html": [
            preferences_page(PreferencesForm(), {}, saved=True, tour_seen=True),
            preferences_page(
                PreferencesForm(full_name=HOSTILE, language="fr"),
                {"full_name": "Wrong."},
                saved=False,
                tour_seen=False,
            ),
        ],
        "cases.html": [
            example_worklist(),
            example_worklist(query="state=signed&finding=vacuole&least=5", shown=1),
            example_worklist(query="after=somewhere", shown=0),
            example_worklist(query="state=signed", shown=0),
            example_worklist(shown=0, counts={}),
        ],
        "readers.html": example_readers(cells),
        "case_new.html": [
            form_page(CaseForm(), {}),
            form_page(CaseForm(sex="male", question=HOSTILE), errors, "/cases/1"),
            form_page(CaseForm(), {"patient_identifier": "Patient identifier is needed."}),
        ],
        "case.html": [_case_page(cells, busy), _case_page(empty, Progress(0, 0, 0))],
        "deliveries.html": [example_deliveries(), example_deliveries(0)],
        "progress.html": [progress_part(case.id, item) for item in (done, busy)],
        "gallery.html": [gallery_part(cells), gallery_part(empty)],
        "more_cells.html": list(gallery_part(cells).sections),
        "cell.html": [framed_cell_page()],
        "cell_view.html": [
            cell_page(read, cells, examined)
            for read, examined in zip(
                cells.read[-3:],
                (None, NotMeasured(HOSTILE), examine(measured_picture())),
                strict=True,
            )
        ],
        "similar.html": [similar_part(found) for found in (None, neighbours())],
        "heat.html": [
            heat_part(cells.read[0].cell, cells.manifest, active)
            for active in (cells.manifest, make_manifest(version="0.0.2"))
        ],
        "report.html": [
            report_page(report, LATER)
            for report in (
                example_report(vacuole=40, nuclear_spike=20),
                example_report(),
                example_report(3),
                example_report(0),
                example_report(60, pending_count=5),
                example_report(
                    rule=make_rule(correction=make_correction()), vacuole=40, nuclear_spike=3
                ),
            )
        ],
    }


def neighbours() -> SimilarCells:
    """Cells of each kind in the case, and the same picture in a hostile one."""
    cells = example_cells(2, vacuole=1)
    here = tuple(SimilarCell(cells.case, read, 0.9, same_picture=False) for read in cells.read)
    there = example_case(accession_number=HOSTILE)
    same = SimilarCell(there, cells.read[0], 1.0, same_picture=True)
    return SimilarCells(Bundle(cells.manifest, make_rule()), here, (same,), len(here), 1)


def _case_page(cells, progress) -> CasePage:
    return CasePage(
        head=case_head(cells.case, LATER),
        progress=progress_part(cells.case.id, progress),
        gallery=gallery_part(cells),
        upload=upload_panel(
            cells.case.id,
            example_deliveries(None if progress.cell_count else 0),
            first=progress.cell_count == 0,
        ),
        report_path="/cases/1/report",
        empty=progress.cell_count == 0,
    )
