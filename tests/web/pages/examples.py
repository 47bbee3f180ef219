"""One full example of every page's context, built from domain values."""

from dataclasses import replace
from datetime import timedelta

from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.case import CaseOrigin, ClinicalContext, Patient, Progress, Sex, Upload
from app.domain.cell import Box, Framing, Location, QualityFlag
from app.domain.discussion import Comment
from app.domain.errors import RefusedFile
from app.domain.finding import read_cell, tally
from app.domain.report import Report, compile_report
from app.domain.review import Act, CellReview, Reading, ReviewRule, decide
from app.domain.upload_part import UploadPart
from app.imaging.morphometry import NotMeasured, examine
from app.imaging.synthetic import SyntheticCell, render_cell
from app.ports import Bundle
from app.services.cancelling import CANCELLED
from app.services.reading import CaseAsRead
from app.services.review_count import review_count
from app.services.reviewing import SIGNED
from app.services.similar import SimilarCell, SimilarCells
from app.web.language import translated
from app.web.pages.case_form import CaseForm, form_page
from app.web.pages.contexts import CasePage, CellPage, Choice, FailurePage, Named, SignInPage
from app.web.pages.gallery_contexts import GalleryPage, ReviewStatus
from app.web.pages.import_pages import ImportForm, import_page
from app.web.pages.preferences import PreferencesForm, preferences_page
from app.web.pages.present import case_head, progress_part
from app.web.pages.present_case import next_step
from app.web.pages.present_cell import cell_page
from app.web.pages.present_cells import CaseCells
from app.web.pages.present_gallery import Order, review_groups
from app.web.pages.present_neighbours import heat_note, similar_part
from app.web.pages.present_references import references
from app.web.pages.present_report import report_page
from app.web.pages.present_review import numbers
from app.web.pages.present_talk import cell_talk, comments_part
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
from tests.web.pages.example_account import example_account, provider_sign_in
from tests.web.pages.example_administration import DATA as ADMINISTRATION_DATA
from tests.web.pages.example_administration import administration_page, audit_pages
from tests.web.pages.example_bundles import bundle_pages
from tests.web.pages.example_clients import DATA as CLIENT_DATA
from tests.web.pages.example_clients import client_pages
from tests.web.pages.example_history import DATA as HISTORY_DATA
from tests.web.pages.example_history import (
    data_pages,
    erase_pages,
    history_pages,
    timeline_pages,
)
from tests.web.pages.example_hl7 import DATA as HL7_DATA
from tests.web.pages.example_hl7 import hl7_examples
from tests.web.pages.example_readers import example_readers
from tests.web.pages.example_signing import report_examples, signing_pages
from tests.web.pages.example_statistics import DATA as STATISTICS_DATA
from tests.web.pages.example_statistics import statistics_pages
from tests.web.pages.example_webhooks import DATA as WEBHOOK_DATA
from tests.web.pages.example_webhooks import webhook_examples
from tests.web.pages.example_worklist import example_worklist

LATER = NOW + timedelta(hours=3)
READER = uuid7()
HOSTILE = '<script>alert("1")</script>'
# What examples say in the words of people, not of the product.
DATA = (
    *ADMINISTRATION_DATA,
    *HISTORY_DATA,
    *HL7_DATA,
    *WEBHOOK_DATA,
    *CLIENT_DATA,
    *STATISTICS_DATA,
    "Dr Ann",
    "ann",
    "Dr Bob",
    "drawn cells",
    "controls",
    "VEXAS",
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
    as_read = as_read_of(cells)
    events = [decision(as_read, 0, Act.CONFIRM), decision(as_read, 0, Act.UNDO, sequence=2)]
    talk = cell_talk(as_read_of(cells, events), cell, _remarks(cell.case_id, cell.id), LATER)
    return cell_page(replace(first, cell=cell), cells, examine(measured_picture()), talk)


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
        **bundle_pages(case),
        "failure.html": [
            FailurePage(404, "Not found", HOSTILE, "r-1"),
            FailurePage(500, "Internal error", "No.", ""),
        ],
        "sign_in.html": [
            SignInPage("", "", None),
            SignInPage(HOSTILE, "/cases/1", "Wrong."),
            *provider_sign_in(),
        ],
        **example_account(),
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
        "administration.html": [administration_page()],
        "audit.html": audit_pages(),
        "history.html": history_pages(),
        "timeline.html": timeline_pages(),
        "erase.html": erase_pages(),
        "data.html": data_pages(),
        **webhook_examples(),
        **hl7_examples(HOSTILE),
        **client_pages(HOSTILE),
        "statistics.html": statistics_pages(),
        "case_import.html": [
            import_page(ImportForm(), None),
            import_page(ImportForm(accession_number=HOSTILE, same_patient=True), "No."),
        ],
        "case_new.html": [
            form_page(CaseForm(), {}),
            form_page(CaseForm(sex="male", question=HOSTILE), errors, "/cases/1"),
            form_page(CaseForm(), {"patient_identifier": "Patient identifier is needed."}),
        ],
        "case.html": [
            _case_page(cells, busy),
            _case_page(cells, done),
            _case_page(empty, Progress(0, 0, 0)),
            _case_page(cells, done, SIGNED),
            _case_page(cells, done, CANCELLED),
        ],
        "deliveries.html": [example_deliveries(), example_deliveries(0)],
        "progress.html": [progress_part(case.id, item) for item in (done, busy)],
        "gallery.html": [
            _gallery_page(as_read, status)
            for as_read in (reviewed_example(cells), as_read_of(empty))
            for status in (
                _status(can_finish=True),
                _status(notice=HOSTILE, is_closed=True, can_reopen=True),
            )
        ],
        "gallery_groups.html": [review_groups(as_read_of(cells), order) for order in Order],
        "comments.html": [
            comments_part(_remarks(case.id), case.id, None, LATER),
            comments_part([], case.id, cells.read[0].cell.id, LATER),
        ],
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
        "report.html": [
            *(
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
            ),
            *report_examples(example_cells(60, 0, vacuole=30, nuclear_spike=1)),
        ],
        **signing_pages(example_cells(60, 0, vacuole=30)),
    }


