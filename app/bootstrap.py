"""The only place that chooses adapters."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import UUID

import cv2
import structlog
from dbos import DBOSClient
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.engine import clear_traces, make_engine
from app.db.job_queue import job_queues, migrate_queue, open_client, queue_states
from app.db.jobs import jobs_of
from app.db.migrating import alone, current_revision, newest_revision, upgrade
from app.db.transaction import transactions
from app.domain.erasure import RetentionRule
from app.domain.errors import BundleRefused, Conflict, SettingsRefused, StorageUnavailable
from app.domain.external import ClaimRule
from app.domain.job import Job
from app.domain.message import message
from app.domain.outbox import SinkKind
from app.domain.review import ReviewRule
from app.domain.sign_in import LocalSignIn, SessionRule
from app.domain.statistics import QueueState
from app.domain.targets import parse_targets
from app.imaging.archive import ArchiveLimits
from app.imaging.decode import ImageLimits
from app.inference.active import ActiveBundle
from app.inference.bundle import BundleFiles, load_bundle
from app.inference.shelf import BundleShelf, LoadedClassifiers, shelf_of
from app.interchange.openid import OpenIdProvider, Registration
from app.interchange.webhook_sink import WebhookSink
from app.meters import Meters
from app.ports import BlobStore, Bundle, Classifier, ImportAreas, PartFiles, Sink, Transactions
from app.ports.identity_provider import IdentityProvider
from app.ports.sealing import Sealer
from app.services.explaining import Explainer
from app.services.intake import IntakeLimits
from app.services.measuring_cases import fill_in
from app.services.standing import active_digest
from app.services.switching import Candidate
from app.services.worklist import refresh
from app.settings import Settings
from app.storage.import_area import open_areas
from app.storage.object_store import open_store
from app.storage.part_files import LocalPartFiles
from app.storage.sealing import KeySealer

MIB = 1024 * 1024
CASES_AT_ONCE = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Container:
    """Everything that an edge (request, job, command) works with."""

    settings: Settings
    engine: Engine
    queue_client: DBOSClient
    transactions: Transactions
    blobs: BlobStore
    part_files: PartFiles
    bundle_files: BundleFiles
    shelf: BundleShelf
    classifiers: LoadedClassifiers
    limits: IntakeLimits
    threads: Executor
    sealer: Sealer
    sinks: Mapping[SinkKind, Sink]
    import_areas: ImportAreas | None = None
    identity_provider: IdentityProvider | None = None
    explainer: Explainer = field(default_factory=Explainer)
    meters: Meters = field(default_factory=Meters)
    active: ActiveBundle = field(default_factory=ActiveBundle, init=False)

    @property
    def retention_rule(self) -> RetentionRule:
        """For how long this laboratory keeps cases."""
        kept = self.settings.keep_signed_days, self.settings.keep_unsigned_days
        return RetentionRule(*(None if days is None else timedelta(days=days) for days in kept))

    @property
    def review_rule(self) -> ReviewRule:
        """How this laboratory reviews."""
        return ReviewRule(self.settings.low_confidence_log_odds, self.settings.second_reading)

    @property
    def default_digest(self) -> str:
        """Digest of the bundle that is active until somebody activates another one."""
        return self.bundle_files.bundle.manifest.digest

    @cached_property
    def claim_rule(self) -> ClaimRule:
        """What the claims of the provider tell of a person."""
        settings = self.settings
        return ClaimRule(
            roles=ClaimRule.parse_roles(settings.oidc_roles),
            roles_claim=settings.oidc_roles_claim,
            name_claim=settings.oidc_name_claim,
            sites_claim=settings.oidc_sites_claim,
        )

    @property
    def local_sign_in(self) -> LocalSignIn:
        """Who may sign in by what."""
        settings = self.settings
        has_provider = settings.oidc_issuer is not None
        return LocalSignIn(settings.local_sign_in, settings.break_glass_account, has_provider)

    @property
    def session_rule(self) -> SessionRule:
        """When sessions of people end."""
        return SessionRule(
            idle=timedelta(minutes=self.settings.session_idle_minutes),
            longest=timedelta(hours=self.settings.session_hours),
        )

    @property
    def bundle(self) -> Bundle:
        """The active bundle."""
        return self.active.get(self._read_active)

    def _read_active(self, known: Bundle | None) -> Bundle:
        """Ask the database which bundle is active; `known` spares to read it again."""
        with self.transactions() as transaction:
            digest = active_digest(transaction, self.default_digest)
            if digest == self.default_digest:
                return self.bundle_files.bundle
            if known and digest == known.manifest.digest:
                return known
            return transaction.bundles.get(digest)

    def files_of(self, digest: str) -> BundleFiles:
        """An installed bundle; raises `BundleRefused` where it is not on this machine."""
        if digest == self.default_digest:
            return self.bundle_files
        return self.shelf.files(digest)

    def has_bundle(self, digest: str) -> bool:
        """Whether a bundle is installed on this machine, and sound."""
        try:
            self.files_of(digest)
        except BundleRefused:
            return False
        return True

    def classifier_of(self, digest: str) -> Classifier:
        """The classifier of an installed bundle, loaded on first use."""
        return self.classifiers.get(self.files_of(digest))

    def candidate(self, digest: str) -> Candidate:
        """An installed bundle that is to get a part: it is loaded, and so tried.

        Raises
        ------
        Conflict
            With what does not fit.
        """
        try:
            self.classifier_of(digest)
            files = self.files_of(digest)
        except BundleRefused as error:
            raise Conflict(
                message("The bundle cannot run here. {reason}", reason=error.detail)
            ) from error
        return Candidate(files.bundle, files.texts)

    @property
    def classifier(self) -> Classifier:
        """The active classifier, loaded on first use: without a worker, only heat maps need it."""
        return self.classifier_of(self.bundle.manifest.digest)

    def now(self) -> datetime:
        """The time now, in UTC."""
        return datetime.now(UTC)

    def check_database(self) -> None:
        """Raise `StorageUnavailable` unless the database answers and is migrated."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            found, needed = current_revision(self.engine), newest_revision(self.engine)
        except SQLAlchemyError as error:
            raise StorageUnavailable(message("The database does not answer.")) from error
        if found != needed:
            raise StorageUnavailable(
                message(
                    "The database has revision {found}, this version needs {needed}. "
                    "Run `vexascope migrate`.",
                    found=found,
                    needed=needed,
                )
            )

    def clear_traces(self) -> bool:
        """Have the database's own files forget what was erased; False if it has to be tried again.

        Raises
        ------
        StorageUnavailable
            If the database does not answer.
        """
        try:
            return clear_traces(self.engine)
        except SQLAlchemyError as error:
            raise StorageUnavailable(
                message("The database does not answer. Check that it runs; then try again.")
            ) from error

    def queue_states(self) -> list[QueueState]:
        """How many jobs wait, run and have failed, for each queue."""
        try:
            return queue_states(self.engine)
        except SQLAlchemyError as error:
            raise StorageUnavailable(message("The database does not answer.")) from error

    def jobs_of(self, case_id: UUID) -> Sequence[Job]:
        """The classification work of a case, oldest first; not to be asked in a transaction."""
        try:
            return jobs_of(self.queue_client, case_id)
        except SQLAlchemyError as error:
            raise StorageUnavailable(message("The database does not answer.")) from error

    def remember_bundle(self) -> None:
        """Keep manifest and rule of the settings' bundle, so that its reports stay readable."""
        files = self.bundle_files
        with self.transactions() as transaction:
            transaction.bundles.remember(files.bundle, files.texts, self.now())
        active = self.bundle.manifest
        if active.digest != self.default_digest:
            _log.info(
                "another bundle than the one of the settings was activated",
                active=active.title,
                digest=active.digest[:12],
                settings=files.bundle.manifest.title,
            )

    def close(self) -> None:
        """Let go of threads and connections."""
        self.threads.shutdown()
        for sink in self.sinks.values():
            sink.close()
        self.queue_client.destroy()
        self.engine.dispose()


