"""The numbers of the statistics, counted again by hand from the rows of a made-up laboratory.

The rows are read by SQLite's own module and added up in plain Python: nothing of the product's SQL,
mapping or arithmetic is used twice.
"""

import math
import shutil
import sqlite3
import statistics
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.bootstrap import running
from app.domain.abnormality import Abnormality
from app.web.app import create_app
from tests.accounts import ADMIN, add_accounts
from tests.conftest import make_settings
from tests.statistics_cases import fill
from tests.web.test_statistics import PERIOD, found

LABELS = [label.value for label in Abnormality]


@pytest.fixture(scope="module")
def place(migrated_sqlite, small_bundle, tmp_path_factory):
    """A server with 700 cases: one amended, one erased unsigned, some for demonstration."""
    folder = tmp_path_factory.mktemp("recounted")
    shutil.copy(migrated_sqlite, folder / "vexascope.db")
    with running(make_settings(folder, bundle=small_bundle)) as container:
        add_accounts(container)
        fill(container.engine, 700)
        make_odd(folder / "vexascope.db")
        with TestClient(create_app(container), raise_server_exceptions=False) as client:
            client.auth = ADMIN
            yield client, container


def make_odd(path):
    """Cases that might be counted twice, for ever, or though nobody asked for them."""
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO report_versions SELECT lower(hex(randomblob(16))), case_id, 2, signer_id, "
            "printed_name, account_name, '2026-11-20 09:00:00.000000', 'amended', 'x', content, "
            "sha256 FROM report_versions WHERE signed_at > '2026-08-01' LIMIT 40"
        )
        unsigned = (
            "SELECT id FROM cases WHERE created_at > '2026-08-01' AND id NOT IN "
            "(SELECT case_id FROM report_versions) LIMIT 1"
        )
        connection.execute(
            f"UPDATE cases SET erased_at = datetime(created_at, '+3 hours') WHERE id = ({unsigned})"
        )
        connection.execute(
            "UPDATE cases SET origin = 'synthetic' WHERE id IN "
            "(SELECT id FROM cases WHERE erased_at IS NULL ORDER BY accession_number LIMIT 60)"
        )
        # The last moment of a Sunday, in UTC: the week and the day that end with it.
        connection.execute(
            "UPDATE cases SET created_at = '2026-09-06 23:59:59.999999' WHERE id = "
            "(SELECT id FROM cases WHERE created_at LIKE '2026-09-07%' LIMIT 1)"
        )


def rows(container, query):
    """Straight from the file, past the product's own mapping."""
    with sqlite3.connect(container.settings.data_dir / "vexascope.db") as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def in_period(text):
    return bool(text) and PERIOD["from"] <= text[:10] <= PERIOD["to"]


def wilson(count, total):
    z, p = 1.959963984540054, count / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total**2)) / (1 + z * z / total)
    return pytest.approx((middle - half, middle + half), abs=1e-9)


def own(container):
    """The laboratory's cases, each with its first image and all signatures."""
    cases = rows(container, "SELECT * FROM cases WHERE origin = 'laboratory'")
    uploads = rows(container, "SELECT case_id, created_at FROM uploads ORDER BY created_at DESC")
    versions = rows(
        container, "SELECT case_id, signed_at FROM report_versions ORDER BY number DESC"
    )
    first_image = {row["case_id"]: row["created_at"] for row in uploads}
    signed = {row["case_id"]: row["signed_at"] for row in versions}
    return [
        row | {"image": first_image.get(row["id"]), "signed": signed.get(row["id"])}
        for row in cases
    ]


def test_days_are_counted_in_utc_and_an_amended_case_once(place):
    client, container = place
    told = found(client)
    cases = own(container)
    assert {item["day"]: (item["opened"], item["signed"]) for item in told["days"]} == {
        item["day"]: (
            sum(case["created_at"][:10] == item["day"] for case in cases),
            sum((case["signed"] or "")[:10] == item["day"] for case in cases),
        )
        for item in told["days"]
    }
    assert len(told["days"]) == 180