def neighbours() -> SimilarCells:
    """Cells of each kind in the case, and the same picture in a hostile one."""
    cells = example_cells(2, vacuole=1)
    here = tuple(SimilarCell(cells.case, read, 0.9, same_picture=False) for read in cells.read)
    there = example_case(accession_number=HOSTILE)
    same = SimilarCell(there, cells.read[0], 1.0, same_picture=True)
    return SimilarCells(Bundle(cells.manifest, make_rule()), here, (same,), len(here), 1)


def as_read_of(cells, reviews=(), readings=None, *, is_blinded=False) -> CaseAsRead:
    """The cells as a viewer sees them, after some decisions."""
    found = sum(read.findings is not None for read in cells.read)
    all_count = len(cells.read) + len(cells.waiting)
    return CaseAsRead(
        case=cells.case,
        bundle=Bundle(cells.manifest, make_rule()),
        rule=ReviewRule(),
        progress=Progress(all_count, found, len(cells.read) - found),
        read=cells.read,
        waiting=cells.waiting,
        failures=cells.failures,
        reviews=reviews,
        readings=readings or {},
        is_blinded=is_blinded,
    )


def decision(as_read, index, act, label=None, *, sequence=1, reading=Reading.FIRST, reader=READER):
    """An event on one of the cells, by a reader of a hostile name."""
    read = as_read.cells[index]
    return CellReview(
        id=uuid7(),
        case_id=as_read.case.id,
        sequence=sequence,
        cell_id=read.cell.id,
        reading=reading,
        reader_id=reader,
        reader_name=HOSTILE,
        at=NOW,
        act=act,
        label=label,
        decision=None if act is Act.UNDO else decide(act, label, read),
        action_id=uuid7(),
        undoes=None,
        bundle_digest="d" * 64,
    )


def reviewed_example(cells) -> CaseAsRead:
    """A case in which a reader has called, left out and confirmed."""
    fresh = as_read_of(cells)
    acts = [(Act.CALL, Abnormality.VACUOLE), (Act.EXCLUDE, None), (Act.CONFIRM, None)]
    events = [
        decision(fresh, index, act, label, sequence=index + 1)
        for index, (act, label) in enumerate(acts)
    ]
    return as_read_of(cells, events)


def _status(**changes) -> ReviewStatus:
    values = {"notice": "", "is_closed": False, "can_finish": False, "can_reopen": False}
    return ReviewStatus(reading="first", **{**values, **changes})


def _remarks(case_id, cell_id=None):
    return [Comment(uuid7(), case_id, cell_id, READER, HOSTILE, NOW, HOSTILE)]


def _gallery_page(as_read, status) -> GalleryPage:
    return GalleryPage(
        head=case_head(as_read.case, LATER),
        progress=progress_part(as_read.case.id, as_read.progress),
        status=status,
        numbers=numbers(review_count(as_read)),
        review=review_groups(as_read, Order.LOOK),
        orders=(Choice("look", translated(Order.LOOK.wording), selected=True),),
        labels=tuple(
            Choice(label.value, translated(label.wording), selected=False) for label in Abnormality
        ),
        references=references(None),
        heat_bundle="d" * 64,
        um_per_pixel="0.1",
        report_path="/cases/1/report",
        user_id=str(uuid7()),
        heat=heat_note(has_weights=False),
    )


def _case_page(cells, progress, closed=None) -> CasePage:
    case_id = cells.case.id
    as_read = replace(as_read_of(cells), progress=progress)
    return CasePage(
        head=case_head(cells.case, LATER),
        progress=progress_part(case_id, progress),
        step=next_step(as_read, (HOSTILE,), closed),
        readers=(Named("P-1", HOSTILE),),
        comments=comments_part(_remarks(case_id), case_id, None, LATER),
        gallery_path="/cases/1/gallery",
        upload=upload_panel(
            cells.case.id,
            example_deliveries(None if progress.cell_count else 0),
            first=progress.cell_count == 0,
        ),
        report_path="/cases/1/report",
    )
