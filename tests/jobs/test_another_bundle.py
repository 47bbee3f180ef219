"""The bundle changes while cases are read, or after."""

import threading

import pytest
from rich.console import Console

from app.bootstrap import build
from app.cli.demonstration import _wait_for_findings
from app.domain.review import ReviewRule
from app.jobs.worker import classify_job, give_up_job, worker
from app.services.reading import bundle_of
from app.services.reporting import report_on
from tests.bundles import write_bundle
from tests.conftest import make_settings
from tests.factories import NOW
from tests.jobs.test_worker import accept, wait_until_done


@pytest.fixture
def switched(container, tmp_path):
    """The same installation after its bundle was exchanged."""
    folder = write_bundle(tmp_path / "second", manifest={"version": "0.0.2"})
    settings = container.settings
    second = build(
        make_settings(settings.data_dir, database_url=settings.database_url, bundle=folder)
    )
    assert second.bundle.manifest.digest != container.bundle.manifest.digest
    second.remember_bundle()
    yield second
    second.close()


def waiting_jobs(container):
    return len(container.queue_client.list_queued_workflows())


@pytest.mark.parametrize("given_up", [False, True])
def test_a_half_read_case_is_read_to_its_end_by_the_new_bundle(container, switched, given_up):
    case_id, cells = accept(container, range(6))
    classify_job(container, case_id, [cell.id for cell in cells[:3]])
    rest = [cell.id for cell in cells[3:]]
    (give_up_job if given_up else classify_job)(switched, case_id, rest)
    with worker(switched):
        wait_until_done(switched, case_id)
    with switched.transactions() as transaction:
        case = transaction.cases.get(case_id)
        report = report_on(transaction, case, switched.bundle, ReviewRule(), NOW)
    assert report.complete
    assert report.bundle == switched.bundle.manifest
    assert report.progress.classified_count == (3 if given_up else 6)


def test_jobs_do_not_queue_jobs_for_ever(container, switched):
    case_id, cells = accept(container, range(6))
    classify_job(container, case_id, [cell.id for cell in cells[:3]])
    before = waiting_jobs(switched)
    for cell in cells[3:]:
        classify_job(switched, case_id, [cell.id])
    assert waiting_jobs(switched) == before + 1


def test_the_demonstration_does_not_wait_for_a_bundle_that_will_not_read_its_cases(
    container, switched
):
    case_id, cells = accept(container, range(3))
    classify_job(container, case_id, [cell.id for cell in cells])
    with switched.transactions() as transaction:
        assert bundle_of(transaction, case_id, switched.bundle) == container.bundle
    waiting = threading.Thread(
        target=_wait_for_findings, args=(switched, [case_id], Console(quiet=True)), daemon=True
    )
    waiting.start()
    waiting.join(timeout=20)
    assert not waiting.is_alive()
