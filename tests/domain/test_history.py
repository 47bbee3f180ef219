"""What a report adds to the trend of its patient."""

from app.domain.abnormality import Abnormality
from app.domain.case import Progress
from app.domain.history import case_point
from app.domain.proportion import Proportion
from app.domain.report import compile_report
from tests.factories import NOW, make_case, make_manifest, make_rule, make_tally


def point(tally, progress):
    case = make_case(accession_number="A-7")
    report = compile_report(case, tally, make_manifest(), make_rule(), progress, NOW)
    return case, report, case_point(report)


def test_a_point_takes_numbers_and_names_from_the_report():
    case, report, found = point(make_tally(120, vacuole=30), Progress(120, 120, 0))
    assert (found.case_id, found.accession_number, found.at) == (case.id, "A-7", case.created_at)
    assert found.pmn_count == 120
    assert found.proportions[Abnormality.VACUOLE] == Proportion(30, 120)
    assert found.score == report.score
    assert found.recommendation is report.recommendation
    assert (found.bundle_title, found.bundle_digest) == ("test 0.0.1", report.bundle.digest)


def test_a_case_that_is_not_read_to_its_end_has_no_score_in_the_trend():
    _, _, found = point(make_tally(60), Progress(61, 60, 0))
    assert found.score is None
    assert found.recommendation is None
