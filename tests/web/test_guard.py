"""Every route has a rule, every rule a route, and every role is held to its rules."""

import re
from dataclasses import replace
from uuid import UUID

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from uuid_utils.compat import uuid7

from app.domain.access import MATRIX, PEOPLE, Permission, Role, Scope
from app.domain.audit import ActorKind, ChainCheck, Outcome
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import User
from app.ports import AuditFilter
from app.services.clients import NewClient, create_client
from app.services.passwords import hash_password
from app.web.access import RULES, Anyone, rule_for
from app.web.app import create_app
from app.web.named_sites import NamedSites
from tests.access_table import PAGE, page
from tests.accounts import ADMIN_PASSWORD, add_account
from tests.db.test_repositories import add_cells, open_case
from tests.images import cell_png
from tests.web.api.test_cases import NEW, is_problem

UNKNOWN = "0190a000-0000-7000-8000-000000000000"


def routes(app):
    """Method and path template of all that the application answers."""
    found = set()
    for route in iter_route_contexts(app.routes):
        methods = set(getattr(route, "methods", None) or {"GET"})
        path = "/static/{path:path}" if route.path == "/static" else route.path
        # A HEAD stands under its GET, and a HEAD alone under the GET that there is not.
        methods = {"GET" if method == "HEAD" else method for method in methods}
        found |= {(method, path) for method in methods}
    return found


def test_every_route_has_a_rule_and_every_rule_a_route(idle_client):
    assert routes(idle_client.app) == set(RULES)


def test_the_page_of_the_matrix_is_what_the_rules_say():
    assert PAGE.read_text() == page()


def test_a_path_as_it_stands_comes_before_one_with_keys():
    assert rule_for("GET", "/cases/new").rule is RULES["GET", "/cases/new"]
    assert rule_for("GET", f"/cases/{UNKNOWN}").keys == {"case_id": UNKNOWN}
    assert rule_for("HEAD", "/cases").rule is RULES["GET", "/cases"]
    assert rule_for("GET", "/nowhere") is None


@pytest.mark.parametrize("role", PEOPLE)
def test_every_role_is_held_to_every_rule(open_container, role):
    """Refused exactly where the matrix says so; what is allowed may fail for other reasons."""
    with open_container.transactions() as transaction:
        add_account(transaction, role.value, role, open_container.now())
    asked = 0
    with TestClient(create_app(open_container), raise_server_exceptions=False) as client:
        client.auth = (role.value, ADMIN_PASSWORD)
        for (method, path), rule in RULES.items():
            if isinstance(rule.needs, Anyone):
                continue
            url = filled(path)
            response = client.request(method, url, headers={"accept": "application/json"})
            refused = response.status_code == 403 and "Your account's role" in response.text
            assert refused == (rule.needs not in MATRIX[role]), (method, path)
            asked += 1
    assert asked > 50


def filled(path):
    """The path with keys that nothing has."""
    while "{" in path:
        path = path[: path.index("{")] + UNKNOWN + path[path.index("}") + 1 :]
    return path


def test_nobody_administers_and_signs():
    for role, permissions in MATRIX.items():
        assert not {Permission.SIGN, Permission.MANAGE_ACCOUNTS} <= permissions, role
    assert not {"edit", "sign", "open", "upload"} & {
        word for item in MATRIX["auditor"] for word in item.value.split()
    }


@pytest.fixture
def other_site(open_container):
    """An account that sees another site only."""
    with open_container.transactions() as transaction:
        now = open_container.now()
        site = Site(uuid7(), "Elsewhere", now)
        transaction.sites.add(site)
        user = User(uuid7(), "elsewhere", Role.HAEMATOLOGIST, hash_password(ADMIN_PASSWORD))
        transaction.users.add(replace(user, site_ids=frozenset({site.id})), now)
    return site


def test_a_case_of_another_site_is_not_there(idle_client, other_site):
    case = idle_client.post("/api/v1/cases", json=NEW).json()
    idle_client.auth = ("elsewhere", ADMIN_PASSWORD)
    is_problem(idle_client.get(f"/api/v1/cases/{case['id']}"), 404, case["id"])
    is_problem(idle_client.get(f"/api/v1/cases/{case['id']}/report"), 404)
    assert idle_client.get(f"/cases/{case['id']}").status_code == 404
    assert idle_client.get("/api/v1/cases").json()["items"] == []
    assert NEW["accession_number"] not in idle_client.get("/cases").text


