"""All repositories on one transaction. Edges open it; leaving it commits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.db.bundles import SqlBundleRepository
from app.db.cases import SqlCaseRepository
from app.db.cells import SqlCellRepository
from app.db.users import SqlUserRepository
from app.ports import (
    BundleRepository,
    CaseRepository,
    CellRepository,
    JobQueue,
    Transaction,
    Transactions,
    UserRepository,
)

JobQueues = Callable[[Session], JobQueue]
"""Binds the job queue to a session, so that a job is stored with the rows it reads."""


class SqlTransaction:
    """`Transaction` on one session."""

    def __init__(self, session: Session, jobs: JobQueue) -> None:
        self.cases: CaseRepository = SqlCaseRepository(session)
        self.cells: CellRepository = SqlCellRepository(session)
        self.bundles: BundleRepository = SqlBundleRepository(session)
        self.users: UserRepository = SqlUserRepository(session)
        self.jobs = jobs


def transactions(engine: Engine, job_queues: JobQueues) -> Transactions:
    """Make the function that opens transactions."""

    @contextmanager
    def open_transaction() -> Iterator[Transaction]:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield SqlTransaction(session, job_queues(session))

    return open_transaction
