from dataclasses import replace

import pytest

from app.domain.abnormality import Abnormality
from app.domain.case import ClinicalContext
from app.domain.errors import NotFound
from app.domain.finding import read_cell
from app.domain.screening import Basis
from app.web.pages.contexts import NoveltyRow
from app.web.pages.present import clinical_context
from app.web.pages.present_cell import cell_page
from app.web.pages.present_report import report_page
from tests.factories import make_manifest, make_rule, novelty_manifest
from tests.web.pages.examples import CONTEXT, LATER, example_cells, example_report
from tests.web.pages.test_wording import plain


def test_the_clinical_context_carries_units_and_leaves_out_what_is_unknown():
    assert [plain(item.text) for item in clinical_context(CONTEXT)][:3] == [
        "Male",
        "71 years",
        "8.9 g/dL",
    ]
    assert clinical_context(ClinicalContext()) == ()


def test_a_cell_of_another_case_is_not_found():
    cells, others = example_cells(1, 1), example_cells(1, 1)
    assert cells.of(cells.waiting[0].id).cell is cells.waiting[0]
    with pytest.raises(NotFound):
        cells.of(others.waiting[0].id)


def test_a_cell_shows_every_probability_beside_its_threshold():
    cells = example_cells(1, 0, vacuole=1)
    page = cell_page(cells.read[0], cells)
    assert [call.label for call in page.calls] == [
        "Neutrophil (PMN)",
        *(label.wording for label in Abnormality),
    ]
    assert [call.called for call in page.calls] == [True, False, False, True, False]
    assert page.verdict == "Counted: Vacuoles"
    assert page.image_path.endswith("/image.png")
    assert page.whole is None


def novel_cells():
    """A counted cell, an unfamiliar one and one that the classifier failed on."""
    cells = example_cells(2, 0)
    manifest = make_manifest(**novelty_manifest(2.0))
    values = [0.4567, 2.5, 1.2, None]
    read = [
        read_cell(
            item.cell,
            replace(item.findings, novelty=value) if item.findings else None,
            manifest,
        )
        for item, value in zip(cells.read, [*values, None], strict=True)
    ]
    return replace(cells, manifest=manifest, read=read)


def test_a_cell_shows_its_novelty_beside_the_threshold():
    cells = novel_cells()
    pages = [cell_page(read, cells) for read in cells.read]
    assert pages[0].novelty == NoveltyRow("0.456", "2.00", unfamiliar=False)
    assert pages[1].novelty == NoveltyRow("2.500", "2.00", unfamiliar=True)
    assert pages[1].verdict == (
        "Not counted: Unlike the neutrophils that the classifier has learnt"
    )
    assert pages[2].verdict == "Not counted: Not a neutrophil (PMN)"
    # Neither a cell read before the bundle measured it, nor one that failed.
    assert [page.novelty for page in pages[3:]] == [None, None]


def test_without_a_threshold_no_novelty_is_shown():
    cells = example_cells(1, 0)
    assert cell_page(cells.read[0], cells).novelty is None


def test_the_report_adds_up():
    page = report_page(example_report(100, vacuole=40, nuclear_spike=10), LATER)
    numbers = [float(plain(item.text)) for item in page.score.addends]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.03)
    assert [item.kind for item in page.score.addends] == ["baseline", *["part"] * 4, "total"]
    assert page.verdict.wording == "UBA1 testing recommended"
    assert page.basis_notice == "Demonstration weights, not fitted on patients."
    assert page.basis_notice not in page.warnings


def test_weights_of_patients_carry_no_notice():
    page = report_page(example_report(rule=make_rule(basis=Basis.PATIENTS)), LATER)
    assert page.basis_notice is None


def test_too_few_cells_say_so_instead_of_a_score():
    page = report_page(example_report(12), LATER)
    assert page.score is None
    assert page.verdict.wording == "Too few cells to say"
    assert any("at least 50" in text for text in page.warnings)


def test_an_incomplete_report_gives_no_advice():
    page = report_page(example_report(120, pending_count=5, vacuole=100), LATER)
    assert page.score is None
    assert page.verdict.kind == "incomplete"
    assert any("under way" in text for text in page.warnings)


def test_nothing_read_is_a_dash_not_a_zero():
    row = report_page(example_report(0), LATER).rows[0]
    assert plain(row.proportion) == "-"
    assert row.bar.span is None


def test_the_strongest_cells_are_shown_with_their_probability():
    rows = report_page(example_report(100, vacuole=40), LATER).rows
    assert [len(row.strongest) for row in rows] == [0, 0, 6, 0]
    assert rows[2].strongest[0].probability == "0.90"
