"""All repositories on one transaction. Edges open it; leaving it commits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from app.db.archives import SqlArchiveRepository
from app.db.audit import SqlAuditRepository
from app.db.bundle_switches import SqlBundleSwitchRepository, SqlCaseBundleRepository
from app.db.bundles import SqlBundleRepository
from app.db.cases import SqlCaseRepository
from app.db.cells import SqlCellRepository
from app.db.clients import SqlClientRepository
from app.db.controls import SqlControlRepository
from app.db.destinations import SqlDestinationRepository
from app.db.discussion import SqlDiscussionRepository
from app.db.embeddings import SqlEmbeddingRepository
from app.db.erasures import SqlErasureRepository
from app.db.filters import SqlFilterRepository
from app.db.history import SqlHistoryRepository
from app.db.idempotency import SqlIdempotencyRepository, noting_work
from app.db.orders import SqlOrderRepository, SqlReceivedMessageRepository
from app.db.outbox import SqlOutboxRepository
from app.db.report_search import SqlReportSearchRepository
from app.db.reviews import SqlReviewRepository
from app.db.second_factors import SqlSecondFactorRepository
from app.db.sessions import SqlSessionRepository
from app.db.sign_ins import SqlSignInRepository
from app.db.sites import SqlSiteRepository
from app.db.statistics import SqlStatisticsRepository
from app.db.upload_parts import SqlUploadPartRepository
from app.db.users import SqlUserRepository
from app.db.versions import SqlVersionRepository
from app.db.worklist import SqlWorklistRepository
from app.domain.errors import StorageUnavailable
from app.domain.message import message
from app.ports import (
    ArchiveRepository,
    AuditRepository,
    BundleRepository,
    BundleSwitchRepository,
    CaseBundleRepository,
    CaseRepository,
    CellRepository,
    ClientRepository,
    ControlRepository,
    DestinationRepository,
    DiscussionRepository,
    EmbeddingRepository,
    FilterRepository,
    IdempotencyRepository,
    JobQueue,
    OrderRepository,
    OutboxRepository,
    ReceivedMessageRepository,
    ReportSearchRepository,
    ReviewRepository,
    SecondFactorRepository,
    SessionRepository,
    SignInRepository,
    SiteRepository,
    StatisticsRepository,
    Transaction,
    Transactions,
    UploadPartRepository,
    UserRepository,
    VersionRepository,
    WorklistRepository,
)
from app.ports.erasures import ErasureRepository
from app.ports.history import HistoryRepository

JobQueues = Callable[[Session], JobQueue]
"""Binds the job queue to a session, so that a job is stored with the rows it reads."""

# It is gone, locked for longer than the timeout, or out of connections; the commit included.
_AWAY = (OperationalError, InterfaceError, PoolTimeoutError)


class SqlTransaction:
    """`Transaction` on one session."""

    def __init__(self, session: Session, jobs: JobQueue) -> None:
        self.cases: CaseRepository = SqlCaseRepository(session)
        self.cells: CellRepository = SqlCellRepository(session)
        self.embeddings: EmbeddingRepository = SqlEmbeddingRepository(session)
        self.bundles: BundleRepository = SqlBundleRepository(session)
        self.switches: BundleSwitchRepository = SqlBundleSwitchRepository(session)
        self.case_bundles: CaseBundleRepository = SqlCaseBundleRepository(session)
        self.controls: ControlRepository = SqlControlRepository(session)
        self.users: UserRepository = SqlUserRepository(session)
        self.sites: SiteRepository = SqlSiteRepository(session)
        self._audit = SqlAuditRepository(session)
        self.audit: AuditRepository = self._audit
        self.clients: ClientRepository = SqlClientRepository(session)
        self.reviews: ReviewRepository = SqlReviewRepository(session)
        self.discussion: DiscussionRepository = SqlDiscussionRepository(session)
        self.versions: VersionRepository = SqlVersionRepository(session)
        self.report_search: ReportSearchRepository = SqlReportSearchRepository(session)
        self.worklist: WorklistRepository = SqlWorklistRepository(session)
        self.filters: FilterRepository = SqlFilterRepository(session)
        self.archives: ArchiveRepository = SqlArchiveRepository(session)
        self.parts: UploadPartRepository = SqlUploadPartRepository(session)
        self.sessions: SessionRepository = SqlSessionRepository(session)
        self.second_factors: SecondFactorRepository = SqlSecondFactorRepository(session)
        self.sign_ins: SignInRepository = SqlSignInRepository(session)
        self._outbox = SqlOutboxRepository(session)
        self.outbox: OutboxRepository = self._outbox
        self.destinations: DestinationRepository = SqlDestinationRepository(session)
        self.statistics: StatisticsRepository = SqlStatisticsRepository(session)
        self.keys: IdempotencyRepository = SqlIdempotencyRepository(session)
        self.orders: OrderRepository = SqlOrderRepository(session)
        self.received: ReceivedMessageRepository = SqlReceivedMessageRepository(session)
        self.erasures: ErasureRepository = SqlErasureRepository(session)
        self.history: HistoryRepository = SqlHistoryRepository(session)
        self.jobs = jobs
        self._after: list[Callable[[], None]] = []

    def on_commit(self, do: Callable[[], None]) -> None:
        """Keep it for `committed`."""
        self._after.append(do)

    def finish(self) -> None:
        """The last acts before the commit, in one order: each holds a row that the others want."""
        self._outbox.place()
        self._audit.flush(self.on_commit)

    def committed(self) -> None:
        """Do what waited for the commit."""
        for do in self._after:
            do()


def transactions(engine: Engine, job_queues: JobQueues) -> Transactions:
    """Make the function that opens transactions; they raise `StorageUnavailable`."""

    @contextmanager
    def open_transaction() -> Iterator[Transaction]:
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                transaction = SqlTransaction(session, job_queues(session))
                note_work = noting_work(session)
                yield transaction
                note_work()
                transaction.finish()
            transaction.committed()
        except _AWAY as error:
            raise StorageUnavailable(
                message("The database does not answer. Check that it runs; then try again.")
            ) from error

    return open_transaction
