"""A server of its own for this room, and a key of a system on it."""

from collections.abc import Iterator

import httpx
import pytest

from app.client import Retries, Vexascope
from tests.accounts import ADMIN
from tests.server import Server

SCOPES = ["cases:read", "cases:write", "cells:write", "reports:read"]
QUICK = Retries(attempts=4, first_pause_s=0.01)


def administrator(server: Server) -> httpx.Client:
    """Who makes API clients."""
    client = server.client()
    client.auth = ADMIN
    return client


@pytest.fixture(scope="session")
def server(tmp_path_factory, small_bundle) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("for-clients")
    server = Server(folder, VEXASCOPE_BUNDLE=str(small_bundle))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def key(server) -> str:
    with administrator(server) as admin:
        made = admin.post("/api/v1/clients", json={"name": "a system", "scopes": SCOPES})
    assert made.status_code == 201
    return made.json()["key"]


@pytest.fixture
def lab(server, key) -> Iterator[Vexascope]:
    with Vexascope(server.url, key, retries=QUICK) as lab:
        yield lab


@pytest.fixture
def number(request) -> str:
    """An accession number that no other test uses."""
    return request.node.name[:100]
