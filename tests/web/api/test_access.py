import pytest
from fastapi.routing import iter_route_contexts

from app.services.identity import ensure_administrator
from tests.accounts import ADMIN, ADMIN_PASSWORD
from tests.web.api.test_cases import NEW, is_problem

OPEN = {
    "/health/live",
    "/health/ready",
    "/sign-in",
    "/sign-in/code",
    "/sign-in/provider",
    "/sign-in/provider/back",
    "/sign-out/provider",
    "/choose-password/{token}",
    "/demonstration/{token}",
    "/language",
    "/fhir/metadata",
}


def test_nothing_but_sign_in_and_health_is_open(idle_client):
    """Every route that the application has, asked without credentials."""
    idle_client.auth = None
    unknown = "0190a000-0000-7000-8000-000000000000"
    asked = 0
    for route in iter_route_contexts(idle_client.app.routes):
        path, methods = route.path, set(getattr(route, "methods", None) or ())
        if path in OPEN or path.startswith("/static"):
            continue
        for method in methods - {"HEAD", "OPTIONS"}:
            url = path
            while "{" in url:
                url = url[: url.index("{")] + unknown + url[url.index("}") + 1 :]
            response = idle_client.request(method, url, follow_redirects=False)
            if path.startswith(("/api/", "/metrics")):
                is_problem(response, 401)
                assert response.headers["www-authenticate"].startswith("Basic")
            elif path.startswith("/fhir/"):
                assert response.status_code == 401
                assert response.json()["resourceType"] == "OperationOutcome"
            else:
                assert response.status_code == 303, (method, path)
                assert response.headers["location"].startswith("/sign-in")
            asked += 1
    assert asked > 15


def test_health_is_open_and_tells_little(idle_client):
    idle_client.auth = None
    assert idle_client.get("/health/live").json() == {"status": "ok"}
    assert idle_client.get("/health/ready").json() == {"status": "ok"}


def test_a_bearer_token_stands_for_its_account(idle_client):
    made = idle_client.post("/api/v1/tokens")
    assert made.status_code == 201
    idle_client.auth = None
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    assert idle_client.post("/api/v1/cases", json=NEW, headers=headers).status_code == 201
    wrong = {"Authorization": f"Bearer {made.json()['token']}x"}
    is_problem(idle_client.get("/api/v1/cases", headers=wrong), 401, "unknown or has expired")


def test_a_bearer_token_cannot_make_its_successor(idle_client):
    made = idle_client.post("/api/v1/tokens").json()
    idle_client.auth = None
    headers = {"Authorization": f"bearer {made['token']}"}
    is_problem(idle_client.post("/api/v1/tokens", headers=headers), 403, "password")


def test_a_new_password_ends_what_the_old_one_opened(idle_client, open_container):
    before = idle_client.auth = ADMIN
    token = idle_client.post("/api/v1/tokens").json()["token"]
    idle_client.auth = None
    bearer = {"Authorization": f"Bearer {token}"}
    assert idle_client.get("/api/v1/cases", headers=bearer).status_code == 200
    with open_container.transactions() as transaction:
        ensure_administrator(transaction, ADMIN_PASSWORD, open_container.now())
    assert idle_client.get("/api/v1/cases", headers=bearer).status_code == 200
    with open_container.transactions() as transaction:
        ensure_administrator(transaction, "another long password", open_container.now())
    is_problem(idle_client.get("/api/v1/cases", headers=bearer), 401)
    is_problem(idle_client.get("/api/v1/cases", auth=before), 401)
    new = ("admin", "another long password")
    assert idle_client.get("/api/v1/cases", auth=new).status_code == 200


@pytest.mark.parametrize(
    "value", ["Basic !!!", "Basic YWRtaW4=", "Digest x", "Bearer", "Basic /w=="]
)
def test_broken_credentials_are_refused(idle_client, value):
    idle_client.auth = None
    is_problem(idle_client.get("/api/v1/cases", headers={"Authorization": value}), 401)


def test_guessing_passwords_is_slowed_down(idle_client):
    for _ in range(10):
        idle_client.auth = ("admin", "wrong")
        is_problem(idle_client.get("/api/v1/cases"), 401, "Name or password is wrong")
    response = idle_client.get("/api/v1/cases")
    is_problem(response, 429, "Try again in")
    assert 0 < int(response.headers["retry-after"]) <= 300


def test_the_description_names_every_error_of_every_route(idle_client):
    document = idle_client.get("/api/v1/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/health"):
                continue
            assert {"401", "403", "503"} <= set(operation["responses"]), (method, path)
            assert operation["summary"]
    cells = document["paths"]["/api/v1/cases/{case_id}/cells"]["post"]["responses"]
    assert {"200", "202", "404", "413", "422"} <= set(cells)


def test_the_description_explains_every_field(idle_client):
    document = idle_client.get("/api/v1/openapi.json").json()
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, content in schema.get("properties", {}).items()
        # These two are the framework's own; a reference is explained where it leads.
        if name not in {"HTTPValidationError", "ValidationError"}
        and not {"description", "$ref"} & set(content)
    ]
    assert silent == []
