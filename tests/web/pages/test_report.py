"""The report page and its JSON, with and without a correction for the classifier's error."""

from html import unescape

from app.domain.abnormality import Abnormality
from app.domain.review import Act
from app.web.api.report_schema import ReportRead
from app.web.language import Language, speaking
from app.web.pages.present_report import report_page
from app.web.pages.rendering import chrome, render
from tests.factories import make_correction, make_rule
from tests.web.pages.example_signing import reviewed_report
from tests.web.pages.examples import LATER, example_cells, example_report

SHOWN = {"vacuole": 40, "nuclear_spike": 3}
CORRECTED = make_rule(
    correction=make_correction(),
    apparent_reference_proportions=dict.fromkeys(Abnormality, 0.067),
)


def page_text(report):
    html = render("report.html", report_page(report, LATER), chrome("Title", None)).body.decode()
    return " ".join(unescape(html).split())


def test_the_page_shows_seen_and_corrected_proportions_side_by_side():
    [vacuole] = [
        row
        for row in report_page(example_report(rule=CORRECTED, **SHOWN), LATER).corrections
        if row.title == "Vacuoles"
    ]
    # 40 of 120 seen: (1/3 - 0.05) / 0.85.
    assert vacuole.seen.startswith("33.3")
    assert vacuole.corrected.startswith("33.3")
    assert vacuole.finds.startswith("90.0")
    assert vacuole.false_calls.startswith("5.0")
    assert not vacuole.is_zeroed


def test_the_page_explains_the_correction_and_a_proportion_taken_as_none():
    text = page_text(example_report(rule=CORRECTED, **SHOWN))
    assert "The score is computed on the corrected proportions." in text
    assert "It does not show that the abnormality is absent." in text
    assert "Measured on: drawn cells" in text
    assert text.count("How the errors were measured: drawn cells.") == 1


def test_the_chart_of_seen_proportions_has_the_controls_as_seen():
    page = report_page(example_report(rule=CORRECTED, **SHOWN), LATER)
    assert {row.reference[:3] for row in page.rows} == {"6.7"}
    assert {row.reference[:3] for row in page.corrections} == {"2.0"}


def test_a_rule_without_correction_shows_nothing_of_it():
    text = page_text(example_report(**SHOWN)).lower()
    assert "corrected" not in text
    assert "it does not hold the classifier's error." in text


def test_the_json_has_the_corrected_proportion_and_what_it_rests_on():
    content = ReportRead.of(example_report(rule=CORRECTED, **SHOWN)).model_dump(mode="json")
    lines = {line["label"]: line for line in content["abnormalities"]}
    assert lines["vacuole"]["proportion"] == 40 / 120
    assert abs(lines["vacuole"]["corrected"]["proportion"] - (40 / 120 - 0.05) / 0.85) < 1e-12
    assert lines["nuclear_spike"]["corrected"]["proportion"] == 0
    assert lines["vacuole"]["corrected"]["basis"] == "drawn cells"
    assert content["rule"]["corrected"] is True


def test_the_json_says_that_nothing_was_corrected():
    content = ReportRead.of(example_report(**SHOWN)).model_dump(mode="json")
    assert {line["corrected"] for line in content["abnormalities"]} == {None}
    assert content["rule"]["corrected"] is False


def test_the_readers_of_a_report_are_counted_in_french():
    report = reviewed_report(example_cells(60, 0), [(Act.CONFIRM,), (Act.CONFIRM,)])
    with speaking(Language.FRENCH):
        [reader] = report_page(report, LATER).review.readers
    assert reader.text == "2 cellules"


def test_only_what_the_classifier_alone_has_read_is_corrected():
    cells = example_cells(60, 0, vacuole=30)
    none = report_page(reviewed_report(cells, [], CORRECTED), LATER)
    some = report_page(reviewed_report(cells, [(Act.NORMAL,)] * 20, CORRECTED), LATER)
    everything = [(Act.CONFIRM,)] * len(cells.read)
    every = report_page(reviewed_report(cells, everything, CORRECTED), LATER)
    assert "all 60 counted PMN" in none.correction_note
    assert "40 PMN that only the classifier has read" in some.correction_note
    assert "Nothing is corrected" in every.correction_note
    assert (none.is_partly_reviewed, some.is_partly_reviewed) == (False, True)
    assert every.corrections == ()
    vacuole = some.corrections[2]
    # 10 of 40 seen, corrected (0.25 - 0.05) / 0.85; 0 of 20 by the reader.
    assert vacuole.seen.startswith("25.0")
    assert vacuole.reviewed.startswith("0.0")
    assert vacuole.corrected.startswith("15.7")
    # The controls as they would be read: 40 of 60 with the classifier's error.
    assert some.rows[2].reference.startswith("5.1")
    assert every.rows[2].reference.startswith("2.0")
    assert "these are the readers' calls" in every.seen_note
    assert "how surely a reader calls a cell" in every.score.limits
