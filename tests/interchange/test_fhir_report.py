import copy
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.abnormality import Abnormality
from app.domain.case import CaseOrigin
from app.domain.screening import Recommendation
from app.interchange.codes import CONCEPTS, LOCAL, LOINC
from app.interchange.fhir_conformance import (
    capability_statement,
    code_system,
    everything_operation,
)
from app.interchange.fhir_outcome import Issue, outcome
from app.interchange.fhir_report import bundle, resources
from app.interchange.fhir_types import moment
from app.web.api.report_schema import ReportRead
from tests.factories import make_case, make_tally
from tests.fhir_validator import dangling
from tests.interchange.reports import (
    BASE,
    SIGNED_AT,
    interpreted,
    make_report,
    signed,
    view_of,
    views,
)

VIEWS = views()


def of_kind(view, kind):
    return [item for item in resources(view) if item["resourceType"] == kind]


def observations(view):
    return {item["id"].partition(".")[2]: item for item in of_kind(view, "Observation")}


def report_of(view):
    [found] = of_kind(view, "DiagnosticReport")
    return found


def local_code(concept):
    [found] = [item["code"] for item in concept["coding"] if item["system"] == LOCAL]
    return found


def components(observation):
    return {local_code(item["code"]): item for item in observation["component"]}


@pytest.mark.parametrize("name", VIEWS)
def test_every_resource_of_every_state_is_valid(fhir_validator, name):
    for item in resources(VIEWS[name]):
        assert fhir_validator.problems(item) == [], item["id"]
    assert fhir_validator.problems(bundle(VIEWS[name])) == []


@pytest.mark.parametrize(
    "item",
    [
        capability_statement(BASE),
        code_system(),
        everything_operation(BASE),
        outcome(Issue("required", "Not valid", "It is missing.", "ServiceRequest.subject")),
    ],
    ids=lambda item: item["resourceType"],
)
def test_what_the_server_says_of_itself_is_valid(fhir_validator, item):
    assert fhir_validator.problems(item) == []


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (["status"], "bogus", 'DiagnosticReport.status: Code "bogus" not found in value set'),
        (["status"], None, "DiagnosticReport.status: Missing property"),
        (["spikes"], 3, "DiagnosticReport.spikes: Unexpected property"),
        (["specimen", 0, "reference"], "Device/1", "DiagnosticReport.specimen[0]: Invalid type"),
        (["result"], {"display": "x"}, "DiagnosticReport.result: Property is not an array"),
        (["issued"], "2026-03-01T11:05:07", ".issued: not an instant"),
    ],
)
def test_the_validator_bites(fhir_validator, path, value, complaint):
    broken = copy.deepcopy(report_of(VIEWS["final"]))
    assert fhir_validator.problems(broken) == []
    *way, last = path
    place = broken
    for step in way:
        place = place[step]
    place[last] = value
    if value is None:
        del place[last]
    [problem] = fhir_validator.problems(broken)
    assert problem.startswith(complaint)


@pytest.mark.parametrize("name", VIEWS)
def test_every_reference_leads_somewhere_in_the_bundle(name):
    assert dangling(bundle(VIEWS[name])) == []


def test_a_reference_that_leads_nowhere_is_found():
    broken = bundle(VIEWS["final"])
    del broken["entry"][1]
    assert dangling(broken) != []


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("registered", "registered"),
        ("partial", "partial"),
        ("waiting", "partial"),
        ("preliminary", "preliminary"),
        ("few", "preliminary"),
        ("final", "final"),
        ("final few", "final"),
        ("amended", "amended"),
        ("corrected", "corrected"),
    ],
)
def test_the_status_says_what_was_signed(name, status):
    assert report_of(VIEWS[name])["status"] == status


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_unsigned_is_final_and_nothing_signed_is_not(name):
    found = {item["status"] for item in observations(VIEWS[name]).values()}
    if VIEWS[name].report.signature:
        assert found <= {"final", "amended", "corrected"}
        assert of_kind(VIEWS[name], "Provenance")
    else:
        assert found <= {"registered", "preliminary", "cancelled"}
        assert not of_kind(VIEWS[name], "Provenance")


def test_an_amendment_marks_what_it_changed_and_nothing_else():
    amended = observations(VIEWS["amended"])
    changed = {name for name, item in amended.items() if item["status"] != "final"}
    assert changed == {"interpretation"}
    assert amended["interpretation"]["status"] == "amended"
    corrected = observations(VIEWS["corrected"])
    assert corrected["pmn-count"]["status"] == "corrected"
    assert corrected["vacuole"]["status"] == "corrected"
    # 0 cells were left out in both versions.
    assert corrected["excluded-cells"]["status"] == "final"


