"""The worker: takes jobs from the durable queue and runs them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

import structlog
from dbos import DBOS

from app.bootstrap import Container
from app.db.job_queue import CLASSIFY, JOB_VERSION, QUEUE
from app.domain.errors import BundleRefused, Gone
from app.domain.message import message
from app.jobs.background_queues import BACKGROUND_QUEUES, register_background
from app.jobs.control_clock import control_clock
from app.jobs.courtesy import Courtesy
from app.jobs.deliverer import deliverer
from app.jobs.executor import executor_name
from app.jobs.heartbeat import heartbeat
from app.jobs.maintenance import maintenance
from app.ports import Transaction
from app.services.analysis import classify_cells, record
from app.services.measuring_cases import measure_case
from app.services.reading import bundle_of
from app.services.shadowing import enqueue_shadow
from app.services.standing import bundle_to_read_with, settle
from app.services.telling import tell_if_classified
from app.services.worklist import refresh

# The library's default of one second would be most of the time that a small upload takes.
POLLING_S = 0.05
BACKGROUND_POLLING_S = 0.5
STEP_ATTEMPTS = 10
FIRST_RETRY_S = 1.0
# Two: while one batch is in the classifier, the next is decoded.
JOBS_AT_ONCE = 2

# For so long a worker holds a job whose bundle it has not got, before the others may have it.
HAND_ON_S = 30.0

# Until the database answers again: a day.
GIVE_UP_ATTEMPTS, GIVE_UP_RETRY_S = 2880, 30.0

GIVEN_UP = message(
    "The image store or the database did not answer, so this cell was not read and is not "
    "counted. To have it read, send its image to a case with another accession number."
)

_log = structlog.get_logger(__name__)


def classify_job(container: Container, case_id: UUID, cell_ids: list[UUID]) -> None:
    """Classify those of the cells that are not read yet; running it again changes nothing."""
    with _unless_erased(case_id):
        _classify(container, case_id, cell_ids)


@contextmanager
def _unless_erased(case_id: UUID) -> Iterator[None]:
    """A case that was erased while its cells waited has none to be read any more."""
    try:
        yield
    except Gone:
        _log.info("the case was erased: its cells are not read", case=str(case_id))


def _classify(container: Container, case_id: UUID, cell_ids: list[UUID]) -> None:
    with container.transactions() as transaction:
        digest = bundle_to_read_with(transaction, case_id, container.default_digest)
        cells = transaction.cells.unread(cell_ids, digest)
    started = time.perf_counter()
    result = classify_cells(cells, container.classifier_of(digest), container.blobs)
    seconds = time.perf_counter() - started
    with container.transactions() as transaction:
        transaction.cases.lock(case_id)
        record(transaction, result, digest, container.now())
        read = [item.cell_id for item in result.findings]
        enqueue_shadow(transaction, case_id, read, digest)
        _settle(container, transaction, case_id, cell_ids)
    container.meters.batch(len(result.findings), len(result.failures), seconds)
    _log.info(
        "cells classified",
        case=str(case_id),
        classified=len(result.findings),
        failed=len(result.failures),
        bundle=digest[:12],
    )
    for failure in result.failures:
        _log.warning("cell not classified", cell=str(failure.cell.id), reason=failure.reason)


def classify_or_wait(container: Container, case_id: UUID, cell_ids: list[UUID]) -> bool:
    """Classify; False where the case's bundle is not on this machine, or is damaged.

    No cell is at fault then, and another machine may have the bundle.
    """
    try:
        classify_job(container, case_id, cell_ids)
    except BundleRefused as error:
        _log.error("cells wait for their bundle", case=str(case_id), reason=error.detail)
        return False
    return True


def hand_on_job(
    container: Container, courtesy: Courtesy, case_id: UUID, cell_ids: list[UUID]
) -> None:
    """Hold a job for a while, so that it does not go round and round, and queue it anew."""
    with container.meters.holding():
        courtesy.pause(HAND_ON_S)
    with _unless_erased(case_id), container.transactions() as transaction:
        transaction.cases.get(case_id)
        transaction.jobs.enqueue_classification(case_id, cell_ids)


def give_up_job(container: Container, case_id: UUID, cell_ids: list[UUID]) -> None:
    """Note a failure for those of the cells that are still unread."""
    with _unless_erased(case_id), container.transactions() as transaction:
        transaction.cases.lock(case_id)
        digest = bundle_to_read_with(transaction, case_id, container.default_digest)
        for cell in transaction.cells.unread(cell_ids, digest):
            transaction.cells.add_failure(cell.id, digest, GIVEN_UP, container.now())
        _settle(container, transaction, case_id, cell_ids)


def _settle(
    container: Container, transaction: Transaction, case_id: UUID, cell_ids: list[UUID]
) -> None:
    now = container.now()
    settle(transaction, case_id, cell_ids, container.default_digest, now)
    refresh(transaction, case_id, container.bundle, container.review_rule)
    tell_if_classified(transaction, case_id, container.bundle, now)
    measure_case(transaction, case_id, bundle_of(transaction, case_id, container.bundle))


@contextmanager
def worker(container: Container) -> Iterator[str]:
    """Run jobs in threads of this process until the context ends.

    Yields
    ------
    The executor's name. Jobs of this name that a killed process left are taken up first.
    """
    _load_ahead(container)
    with ExitStack() as stack:
        name = stack.enter_context(
            executor_name(container.settings.executor_id, container.settings.data_dir)
        )
        courtesy = Courtesy()
        _launch(container, name, courtesy)
        stack.callback(_stop)
        stack.callback(courtesy.stop)
        stack.enter_context(heartbeat(container, name))
        stack.enter_context(deliverer(container))
        stack.enter_context(control_clock(container))
        stack.enter_context(maintenance(container))
        yield name


def _load_ahead(container: Container) -> None:
    """Load the active classifier before the first job needs it, if it is on this machine."""
    try:
        _ = container.classifier
    except BundleRefused as error:
        _log.error("the active bundle is not here: its cells wait", reason=error.detail)


def _launch(container: Container, name: str, courtesy: Courtesy) -> None:
    DBOS(
        config={
            "name": "vexascope",
            "system_database_engine": container.engine,
            "system_database_url": container.engine.url.render_as_string(hide_password=False),
            "executor_id": name,
            "application_version": JOB_VERSION,
            "log_level": "WARNING",
            "run_migrations": False,
        }
    )
    _register(container, courtesy)
    register_background(container, courtesy)
    DBOS.listen_queues([QUEUE, *BACKGROUND_QUEUES])
    DBOS.launch()
    DBOS.register_queue(
        QUEUE,
        worker_concurrency=JOBS_AT_ONCE,
        polling_interval_sec=POLLING_S,
        on_conflict="always_update",
    )
    for queue in BACKGROUND_QUEUES:
        DBOS.register_queue(
            queue,
            worker_concurrency=1,
            polling_interval_sec=BACKGROUND_POLLING_S,
            on_conflict="always_update",
        )


def _register(container: Container, courtesy: Courtesy) -> None:
    """Register under a stable name: the queue's rows hold it."""

    @DBOS.step(
        name="classify",
        retries_allowed=True,
        interval_seconds=FIRST_RETRY_S,
        max_attempts=STEP_ATTEMPTS,
    )
    def step(case_id: str, cell_ids: list[str]) -> bool:
        with courtesy.first():
            return classify_or_wait(container, UUID(case_id), [UUID(it) for it in cell_ids])

    @DBOS.workflow(name=CLASSIFY)
    def workflow(case_id: str, cell_ids: list[str]) -> None:
        try:
            is_read = step(case_id, cell_ids)
        except Exception:
            # Nothing waits for ever without a word: the report lists these cells and why.
            _log.exception("the batch was given up", case=case_id)
            container.meters.gave_up()
            give_up(case_id, cell_ids)
            # So that the queue holds it as failed: "done" would be a lie to whoever asks there.
            raise
        # None is of a job that an earlier version began.
        if is_read is False:
            hand_on(case_id, cell_ids)

    @DBOS.step(name="hand_on", retries_allowed=True, max_attempts=STEP_ATTEMPTS)
    def hand_on(case_id: str, cell_ids: list[str]) -> None:
        hand_on_job(container, courtesy, UUID(case_id), [UUID(it) for it in cell_ids])

    @DBOS.step(
        name="give_up",
        retries_allowed=True,
        interval_seconds=GIVE_UP_RETRY_S,
        backoff_rate=1.0,
        max_attempts=GIVE_UP_ATTEMPTS,
    )
    def give_up(case_id: str, cell_ids: list[str]) -> None:
        give_up_job(container, UUID(case_id), [UUID(cell_id) for cell_id in cell_ids])


def _stop() -> None:
    """Let running jobs finish, then forget the registrations of this container."""
    DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=20)
