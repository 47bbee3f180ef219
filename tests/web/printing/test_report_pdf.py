"""The PDF read back: its text, its tags, and what a name in it cannot do."""

import re
from dataclasses import replace
from datetime import datetime
from io import BytesIO

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from app.domain.abnormality import Abnormality
from app.domain.case import Patient
from app.imaging.decode import encode_jpeg_thumbnail
from app.imaging.synthetic import SyntheticCell, render_cell
from app.storage.object_store import open_store
from app.web.language import Language, speaking
from app.web.pages.present_report import report_page
from app.web.pages.rendering import chrome
from app.web.printing.pictures import key_pictures
from app.web.printing.report_pdf import report_pdf
from tests.factories import make_correction, make_rule
from tests.web.pages.examples import LATER, example_case, example_report, pages

EXAMPLES = pages()["report.html"]
SHOWN = {"vacuole": 40, "nuclear_spike": 3}
CORRECTED = make_rule(correction=make_correction())
ORIGIN = "These cells were drawn, not taken."


def printed(page, pictures=None, language=Language.ENGLISH):
    with speaking(language):
        return PdfReader(
            BytesIO(report_pdf(page, chrome("Report A-1", None, ORIGIN), pictures or {}))
        )


def pressed(text):
    """Without white space and places to break: lines break elsewhere on paper."""
    return "".join(text.split()).replace("\N{ZERO WIDTH SPACE}", "")


def text_of(pdf):
    return "".join(pressed(sheet.extract_text()) for sheet in pdf.pages)


def tags(node):
    """Each element of the structure tree."""
    if isinstance(node, list):
        for item in node:
            yield from tags(item.get_object())
    elif isinstance(node, DictionaryObject):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from tags(node["/K"])


def tags_of(pdf, kind):
    return [tag for tag in tags(pdf.trailer["/Root"]["/StructTreeRoot"]) if tag["/S"] == kind]


@pytest.mark.parametrize("page", EXAMPLES)
@pytest.mark.parametrize("language", Language)
def test_every_example_is_set_with_identifiers_and_notices_on_each_page(page, language):
    pdf = printed(page, language=language)
    numbered = {"en": "Page{}of{}", "fr": "Page{}sur{}"}[language]
    with speaking(language):
        notice = pressed(chrome("", None).research_use_notice)
    for number, sheet in enumerate(pdf.pages, start=1):
        text = pressed(sheet.extract_text())
        assert notice in text
        assert pressed(ORIGIN) in text
        assert pressed(numbered.format(number, len(pdf.pages))) in text
        assert pressed(f"{page.head.accession_number} · {page.head.patient}") in text
        assert pressed(page.created_at.text) in text
        assert [round(float(side)) for side in sheet.mediabox[2:]] == [595, 842]


def words_of_signing(page):
    shown = [page.status.wording, page.review.sentence, page.seen_note or ""]
    shown += [page.correction_note or "", *(line.title for line in page.review.comparisons)]
    for line in page.review.comparisons:
        shown += [line.reviewed, line.reviewed_interval, line.classifier, line.classifier_interval]
    if page.signature:
        shown += [page.signature.signer, page.signature.at.text, page.signature.meaning]
        shown += [page.signature.reason or "", page.signature.version, page.signature.sha256]
    if page.interpretation:
        shown += [*page.interpretation.lines, page.interpretation.author]
    if page.amendment:
        shown += [page.amendment.opened_by, page.amendment.reason]
    return shown


def words_of_surroundings(page):
    shown = []
    if page.outlook:
        shown += [page.outlook.distance, page.outlook.settling]
        shown += [turn.change for turn in page.outlook.turns]
    if page.trend:
        shown += [row.accession_number for row in page.trend.rows]
    if page.reference:
        shown += [plot.figures for plot in page.reference.charts]
    return shown


@pytest.mark.parametrize("page", EXAMPLES)
def test_every_text_of_the_context_is_on_paper(page):
    text = text_of(printed(page))
    shown = [page.verdict.wording, page.verdict.explanation, page.bundle_digest, page.cohort]
    shown += [page.head.patient_name, *page.warnings, *page.training_data, page.rule_name]
    shown += [named.text for named in (*page.head.context, *page.exclusions)]
    for row in page.rows:
        shown += [row.title, row.proportion, row.interval, row.threshold, row.reference, row.basis]
        shown += [picture.probability for picture in row.strongest]
        assert pressed(f"{row.title}{row.count}{row.total}{row.proportion}{row.interval}") in text
    shown += words_of_signing(page) + words_of_surroundings(page)
    for line in page.corrections:
        shown += [line.seen, line.finds, line.false_calls, line.corrected, line.interval]
    if page.score:
        shown += [page.score.value, page.score.interval, page.score.cut_off]
        shown += [text for item in page.score.addends for text in (item.name, item.text)]
    assert [words for words in shown if pressed(words) not in text] == []


