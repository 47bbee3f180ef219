import pytest

from app.domain.case import Sex
from app.web.pages.case_form import CaseForm, form_page, read_form


def form(**values):
    return CaseForm(**{"accession_number": "A-1", "patient_identifier": "P-1", **values})


def test_a_full_form_becomes_a_case():
    read = read_form(
        form(
            accession_number=" A-1 ",
            age_years="71",
            sex="male",
            haemoglobin_g_dl="8,9",
            mcv_fl="108",
            platelets_10e9_l="98",
            neutrophils_10e9_l="1.9",
            known_cytopenia="anaemia",
            question="VEXAS?",
        )
    )
    assert read.errors == {}
    assert read.case.accession_number == "A-1"
    assert read.case.patient_name is None
    assert read.case.context.haemoglobin_g_dl == 8.9
    assert read.case.context.age_years == 71
    assert read.case.context.sex is Sex.MALE


@pytest.mark.parametrize(
    ("text", "value"), [("8,9", 8.9), ("8,95", 8.95), ("1000", 1000), ("8,9125", 8.9125)]
)
def test_a_decimal_comma_is_read(text, value):
    assert read_form(form(platelets_10e9_l=text)).case.context.platelets_10e9_l == value


def test_only_the_two_numbers_are_needed():
    assert read_form(form()).case.context.is_empty


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("accession_number", "  ", "needed"),
        ("patient_identifier", "x" * 201, "200"),
        ("patient_name", "a\x00b", "control character"),
        ("haemoglobin_g_dl", "89", "between 1 and 30 g/dL"),
        ("mcv_fl", "big", "not a number"),
        ("mcv_fl", "nan", "between"),
        ("platelets_10e9_l", "1,000", "comma before three digits"),
        ("platelets_10e9_l", "1,000.5", "comma before three digits"),
        ("platelets_10e9_l", "0,125", "comma before three digits"),
        ("platelets_10e9_l", "1_000", "in digits"),
        ("platelets_10e9_l", "1,2,3", "not a number"),
        ("platelets_10e9_l", "inf", "between"),
        ("age_years", "70.5", "whole years"),
        ("age_years", "inf", "whole years"),
        ("sex", "yes", "list"),
        ("question", "x" * 2001, "2,000"),
    ],
)
def test_a_wrong_value_is_named_at_its_field(field, value, words):
    read = read_form(form(**{field: value}))
    assert read.case is None
    assert list(read.errors) == [field]
    assert words in read.errors[field]


def test_all_errors_come_at_once_and_the_values_stay():
    typed = CaseForm(mcv_fl="big", question="VEXAS?")
    read = read_form(typed)
    assert set(read.errors) == {"accession_number", "patient_identifier", "mcv_fl"}
    shown = {
        field.name: field
        for group in form_page(typed, read.errors).groups
        for field in group.fields
    }
    assert shown["mcv_fl"].value == "big"
    assert shown["mcv_fl"].error
    assert shown["mcv_fl"].unit == "fL"
    assert shown["question"].value == "VEXAS?"
    assert set(shown) == set(CaseForm.model_fields)
