"""Made-up cases of many months, written straight into the tables of the statistics.

`python -m tests.statistics_cases` serves a folder of them, to look at the page. No image and no
cell is behind them: what is made is what each case adds. Never to be run on a laboratory's data.
"""

import argparse
import math
import random
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Engine, insert, select, text
from uuid_utils.compat import uuid7

from app.bootstrap import migrate, running
from app.cli.serving import serve
from app.db.site_tables import SiteRow, UserSiteRow
from app.db.statistics_mapping import from_measures, from_overrides
from app.db.statistics_tables import CaseMeasuresRow, CaseOverridesRow
from app.db.tables import (
    BundleRow,
    CaseRow,
    PatientRow,
    ReportVersionRow,
    UploadRow,
    UserRow,
)
from app.db.worklist_tables import WorklistRow
from app.domain.abnormality import Abnormality
from app.domain.override import OverrideCount, OverrideScope
from app.domain.screening import Recommendation
from app.domain.site import DEFAULT_SITE_ID
from app.domain.statistics import CaseMeasures, CaseOverrides, MeanSeries, ShareSeries
from tests.accounts import add_accounts
from tests.conftest import ADMIN_PASSWORD, make_settings
from tests.factories import manifest_content, rule_content

AT_ONCE = 2_000
END = datetime(2026, 11, 27, 18, tzinfo=UTC)
WEEKS = 40
# The last weeks are read by another bundle, and some weeks before them the stain has moved.
OTHER_BUNDLE_WEEKS, MOVED_WEEKS = 14, 3
_DIRECTION = np.random.default_rng(5).normal(0, 1, 64)


@dataclass(frozen=True)
class Place:
    """Where the cases come from, and who reads them."""

    sites: tuple[UUID, ...]
    readers: tuple[UUID, ...]
    bundles: tuple[str, str]


def fill(engine: Engine, number: int, *, sites: int = 2, end: datetime = END) -> None:
    """Write so many cases of `WEEKS` weeks; the tables must be migrated and have a bundle."""
    rng = random.Random(1)
    place = _place(engine, sites)
    with engine.begin() as connection:
        for start in range(0, number, AT_ONCE):
            made = [
                _case(index, number, place, rng, end)
                for index in range(start, min(number, start + AT_ONCE))
            ]
            for table in (
                PatientRow,
                CaseRow,
                UploadRow,
                WorklistRow,
                ReportVersionRow,
                CaseMeasuresRow,
                CaseOverridesRow,
            ):
                rows = [row for case in made for row in case.get(table, [])]
                if rows:
                    connection.execute(insert(table), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _place(engine: Engine, sites: int) -> Place:
    content = manifest_content(name="pmn-lite0", version="0.3.0")
    other = {
        "digest": content["digest"],
        "name": content["name"],
        "version": content["version"],
        "manifest": content,
        "rule": rule_content(),
        "first_seen_at": END,
    }
    names = ("Dr Anne Example", "Dr Bob Example", "Dr Cleo Example")
    users = [
        {
            "id": uuid7(),
            "name": f"seed-{index}",
            "role": "haematologist",
            "password_hash": "!",
            "created_at": END,
            "full_name": name,
            "theme": "system",
            "tour_seen": True,
        }
        for index, name in enumerate(names)
    ]
    more = [
        {"id": uuid7(), "name": f"Laboratory {index + 2}", "is_active": True, "created_at": END}
        for index in range(sites - 1)
    ]
    with engine.begin() as connection:
        first = connection.scalar(select(BundleRow.digest))
        connection.execute(insert(BundleRow), [other])
        connection.execute(insert(UserRow), users)
        if more:
            connection.execute(insert(SiteRow), more)
        admins = connection.scalars(select(UserRow.id).where(UserRow.name == "admin")).all()
        seen = [{"user_id": user, "site_id": site["id"]} for user in admins for site in more]
        if seen:
            connection.execute(insert(UserSiteRow), seen)
    return Place(
        (DEFAULT_SITE_ID, *(site["id"] for site in more)),
        tuple(user["id"] for user in users),
        (str(first), str(content["digest"])),
    )


def _case(
    index: int, number: int, place: Place, rng: random.Random, end: datetime
) -> dict[Any, list[dict[str, Any]]]:
    # Laboratories work on five days; the last weeks are as full as the first.
    at = end - timedelta(weeks=WEEKS) * (1 - index / number)
    if at.weekday() > 4:
        at -= timedelta(days=at.weekday() - 4)
    case_id, patient_id = uuid7(), uuid7()
    site = place.sites[0] if rng.random() < 0.7 else rng.choice(place.sites)
    weeks_ago = (end - at) / timedelta(weeks=1)
    measures = _measures(case_id, site, at, weeks_ago, place, rng)
    took = timedelta(hours=rng.lognormvariate(math.log(20), 1.0))
    signed_at = at + took if at + took < end and rng.random() < 0.96 else None
    return {
        PatientRow: [
            {"id": patient_id, "identifier": f"P-{case_id}", "name": None, "created_at": at}
        ],
        CaseRow: [
            {
                "id": case_id,
                "patient_id": patient_id,
                "accession_number": f"S-{index:06}-{case_id}",
                "origin": "laboratory",
                "context": {},
                "created_at": at,
                "site_id": site,
            }
        ],
        UploadRow: [_upload(case_id, at, measures)],
        WorklistRow: [_line(case_id, index, at, signed_at, site, rng)],
        ReportVersionRow: [_version(case_id, place, signed_at)] if signed_at else [],
        CaseMeasuresRow: [from_measures(measures)],
        CaseOverridesRow: _overrides(case_id, measures, place, signed_at, rng) if signed_at else [],
    }


def _upload(case_id: UUID, at: datetime, measures: CaseMeasures) -> dict[str, Any]:
    refused, sent = measures.counts[ShareSeries.REFUSED]
    return {
        "id": uuid7(),
        "case_id": case_id,
        "created_at": at,
        "accepted_count": sent - refused,
        "duplicates": [],
        "refused": [["x", "truncated", "x"]] * refused,
        "file_name": None,
        "size_bytes": None,
    }


def _measures(
    case_id: UUID, site: UUID, at: datetime, weeks_ago: float, place: Place, rng: random.Random
) -> CaseMeasures:
    other = weeks_ago < OTHER_BUNDLE_WEEKS
    moved = OTHER_BUNDLE_WEEKS < weeks_ago < OTHER_BUNDLE_WEEKS + MOVED_WEEKS and (
        site == DEFAULT_SITE_ID
    )
    cells = rng.randint(90, 260)
    poor = _binomial(rng, cells, rng.betavariate(2, 60) + (0.05 if moved else 0))
    pmn = cells - poor - _binomial(rng, cells - poor, 0.08)
    unfamiliar = _binomial(rng, pmn, rng.betavariate(1.5, 80))
    counted = pmn - unfamiliar
    is_rich = rng.random() < 0.1
    shape = (1.5, 8.5) if is_rich else (0.9, 35)
    counts = {
        ShareSeries(label.value): (
            _binomial(
                rng,
                counted,
                min(0.95, rng.betavariate(*shape) * (1.3 if other else 1) * (3 if moved else 1)),
            ),
            counted,
        )
        for label in Abnormality
    }
    refused = _binomial(rng, cells, rng.betavariate(1, 120))
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, 0.02, 64)
    vector = np.full(64, 0.1) + noise + (0.03 * _DIRECTION if moved else 0)
    shift = -0.35 if moved else 0.0
    return CaseMeasures(
        case_id=case_id,
        bundle_digest=place.bundles[int(other)],
        received_at=at,
        counts={
            **counts,
            ShareSeries.UNFAMILIAR: (unfamiliar, pmn),
            ShareSeries.POOR_QUALITY: (poor, cells),
            ShareSeries.REFUSED: (refused, cells + refused),
        },
        means={
            MeanSeries.SHARPNESS: rng.gauss(0.055, 0.008),
            MeanSeries.BRIGHTNESS: rng.gauss(182, 6),
            MeanSeries.PURPLE: rng.gauss(0.62, 0.06) + shift / 5,
            MeanSeries.RED: rng.gauss(0.03, 0.02),
            MeanSeries.BLUE: rng.gauss(-0.05, 0.02),
            MeanSeries.NOVELTY: rng.gauss(7.5, 0.6),
        },
        vector=tuple(float(value) for value in vector),
    )