def test_it_speaks_french_with_french_numbers():
    with speaking(Language.FRENCH):
        page = report_page(example_report(1200, rule=CORRECTED, **SHOWN), LATER)
    pdf = printed(page, language=Language.FRENCH)
    text = text_of(pdf)
    assert pdf.trailer["/Root"]["/Lang"] == "fr"
    assert pressed("Compte rendu de dépistage") in text
    assert pressed("1 200 PNN comptés sur 1 203") in text
    assert "3,3%" in text
    assert "«Détecte»" in text


def test_it_says_what_it_is_to_machines():
    page = EXAMPLES[0]
    pdf = printed(page)
    root = pdf.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert pdf.metadata.title == "Report A-1"
    assert pdf.metadata.creation_date == datetime.fromisoformat(page.created_at.iso)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()


def test_it_is_tagged_with_headings_tables_and_words_for_each_chart():
    pdf = printed(report_page(example_report(rule=CORRECTED, **SHOWN), LATER))
    assert len(tags_of(pdf, "/H1")) == 1
    assert len(tags_of(pdf, "/H2")) == 11
    assert len(tags_of(pdf, "/H3")) == len(Abnormality)
    assert len(tags_of(pdf, "/Table")) == 5
    assert len(tags_of(pdf, "/TH")) == 8 + 7 + 3 + 3 + 2
    figures = tags_of(pdf, "/Figure")
    assert all(figure["/Alt"] for figure in figures)
    # The axis, a bar for each abnormality, the score, and what it is added up from.
    assert len(figures) == 1 + len(Abnormality) + 1 + (len(Abnormality) + 2)


def test_the_same_report_gives_the_same_bytes():
    frame = chrome("Report A-1", None)
    assert report_pdf(EXAMPLES[0], frame, {}) == report_pdf(EXAMPLES[0], frame, {})


@pytest.mark.parametrize(
    ("name", "on_paper"),
    [
        ('#read("/etc/passwd")', None),
        ("#panic() $x$ *b* _i_ `c` = @ref <label> // no \\ [a]", None),
        ('", "page": {}, "x": "', None),
        ("%(time)s %s {number}", None),
        ("Zoë Ångström-Łukasiewicz", None),
        ("Zoe\u0308", "Zoë"),
        ("王 Wei", "[U+738B] Wei"),
        ("a\u202eb\u0007c", "a[U+202E]b[U+0007]c"),
    ],
)
def test_a_name_prints_as_it_is_and_does_nothing(name, on_paper):
    case = example_case(patient=Patient(example_case().patient.id, name, name))
    page = report_page(replace(example_report(**SHOWN), case=case), LATER)
    pdf = printed(page)
    text = text_of(pdf)
    # Header and body, identifier and name.
    assert text.count(pressed(on_paper or name)) >= 3
    assert "root:" not in text
    assert pressed("Abnormalities of the neutrophils") in text


def test_the_longest_identifiers_are_printed_whole():
    patient = Patient(example_case().patient.id, "W" * 200, "Ж" * 200)
    case = example_case(accession_number="A" * 200, patient=patient)
    page = report_page(replace(example_report(**SHOWN), case=case), LATER)
    for sheet in printed(page).pages:
        assert f"{'A' * 200}·{'W' * 200}" in pressed(sheet.extract_text())


def test_it_shows_the_strongest_cells_from_the_store(tmp_path):
    report = example_report(**SHOWN)
    page = report_page(report, LATER)
    paths = [picture.thumbnail_path for row in page.rows for picture in row.strongest]
    cell = encode_jpeg_thumbnail(render_cell(SyntheticCell(frozenset(), seed=1)), 320)
    pdf = printed(page, dict.fromkeys(paths, cell))
    alts = [figure["/Alt"] for figure in tags_of(pdf, "/Figure")]
    for row in page.rows:
        for picture in row.strongest:
            assert f"Cell {picture.ordinal}, {row.title}" in alts
    assert pressed("The picture could not be read.") not in text_of(pdf)


def test_a_picture_that_is_lost_is_said_to_be_and_costs_nothing_else(tmp_path):
    report = example_report(**SHOWN)
    assert key_pictures(report, open_store(f"file://{tmp_path}")) == {}
    text = text_of(printed(report_page(report, LATER)))
    strongest = sum(len(line.strongest) for line in report.abnormalities)
    assert len(re.findall(pressed("The picture could not be read."), text)) == strongest
