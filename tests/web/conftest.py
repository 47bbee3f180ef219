import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.bootstrap import Container, running
from app.jobs.worker import worker
from app.web.app import create_app
from tests.accounts import READER, add_accounts
from tests.conftest import make_settings

CREDENTIALS = READER
FOLDER = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages and routes on PostgreSQL are for `make test-all`.

    `make test` asks them on SQLite, and both databases in the tests of repositories, services and
    jobs, below which nothing speaks SQL.
    """
    for item in items:
        callspec = getattr(item, "callspec", None)
        chosen = callspec.params.get("database_url") if callspec else None
        if chosen == "postgresql" and FOLDER in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def open_container(container: Container) -> Container:
    """A container with an administrator and a reader."""
    add_accounts(container)
    return container


@pytest.fixture
def client(open_container) -> Iterator[TestClient]:
    """A signed-in system, with a worker that classifies."""
    app = create_app(open_container, background=worker)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.auth = CREDENTIALS
        yield client


@pytest.fixture
def idle_client(open_container) -> Iterator[TestClient]:
    """The same without a worker: what is accepted waits."""
    with TestClient(create_app(open_container), raise_server_exceptions=False) as client:
        client.auth = CREDENTIALS
        yield client


@pytest.fixture(scope="module")
def steady_client(
    migrated_sqlite: Path, small_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """One server for a whole module, on SQLite: for what must leave it healthy."""
    folder = tmp_path_factory.mktemp("steady")
    shutil.copy(migrated_sqlite, folder / "vexascope.db")
    with running(make_settings(folder, bundle=small_bundle)) as container:
        add_accounts(container)
        app = create_app(container, background=worker)
        with TestClient(app, raise_server_exceptions=False) as client:
            client.auth = CREDENTIALS
            yield client
