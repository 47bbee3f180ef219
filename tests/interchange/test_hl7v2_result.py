"""A report as ORU^R01, read back by the independent parser."""

import base64
from dataclasses import replace

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.case import CaseOrigin, ClinicalContext, Patient, Progress, Sex
from app.domain.report import RESEARCH_USE_NOTICE, compile_report
from app.interchange.hl7v2_result import CannotBeWritten, write_result
from tests.factories import NOW, make_case, make_manifest, make_rule, make_tally
from tests.interchange.hl7_messages import (
    make_envelope,
    make_placed,
    make_report,
    signed,
    strictly,
)

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 8
# The parser holds the data of ED for a string of 199 characters at most, where the standard has TX.
SHORT_PDF = b"%PDF-1.7"


def write(report=None, order=None, pdf=SHORT_PDF, **envelope):
    return write_result(report or make_report(), order, make_envelope(**envelope), pdf)


def observed(content):
    """Each OBX by its own code, and each NTE of the request."""
    message = strictly(content)
    assert message.validate()
    group = message.oru_r01_patient_result.oru_r01_order_observation
    return {found.obx.obx_3.obx_3_1.value: found.obx for found in group.oru_r01_observation}, group


def test_every_abnormality_has_count_denominator_share_and_interval():
    found, _ = observed(write())
    assert found["PMN"].obx_5.value == "120"
    for code, count, share, interval in [
        ("PELGER", "12", "10.00", "^5.81^-^16.67"),
        ("SPIKE", "3", "2.50", "^0.85^-^7.09"),
        ("VACUOLE", "20", "16.67", "^11.06^-^24.35"),
        ("HYPOGRAN", "0", "0.00", "^0.00^-^3.10"),
    ]:
        assert found[f"{code}-COUNT"].obx_5.value == count
        assert found[f"{code}-TOTAL"].obx_5.value == "120"
        assert found[f"{code}-PERCENT"].obx_5.value == share
        assert found[f"{code}-PERCENT"].obx_6.obx_6_1.value == "%"
        assert found[f"{code}-INTERVAL"].obx_5.value == interval
        assert found[f"{code}-INTERVAL"].obx_17.obx_17_1.value == "WILSON-95"
        groups = {found[f"{code}-{what}"].obx_4.value for what in ("COUNT", "PERCENT", "INTERVAL")}
        assert len(groups) == 1


def test_loinc_stands_beside_the_share_where_it_has_a_code_and_nowhere_else():
    found, _ = observed(write())
    known = {
        code: obx.obx_3.obx_3_4.value for code, obx in found.items() if obx.obx_3.obx_3_4.value
    }
    assert known == {
        "PELGER-PERCENT": "18311-1",
        "VACUOLE-PERCENT": "18319-4",
        "HYPOGRAN-PERCENT": "33215-5",
    }
    assert found["VACUOLE-PERCENT"].obx_3.obx_3_3.value == "99VXS"
    assert found["VACUOLE-PERCENT"].obx_3.obx_3_6.value == "LN"


def test_score_recommendation_origin_and_signature_are_said():
    found, group = observed(write(make_report(vacuole=30, nuclear_spike=20)))
    report = make_report(vacuole=30, nuclear_spike=20)
    assert float(found["SCORE"].obx_5.value) == pytest.approx(report.score.value, abs=1e-4)
    assert found["SCORE-CUT-OFF"].obx_5.value == "0.5000"
    assert found["RECOMMENDATION"].obx_5.value.startswith("TEST-UBA1^UBA1 testing recommended")
    assert found["PROPOSED-TEST"].obx_5.value.startswith("104268-8^UBA1 gene mutation")
    assert report.bundle.digest in found["CLASSIFIER"].obx_5.value
    assert found["SIGNATURE"].obx_5.value.startswith(
        "Dr Ann Müller (ann), 2026-03-01 09:30:00 UTC: "
    )
    assert group.obr.obr_32.value == "ann&Dr Ann Müller^20260301093000+0000"


def test_a_score_just_below_its_cut_off_is_sent_below_it():
    report = make_report()
    near = replace(report, score=replace(report.score, value=0.49996, cut_off=0.5))
    found, _ = observed(write(near))
    assert (found["SCORE"].obx_5.value, found["SCORE-CUT-OFF"].obx_5.value) == (
        "0.49996",
        "0.50000",
    )


def test_a_smear_that_raises_nothing_proposes_no_test():
    found, _ = observed(write(make_report(vacuole=0)))
    assert found["RECOMMENDATION"].obx_5.value.startswith("NOT-RAISED^")
    assert "PROPOSED-TEST" not in found


