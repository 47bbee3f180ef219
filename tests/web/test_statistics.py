"""The page, JSON and CSV of the statistics tell the same, each account's sites alone."""

import csv
import shutil
from collections import Counter
from io import StringIO

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.bootstrap import running
from app.db.statistics_tables import CaseMeasuresRow
from app.db.tables import CaseRow
from app.domain.site import DEFAULT_SITE_ID
from app.web.app import create_app
from tests.accounts import ADMIN, READER, add_accounts
from tests.conftest import make_settings
from tests.statistics_cases import fill
from tests.web.api.test_cases import is_problem

PERIOD = {"from": "2026-06-01", "to": "2026-11-27"}
PATH = "/api/v1/statistics"
PAGE = "/administration/statistics"


@pytest.fixture(scope="module")
def place(migrated_sqlite, small_bundle, tmp_path_factory):
    """A server with 600 cases at two sites; the administrator sees both, the reader one."""
    folder = tmp_path_factory.mktemp("statistics")
    shutil.copy(migrated_sqlite, folder / "vexascope.db")
    with running(make_settings(folder, bundle=small_bundle)) as container:
        add_accounts(container)
        fill(container.engine, 600)
        with TestClient(create_app(container), raise_server_exceptions=False) as client:
            client.auth = ADMIN
            yield client, container


def found(client, **query):
    answer = client.get(PATH, params={**PERIOD, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_numbers_are_those_of_the_tables(place):
    client, container = place
    told = found(client)
    with container.engine.connect() as connection:
        opened = connection.scalar(
            select(func.count())
            .select_from(CaseRow)
            .where(func.date(CaseRow.created_at).between(PERIOD["from"], PERIOD["to"]))
        )
        vacuoles, pmn = connection.execute(
            select(func.sum(CaseMeasuresRow.vacuole_count), func.sum(CaseMeasuresRow.pmn_count))
            .join(CaseRow, CaseRow.id == CaseMeasuresRow.case_id)
            .where(CaseRow.site_id == DEFAULT_SITE_ID, CaseMeasuresRow.week == "2026-09-07")
        ).one()
    assert sum(day["opened"] for day in told["days"]) == opened
    assert told["turnaround"]["signed"] + told["turnaround"]["open"] == opened
    [site] = [item for item in told["drift"] if item["site_id"] == str(DEFAULT_SITE_ID)]
    weeks = [
        week
        for series in site["series"]
        if series["series"] == "vacuole"
        for week in series["weeks"]
        if week["week"] == "2026-09-07"
    ]
    assert [week["value"] for week in weeks] == [pytest.approx(vacuoles / pmn)]


def test_two_bundles_never_share_a_series_and_a_moved_stain_is_told(place):
    client, _ = place
    [site] = found(client, site=str(DEFAULT_SITE_ID))["drift"]
    charts = [item for item in site["series"] if item["series"] == "nucleus_purple_density"]
    assert len({item["bundle_digest"] for item in charts}) == len(charts) == 2
    assert Counter(week["standing"] for week in charts[0]["weeks"])["low"] >= 2
    assert charts[0]["baseline_last"] < charts[1]["baseline_first"]


def test_the_table_holds_what_json_holds(place):
    client, _ = place
    told = found(client)
    answer = client.get(f"{PATH}.csv", params=PERIOD)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(StringIO(answer.text)))
    sections = Counter(row["section"] for row in rows)
    assert sections["cases"] == 2 * len(told["days"])
    overrides = [*told["signed_overrides"], *told["reader_overrides"]]
    assert sections["overrides"] == 3 * len(overrides) > 0
    assert sections["drift"] == sum(
        len(series["weeks"]) for site in told["drift"] for series in site["series"]
    )
    [median] = [row for row in rows if row["measure"] == "median"]
    assert float(median["value"]) == told["turnaround"]["median"]


def test_the_page_draws_one_site_and_lists_several(place):
    client, _ = place
    several = client.get(PAGE, params=PERIOD).text
    assert several.count("<figure") == 0
    assert f"site={DEFAULT_SITE_ID}" in several
    one = client.get(PAGE, params={**PERIOD, "site": str(DEFAULT_SITE_ID)}).text
    assert one.count("<figure") == 14
    assert 'class="alarm"' in one
    assert "pmn-lite0 0.3.0" in one


def test_an_account_is_told_of_its_sites_alone(place):
    client, _ = place
    everything, own = found(client), client.get(PATH, params=PERIOD, auth=READER).json()
    assert own["site_ids"] == [str(DEFAULT_SITE_ID)]
    assert (
        0
        < sum(day["opened"] for day in own["days"])
        < sum(day["opened"] for day in everything["days"])
    )
    [other] = set(everything["site_ids"]) - set(own["site_ids"])
    answer = client.get(PATH, params={"site": other}, auth=READER)
    assert is_problem(answer, 404, "does not see it")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"from": "yesterday"}, "year-month-day"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "lies after"),
        ({"from": "1990-01-01", "to": "2026-01-01"}, "ten years"),
        ({"site": "here"}, "not valid"),
    ],
)
def test_what_cannot_be_asked_is_said(place, query, sentence):
    client, _ = place
    assert is_problem(client.get(PATH, params=query), 422, sentence)
    assert client.get(PAGE, params=query).status_code == 422


@pytest.mark.parametrize("query", ["to=9999-12-31", "to=0001-01-01"])
def test_a_day_that_nothing_can_be_counted_from_is_refused(idle_client, query):
    idle_client.auth = ADMIN
    answer = idle_client.get(f"/api/v1/statistics?{query}")
    assert answer.status_code == 422
    assert "The year must lie between" in answer.json()["detail"]
