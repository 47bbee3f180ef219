"""What this process counts of its own work, for Prometheus.

Each container has a registry of its own: two applications in one process, as in the tests, never
add to one another. What all processes share (the queue, the outbox) is asked of the database when
the numbers are read: `app.web.metrics`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
)

# From a thumbnail to a large upload that is waited for.
_REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
_BATCH_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
UNKNOWN_ROUTE = "none"
"""In place of a path that is no address: whatever is asked for must not become a label."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Meters:
    """Counters of one process; they begin at zero with it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "vexascope_http_requests",
            "Requests that were answered, by method, route template and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "vexascope_http_request_duration_seconds",
            "From the first byte of a request to the last of its answer.",
            ("method", "route"),
            buckets=_REQUEST_BUCKETS_S,
            registry=self.registry,
        )
        self._cells = Counter(
            "vexascope_cells",
            "Cells that this process has read (classified), or could not read (failed).",
            ("outcome",),
            registry=self.registry,
        )
        self._batch_seconds = Histogram(
            "vexascope_classification_batch_duration_seconds",
            "Decoding and classifying one job's cells, at most 64.",
            buckets=_BATCH_BUCKETS_S,
            registry=self.registry,
        )
        self._given_up = Counter(
            "vexascope_jobs_given_up",
            "Classification jobs that were given up after all attempts.",
            registry=self.registry,
        )
        self._held = Gauge(
            "vexascope_jobs_waiting_for_bundle",
            "Jobs that this process holds because their bundle is not on its machine.",
            registry=self.registry,
        )
        self._build = Info("vexascope_build", "What runs.", registry=self.registry)
        for outcome in ("classified", "failed"):
            self._cells.labels(outcome)

    def request(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request; `route` is a template, never a path."""
        method = method if method in _METHODS else "other"
        route = route or UNKNOWN_ROUTE
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def batch(self, classified: int, failed: int, seconds: float) -> None:
        """Count a batch of cells."""
        self._cells.labels("classified").inc(classified)
        self._cells.labels("failed").inc(failed)
        self._batch_seconds.observe(seconds)

    def gave_up(self) -> None:
        """Count a job that was given up."""
        self._given_up.inc()

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Count a job that is held while the context lasts."""
        with self._held.track_inprogress():
            yield

    def build(self, version: str, bundle: str, digest: str) -> None:
        """Say what runs; the bundle may change while it does."""
        self._build.info({"version": version, "bundle": bundle, "bundle_digest": digest})
