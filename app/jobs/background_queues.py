"""The queues of jobs that no reader waits for, and what the worker does with them."""

from uuid import UUID

import structlog
from dbos import DBOS

from app.bootstrap import Container
from app.db.job_queue import READ_IN_SHADOW, READ_SET, SET_QUEUE, SHADOW_QUEUE
from app.jobs.background import Interrupted, give_up_set_job, set_job, shadow_job
from app.jobs.courtesy import Courtesy

BACKGROUND_QUEUES = (SHADOW_QUEUE, SET_QUEUE)
ATTEMPTS, FIRST_RETRY_S = 5, 2.0

_log = structlog.get_logger(__name__)


def register_background(container: Container, courtesy: Courtesy) -> None:
    """Register under stable names: the queue's rows hold them."""
    _register_shadow(container, courtesy)
    _register_sets(container, courtesy)


def _register_shadow(container: Container, courtesy: Courtesy) -> None:
    @DBOS.step(
        name="shadow", retries_allowed=True, interval_seconds=FIRST_RETRY_S, max_attempts=ATTEMPTS
    )
    def step(case_id: str, cell_ids: list[str], digest: str) -> None:
        case, cells = UUID(case_id), [UUID(cell_id) for cell_id in cell_ids]
        try:
            shadow_job(container, courtesy, case, cells, digest)
        except Interrupted:
            with container.transactions() as transaction:
                transaction.jobs.enqueue_shadow(case, cells, digest)

    @DBOS.workflow(name=READ_IN_SHADOW)
    def workflow(case_id: str, cell_ids: list[str], digest: str) -> None:
        try:
            step(case_id, cell_ids, digest)
        except Exception:
            # Nobody waits for it: the comparison says how many cells both have read.
            _log.exception("cells were not read in shadow", case=case_id, bundle=digest[:12])


def _register_sets(container: Container, courtesy: Courtesy) -> None:
    @DBOS.step(
        name="set", retries_allowed=True, interval_seconds=FIRST_RETRY_S, max_attempts=ATTEMPTS
    )
    def step(run_id: str) -> None:
        try:
            set_job(container, courtesy, UUID(run_id))
        except Interrupted:
            with container.transactions() as transaction:
                transaction.jobs.enqueue_set_run(UUID(run_id))

    @DBOS.workflow(name=READ_SET)
    def workflow(run_id: str) -> None:
        try:
            step(run_id)
        except Exception:
            _log.exception("the set was given up", run=run_id)
            give_up(run_id)

    @DBOS.step(
        name="give_up_set",
        retries_allowed=True,
        interval_seconds=30.0,
        backoff_rate=1.0,
        max_attempts=2880,
    )
    def give_up(run_id: str) -> None:
        give_up_set_job(container, UUID(run_id))