def test_too_few_cells_have_no_score_and_say_so():
    report = compile_report(
        make_case(), make_tally(0), make_manifest(), make_rule(), Progress(0, 0, 0), NOW
    )
    found, _ = observed(write(signed(report, 1)))
    assert found["RECOMMENDATION"].obx_5.value.startswith("TOO-FEW-CELLS^")
    assert not {"SCORE", "VACUOLE-PERCENT", "VACUOLE-INTERVAL"} & set(found)
    assert found["VACUOLE-TOTAL"].obx_5.value == "0"


@pytest.mark.parametrize(("version", "status"), [(None, "P"), (1, "F"), (2, "C"), (7, "C")])
def test_the_status_tells_first_from_corrected_from_unsigned(version, status):
    found, group = observed(write(make_report(version=version)))
    assert group.obr.obr_25.value == status
    assert {obx.obx_11.value for obx in found.values()} == {status}


def test_an_amended_report_says_why():
    _, group = observed(write(make_report(version=2)))
    assert any("Amended: A cell was counted twice" in note.nte_3.value for note in group.nte)


def test_the_notice_stands_first_and_a_demonstration_says_what_it_is():
    _, group = observed(write(make_report(make_case(origin=CaseOrigin.SYNTHETIC))))
    notes = [note.nte_3.value for note in group.nte]
    assert notes[0] == RESEARCH_USE_NOTICE
    assert notes[1].startswith("Synthetic demonstration")
    assert "Demonstration weights, not fitted on patients." in notes


def test_the_pdf_arrives_to_the_last_byte():
    message = parse_message(write(pdf=PDF).decode(), VALIDATION_LEVEL.TOLERANT)
    group = message.oru_r01_patient_result.oru_r01_order_observation
    found = {each.obx.obx_3.obx_3_1.value: each.obx for each in group.oru_r01_observation}
    source, kind, subtype, encoding, data = found["REPORT-PDF"].obx_5.value.split("^")
    assert (source, kind, subtype, encoding) == ("", "AP", "PDF", "Base64")
    assert base64.b64decode(data, validate=True) == PDF
    assert "REPORT-PDF" not in observed(write(pdf=None))[0]


def test_the_numbers_of_the_order_go_back_as_they_came():
    message = strictly(write(order=make_placed()))
    group = message.oru_r01_patient_result.oru_r01_order_observation
    assert group.orc.orc_2.value == group.obr.obr_2.value == "PL-5^LIS"
    assert group.obr.obr_4.value == "SMEAR^Smear for VEXAS^L"
    assert group.obr.obr_7.value == "20260301073000+0000"
    assert message.oru_r01_patient_result.oru_r01_patient.pid.pid_3.value == "P-1^^^HOSP^MR"


def test_without_an_order_the_case_s_own_number_and_the_panel_stand():
    case = make_case()
    _, group = observed(write(make_report(case)))
    assert group.obr.obr_2.value == ""
    assert group.obr.obr_3.value == f"{case.id}^VEXASCOPE"
    assert group.obr.obr_4.obr_4_1.value == "58407-8"
    assert group.oru_r01_specimen.spm.spm_2.value == "A-1"


def test_the_patient_is_named_as_stored_and_unnamed_where_not():
    named = make_case(
        patient=Patient(uuid7(), "P|1", "Ann & Bo^Example"), context=ClinicalContext(sex=Sex.MALE)
    )
    pid = strictly(write(make_report(named))).oru_r01_patient_result.oru_r01_patient.pid
    assert pid.pid_3.value == r"P\F\1"
    assert pid.pid_5.value == r"Ann \T\ Bo\S\Example^^^^^^D"
    assert pid.pid_8.value == "M"
    pid = strictly(write()).oru_r01_patient_result.oru_r01_patient.pid
    assert pid.pid_5.value == "^^^^^^U"


def test_the_same_report_gives_the_same_bytes():
    report = make_report()
    assert write(report) == write(report)


def test_another_character_set_is_named_and_used():
    content = write(charset="8859/1")
    assert "Dr Ann Müller".encode("iso8859-1") in content
    assert strictly(content, "iso8859-1").msh.msh_18.value == "8859/1"


def test_nothing_is_sent_with_a_hole_where_the_character_set_lacks_a_character():
    case = make_case(patient=Patient(uuid7(), "P", "王"))
    with pytest.raises(CannotBeWritten, match="8859/1 lacks") as refused:
        write(make_report(case), charset="8859/1")
    assert "王" not in refused.value.detail


def test_every_local_code_fits_its_component():
    found, _ = observed(write(make_report(vacuole=60)))
    assert all(len(code) <= 20 for code in found)
    assert len([code for code in found if code.endswith("-COUNT")]) == len(Abnormality)
