"""What names a patient, and what only looks like it."""

import pytest

from app.domain.naming_people import is_named, may_name

NUMBERS = ("ACC-77", "MRN-77")


@pytest.mark.parametrize(
    ("name", "reason", "named"),
    [
        ("Jean de La Fontaine", "Retrait du consentement, lettre de mai", False),
        ("Jean de La Fontaine", "Lettre de M. de la FONTAINE", True),
        ("Mary Secret", "the secretary asked", False),
        ("Jean-Luc d'Arc", "Luc asked", True),
        ("Jean-Luc d'Arc", "l'hôpital d'en face", False),
        ("Hélène Müller", "helene asked", True),
        ("Li Wei", "Mrs Li asked", True),
        ("Li Wei", "the clinic asked", False),
        ("Le Van", "le patient van de Berg", False),
        ("Le Van", "asked by Le Van", True),
        ("नमस्ते", "नमस्ते asked", True),
        ("王 明", "王 asked", True),
        ("A", "a letter", False),
        (None, "a letter of MRN-770", False),
        (None, "a letter of mrn-77", True),
    ],
)
def test_a_sentence_names_a_patient_by_whole_words(name, reason, named):
    assert is_named(reason, NUMBERS, name) is named


@pytest.mark.parametrize("sought", ["Desmond", "Lambert", "Claudel", "de la", "B26", "le", "7"])
def test_the_search_for_somebody_else_stays(sought):
    assert not may_name(sought, NUMBERS, "Jean de La Fontaine")


@pytest.mark.parametrize(
    "sought",
    [
        "fontaine",
        "Fontai",
        "LA FONTAINE, Jean",
        "Jean B26",
        "MRN-77 or 78",
        "mrn-770",
        "acc",
        "-77",
    ],
)
def test_what_may_be_of_the_person_goes(sought):
    assert may_name(sought, NUMBERS, "Jean de La Fontaine")


def test_a_name_and_a_number_of_two_letters_go_as_whole_words():
    assert may_name("Li", NUMBERS, "Li Wei")
    assert may_name("7 or 8", ("7",), None)
    assert not may_name("Lisa", NUMBERS, "Li Wei")
    assert not may_name("MRN-1970", ("7",), None)
