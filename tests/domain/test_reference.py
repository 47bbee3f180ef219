"""The distributions of the cohort that `screening.json` names."""

import pytest

from app.domain.abnormality import Abnormality
from app.domain.errors import BundleRefused
from app.domain.reference import REFERENCE_LEVELS
from app.domain.screening import parse_rule
from tests.factories import corrected_rule_content, distributions_content, rule_content

RISING = [0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5]


def cohort(**changes):
    group = {
        "name": "VEXAS",
        "patients": 25,
        "positive": True,
        "quantiles": {label.value: RISING for label in Abnormality},
    }
    groups = [{**group, **changes}]
    return {
        "description": "nobody",
        "distributions": {"levels_percent": list(REFERENCE_LEVELS), "groups": groups},
    }


@pytest.mark.parametrize("content", [rule_content, corrected_rule_content])
def test_a_rule_without_distributions_is_read_and_has_none(content):
    assert parse_rule(content()).reference == ()


def test_the_groups_are_read_with_the_one_to_be_found_first():
    first, second = parse_rule(rule_content(cohort=distributions_content())).reference
    assert (first.name, first.patient_count, first.is_positive) == ("VEXAS", 25, True)
    assert (second.name, second.patient_count, second.is_positive) == ("controls", 39, False)
    assert first.quantile(Abnormality.VACUOLE, 50) == 0.15
    assert second.quantile(Abnormality.VACUOLE, 95) == 0.12


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": " "}, r"groups\[0\].name"),
        ({"patients": 0}, r"groups\[0\].patients"),
        ({"patients": 2.5}, r"groups\[0\].patients"),
        ({"positive": "yes"}, r"groups\[0\].positive"),
        ({"quantiles": None}, r"groups\[0\].quantiles"),
        ({"quantiles": {"vacuole": RISING}}, r"quantiles.pseudo_pelger must list"),
        *(
            ({"quantiles": {label.value: values for label in Abnormality}}, named)
            for values, named in [
                (RISING[:-1], "must list 9 quantiles"),
                (RISING[::-1], "must not fall"),
                ([*RISING[:-1], 1.2], "from 0 to 1"),
                ([*RISING[:-1], float("nan")], "from 0 to 1"),
            ]
        ),
    ],
)
def test_a_broken_distribution_is_refused_by_name(changes, named):
    with pytest.raises(BundleRefused, match=named):
        parse_rule(rule_content(cohort=cohort(**changes)))


@pytest.mark.parametrize(
    ("distributions", "named"),
    [
        ([], "levels_percent"),
        ({"levels_percent": [50], "groups": []}, "levels_percent"),
        ({"levels_percent": list(REFERENCE_LEVELS), "groups": []}, "at least one group"),
        ({"levels_percent": list(REFERENCE_LEVELS), "groups": ["VEXAS"]}, r"groups\[0\] must hold"),
    ],
)
def test_distributions_of_another_form_are_refused(distributions, named):
    with pytest.raises(BundleRefused, match=named):
        parse_rule(rule_content(cohort={"description": "x", "distributions": distributions}))
