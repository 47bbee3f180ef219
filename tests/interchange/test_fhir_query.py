from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.domain.case_state import CaseState
from app.domain.errors import InvalidInput
from app.interchange.codes import Namespaces
from app.interchange.fhir_query import MOST_ENTRIES, USUAL_ENTRIES, parse_query

NAMES, BASE = Namespaces(), "https://lab.example/fhir"
KEY = UUID("0190a000-0000-7000-8000-000000000000")


def parsed(*given):
    return parse_query(given, frozenset(), NAMES, BASE)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_nothing_asked_finds_everything_of_the_sites():
    query = parsed()
    chosen = query.chosen
    assert (chosen.accession_numbers, chosen.patient_ids, chosen.states) == (None, None, None)
    assert (query.count, query.after) == (USUAL_ENTRIES, None)


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("A-1", {"A-1"}),
        ("A-1,A-2", {"A-1", "A-2"}),
        ("A\\,1", {"A,1"}),
        (f"{NAMES.accession_numbers}|A-1", {"A-1"}),
        ("https://other.example|A-1", set()),
        ("|A-1", set()),
    ],
)
def test_an_accession_number_is_asked_for_with_its_system_or_without(value, numbers):
    assert parsed(("identifier", value)).chosen.accession_numbers == numbers


def test_a_repeated_parameter_asks_for_both():
    query = parsed(("identifier", "A,B"), ("identifier", "B,C"))
    assert query.chosen.accession_numbers == {"B"}


@pytest.mark.parametrize("value", [f"Patient/{KEY}", str(KEY), f"{BASE}/Patient/{KEY}"])
@pytest.mark.parametrize("name", ["patient", "subject"])
def test_a_patient_is_asked_for_by_key(name, value):
    assert parsed((name, value)).chosen.patient_ids == {KEY}


def test_a_key_that_could_not_be_one_finds_nothing():
    assert parsed(("_id", "one")).chosen.case_ids == frozenset()


def test_a_status_is_looked_for_among_the_states_in_which_it_can_be():
    query = parsed(("status", "final,http://hl7.org/fhir/diagnostic-report-status|corrected"))
    assert query.chosen.states == {CaseState.SIGNED, CaseState.AMENDED}


@pytest.mark.parametrize(
    ("values", "since", "until"),
    [
        (["2026"], utc(2026, 1, 1), utc(2027, 1, 1)),
        (["2026-12"], utc(2026, 12, 1), utc(2027, 1, 1)),
        (["2026-02-28"], utc(2026, 2, 28), utc(2026, 3, 1)),
        (["ge2026-03-01T10:00+02:00"], utc(2026, 3, 1, 8), None),
        (["ge2026-03-01T10:00 02:00"], utc(2026, 3, 1, 8), None),
        (["gt2026-03-01"], utc(2026, 3, 2), None),
        (["lt2026-03-01T10:00:00Z"], None, utc(2026, 3, 1, 10)),
        (["le2026-03-01T10:00:00Z"], None, utc(2026, 3, 1, 10, 0, 1)),
        (["le2026-03-01T10:00:00.25Z"], None, utc(2026, 3, 1, 10, 0, 0, 260_000)),
        (["ge2026-03-01", "lt2026-04"], utc(2026, 3, 1), utc(2026, 4, 1)),
    ],
)
def test_a_time_is_a_period_in_utc(values, since, until):
    chosen = parsed(*(("_lastUpdated", value) for value in values)).chosen
    assert (chosen.signed_from, chosen.signed_before) == (since, until)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("identifer", "A-1"),
        ("identifier:exact", "A-1"),
        ("status", "bogus"),
        ("_count", "0"),
        ("_count", "many"),
        ("_after", "x"),
        ("_lastUpdated", "yesterday"),
        ("_lastUpdated", "2026-13"),
        ("_lastUpdated", "ne2026"),
        ("_lastUpdated", "ge9999-12-31"),
    ],
)
def test_what_is_not_understood_is_not_ignored(name, value):
    with pytest.raises(InvalidInput):
        parsed((name, value))


def test_a_page_has_its_limit():
    assert parsed(("_count", "100000")).count == MOST_ENTRIES
