"""The report page and its JSON, with and without a correction for the classifier's error."""

from html import unescape

from app.domain.abnormality import Abnormality
from app.web.api.report_schema import ReportRead
from app.web.pages.present_report import report_page
from app.web.pages.rendering import chrome, render
from tests.factories import make_correction, make_rule
from tests.web.pages.examples import LATER, example_report

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
