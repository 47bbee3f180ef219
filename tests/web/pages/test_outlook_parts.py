"""A score's surroundings as pages say and draw them, in English and in French."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from app.domain.abnormality import Abnormality
from app.domain.case import Progress
from app.domain.history import case_point
from app.domain.outlook import Turn
from app.domain.proportion import Proportion
from app.domain.report import ReviewSummary, compile_report
from app.domain.screening import Basis
from app.web.language import Language, speaking
from app.web.pages import wording
from app.web.pages.present_outlook import outlook_part, reference_part, rounded_up
from app.web.pages.present_trend import trend_part
from app.web.pages.rendering import environment
from tests.factories import NOW, make_case, make_manifest, make_reference, make_rule, make_tally
from tests.web.pages.examples import HOSTILE

THIN, DASH = wording.THIN, wording.DASH


def report(pmn=200, *, days=0, bundle=None, accession="A-1", **counts):
    rule = make_rule(reference=make_reference(), **counts.pop("rule", {}))
    case = make_case(created_at=NOW + timedelta(days=days), accession_number=accession)
    tally = make_tally(pmn, **counts)
    progress = Progress(pmn, pmn, 0)
    return compile_report(case, tally, bundle or make_manifest(), rule, progress, NOW)


def points(**changes):
    return [
        case_point(report(vacuole=20, accession="A-1")),
        case_point(report(vacuole=60, days=200, accession="A-2", **changes)),
    ]


def drawn(macro, part):
    return str(getattr(environment().get_template("parts/outlook.html").module, macro)(part))


# ---- the cohort ----


def test_the_case_stands_among_the_groups_with_their_sizes():
    part = reference_part(report(vacuole=40))
    assert [chart.title for chart in part.charts] == [label.wording for label in Abnormality]
    vacuoles = part.charts[2]
    assert vacuoles.figures == f"20.0{THIN}% (15.0{DASH}26.1{THIN}%)"
    assert [box.text for box in vacuoles.strip.boxes] == ["VEXAS, n = 25", "controls, n = 39"]


def test_the_drawing_is_said_in_words():
    said = reference_part(report(vacuole=40)).charts[2].description
    assert said == (
        f"Vacuoles: 20.0{THIN}% (15.0{DASH}26.1{THIN}%) in this smear. "
        f"VEXAS, to be found, 25 patients: median 15.0{THIN}%, 90 % of them 5.0{DASH}40.0{THIN}%. "
        f"controls, controls, 39 patients: median 4.0{THIN}%, 90 % of them 1.0{DASH}12.0{THIN}%."
    )


def test_simulated_patients_are_called_so():
    assert "simulated" in reference_part(report()).basis_notice
    assert reference_part(report(rule={"basis": Basis.PATIENTS})).basis_notice is None


def test_a_rule_without_distributions_has_no_part_and_the_page_says_so():
    plain = replace(report(), rule=make_rule())
    assert reference_part(plain) is None
    assert "holds no distributions" in drawn("reference_section", None)


def test_without_cells_the_groups_stand_alone():
    [chart, *_] = reference_part(report(0)).charts
    assert (chart.figures, chart.strip.span) == (DASH, None)
    assert len(chart.strip.boxes) == 2


def test_what_the_classifier_called_is_compared_not_what_readers_made_of_it():
    called = dict.fromkeys(reversed(Abnormality), Proportion(50, 100))
    review = ReviewSummary((), 200, 10, 0, 100, called, None, None)
    part = reference_part(replace(report(vacuole=40), review=review))
    assert [chart.title for chart in part.charts] == [label.wording for label in Abnormality]
    assert part.charts[2].figures.startswith("50.0")


def test_a_long_name_is_cut_on_the_drawing_and_whole_in_words():
    long = replace(make_reference()[0], name="a very long name of a group of patients")
    part = reference_part(replace(report(), rule=make_rule(reference=(long,))))
    assert part.charts[0].strip.boxes[0].text == "a very long name of a group o…, n = 25"
    assert long.name in part.charts[0].description


# ---- the outlook ----


def test_a_score_below_its_cut_off():
    part = outlook_part(report(vacuole=30))
    # -3 + 10 * 0.15 = -1.5: a score of 0.1824.
    assert part.distance == "The score 0.18 lies 0.32 below its cut-off 0.50 (1.50 in log-odds)."
    assert part.settling.startswith("The whole 95 % interval lies on this side")
    assert [row.counted for row in part.turns] == ["0 of 200", "0 of 200", "30 of 200", "0 of 200"]
    assert {row.change for row in part.turns} == {"30 cells more"}


def test_a_score_above_its_cut_off_and_numbers_of_cells_in_words():
    found = report(vacuole=62)
    part = outlook_part(found)
    assert "above its cut-off" in part.distance
    # 60 of 200 reach the cut-off: three fewer do not.
    assert [row.change for row in part.turns] == [
        "No number of cells",
        "No number of cells",
        "3 cells fewer",
        "No number of cells",
    ]
    one = replace(found.outlook, turns=(Turn(Abnormality.VACUOLE, 1),))
    assert outlook_part(replace(found, outlook=one)).turns[0].change == "1 cell more"


@pytest.mark.parametrize(
    ("more", "said"),
    [(3, "About 10 more"), (87, "About 90 more"), (1437, "About 1,500 more"), (None, "2,000")],
)
def test_how_many_more_pmn_would_settle_it(more, said):
    found = report(vacuole=50)
    ahead = replace(found.outlook, is_settled=False, more_cells=more)
    assert said in outlook_part(replace(found, outlook=ahead)).settling


def test_an_estimate_is_rounded_up_to_two_digits():
    numbers = (1, 10, 11, 99, 100, 101, 1999)
    assert [rounded_up(number) for number in numbers] == [10, 10, 20, 100, 100, 110, 2000]


def test_a_small_distance_is_not_rounded_away():
    found = report(vacuole=50)
    ahead = replace(found.outlook, distance=-0.00123, log_odds_distance=-0.0049)
    said = outlook_part(replace(found, outlook=ahead)).distance
    assert "lies 0.00123 below" in said
    assert "(0.0049 in log-odds)" in said


def test_at_the_cut_off_no_distance_is_claimed():
    assert outlook_part(report(vacuole=60)).distance == "The score lies at its cut-off, 0.50."


def test_without_a_score_there_is_no_outlook():
    assert outlook_part(report(20)) is None
    assert drawn("outlook_section", None).strip() == ""


# ---- the trend ----


def test_one_case_is_no_trend():
    assert trend_part([]) is None
    assert trend_part(points()[:1]) is None
    assert drawn("trend_section", None).strip() == ""


def test_four_proportions_and_the_score_over_time():
    first, second = points()
    first = replace(first, is_signed=True)
    part = trend_part([second, first], second.case_id)
    assert [panel.title for panel in part.panels] == [
        *(label.wording for label in Abnormality),
        "Score",
    ]
    vacuoles = part.panels[2]
    assert vacuoles.description == (
        f"Vacuoles over time: 1 Mar 2026, 10.0{THIN}%; 17 Sept 2026, 30.0{THIN}% (not signed)."
    )
    assert [mark.is_current for mark in vacuoles.curve.marks] == [False, True]
    assert [mark.is_signed for mark in vacuoles.curve.marks] == [True, False]
    score = part.panels[4]
    assert "17 Sept 2026, 0.50 with the cut-off at 0.50" in score.description
    # The cut-off of 0.5 lies half-way up.
    [cut_off] = score.curve.cut_offs
    assert (cut_off.x1, cut_off.y1, cut_off.x2) == (44.0, 56.0, 308.0)
    assert not part.is_mixed


def test_the_latest_case_comes_first_in_the_table():
    first, second = points()
    rows = trend_part([first, second], second.case_id).rows
    assert [row.accession_number for row in rows] == ["A-2", "A-1"]
    assert [row.is_current for row in rows] == [True, False]
    assert rows[0].proportions[2] == f"30.0{THIN}%"
    assert rows[0].recommendation == "UBA1 testing recommended"
    assert rows[1].path == f"/cases/{first.case_id}/report"


def test_a_case_that_nobody_has_signed_is_marked_in_words():
    first, second = points()
    part = trend_part([replace(first, is_signed=True), second])
    assert [row.is_signed for row in part.rows] == [False, True]
    # In its line, and in what each of the drawings is said to show.
    assert drawn("trend_section", part).count("(not signed)") == 1 + len(part.panels)


def test_cases_of_two_bundles_are_not_joined_and_the_page_says_why():
    part = trend_part(points(bundle=make_manifest(version="0.0.2")))
    assert part.is_mixed
    assert all(panel.curve.joins == () for panel in part.panels)
    html = drawn("trend_section", part)
    assert "read with different bundles" in html
    assert "test 0.0.2" in html


def test_a_case_without_cells_or_score_is_in_the_table_and_not_in_the_drawing():
    part = trend_part([*points(), case_point(report(0, days=300))])
    assert [len(panel.curve.marks) for panel in part.panels] == [2] * 5
    assert (part.rows[0].score, part.rows[0].proportions[0]) == (DASH, DASH)
    nothing = trend_part([case_point(report(0, days=day)) for day in (0, 1)])
    assert nothing.panels == ()


# ---- as pages show them ----


class Ids(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.named, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.named += found.get("aria-labelledby", "").split()


def parts():
    hostile = replace(make_reference()[0], name=HOSTILE)
    rule = {"reference": (hostile, make_reference()[1])}
    current = report(vacuole=64, rule={}, accession=HOSTILE)
    with_hostile = replace(current, rule=make_rule(**rule))
    mixed = points(bundle=make_manifest(name=HOSTILE))
    return {
        "reference_section": [reference_part(with_hostile), reference_part(report(0)), None],
        "outlook_section": [outlook_part(current), outlook_part(report(vacuole=10)), None],
        "trend_section": [
            trend_part([*points(), case_point(current)], current.case.id),
            trend_part(mixed),
            None,
        ],
    }


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("macro", ["reference_section", "outlook_section", "trend_section"])
def test_each_part_is_drawn_without_breaking_the_policy(macro, language):
    with speaking(language):
        for part in parts()[macro]:
            html = drawn(macro, part)
            assert HOSTILE not in html
            assert not re.search(r"\s(style|on\w+)=", html)
            ids = Ids()
            ids.feed(html)
            assert len(ids.ids) == len(set(ids.ids))
            assert set(ids.named) <= set(ids.ids)


def test_french_numbers_dates_and_sentences():
    with speaking(Language.FRENCH):
        part = reference_part(report(vacuole=41))
        assert part.charts[2].figures.startswith(f"20,5{THIN}%")
        assert [tick.text for tick in part.charts[2].strip.ticks][-1] == "40"
        assert "témoins" in part.charts[2].description
        ahead = outlook_part(report(vacuole=30))
        assert ahead.distance == (
            "Le score de 0,18 est inférieur de 0,32 à son seuil de décision de 0,50 "
            "(1,50 en logit)."
        )
        assert ahead.turns[2].change == "30 cellules de plus"
        assert trend_part(points()).rows[0].date == "17 sept. 2026"