def _line(
    case_id: UUID,
    index: int,
    at: datetime,
    signed_at: datetime | None,
    site: UUID,
    rng: random.Random,
) -> dict[str, Any]:
    advice = rng.choices(list(Recommendation), [18, 74, 8])[0]
    state, rank = ("signed", 5) if signed_at else ("to_review", 3)
    return {
        "case_id": case_id,
        "accession_number": f"S-{index:06}",
        "accession_folded": f"s-{index:06}",
        "patient_identifier": f"P-{index}",
        "patient_folded": f"p-{index}",
        "origin": "laboratory",
        "opened_at": at,
        "state": state,
        "state_rank": rank,
        "cell_count": 200,
        "pending_count": 0,
        "failed_count": 0,
        "recommendation": advice.value,
        "needs_second": False,
        "site_id": site,
    }


def _version(case_id: UUID, place: Place, signed_at: datetime) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "case_id": case_id,
        "number": 1,
        "signer_id": place.readers[0],
        "printed_name": "x",
        "account_name": "x",
        "signed_at": signed_at,
        "meaning": "reviewed",
        "reason": None,
        "content": "{}",
        "sha256": "0" * 64,
    }


def _overrides(
    case_id: UUID,
    measures: CaseMeasures,
    place: Place,
    signed_at: datetime,
    rng: random.Random,
) -> list[dict[str, Any]]:
    index = rng.choices(range(len(place.readers)), [60, 39, 1])[0]
    seen = rng.randint(15, 60)
    zeal = (0.05, 0.15, 0.3)[index]
    counts: dict[Any, OverrideCount] = {}
    for label in (*Abnormality, None):
        called = _binomial(rng, seen, 0.85 if label is None else rng.betavariate(2, 6))
        counts[label] = OverrideCount(
            called,
            seen - called,
            _binomial(rng, called, rng.betavariate(2, 2 / zeal)),
            _binomial(rng, seen - called, rng.betavariate(1, 2 / zeal)),
        )
    return [
        row
        for scope, reader in (
            (OverrideScope.FIRST, place.readers[index]),
            (OverrideScope.SIGNED, None),
        )
        for row in from_overrides(
            case_id, CaseOverrides(scope, reader, measures.bundle_digest, counts), signed_at
        )
    ]


def _binomial(rng: random.Random, number: int, share: float) -> int:
    return sum(rng.random() < share for _ in range(number))


def main() -> int:
    """Fill a folder and serve it until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=900)
    parser.add_argument("--port", type=int, default=8011)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = make_settings(Path(folder), port=options.port, log_format="text")
        with running(settings) as container:
            migrate(container)
            add_accounts(container)
            fill(container.engine, options.cases)
            print(f"admin: {ADMIN_PASSWORD}")
            serve(container)
    return 0


if __name__ == "__main__":
    sys.exit(main())