def test_what_another_site_has_is_told_as_what_nobody_has(idle_client, open_container, other_site):
    with open_container.transactions() as transaction:
        case = open_case(transaction)
        upload, [cell] = add_cells(transaction, case, 1)
    idle_client.auth = ("elsewhere", ADMIN_PASSWORD)
    paths = {
        "/api/v1/cases/{}": case.id,
        "/cases/{}": case.id,
        "/api/v1/cells/{}": cell.id,
        "/api/v1/cells/{}/image": cell.id,
        f"/api/v1/cases/{case.id}/uploads/{{}}": upload.id,
    }
    for path, there in paths.items():
        absent = uuid7()
        hidden = idle_client.get(path.format(there))
        unknown = idle_client.get(path.format(absent).replace(str(case.id), str(uuid7())))
        assert hidden.status_code == unknown.status_code == 404, path
        assert _without_keys(hidden.text) == _without_keys(unknown.text), path
    wrong = {"headers": {"If-Match": "*"}, "json": {"shoe_size": 42}}
    for key in (case.id, uuid7()):
        is_problem(idle_client.patch(f"/api/v1/cases/{key}", **wrong), 404, str(key))


def _without_keys(text):
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", "KEY", text)


def test_the_site_is_looked_up_where_the_account_is(idle_client, open_container, monkeypatch):
    """In one transaction, whatever the request came with but a password."""
    case = idle_client.post("/api/v1/cases", json=NEW).json()
    token = idle_client.post("/api/v1/tokens").json()["token"]
    with open_container.transactions() as transaction:
        new = NewClient("lis", frozenset({Scope.CASES_READ}))
        _, key = create_client(transaction, new, None, open_container.now())
    # In one of their own nothing is found.
    monkeypatch.setattr(NamedSites, "look_up", lambda *_: None)
    path = f"/api/v1/cases/{case['id']}"
    idle_client.auth = None
    for credentials in (token, key):
        headers = {"Authorization": f"Bearer {credentials}"}
        assert idle_client.get(path, headers=headers).status_code == 200
    idle_client.post("/sign-in", data={"name": "reader", "password": ADMIN_PASSWORD})
    assert idle_client.get(path).status_code == 200


def test_a_case_is_opened_in_the_own_site(idle_client, other_site):
    idle_client.auth = ("elsewhere", ADMIN_PASSWORD)
    case = idle_client.post("/api/v1/cases", json=NEW).json()
    assert case["site_id"] == str(other_site.id)
    elsewhere = {**NEW, "accession_number": "OTHER-1", "site_id": UNKNOWN}
    is_problem(idle_client.post("/api/v1/cases", json=elsewhere), 403, "site")


def test_a_number_is_a_patient_of_its_site_alone(idle_client, other_site):
    named = {**NEW, "patient_name": "Mary Other"}
    idle_client.post("/api/v1/cases", json=named)
    idle_client.auth = ("elsewhere", ADMIN_PASSWORD)
    case = idle_client.post("/api/v1/cases", json=NEW).json()
    assert case["accession_number"] == NEW["accession_number"]
    assert case["patient_identifier"] == NEW["patient_identifier"]
    assert case["patient_name"] is None
    again = idle_client.post("/api/v1/cases", json=NEW)
    is_problem(again, 409, "exists already")
    sought = {"identifier": NEW["patient_identifier"]}
    [found] = idle_client.post("/api/v1/patients/search", json=sought).json()["items"]
    assert found["id"] == case["patient_id"]
    sought = {"accession_number": NEW["accession_number"]}
    [found] = idle_client.post("/api/v1/cases/search", json=sought).json()["items"]
    assert found["id"] == case["id"]
    [line] = idle_client.get("/api/v1/cases").json()["items"]
    assert line["accession_number"] == NEW["accession_number"]


def entries(container, **chosen):
    with container.transactions() as transaction:
        return list(transaction.audit.all(AuditFilter(**chosen)))


