"""What asking who is there and writing the audit cost, against the same routes with both off.

`python -m tests.benchmarks.access [--seconds 3] [--rounds 5]`

The application is called without a network, eight requests at once, so that nothing but the
server's own work is measured. Rounds with and without alternate in one run; what counts is the
ratio. "Off" means that no credentials are read, no rule is looked up, no site is compared and no
entry is written; the rest is the same.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app import logs
from app.bootstrap import Container, migrate, running
from app.domain.case import NewCase
from app.domain.user import User
from app.services.identity import issue_token
from app.services.opening import open_case
from app.settings import LogFormat
from app.web.app import create_app
from app.web.guard import Guard
from tests.accounts import READER, add_accounts
from tests.bundles import write_bundle
from tests.conftest import make_settings

AT_ONCE = 8
CASES = 50
LIMITS = (
    "person_requests_per_minute",
    "client_requests_per_minute",
    "address_requests_per_minute",
)


class Unguarded:
    """In place of the guard: everybody is the reader, and nothing is written."""

    user: User

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] == "http":
            Request(scope).state.user = self.user
        await self._app(scope, receive, send)


def main() -> None:
    """Print requests a second of each route, both ways, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    logs.configure(LogFormat.TEXT, "WARNING")
    with tempfile.TemporaryDirectory() as folder, _container(Path(folder)) as container:
        token, case_id = _fill(container)
        routes = {
            "/api/v1/bundle": "one row",
            f"/api/v1/cases/{case_id}": "one case",
            "/api/v1/cases?limit=50": "50 cases",
        }
        apps = {"on": create_app(container), "off": _unguarded(container)}
        asyncio.run(_measure(apps, routes, token, chosen.seconds, chosen.rounds))


@contextmanager
def _container(folder: Path) -> Iterator[Container]:
    bundle = write_bundle(folder / "bundle")
    # What is measured is the asking, not how soon it is refused.
    limits = dict.fromkeys(LIMITS, 1_000_000)
    with running(make_settings(folder, bundle=bundle, **limits)) as container:
        migrate(container)
        add_accounts(container)
        yield container


def _fill(container: Container) -> tuple[str, str]:
    with container.transactions() as transaction:
        user = transaction.users.by_name(READER[0])
        assert user is not None
        Unguarded.user = user
        token, _ = issue_token(transaction, user, container.now())
        for number in range(CASES):
            case = open_case(transaction, NewCase(f"A-{number}", f"P-{number}"), container.now())
    return token, str(case.id)


def _unguarded(container: Container) -> FastAPI:
    app = create_app(container)
    for item in app.user_middleware:
        if item.cls is Guard:
            item.cls = Unguarded
    return app


async def _measure(
    apps: dict[str, FastAPI], routes: dict[str, str], token: str, seconds: float, rounds: int
) -> None:
    async with (
        apps["on"].router.lifespan_context(apps["on"]),
        apps["off"].router.lifespan_context(apps["off"]),
    ):
        for path, name in routes.items():
            rates: dict[str, list[float]] = {"on": [], "off": []}
            for _ in range(rounds):
                for which, app in apps.items():
                    rates[which].append(await _rate(app, path, token, seconds))
            ratios = [on / off for on, off in zip(rates["on"], rates["off"], strict=True)]
            print(
                f"{name}: on {statistics.median(rates['on']):.0f}/s, "
                f"off {statistics.median(rates['off']):.0f}/s, "
                f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
            )


async def _rate(app: FastAPI, path: str, token: str, seconds: float) -> float:
    deadline = time.perf_counter() + seconds
    started = time.perf_counter()
    counts = await asyncio.gather(*(_ask(app, path, token, deadline) for _ in range(AT_ONCE)))
    return sum(counts) / (time.perf_counter() - started)


async def _ask(app: FastAPI, path: str, token: str, deadline: float) -> int:
    count = 0
    while time.perf_counter() < deadline:
        status = await _get(app, path, token)
        assert status == 200, status
        count += 1
    return count


async def _get(app: FastAPI, path: str, token: str) -> int:
    path, _, query = path.partition("?")
    status = 0

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = int(str(message["status"]))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"here"), (b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return status


if __name__ == "__main__":
    main()