@pytest.mark.parametrize("name", VIEWS)
def test_the_numbers_are_those_of_the_report(name):
    """Every number of the report as JSON stands in the Observations, to the last digit."""
    view = VIEWS[name]
    read = json.loads(ReportRead.of(view.report).model_dump_json())
    sent = json.loads(json.dumps(resources(view), allow_nan=False))
    found = {
        item["id"].partition(".")[2]: item for item in sent if item["resourceType"] == "Observation"
    }
    if not read["case"]["progress"]["cell_count"]:
        assert found == {}
        return
    assert found["pmn-count"]["valueQuantity"]["value"] == read["pmn_count"]
    for line in read["abnormalities"]:
        item = found[line["label"].replace("_", "-")]
        assert local_code(item["code"]) == line["label"]
        parts = components(item)
        assert value(parts["count"]) == line["count"]
        assert value(parts["total"]) == line["total"]
        assert value(parts["threshold"]) == line["threshold"]
        assert value(item) == line["proportion"]
        assert ends(parts.get("interval_95")) == (line["interval_low"], line["interval_high"])
        more = line["corrected"] or dict.fromkeys(
            ["proportion", "interval_low", "interval_high", "sensitivity", "specificity"]
        )
        assert value(parts.get("corrected_proportion")) == more["proportion"]
        assert ends(parts.get("corrected_interval_95")) == (
            more["interval_low"],
            more["interval_high"],
        )
        assert value(parts.get("sensitivity")) == more["sensitivity"]
        assert value(parts.get("specificity")) == more["specificity"]
    left_out = components(found["excluded-cells"])
    assert {name: value(item) for name, item in left_out.items()} == {
        line["reason"]: line["count"] for line in read["exclusions"]
    }
    same_score(found["screening-score"], read["score"])
    outcome = found["recommendation"].get("valueCodeableConcept")
    assert (outcome and local_code(outcome)) == read["recommendation_code"]
    assert (outcome and outcome["text"]) == read["recommendation"]


def same_score(item, score):
    if score is None:
        assert "valueQuantity" not in item
        assert item["dataAbsentReason"]["text"]
        return
    parts = components(item)
    assert value(item) == score["value"]
    assert ends(parts["interval_95"]) == (score["interval_low"], score["interval_high"])
    assert value(parts["cut_off"]) == score["cut_off"]
    assert value(parts["baseline_log_odds"]) == score["baseline_log_odds"]
    for line in score["contributions"]:
        assert value(parts[f"contribution_{line['label']}"]) == line["log_odds"]


def value(item):
    return item["valueQuantity"]["value"] if item and "valueQuantity" in item else None


def ends(item):
    if item is None:
        return None, None
    return item["valueRange"]["low"]["value"], item["valueRange"]["high"]["value"]


def test_a_share_that_no_decimal_ends_keeps_every_digit_and_fhirs_form():
    view = view_of(make_report(make_tally(149, vacuole=13)))
    text = json.dumps(observations(view)["vacuole"]["valueQuantity"]["value"])
    assert Decimal(text) == Decimal(repr(13 / 149))
    assert len(Decimal(text).as_tuple().digits) <= 18


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("final", Recommendation.TEST_UBA1),
        ("preliminary", Recommendation.TEST_UBA1),
        ("final clean", Recommendation.NOT_RAISED_BY_SMEAR),
        ("few", Recommendation.INSUFFICIENT_CELLS),
        ("final few", Recommendation.INSUFFICIENT_CELLS),
        ("partial", None),
    ],
)
def test_uba1_is_proposed_where_it_is_recommended_and_only_there(name, outcome):
    view = VIEWS[name]
    assert view.report.recommendation is outcome
    proposals = [item for item in of_kind(view, "ServiceRequest") if item["intent"] == "proposal"]
    assert len(proposals) == (outcome is Recommendation.TEST_UBA1)
    for item in proposals:
        [code] = item["code"]["coding"]
        assert (code["system"], code["code"]) == (LOINC, "104268-8")
        assert item["status"] == ("active" if view.report.signature else "draft")
    if outcome:
        report = report_of(view)
        assert local_code(report["conclusionCode"][0]) == outcome.value
        assert report["conclusion"].startswith(str(outcome.wording))


@pytest.mark.parametrize(
    ("name", "status", "why"),
    [
        ("withdrawn", "revoked", "version 2 does not: Debris had been taken for vacuoles"),
        ("on hold", "on-hold", "open for an amendment"),
    ],
)
def test_a_proposal_that_was_signed_is_withdrawn_and_does_not_vanish(name, status, why):
    [item] = [one for one in of_kind(VIEWS[name], "ServiceRequest") if one["intent"] == "proposal"]
    assert (item["status"], item["id"][-5:]) == (status, ".uba1")
    assert item["authoredOn"] == moment(SIGNED_AT)
    assert why in item["note"][0]["text"]