def test_the_audit_s_page_leaves_out_cases_of_other_sites(idle_client, open_container, other_site):
    case = idle_client.post("/api/v1/cases", json=NEW).json()
    with open_container.transactions() as transaction:
        auditor = add_account(transaction, "auditor", Role.AUDITOR, open_container.now())
        transaction.sites.set_sites_of(auditor.id, {other_site.id})
        transaction.audit.note("site.add", subject="site:x")
    idle_client.auth = ("auditor", ADMIN_PASSWORD)
    path = "/administration/audit"
    for address in (path, f"{path}/export.jsonl"):
        shown = idle_client.get(address).text
        assert case["id"] not in shown
        assert "site:x" in shown
    assert "reader" not in idle_client.get("/administration/history").text
    with open_container.transactions() as transaction:
        transaction.sites.set_sites_of(auditor.id, {DEFAULT_SITE_ID})
    assert case["id"] in idle_client.get(f"{path}/export.jsonl").text
    assert "reader" in idle_client.get("/administration/history").text


def test_views_changes_and_refusals_are_recorded_with_who_and_where(idle_client, open_container):
    case = idle_client.post("/api/v1/cases", json=NEW).json()
    idle_client.get(f"/api/v1/cases/{case['id']}")
    idle_client.auth = ("reader", "wrong")
    idle_client.get(f"/api/v1/cases/{case['id']}")
    opened, viewed, refused = entries(open_container)
    assert (opened.event.action, opened.event.outcome) == ("case.open", Outcome.DONE)
    assert opened.event.after["origin"] == "laboratory"
    assert viewed.event.action == "case.view"
    for entry in (opened, viewed):
        assert entry.event.actor.name == "reader"
        assert entry.event.actor.kind is ActorKind.PERSON
        assert entry.event.actor.address == "testclient"
        assert entry.event.actor.request_id
        assert str(entry.event.case_id) == case["id"]
    assert refused.event.outcome is Outcome.REFUSED
    assert refused.event.actor.kind is ActorKind.STRANGER
    check = ChainCheck()
    for entry in (opened, viewed, refused):
        assert check.add(entry) is None


def test_views_of_a_cell_and_a_delivery_stand_with_their_case(client, open_container, other_site):
    case = client.post("/api/v1/cases", json=NEW).json()
    files = [("files", ("a.png", cell_png()))]
    upload = client.post(f"/api/v1/cases/{case['id']}/cells?wait=60", files=files).json()
    paths = [f"/api/v1/uploads/{upload['id']}", f"/api/v1/cells/{upload['cells'][0]['id']}"]
    for path in paths:
        assert client.get(path).status_code == 200
    client.auth = ("elsewhere", ADMIN_PASSWORD)
    for path in paths:
        assert client.get(path).status_code == 404
    found = entries(open_container, case_id=UUID(case["id"]))
    assert [(entry.event.action, entry.event.outcome) for entry in found[-4:]] == [
        ("upload.view", Outcome.DONE),
        ("cells.view", Outcome.DONE),
        ("upload.view", Outcome.REFUSED),
        ("cells.view", Outcome.REFUSED),
    ]


def test_what_was_rolled_back_is_not_recorded_as_done(idle_client, open_container):
    idle_client.post("/api/v1/cases", json=NEW)
    assert idle_client.post("/api/v1/cases", json=NEW).status_code == 409
    found = entries(open_container, action="case.open")
    assert [entry.event.outcome for entry in found] == [Outcome.DONE, Outcome.REFUSED]


def test_signing_in_and_out_is_recorded_under_the_account(idle_client, open_container):
    idle_client.auth = None
    idle_client.post("/sign-in", data={"name": "reader", "password": ADMIN_PASSWORD})
    idle_client.post("/sign-out")
    came, went = entries(open_container, action="session")
    assert (came.event.action, came.event.actor.name) == ("session.sign-in", "reader")
    assert went.event.action == "session.sign-out"


def test_no_entry_holds_a_patient(idle_client, open_container):
    new = {**NEW, "patient_identifier": "MRN-SECRET", "patient_name": "Mary Secret"}
    case = idle_client.post("/api/v1/cases", json=new).json()
    idle_client.get(f"/cases/{case['id']}")
    idle_client.post("/cases/search", data={"text_sought": "MRN-SECRET"})
    found = entries(open_container)
    assert [entry.event.action for entry in found] == [
        "case.open",
        "case.view",
        "case.search",
        "case.list",
    ]
    assert "secret" not in str(found).lower()
