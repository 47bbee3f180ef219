"""The check of a long audit, against merely reading it.

`python -m tests.benchmarks.audit [--rows 1000000] [--database postgresql://...]`
"""

import argparse
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from app.bootstrap import Container, migrate, running
from app.domain.audit import Actor, ActorKind, AuditEvent
from app.services.auditing import verify
from tests.bundles import write_bundle
from tests.conftest import make_settings

BATCH = 5000


def main() -> None:
    """Print how long writing, reading and checking took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", default=None)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = make_settings(
            Path(folder), bundle=write_bundle(Path(folder) / "b"), database_url=chosen.database
        )
        with running(settings) as container:
            migrate(container)
            _measure(container, chosen.rows)


def _measure(container: Container, rows: int) -> None:
    started = time.perf_counter()
    for first in range(0, rows, BATCH):
        with container.transactions() as transaction:
            transaction.audit.add(_events(container, first, min(BATCH, rows - first)))
    written = time.perf_counter()
    with container.transactions() as transaction:
        count = sum(1 for _ in transaction.audit.all())
    read = time.perf_counter()
    with container.transactions() as transaction:
        verdict = verify(transaction)
    checked = time.perf_counter()
    assert verdict.found is None
    assert verdict.head.count >= count >= rows
    print(f"{rows} entries: written in {written - started:.0f} s")
    print(f"read in {read - written:.1f} s, checked in {checked - read:.1f} s")
    print(f"ratio of checking to reading {(checked - read) / (read - written):.2f}")


def _events(container: Container, first: int, count: int) -> list[AuditEvent]:
    """As requests make them: a view of a case, by one of ten readers."""
    now = container.now()
    return [
        AuditEvent(
            at=now + timedelta(milliseconds=number),
            actor=Actor(
                ActorKind.PERSON,
                f"reader-{number % 10}",
                UUID(int=number % 10 + 1),
                "haematologist",
                "192.0.2.7",
                f"{number:032x}",
            ),
            action="case.view",
            case_id=UUID(int=number % 1000 + 1),
        )
        for number in range(first, first + count)
    ]


if __name__ == "__main__":
    main()
