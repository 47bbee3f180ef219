"""`vexascope serve` and `vexascope worker`: processes that run until they are told to stop."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

import structlog
import uvicorn
from prometheus_client import start_http_server

from app.bootstrap import Container, migrate
from app.db.migrating import alone
from app.jobs.hl7_listener import hl7_listener
from app.jobs.hl7_results import PrintReport, with_hl7_results
from app.jobs.worker import worker
from app.services.identity import ADMINISTRATOR_NAME, ensure_administrator
from app.web.app import create_app
from app.web.language import Language
from app.web.printing.unattended import print_unattended
from app.web.security import Security

GRACEFUL_STOP_S = 30
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """Calls back once requests are answered, with the port that was really bound; and at the end.

    `stopping` lets go of those that listen for news: nothing else would end their requests.
    """

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[int], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            # In a thread: the demonstration waits here for its cells while requests are served.
            threading.Thread(target=self._ready, args=(port,), daemon=True).start()

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self._stopping()
        await super().shutdown(sockets)  # type: ignore[arg-type]

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully and return; the library would kill the process with the signal then."""
        before = {number: signal.signal(number, self.handle_exit) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(container: Container) -> None:
    """Migrate, make sure of the administrator, and serve until SIGINT or SIGTERM."""
    migrate(container)
    announce_administrator(container)
    run(container, Security(container), ready=lambda port: print(ready_line(container, port)))


def run(container: Container, security: Security, ready: Callable[[int], None]) -> None:
    """Serve on the configured address; running requests and jobs finish before it returns."""
    settings = container.settings
    app = create_app(
        container,
        security=security,
        background=_beside,
    )
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=GRACEFUL_STOP_S,
    )
    asyncio.run(_Server(config, ready, app.state.progress.close).serve())


@contextmanager
def _beside(container: Container) -> Iterator[None]:
    """What runs in the server's process, as the settings say: the worker, the HL7 listener."""
    with ExitStack() as stack:
        if container.settings.worker_in_server:
            stack.enter_context(_working(container))
        if container.settings.hl7_port is not None:
            stack.enter_context(hl7_listener(container))
        yield


@contextmanager
def _working(container: Container) -> Iterator[str]:
    """The worker with all that it can send by."""
    with with_hl7_results(container, printer(container)) as sending, worker(sending) as name:
        yield name


def printer(container: Container) -> PrintReport:
    """What prints reports for systems: printing is the web room's, and jobs know nothing of it."""

    def printed(case_id: UUID, number: int | None, language: str) -> bytes:
        return print_unattended(container, case_id, number, Language(language))

    return printed


def listen(container: Container) -> None:
    """Take HL7 orders until SIGINT or SIGTERM."""
    stop = _stopped_by_signals()
    container.check_database()
    with hl7_listener(container) as port:
        print(f"HL7 orders are taken at {container.settings.hl7_host}:{port}", flush=True)
        stop.wait()


def work(container: Container) -> None:
    """Run jobs until SIGINT or SIGTERM."""
    stop = _stopped_by_signals()
    container.check_database()
    container.remember_bundle()
    with _metrics(container), _working(container) as name:
        _log.info("worker started", executor=name)
        stop.wait()
        _log.info("stopping: running jobs finish, the rest waits in the queue")


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: stop.set())
    return stop


@contextmanager
def _metrics(container: Container) -> Iterator[None]:
    """Show this process's numbers, where a port is set: it answers no other requests."""
    settings = container.settings
    if settings.worker_metrics_port is None:
        yield
        return
    server, thread = start_http_server(
        settings.worker_metrics_port, settings.worker_metrics_host, container.meters.registry
    )
    _log.info("numbers for Prometheus", host=settings.worker_metrics_host, port=server.server_port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ready_line(container: Container, port: int) -> str:
    """The line that says where to look."""
    return f"Vexascope is ready at http://{container.settings.host}:{port}"


def announce_administrator(container: Container) -> None:
    """Make the first account; a password that was made up is printed, once and only here."""
    chosen = container.settings.admin_password
    # Two servers that start at once: one makes the account, the other finds it.
    with alone(container.engine), container.transactions() as transaction:
        made = ensure_administrator(
            transaction, chosen.get_secret_value() if chosen else None, container.now()
        )
    if made:
        print(f"Administrator: {ADMINISTRATOR_NAME}   password: {made}")
        print("This password is shown once. Keep it, or set VEXASCOPE_ADMIN_PASSWORD.")
