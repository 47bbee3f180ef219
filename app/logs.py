"""Log lines: one event each, as JSON or text, with the request's number; never a patient's."""

import logging
import sys

import structlog

from app.settings import LogFormat


def configure(log_format: LogFormat, level: str) -> None:
    """Send the product's and the libraries' lines to standard error in one form."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _renderer(log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Requests are logged by the product's own middleware, without query strings.
    logging.getLogger("uvicorn.access").disabled = True
    for noisy in ("dbos", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _renderer(log_format: LogFormat) -> structlog.types.Processor:
    if log_format is LogFormat.JSON:
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
