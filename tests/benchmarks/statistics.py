"""`python -m tests.benchmarks.statistics`: what the statistics cost with 10,000 cases.

On both databases, against 1,000 cases in the same run and in turns, so that a machine that slows
down slows both. The cases are made up; what is measured is time, and nothing about accuracy.
"""

import argparse
import statistics as averages
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.bootstrap import Container, migrate, running
from app.domain.site import DEFAULT_SITE_ID
from app.domain.statistics import StatisticsFilter
from app.ports import Transaction
from app.services.statistics import statistics
from app.settings import Settings
from tests.accounts import add_accounts
from tests.benchmarks.worklist import _postgresql, _sqlite
from tests.statistics_cases import END, fill

FEW, MANY = 1_000, 10_000
Measured = Callable[[Transaction], object]


def main() -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="turns of both sides")
    options = parser.parse_args()
    table = Table(title=f"The statistics of 26 weeks, {MANY:,} cases against {FEW:,}; median ms")
    for column in ("database", "what", f"{FEW:,}", f"{MANY:,}", "ratio"):
        table.add_column(column, justify="left" if column in {"database", "what"} else "right")
    for name, addresses in (("SQLite", _sqlite()), ("PostgreSQL", _postgresql())):
        with addresses as (few, many), _filled(few, FEW) as one, _filled(many, MANY) as other:
            for what, measured in _measures().items():
                taken: tuple[list[float], list[float]] = ([], [])
                for _ in range(options.rounds):
                    for times, container in zip(taken, (one, other), strict=True):
                        times.append(_time_ms(container, measured))
                small, large = (averages.median(times) for times in taken)
                table.add_row(name, what, f"{small:.0f}", f"{large:.0f}", f"{large / small:.1f}")
    Console(width=100).print(table)
    return 0


@contextmanager
def _filled(url: str, number: int) -> Iterator[Container]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder), database_url=url, threads=1)
        with running(settings) as container:
            migrate(container)
            add_accounts(container)
            fill(container.engine, number)
            yield container


def _time_ms(container: Container, measured: Measured) -> float:
    with container.transactions() as transaction:
        started = time.perf_counter()
        measured(transaction)
        return 1000 * (time.perf_counter() - started)


def _measures() -> dict[str, Measured]:
    first = END.date().replace(month=5, day=30)
    chosen = StatisticsFilter(first, END.date(), frozenset({DEFAULT_SITE_ID}))
    return {
        "everything of the page": lambda t: statistics(t, chosen, END),
        "cases by day": lambda t: t.statistics.days(chosen),
        "times to signature": lambda t: t.statistics.turnarounds(chosen),
        "recommendations": lambda t: t.statistics.recommended(chosen),
        "overrides": lambda t: t.statistics.overrides(chosen),
        "sums by week": lambda t: t.statistics.weeks(chosen),
        "vectors of the cases": lambda t: t.statistics.vectors(chosen),
        "deliveries that wait": lambda t: t.statistics.outbox(),
    }


if __name__ == "__main__":
    sys.exit(main())
