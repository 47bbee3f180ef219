"""`GET /metrics`: the numbers of this process, and of what all processes share, for Prometheus."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from app import __version__
from app.bootstrap import Container
from app.domain.control import ControlState
from app.domain.errors import VexascopeError
from app.services.controlling import control_standings
from app.web.dependencies import ContainerDep

router = APIRouter(tags=["metrics"])

_log = structlog.get_logger(__name__)


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def metrics(container: ContainerDep, accept: Annotated[str, Header()] = "") -> Response:
    """All numbers, in the form that the asker prefers; needs the scope `metrics:read`."""
    encode, media_type = choose_encoder(accept)
    container.meters.build(__version__, container.bundle.manifest.title, _digest(container))
    registry = CollectorRegistry()
    for collector in (container.meters.registry, Shared(container)):
        registry.register(collector)
    return Response(encode(registry), media_type=media_type)


def _digest(container: Container) -> str:
    return container.bundle.manifest.digest


class Shared:
    """What the database and the store tell, asked once for each reading.

    What cannot be asked is left out, and `vexascope_up` says so: a zero would be a lie.
    """

    def __init__(self, container: Container) -> None:
        self._container = container

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be asked for names must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Everything that could be asked."""
        up = GaugeMetricFamily("vexascope_up", "Whether it answers: 1 or 0.", labels=["component"])
        up.add_metric(["database"], _answers(self._container.check_database))
        up.add_metric(["storage"], _answers(self._container.blobs.check))
        yield up
        for ask in (self._queues, self._outbox, self._controls):
            try:
                yield from list(ask())
            except VexascopeError as error:
                _log.warning("a metric could not be read", detail=error.detail)

    def _queues(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily(
            "vexascope_jobs",
            "Jobs in the queue that all processes share.",
            labels=["queue", "state"],
        )
        ages = GaugeMetricFamily(
            "vexascope_oldest_waiting_job_age_seconds",
            "Age of the job that waits longest; 0 where none waits.",
            labels=["queue"],
        )
        now = self._container.now()
        for queue in self._container.queue_states():
            for state in ("waiting", "running", "failed"):
                jobs.add_metric([queue.queue, state], getattr(queue, state))
            ages.add_metric([queue.queue], _age(queue.oldest_waiting_at, now))
        yield jobs
        yield ages

    def _outbox(self) -> Iterator[Metric]:
        deliveries = GaugeMetricFamily(
            "vexascope_outbox_deliveries",
            "Deliveries to other systems that wait, or that were given up (dead).",
            labels=["kind", "state"],
        )
        ages = GaugeMetricFamily(
            "vexascope_oldest_waiting_delivery_age_seconds",
            "Age of the event whose delivery waits longest; 0 where none waits.",
            labels=["kind"],
        )
        now = self._container.now()
        with self._container.transactions() as transaction:
            states = transaction.statistics.outbox()
        for item in states:
            deliveries.add_metric([item.kind, "waiting"], item.waiting)
            deliveries.add_metric([item.kind, "dead"], item.dead)
            ages.add_metric([item.kind], _age(item.oldest_waiting_at, now))
        yield deliveries
        yield ages

    def _controls(self) -> Iterator[Metric]:
        sets = GaugeMetricFamily(
            "vexascope_control_sets",
            "Sets of daily control slides by how they stand; docs/monitoring.md names the alarms.",
            labels=["state"],
        )
        with self._container.transactions() as transaction:
            standings = control_standings(transaction, self._container.now())
        for state in ControlState:
            sets.add_metric([state.value], sum(item.state is state for item in standings))
        yield sets


def _answers(check: Callable[[], None]) -> float:
    try:
        check()
    except VexascopeError:
        return 0.0
    return 1.0


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