def test_times_to_signature_are_the_product_limits_of_the_rows(place):
    client, container = place
    told = found(client)["turnaround"]
    cases = [case for case in own(container) if in_period(case["image"])]
    signed = [case for case in cases if case["signed"]]
    erased = [case for case in cases if case["erased_at"] and not case["signed"]]
    assert (told["signed"], told["erased"]) == (len(signed), len(erased)) == (len(signed), 1)
    assert told["open"] == len(cases) - len(signed) - 1 > 0
    # An open case has been watched until now and no longer.
    now = container.now().isoformat()
    hours = [
        (
            (moment(case["signed"] or case["erased_at"] or now) - moment(case["image"]))
            / timedelta(hours=1),
            bool(case["signed"]),
        )
        for case in cases
    ]
    left, by_level = Fraction(1), {}
    for at in sorted({time for time, ended in hours if ended}):
        under_watch = sum(time >= at for time, _ in hours)
        left *= 1 - Fraction(sum(time == at and ended for time, ended in hours), under_watch)
        for level in (25, 50, 75, 90):
            if left <= 1 - Fraction(level, 100):
                by_level.setdefault(level, at)
    names = {25: "first_quartile", 50: "median", 75: "third_quartile", 90: "p90"}
    for level, name in names.items():
        assert told[name] == pytest.approx(by_level[level])


def test_the_share_recommended_is_of_the_cases_with_a_score(place):
    client, container = place
    told = found(client)["recommendations"]
    lines = rows(
        container,
        "SELECT w.recommendation, c.created_at FROM worklist w JOIN cases c ON c.id = w.case_id "
        "WHERE c.origin = 'laboratory'",
    )
    counts = Counter(row["recommendation"] for row in lines if in_period(row["created_at"]))
    yes, no = counts["test_uba1"], counts["not_raised_by_smear"]
    share = told["recommended"]
    assert (share["count"], share["total"]) == (yes, yes + no)
    assert (share["low"], share["high"]) == wilson(yes, yes + no)
    assert told["insufficient"] == counts["insufficient_cells"]


def test_override_rates_are_sums_over_the_cells_of_the_rows(place):
    client, container = place
    told = found(client)
    written = rows(
        container,
        "SELECT o.*, c.origin FROM case_overrides o JOIN cases c ON c.id = o.case_id "
        "WHERE c.origin = 'laboratory'",
    )
    sums = defaultdict(Counter)
    for row in written:
        if in_period(row["signed_at"]):
            reader = row["reader_id"] and str(UUID(row["reader_id"]))
            digest = None if reader else row["bundle_digest"]
            kept = ("called", "not_called", "removed", "added")
            sums[reader, digest, row["subject"]].update({name: row[name] for name in kept})
    lines = [*told["signed_overrides"], *told["reader_overrides"]]
    assert len(lines) == len(sums) > 10
    for line in lines:
        own = sums[line["reader_id"], line["bundle_digest"], line["subject"]]
        for name, base in (("removed", "called"), ("added", "not_called")):
            rate = line[name]
            assert (rate["count"], rate["total"]) == (own[name], own[base])
            assert rate["share"] == pytest.approx(own[name] / own[base])
            assert rate["low"] <= rate["share"] < rate["high"]
        changed = line["changed"]
        assert changed["count"] == own["removed"] + own["added"]
        assert changed["total"] == own["called"] + own["not_called"]


def test_each_week_of_each_series_is_that_of_its_cases(place):
    client, container = place
    columns = {
        **{label: (f"{label}_count", "pmn_count") for label in LABELS},
        "unfamiliar": ("unfamiliar_count", "familiar_base"),
        "poor_quality": ("poor_count", "cell_count"),
        "refused": ("refused_count", "file_count"),
    }
    measured = rows(
        container,
        "SELECT m.*, c.site_id FROM case_measures m JOIN cases c ON c.id = m.case_id "
        "WHERE c.origin = 'laboratory'",
    )
    groups = defaultdict(list)
    for row in measured:
        day = moment(row["received_at"]).date()
        monday = day - timedelta(days=day.isoweekday() - 1)
        groups[str(UUID(row["site_id"])), row["bundle_digest"], monday.isoformat()].append(row)
    compared = 0
    for site in found(client)["drift"]:
        for series in site["series"]:
            for week in series["weeks"] if series["weeks_each"] == 1 else ():
                cases = groups[site["site_id"], series["bundle_digest"], week["week"]]
                if series["series"] in columns:
                    count, total = columns[series["series"]]
                    value = sum(row[count] for row in cases) / sum(row[total] for row in cases)
                elif series["series"] == "embedding_distance":
                    continue
                else:
                    value = statistics.mean(row[series["series"]] for row in cases)
                assert week["value"] == pytest.approx(value), (series["series"], week)
                assert week["cases"] == len(cases)
                compared += 1
    assert compared > 300