def build(settings: Settings) -> Container:
    """Open everything that the settings name; nothing is written but empty folders.

    Raises
    ------
    BundleRefused, SettingsRefused
        With a sentence for the person who starts the process.
    """
    # Files are decoded side by side already; threads within one image would only compete.
    cv2.setNumThreads(1)
    bundle_files = load_bundle(settings.bundle_dir, settings.precision)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = _open_engine(settings)
    client = open_client(engine)
    sealer = _sealer(settings)
    return Container(
        settings=settings,
        engine=engine,
        queue_client=client,
        transactions=transactions(engine, job_queues(client)),
        blobs=open_store(settings.resolved_storage_url),
        part_files=LocalPartFiles(settings.data_dir / "uploads"),
        bundle_files=bundle_files,
        shelf=shelf_of(settings),
        classifiers=LoadedClassifiers(settings),
        limits=intake_limits(settings),
        # Half the cores: the others classify, and more threads would fight for the interpreter.
        threads=ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2), "intake"),
        sealer=sealer,
        sinks=open_sinks(settings, sealer),
        import_areas=open_areas(settings.import_url) if settings.import_url else None,
        identity_provider=_identity_provider(settings),
    )


def _identity_provider(settings: Settings) -> IdentityProvider | None:
    """The provider that is set; raises `SettingsRefused` where nobody could sign in by it."""
    if settings.oidc_issuer is None:
        if not settings.local_sign_in:
            raise SettingsRefused(
                "VEXASCOPE_LOCAL_SIGN_IN is false, and no VEXASCOPE_OIDC_ISSUER is set: nobody "
                "could sign in."
            )
        return None
    if not ClaimRule.parse_roles(settings.oidc_roles):
        raise SettingsRefused(
            "VEXASCOPE_OIDC_ROLES is empty: nobody who signs in at the provider would have a role."
        )
    secret = settings.oidc_client_secret
    return OpenIdProvider(
        Registration(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            scopes=settings.oidc_scopes,
            audience=settings.oidc_audience,
        )
    )


