import base64
import json
from datetime import date
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.case_state import CaseState
from app.domain.errors import InvalidInput
from app.domain.screening import Recommendation
from app.domain.worklist import WorklistOrder, WorklistPosition, WorklistSort
from app.web.pages.worklist_query import (
    Looked,
    parse_query,
    place_token,
    read_filter,
    read_order,
    read_position,
)
from tests.factories import NOW

# The same in every process: they stand in the names of tests.
ME, KEY = (UUID(f"0199f000-0000-7000-8000-00000000000{number}") for number in (1, 2))
LOOKED = Looked(ME, {KEY: "P-1"}.__getitem__, lambda case_id, sort: f"{sort} of {case_id}")


def test_an_address_says_what_is_shown():
    query = parse_query(
        "state=to_review,signed&recommendation=test_uba1&finding=vacuole&least=2,5"
        f"&from=2026-01-01&to=2026-01-31&reader=me&search={KEY}&sort=score&order=asc"
    )
    chosen = read_filter(query, LOOKED)
    assert chosen.states == {CaseState.TO_REVIEW, CaseState.SIGNED}
    assert chosen.recommendation is Recommendation.TEST_UBA1
    assert (chosen.finding, chosen.least_percent) == (Abnormality.VACUOLE, 2.5)
    assert (chosen.opened_from, chosen.opened_to) == (date(2026, 1, 1), date(2026, 1, 31))
    assert (chosen.reader_id, chosen.text) == (ME, "P-1")
    assert read_order(query) == WorklistOrder(WorklistSort.SCORE, descending=False)


def test_an_address_of_nothing_shows_everything_newest_first():
    query = parse_query("")
    assert read_filter(query, LOOKED).is_empty
    assert read_order(query) == WorklistOrder(WorklistSort.OPENED, descending=True)
    assert read_position(query, LOOKED) is None
    assert query.address() == "/cases"


def test_a_changed_address_keeps_all_but_the_place():
    query = parse_query("state=signed&after=somewhere")
    assert query.address(sort="score") == "/cases?state=signed&sort=score"


@pytest.mark.parametrize(
    "text",
    [
        "state=lost",
        "recommendation=maybe",
        "finding=none",
        "finding=vacuole&least=many",
        "finding=vacuole&least=nan",
        "finding=vacuole&least=101",
        "from=01/02/2026",
        "to=9999-12-31",
        "from=2026-02-01&to=2026-01-01",
        "reader=ann",
        "search=P-1",
    ],
)
def test_a_wrong_filter_is_refused_with_a_sentence(text):
    with pytest.raises(InvalidInput):
        read_filter(parse_query(text), LOOKED)


@pytest.mark.parametrize("text", ["sort=colour", "order=up"])
def test_a_wrong_order_is_refused(text):
    with pytest.raises(InvalidInput):
        read_order(parse_query(text))


VALUES = {
    WorklistSort.OPENED: NOW,
    WorklistSort.STATE: 3,
    WorklistSort.PMN_COUNT: 120,
    WorklistSort.SCORE: 0.1 + 0.2,
    WorklistSort.READER: "Ann",
}


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sort", WorklistSort)
def test_a_place_comes_back_and_names_nobody(sort, backwards):
    value = "a-1" if sort.identifies else VALUES[sort]
    place = WorklistPosition(value, uuid7(), backwards)
    token = place_token(place, sort)
    name = "before" if backwards else "after"
    found = read_position(parse_query(f"sort={sort}&{name}={token}"), LOOKED)
    assert (found.case_id, found.backwards) == (place.case_id, backwards)
    if sort.identifies:
        # The server looks the value up: the address must not hold it.
        assert json.loads(base64.urlsafe_b64decode(token))[0] is None
        assert found.value == f"{sort} of {place.case_id}"
    else:
        assert found.value == value


def token(content):
    return base64.urlsafe_b64encode(content.encode()).decode()


@pytest.mark.parametrize(
    ("sort", "place"),
    [
        ("opened", "%%%"),
        ("opened", token("[")),
        ("opened", token('["now", "x"]')),
        ("opened", token(f'["2026-03-01", "{KEY}"]')),
        ("opened", token(f'["0001-01-01T00:00:00+23:59", "{KEY}"]')),
        ("opened", token(f'[null, "{KEY}"]')),
        ("state", token(f'[99999999999999999999, "{KEY}"]')),
        ("state", token(f'[null, "{KEY}"]')),
        ("score", token(f'[NaN, "{KEY}"]')),
        ("score", token(f'[{{}}, "{KEY}"]')),
        ("pmn", token(f'["12", "{KEY}"]')),
        ("reader", token(f'["a\\u0000", "{KEY}"]')),
        ("patient", token('["P-1"]')),
        ("opened", token("[" * 100_000)),
    ],
)
def test_a_wrong_place_is_refused(sort, place):
    with pytest.raises(InvalidInput, match="address"):
        read_position(parse_query(f"sort={sort}&after={place}"), LOOKED)
