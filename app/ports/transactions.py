"""All repositories on one database transaction, and the queue beside them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from app.ports.accounts import SiteRepository, UserRepository
from app.ports.archives import ArchiveRepository
from app.ports.audit import AuditRepository
from app.ports.bundles import BundleSwitchRepository, CaseBundleRepository
from app.ports.cases import CaseRepository, CellRepository
from app.ports.classifier import BundleRepository, EmbeddingRepository
from app.ports.clients import ClientRepository
from app.ports.controls import ControlRepository
from app.ports.erasures import ErasureRepository
from app.ports.history import HistoryRepository
from app.ports.idempotency import IdempotencyRepository
from app.ports.orders import OrderRepository, ReceivedMessageRepository
from app.ports.outbox import DestinationRepository, OutboxRepository
from app.ports.reports import ReportSearchRepository
from app.ports.reviews import DiscussionRepository, ReviewRepository, VersionRepository
from app.ports.signing_in import (
    SecondFactorRepository,
    SessionRepository,
    SignInRepository,
)
from app.ports.statistics import StatisticsRepository
from app.ports.uploads import UploadPartRepository
from app.ports.worklists import FilterRepository, WorklistRepository


class JobQueue(Protocol):
    """Durable work, enqueued in the transaction that stores what it reads."""

    def enqueue_classification(self, case_id: UUID, cell_ids: Sequence[UUID]) -> None:
        """Classify up to 64 cells of one case."""

    def enqueue_shadow(self, case_id: UUID, cell_ids: Sequence[UUID], digest: str) -> None:
        """Read cells with the bundle in shadow, when nothing else is to be done."""

    def enqueue_set_run(self, run_id: UUID) -> None:
        """Read a fixed set, when nothing else is to be done."""


class Transaction(Protocol):
    """All repositories on one database transaction."""

    cases: CaseRepository
    cells: CellRepository
    embeddings: EmbeddingRepository
    bundles: BundleRepository
    switches: BundleSwitchRepository
    case_bundles: CaseBundleRepository
    controls: ControlRepository
    users: UserRepository
    sites: SiteRepository
    audit: AuditRepository
    clients: ClientRepository
    reviews: ReviewRepository
    discussion: DiscussionRepository
    versions: VersionRepository
    report_search: ReportSearchRepository
    worklist: WorklistRepository
    filters: FilterRepository
    archives: ArchiveRepository
    parts: UploadPartRepository
    sessions: SessionRepository
    second_factors: SecondFactorRepository
    sign_ins: SignInRepository
    outbox: OutboxRepository
    destinations: DestinationRepository
    statistics: StatisticsRepository
    keys: IdempotencyRepository
    orders: OrderRepository
    received: ReceivedMessageRepository
    erasures: ErasureRepository
    history: HistoryRepository
    jobs: JobQueue

    def on_commit(self, do: Callable[[], None]) -> None:
        """Do something once everything is stored; nothing where the transaction fails."""


Transactions = Callable[[], AbstractContextManager[Transaction]]
"""Opens a transaction; leaving it commits, an exception rolls back. Only edges call it."""
