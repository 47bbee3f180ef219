"""What differs between two reports, made by hand."""

from dataclasses import replace

import pytest

from app.domain.abnormality import Abnormality
from app.domain.case import Progress
from app.domain.difference import CellChange, difference
from app.domain.errors import InvalidInput
from app.domain.finding import Exclusion, tally
from app.domain.report import CellLine, Interpretation, compile_report
from app.domain.review import Decision
from app.domain.screening import Recommendation
from tests.factories import NOW, make_case, make_manifest, make_read, make_rule, make_tally

CASE, VACUOLE = make_case(), Abnormality.VACUOLE
NORMAL = Decision(None, frozenset())


def line(read, ordinal, exclusion=None, abnormalities=()):
    return CellLine(
        cell_id=read.cell.id,
        ordinal=ordinal,
        file_name="a.png",
        pixel_sha256="0" * 64,
        exclusion=exclusion,
        abnormalities=tuple(abnormalities),
        classifier_exclusion=None,
        classifier_abnormalities=(),
        pmn_probability=0.9,
        probabilities={},
        reader_name=None,
    )


def report(counted=None, text=None, cells=(), manifest=None):
    counted = counted or make_tally(60)
    made = compile_report(
        CASE, counted, manifest or make_manifest(), make_rule(), Progress(60, 60, 0), NOW
    )
    written = Interpretation(text, "Dr Ann", NOW) if text else None
    return replace(made, interpretation=written, cells=tuple(cells))


def test_the_same_report_has_no_difference():
    same = report(text="Compatible.")
    found = difference(same, same)
    assert found.cells == ()
    assert not found.bundle_changed
    assert found.interpretation == ("Compatible.", "Compatible.")
    assert all(change.before == change.after for change in found.proportions)


def test_numbers_score_and_recommendation_stand_beside_each_other():
    found = difference(report(), report(make_tally(61, vacuole=60), text="New"))
    assert found.pmn_count == (60, 61)
    [vacuole] = [change for change in found.proportions if change.label is VACUOLE]
    assert (vacuole.before.count, vacuole.after.count) == (0, 60)
    assert found.score[0].value < found.score[1].value
    assert found.recommendation == (
        Recommendation.NOT_RAISED_BY_SMEAR,
        Recommendation.TEST_UBA1,
    )
    assert found.interpretation == ("", "New")


def test_a_reason_that_only_one_report_gives_was_0_in_the_other():
    read = [make_read() for _ in range(60)]
    left_out = replace(read[0], exclusion=Exclusion.BY_READER, is_reviewed=True)
    later = report(tally([left_out, *read[1:]]))
    by_reader = replace(later.exclusions[0], reason=Exclusion.BY_READER, count=1)
    later = replace(later, exclusions=(*later.exclusions, by_reader))
    changes = {item.reason: item for item in difference(report(), later).exclusions}
    assert (changes[Exclusion.BY_READER].before, changes[Exclusion.BY_READER].after) == (0, 1)
    assert Exclusion.UNFAMILIAR not in changes


def test_only_cells_that_are_held_for_something_else_are_listed_by_number():
    a, b, c, d = (make_read() for _ in range(4))
    before = report(cells=[line(a, 1), line(b, 2), line(c, 3, abnormalities=[VACUOLE])])
    after = report(
        cells=[line(d, 4), line(c, 3), line(b, 2), line(a, 1, Exclusion.BY_READER)],
    )
    assert difference(before, after).cells == (
        CellChange(a.cell.id, 1, NORMAL, Decision(Exclusion.BY_READER, frozenset())),
        CellChange(c.cell.id, 3, Decision(None, frozenset({VACUOLE})), NORMAL),
        CellChange(d.cell.id, 4, None, NORMAL),
    )


def test_another_bundle_of_the_same_title_is_another_bundle():
    other = replace(make_manifest(), digest="e" * 64)
    found = difference(report(), report(manifest=other))
    assert found.bundle_title[0] == found.bundle_title[1]
    assert found.bundle_changed


def test_reports_of_two_cases_are_not_compared():
    with pytest.raises(InvalidInput):
        difference(report(), replace(report(), case=make_case()))
