"""The OpenAPI document: stable names, and examples that do what they say."""

import shutil
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from app.bootstrap import running
from app.storage.import_area import open_areas
from app.web.api.description import TAGS
from app.web.api.examples import EXAMPLES
from app.web.app import create_app
from tests.accounts import add_accounts
from tests.conftest import make_settings
from tests.images import cell_png, zipped
from tests.web.api.test_fuzz import Operation, credentials_for, seed

JSON = "application/json"
METHODS = ["get", "post", "patch", "put", "delete"]


@pytest.fixture(scope="module")
def container(migrated_sqlite, small_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("described")
    shutil.copy(migrated_sqlite, folder / "vexascope.db")
    (folder / "run-7").mkdir()
    (folder / "run-7" / "cell-1.png").write_bytes(cell_png(11))
    (folder / "run-7" / "cells.zip").write_bytes(zipped({"a.png": cell_png(12)}))
    with running(make_settings(folder, bundle=small_bundle)) as container:
        add_accounts(container)
        yield replace(container, import_areas=open_areas(folder.as_uri()))


@pytest.fixture(scope="module")
def document(container):
    return create_app(container).openapi()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/api/"):
                yield method, path, operation


def test_every_operation_has_a_stable_name_a_tag_and_credentials(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) > 30
    assert all("api_v1" not in name for name in names)
    assert {"create_case", "read_case", "list_cases", "create_cells", "read_report"} <= set(names)
    schemes = set(document["components"]["securitySchemes"])
    assert schemes == {"basic", "bearer"}
    for method, path, operation in operations(document):
        assert set(operation["tags"]) <= set(TAGS), path
        assert {name for item in operation["security"] for name in item} == schemes
        headers = {item["name"] for item in operation["parameters"] if item["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method in {"post", "patch", "put"}), path


def test_every_example_belongs_to_an_operation_and_every_body_has_one(document):
    with_body = {
        operation["operationId"]
        for _, _, operation in operations(document)
        if JSON in operation.get("requestBody", {}).get("content", {})
    }
    known = {operation["operationId"] for _, _, operation in operations(document)}
    assert set(EXAMPLES) <= known
    # Its example stands beside its fields: the digest is of the reader's own bundle.
    assert with_body - {"create_reclassification"} <= {
        name for name, example in EXAMPLES.items() if example.body
    }


@pytest.mark.slow
def test_every_example_is_answered_as_described(container, document):
    known = seed(container)
    with TestClient(create_app(container)) as client:
        asked = sorted(operations(document), key=lambda item: METHODS.index(item[0]))
        for method, path, operation in asked:
            example = EXAMPLES.get(operation["operationId"])
            if example is None:
                continue
            answer = send(client, method, path, operation, known)
            least = min(int(status) for status in operation["responses"])
            expected = {least, 202} if "202" in operation["responses"] else {least}
            assert answer.status_code in expected, (path, answer.text)


def send(client, method, path, operation, known):
    """The request as the document prints it; keys in the path are those of this server."""
    place = path.format(**known)
    printed = {
        kind: {
            item["name"]: item["example"]
            for item in operation["parameters"]
            if item["in"] == kind and "example" in item
        }
        for kind in ("query", "header")
    }
    # One key for all of them would be one request.
    printed["header"].pop("Idempotency-Key", None)
    content = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
    return client.request(
        method,
        place,
        params=printed["query"],
        headers={**printed["header"], **credentials_for(Operation(method, path))},
        json=content.get("example"),
    )
