"""Made-up requests to every route: no crash, and no answer that the description does not name."""

import shutil
from base64 import b64encode

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.bootstrap import running
from app.services.identity import ensure_administrator
from app.web.app import create_app
from tests.conftest import ADMIN_PASSWORD, make_settings
from tests.web.conftest import CREDENTIALS

HEADERS = {"Authorization": "Basic " + b64encode(":".join(CREDENTIALS).encode()).decode()}
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document(migrated_sqlite, small_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    shutil.copy(migrated_sqlite, folder / "vexascope.db")
    with running(make_settings(folder, bundle=small_bundle)) as container:
        with container.transactions() as transaction:
            ensure_administrator(transaction, ADMIN_PASSWORD, container.now())
        app = create_app(container)
        yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=HEADERS)


def test_every_route_answers_as_described(document):
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) >= 12
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        def answers_as_described(case):
            case.validate_response(case.call(headers=HEADERS), checks=CHECKS)

        answers_as_described()