def test_a_cancelled_order_is_revoked_and_its_report_is_no_result():
    view = VIEWS["cancelled"]
    for item in (report_of(view), *of_kind(view, "Observation")):
        assert item["status"] == "cancelled"
    order, *proposals = reversed(of_kind(view, "ServiceRequest"))
    assert order["status"] == "revoked"
    assert proposals == []


def test_the_time_of_the_sample_stands_on_report_results_and_specimen():
    drawn = "2026-03-01T07:30:00Z"
    view = VIEWS["ordered"]
    for item in (report_of(view), *of_kind(view, "Observation")):
        assert item["effectiveDateTime"] == drawn
    assert of_kind(view, "Specimen")[0]["collection"] == {"collectedDateTime": drawn}
    assert "effectiveDateTime" not in report_of(VIEWS["final"])


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_rules_vexas_out(name):
    for item in of_kind(VIEWS[name], "Observation"):
        if item["id"].endswith(".recommendation"):
            assert "never rules VEXAS syndrome out" in item["note"][0]["text"]
    assert "never rules it out" in report_of(VIEWS[name])["text"]["div"]


@pytest.mark.parametrize("name", VIEWS)
def test_every_resource_says_that_it_is_for_research(name):
    for item in resources(VIEWS[name]):
        assert local_code({"coding": item["meta"]["tag"]}) == "research_use"
        assert "For research use only" in item["text"]["div"]


def test_made_up_cases_are_labelled_as_test_data():
    def labels(origin):
        view = view_of(make_report(make_tally(60), case=make_case(origin=origin)))
        return {
            (item["resourceType"], label["code"])
            for item in resources(view)
            for label in item["meta"].get("security", [])
        }

    assert labels(CaseOrigin.LABORATORY) == set()
    assert {("DiagnosticReport", "HTEST"), ("Patient", "HTEST")} <= labels(CaseOrigin.SYNTHETIC)


def test_a_signature_says_who_when_and_for_what_in_utc():
    [item] = of_kind(VIEWS["corrected"], "Provenance")
    assert item["recorded"] == "2026-03-01T11:05:07.250000Z"
    assert item["activity"]["text"] == "Amended the report and approves this version"
    assert item["reason"] == [{"text": "A cell was counted twice"}]
    assert item["agent"][0]["who"]["display"] == "Dr Ann (ann)"
    report = report_of(VIEWS["corrected"])
    assert report["issued"] == report["meta"]["lastUpdated"] == item["recorded"]
    assert report["meta"]["versionId"] == "2"
    assert "versionId" not in report_of(VIEWS["preliminary"])["meta"]


def test_text_that_people_wrote_cannot_break_out_of_the_narrative():
    view = view_of(interpreted(signed(make_report(make_tally(60)))))
    assert observations(view)["interpretation"]["valueString"] == "Vacuoles <and> spikes & more."
    case = make_case(accession_number="A<1>&")
    patient = replace(case.patient, identifier="P<script>1")
    view = view_of(make_report(make_tally(60), case=replace(case, patient=patient)))
    [item] = of_kind(view, "Patient")
    assert "<script>" not in item["text"]["div"]
    assert item["identifier"][0]["value"] == "P<script>1"


def test_every_abnormality_has_its_codes():
    found = observations(VIEWS["final"])
    loinc = {
        label: [code["code"] for code in found[name]["code"]["coding"] if code["system"] == LOINC]
        for label in Abnormality
        for name in [label.value.replace("_", "-")]
    }
    assert loinc == {
        Abnormality.PSEUDO_PELGER: ["18311-1"],
        Abnormality.NUCLEAR_SPIKE: [],
        Abnormality.VACUOLE: ["18319-4"],
        Abnormality.HYPOGRANULARITY: ["33215-5"],
    }


@pytest.mark.parametrize("name", VIEWS)
def test_every_local_code_is_declared(name):
    declared = {(item.code, item.display) for item in CONCEPTS}
    assert len(declared) == len(CONCEPTS)
    used = {(code["code"], code["display"]) for code in local_codings(resources(VIEWS[name]))}
    assert used <= declared


def local_codings(value):
    if isinstance(value, dict):
        if value.get("system") == LOCAL:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from local_codings(item)


def test_the_pictures_are_those_of_the_strongest_cells():
    view = VIEWS["final"]
    shown = {item["id"] for item in of_kind(view, "Media")}
    assert shown == {
        str(read.cell.id) for line in view.report.abnormalities for read in line.strongest
    }
    assert all(item["content"]["url"].endswith("/image") for item in of_kind(view, "Media"))
