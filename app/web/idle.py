"""How long the session of the request may be idle, for the page that warns of its end."""

from contextvars import ContextVar

_idle_s: ContextVar[int | None] = ContextVar("idle_s", default=None)


def idle_s() -> int | None:
    """Seconds; None where no session's cookie came with the request."""
    return _idle_s.get()


def use_idle(seconds: int) -> None:
    """Tell the pages of this request."""
    _idle_s.set(seconds)
