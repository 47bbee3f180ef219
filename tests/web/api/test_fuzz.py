"""Made-up requests to every route: no crash, and no answer that the description does not name."""

import shutil
from base64 import b64encode
from collections import namedtuple

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings, strategies
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.bootstrap import running
from app.domain.access import MATRIX, Permission, Role
from app.domain.outbox import DeliveryState
from app.domain.webhook import WebhookConfig
from app.jobs.worker import worker
from app.web.access import RULES
from app.web.api.waiting import MAX_WAIT_S
from app.web.app import create_app
from tests.accounts import ADMIN, READER, add_accounts
from tests.conftest import make_settings
from tests.db.test_outbox import make_destination, publish
from tests.db.test_repositories import open_case
from tests.images import cell_png
from tests.web.api.test_cases import NEW
from tests.web.conftest import CREDENTIALS

Operation = namedtuple("Operation", "method path")


def headers_of(credentials):
    return {"Authorization": "Basic " + b64encode(":".join(credentials).encode()).decode()}


HEADERS = headers_of(CREDENTIALS)
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# These answer 201 or 202, or need an archive.
SENDING = {
    "POST /api/v1/cases",
    "POST /api/v1/cases/import",
    "POST /api/v1/cases/{case_id}/reclassifications",
    "POST /api/v1/clients",
    "POST /api/v1/clients/{client_id}/keys",
    "POST /api/v1/cases/{case_id}/cells/by-reference",
    "POST /api/v1/tokens",
    "POST /api/v1/webhooks",
}
# The library sends files of any characters: half of the time they are replaced by what can be read.
FILES = {
    "POST /api/v1/cases/{case_id}/cells": ("files", 202),
    # Read whole, and then known: it is of this server.
    "POST /api/v1/cases/import": ("file", 409),
}
# What removes is asked for what is not there: the others need what is.
REMOVING = {"DELETE /api/v1/webhooks/{webhook_id}"}

# Nothing happens here, and it would be waited for until the time is over.
MOST_WAIT_S = 0.05


@pytest.fixture(scope="module")
def application(migrated_sqlite, small_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    shutil.copy(migrated_sqlite, folder / "vexascope.db")
    with running(make_settings(folder, bundle=small_bundle)) as container:
        add_accounts(container)
        yield create_app(container), seed(container)


def seed(container):
    """Values of path parameters that lead somewhere."""
    return {**_seed(container), **_seed_webhook(container)}


def _seed(container):
    """A case with one cell that is read, and a client."""
    with TestClient(create_app(container, background=worker), headers=HEADERS) as client:
        case_id = client.post("/api/v1/cases", json=NEW).json()["id"]
        files = [("files", ("a.png", cell_png()))]
        path = f"/api/v1/cases/{case_id}/cells"
        sent = client.post(path, params={"wait": 60}, files=files)
        assert sent.status_code == 200
        [cell] = sent.json()["cells"]
        upload_id = sent.headers["location"].rpartition("/")[2]
        spare = {**NEW, "accession_number": "F-8"}
        spare_case_id = client.post("/api/v1/cases", json=spare).json()["id"]
        new = {"name": "system", "scopes": ["cases:read"]}
        made = client.post("/api/v1/clients", json=new, headers=headers_of(ADMIN)).json()
        patient_id = client.get(f"/api/v1/cases/{case_id}").json()["patient_id"]
        archive = client.get(f"/api/v1/cases/{case_id}/export.zip").content
    return {
        "case_id": case_id,
        "cell_id": cell["id"],
        "upload_id": upload_id,
        "patient_id": patient_id,
        "digest": container.bundle.manifest.digest,
        "client_id": made["client"]["id"],
        "prefix": made["client"]["keys"][0]["prefix"],
        "spare_case_id": spare_case_id,
        "files": [cell_png(2)],
        "file": archive,
    }


def credentials_for(operation):
    """The reader's, or of what only an administrator may, the administrator's."""
    needs = RULES[operation.method.upper(), operation.path].needs
    is_reader_s = not isinstance(needs, Permission) or needs in MATRIX[Role.HAEMATOLOGIST]
    return headers_of(READER if is_reader_s else ADMIN)


def put_file(case, known):
    """In place of what the library made up."""
    if case.operation.label in FILES:
        name, _ = FILES[case.operation.label]
        case.body = {name: known[name], "accession_number": "F-9", "same_patient": "true"}
        case.media_type = "multipart/form-data"
        # Else it would be another request under a key that is taken.
        case.headers.pop("Idempotency-Key", None)
        if "case_id" in case.path_parameters:
            # Nobody classifies it, and who follows the other case would wait for it.
            case.path_parameters = {"case_id": known["spare_case_id"]}


def hurry(case):
    """Wait as little as can be asked for, where it is a wait that can."""
    wait = case.query.get("wait") if case.query else None
    if isinstance(wait, int | float) and 0 < wait <= MAX_WAIT_S:
        case.query["wait"] = MOST_WAIT_S


def _seed_webhook(container):
    """A webhook with a message that waits."""
    with container.transactions() as transaction:
        webhook = make_destination(
            transaction, config=WebhookConfig("https://receiver.example", ()).to_json()
        )
        publish(transaction, open_case(transaction, "F-2", "P-2"))
        [delivery] = transaction.destinations.deliveries(webhook.id, DeliveryState, None, 1)
    return {"webhook_id": str(webhook.id), "delivery_id": str(delivery.id)}


@pytest.mark.slow
def test_every_route_answers_as_described(application):
    app, known = application
    document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=HEADERS)
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) >= 12
    answered = set()
    for operation in operations:

        @given(case=operation.as_strategy(), is_known=strategies.booleans())
        @settings(
            max_examples=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        def answers_as_described(case, is_known):
            if is_known and case.operation.label not in REMOVING:
                case.path_parameters = {name: known[name] for name in case.path_parameters}
                put_file(case, known)
            hurry(case)
            response = case.call(headers=credentials_for(case.operation))
            answered.add((case.operation.label, response.status_code))
            case.validate_response(response, checks=CHECKS)

        answers_as_described()
    assert {(label, status) for label, (_, status) in FILES.items()} <= answered
    found = {label for label, status in answered if status == 200}
    assert found == {operation.label for operation in operations} - SENDING - REMOVING
