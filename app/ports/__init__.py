"""What the services need from the outside: small protocols that the adapters fulfil."""

from app.ports.accounts import SiteRepository, UserRepository
from app.ports.archives import ArchiveRepository
from app.ports.audit import AuditFilter, AuditRepository
from app.ports.blobs import BlobStore
from app.ports.bundles import BundleSwitchRepository, CaseBundleRepository, InstalledBundle
from app.ports.cases import CasePlace, CaseRepository, CaseSummary, CellRepository, Clock
from app.ports.classifier import (
    Bundle,
    BundleRepository,
    CellEmbedding,
    Classifier,
    EmbeddingRepository,
    Prediction,
)
from app.ports.clients import ClientRepository
from app.ports.controls import ControlRepository
from app.ports.idempotency import IdempotencyRepository
from app.ports.imports import ImportArea, ImportAreas
from app.ports.orders import OrderRepository, ReceivedMessageRepository
from app.ports.outbox import DestinationRepository, OutboxRepository, Outgoing, Sink
from app.ports.reports import ReportFilter, ReportSearchRepository
from app.ports.reviews import DiscussionRepository, ReviewRepository, VersionRepository
from app.ports.signing_in import (
    SecondFactorRepository,
    SessionRepository,
    SignInRepository,
)
from app.ports.statistics import CaseVector, StatisticsRepository
from app.ports.transactions import JobQueue, Transaction, Transactions
from app.ports.uploads import PartFiles, PartWriter, UploadPartRepository
from app.ports.worklists import FilterRepository, WorklistRepository

__all__ = [
    "ArchiveRepository",
    "AuditFilter",
    "AuditRepository",
    "BlobStore",
    "Bundle",
    "BundleRepository",
    "BundleSwitchRepository",
    "CaseBundleRepository",
    "CasePlace",
    "CaseRepository",
    "CaseSummary",
    "CaseVector",
    "CellEmbedding",
    "CellRepository",
    "Classifier",
    "ClientRepository",
    "Clock",
    "ControlRepository",
    "DestinationRepository",
    "DiscussionRepository",
    "EmbeddingRepository",
    "FilterRepository",
    "IdempotencyRepository",
    "ImportArea",
    "ImportAreas",
    "InstalledBundle",
    "JobQueue",
    "OrderRepository",
    "OutboxRepository",
    "Outgoing",
    "PartFiles",
    "PartWriter",
    "Prediction",
    "ReceivedMessageRepository",
    "ReportFilter",
    "ReportSearchRepository",
    "ReviewRepository",
    "SecondFactorRepository",
    "SessionRepository",
    "SignInRepository",
    "Sink",
    "SiteRepository",
    "StatisticsRepository",
    "Transaction",
    "Transactions",
    "UploadPartRepository",
    "UserRepository",
    "VersionRepository",
    "WorklistRepository",
]
