"""The web application: routes, middleware and the life of the process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import structlog
from fastapi import FastAPI
from fastapi.concurrency import contextmanager_in_threadpool
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware

from app import __version__
from app.bootstrap import MIB, Container
from app.domain.report import RESEARCH_USE_NOTICE
from app.settings import PROJECT
from app.web import errors, health, metrics, tus
from app.web.api.description import describing, operation_id
from app.web.api.router import router as api
from app.web.arrivals import Arrivals
from app.web.auditing import AuditWriter
from app.web.body_limit import BodyLimitMiddleware
from app.web.cookies import session_cookie, session_secret
from app.web.etags import ETagMiddleware
from app.web.fhir.router import router as fhir
from app.web.guard import Guard
from app.web.idempotency import IdempotencyMiddleware, forget_expired
from app.web.middleware import LanguageMiddleware, RequestMiddleware
from app.web.pages.router import router as pages
from app.web.progress import Progress
from app.web.rate_limits import RateLimits
from app.web.security import Security
from app.web.static_files import VersionedFiles

_log = structlog.get_logger(__name__)


Background = Callable[[Container], AbstractContextManager[object]]
"""Work beside the server; it begins before the first request and ends after the last."""


def create_app(
    container: Container,
    *,
    security: Security | None = None,
    background: Background = nullcontext,
) -> FastAPI:
    """Make the application on a container whose database is migrated."""
    app = FastAPI(
        title="Vexascope",
        version=__version__,
        description=f"Screening of blood smears for VEXAS syndrome. {RESEARCH_USE_NOTICE}",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        middleware=_middleware(container),
        # One more than the limit, so that the answer to too many is the product's own.
        generate_unique_id_function=operation_id,
        form_limits={"max_files": container.settings.max_files + 1},
    )
    app.state.container = container
    app.state.security = security or Security(container)
    app.state.rate_limits = RateLimits(container.settings)
    app.state.background = background
    app.state.auditor = AuditWriter(container.transactions)
    app.state.arrivals = Arrivals(container)
    app.state.progress = Progress(container)
    errors.install(app)
    app.include_router(health.router)
    app.include_router(metrics.router, include_in_schema=False)
    app.include_router(api)
    # Its own description is the CapabilityStatement.
    app.include_router(fhir, include_in_schema=False)
    app.include_router(tus.router, include_in_schema=False)
    app.include_router(pages, include_in_schema=False)
    # The framework's own way to change the document.
    app.openapi = describing(app)  # type: ignore[method-assign]
    app.mount("/static", VersionedFiles(directory=PROJECT / "static"), name="static")
    return app


def _middleware(container: Container) -> list[Middleware]:
    settings = container.settings
    return [
        Middleware(RequestMiddleware, is_secure=settings.secure_cookies),
        Middleware(
            SessionMiddleware,
            secret_key=session_secret(container),
            session_cookie=session_cookie(settings),
            max_age=settings.session_hours * 3600,
            same_site="lax",
            https_only=settings.secure_cookies,
        ),
        Middleware(LanguageMiddleware),
        Middleware(Guard),
        Middleware(BodyLimitMiddleware, max_bytes=settings.max_request_mib * MIB),
        Middleware(IdempotencyMiddleware, container=container),
        Middleware(ETagMiddleware),
    ]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    container: Container = app.state.container
    await run_in_threadpool(container.remember_bundle)
    # In a thread: the queue refuses to start inside a running event loop.
    async with (
        contextmanager_in_threadpool(app.state.auditor.running()),
        contextmanager_in_threadpool(app.state.background(container)),
        contextmanager_in_threadpool(app.state.arrivals.running()),
    ):
        app.state.progress.open()
        sweeping = asyncio.create_task(forget_expired(container))
        yield
        app.state.progress.close()
        sweeping.cancel()
        _log.info("stopping: running jobs finish, the rest waits in the queue")
