from datetime import date

import pytest

from app.domain.errors import InvalidInput
from app.domain.worklist import WorklistFilter, filter_name, folded


def test_text_is_folded_beyond_case():
    assert folded("STRASSE") == folded("straße")
    # Composed or not, wide or not: the same to a reader.
    assert folded("É") == folded("e\N{COMBINING ACUTE ACCENT}")
    assert folded("\N{FULLWIDTH LATIN CAPITAL LETTER A}1") == "a1"


@pytest.mark.parametrize(
    "values",
    [
        {"least_percent": -1},
        {"least_percent": 100.1},
        {"least_percent": float("nan")},
        {"opened_from": date(2026, 3, 2), "opened_to": date(2026, 3, 1)},
        {"text": "x" * 201},
    ],
)
def test_a_filter_that_cannot_be_is_refused(values):
    with pytest.raises(InvalidInput):
        WorklistFilter(**values)


def test_a_filter_of_nothing_is_empty():
    assert WorklistFilter().is_empty
    assert not WorklistFilter(text="A").is_empty


@pytest.mark.parametrize("text", ["", "   ", "x" * 61, "a\tb"])
def test_a_filter_needs_a_name_that_can_be_seen(text):
    with pytest.raises(InvalidInput, match="1 to 60"):
        filter_name(text)


def test_a_name_is_trimmed():
    assert filter_name("  Mine, to review ") == "Mine, to review"
