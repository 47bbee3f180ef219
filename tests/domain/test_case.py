import pytest

from app.domain.case import CaseOrigin, ClinicalContext, NewCase, Progress
from app.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("name", "value"),
    [("haemoglobin_g_dl", 91), ("mcv_fl", 10), ("age_years", 131), ("platelets_10e9_l", -1)],
)
def test_a_value_in_another_unit_is_refused_with_its_name(name, value):
    with pytest.raises(InvalidInput, match=name):
        ClinicalContext(**{name: value})


def test_a_context_may_be_empty():
    assert ClinicalContext().is_empty
    assert not ClinicalContext(age_years=0).is_empty


@pytest.mark.parametrize("text", ["", "   ", "x" * 201, "a\x00b", "a\nb", "a\u2028b", "a\ud800b"])
def test_identifiers_must_be_readable(text):
    with pytest.raises(InvalidInput, match="accession_number"):
        NewCase(text, "P-1")
    with pytest.raises(InvalidInput, match="patient_identifier"):
        NewCase("A-1", text)


@pytest.mark.parametrize("name", ["Anna\u00a0Meier", "O\u2019Neill", "山田\u3000太郎"])
def test_a_name_may_hold_any_space(name):
    assert NewCase("A-1", "P-1", name).patient_name == name


def test_every_demonstration_says_that_it_is_no_patient():
    assert CaseOrigin.LABORATORY.notice is None
    for origin in (CaseOrigin.SYNTHETIC, CaseOrigin.OPEN_DATA):
        assert "Not a patient" in origin.notice


def test_progress_is_done_when_nothing_waits():
    assert Progress(0, 0, 0).done
    assert Progress(5, 4, 1).done
    assert Progress(5, 4, 0).pending_count == 1