@contextmanager
def running(settings: Settings) -> Iterator[Container]:
    """A container that is closed in the end."""
    container = build(settings)
    try:
        yield container
    finally:
        container.close()


def migrate(container: Container) -> None:
    """Bring the product's tables and the queue's to the newest revision."""
    with alone(container.engine):
        upgrade(container.engine)
        migrate_queue(container.engine)
        container.remember_bundle()
        _fill_worklist(container)
        _fill_statistics(container)


def _fill_worklist(container: Container) -> None:
    """Write the lines of cases that have none, in transactions of a moment each."""
    with container.transactions() as transaction:
        number = transaction.worklist.count_missing()
    written = 0
    while written < number:
        with container.transactions() as transaction:
            cases = transaction.worklist.missing(CASES_AT_ONCE)
            for case_id in cases:
                refresh(transaction, case_id, container.bundle, container.review_rule)
        if not cases:
            break
        written += len(cases)
        _log.info("cases entered into the worklist", written=written, of=number)


def _fill_statistics(container: Container) -> None:
    """Write what cases add that do not count yet, in transactions of a moment each."""
    after: UUID | None = None
    while True:
        with container.transactions() as transaction:
            cases = transaction.statistics.unmeasured(after, CASES_AT_ONCE)
            for case_id in cases:
                fill_in(transaction, case_id, container.bundle, container.review_rule)
        if not cases:
            break
        after = cases[-1]


def intake_limits(settings: Settings) -> IntakeLimits:
    """The limits that the settings name."""
    image = ImageLimits(
        max_bytes=settings.max_file_mib * MIB, max_pixels=settings.max_megapixels * 1_000_000
    )
    archive = ArchiveLimits(max_entries=settings.max_files, max_member_bytes=image.max_bytes)
    return IntakeLimits(
        max_files=settings.max_files,
        max_bytes=settings.max_request_mib * MIB,
        image=image,
        archive=archive,
    )


def open_sinks(settings: Settings, sealer: Sealer) -> Mapping[SinkKind, Sink]:
    """What hands messages over, for each kind of destination."""
    return {
        SinkKind.WEBHOOK: WebhookSink(
            sealer,
            parse_targets(settings.webhook_allowed or ""),
            lambda: datetime.now(UTC),
            authorities=settings.webhook_authorities,
            public_url=settings.public_url.rstrip("/") if settings.public_url else None,
        )
    }


def _sealer(settings: Settings) -> Sealer:
    chosen = settings.sealing_key
    return KeySealer(chosen.get_secret_value() if chosen else None, settings.data_dir)


def _open_engine(settings: Settings) -> Engine:
    url = settings.resolved_database_url
    backend = make_url(url).get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise SettingsRefused(
            f"VEXASCOPE_DATABASE_URL names {backend}; use sqlite:///FILE or postgresql://..."
        )
    return make_engine(url)
