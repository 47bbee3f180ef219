"""Signing in at a real OpenID Connect provider."""

import shutil
import time
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fastapi.testclient import TestClient

from app.bootstrap import running
from app.domain.access import Role, Scope
from app.domain.audit import Outcome
from app.domain.errors import NotSignedIn, ProviderUnavailable, SettingsRefused
from app.domain.site import DEFAULT_SITE_ID
from app.interchange.openid import OpenIdProvider, Registration
from app.services import accounts
from app.services.clients import NewClient, create_client
from app.services.identity import issue_token
from app.web.app import create_app
from tests.accounts import ADMIN_PASSWORD, add_accounts
from tests.conftest import make_settings
from tests.web.api.test_cases import NEW, is_problem
from tests.web.openid import AUDIENCE, MACHINE, SECRET, Person, running_provider

SERVER = "http://testserver"
BACK = f"{SERVER}/sign-in/provider/back"
ACCOUNTS = {
    "ann": {"name": "Ann Dubois", "preferred_username": "ann", "groups": ["staff", "haem"]},
    "bob": {"name": "Bob", "preferred_username": "reader", "groups": ["it"]},
    "eve": {"name": "Eve", "preferred_username": "eve", "groups": ["staff"]},
    "ivy": {"name": "Ivy", "preferred_username": "ivy", "groups": ["staff", "bench"]},
    "zoe": {"name": "Zoe", "preferred_username": "zoe", "groups": ["haem"]},
    "joe": {"name": "Joe", "preferred_username": "joe", "groups": ["bench"]},
    "tom": {"name": "Tom", "preferred_username": "t:m", "groups": ["bench"], "sites": ["North"]},
}
ROLES = "haem=haematologist, it=administrator, bench=technician"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    yield from running_provider(tmp_path_factory.mktemp("provider"), BACK, ACCOUNTS)


@pytest.fixture(scope="module")
def shop(provider, migrated_sqlite, small_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("external")
    shutil.copy(migrated_sqlite, folder / "vexascope.db")
    settings = make_settings(
        folder,
        bundle=small_bundle,
        oidc_issuer=provider.issuer,
        oidc_client_secret=SECRET,
        oidc_roles=ROLES,
        oidc_roles_claim="groups",
        oidc_audience=AUDIENCE,
    )
    with running(settings) as container:
        add_accounts(container)
        yield container


@pytest.fixture(scope="module")
def app(shop):
    return create_app(shop)


@pytest.fixture
def browser(app):
    return TestClient(app, headers={"accept": "text/html"}, follow_redirects=False)


def leave(browser, path="/sign-in/provider"):
    return browser.get(path).headers["location"]


def sign_in(browser, person, path="/sign-in/provider?next=/preferences"):
    back = person.visit(leave(browser, path), BACK)
    return browser.get(back.removeprefix(SERVER))


def user_named(shop, name):
    with shop.transactions() as transaction:
        return transaction.users.by_name(name)


def test_a_person_comes_back_with_the_role_that_the_provider_gives(browser, shop):
    answer = sign_in(browser, Person("ann"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/preferences")
    assert browser.get("/account").status_code == 200
    user = user_named(shop, "ann")
    assert (user.role, user.full_name) == (Role.HAEMATOLOGIST, "Ann Dubois")
    assert "your organisation" in browser.get("/account").text.lower()


def noted(shop, user):
    """Everything that the audit tells of an account, in its order."""
    with shop.transactions() as transaction:
        entries = [entry.event for entry in transaction.audit.all()]
    return [event for event in entries if event.subject == f"user:{user.id}"]


def test_each_sign_in_is_in_the_audit_under_the_account_that_it_made(shop):
    other = changed(shop, oidc_roles="staff=auditor, bench=technician")
    sign_in(TestClient(create_app(other), follow_redirects=False), Person("ivy"))
    ivy = user_named(shop, "ivy")
    other = changed(shop, oidc_roles="bench=technician")
    sign_in(TestClient(create_app(other), follow_redirects=False), Person("ivy"))
    found = noted(shop, ivy)
    assert [event.action for event in found] == [
        "account.create",
        "session.sign-in",
        "account.change",
        "session.sign-in",
    ]
    assert {(event.actor.account_id, event.actor.name) for event in found} == {(ivy.id, "ivy")}
    other = changed(shop, oidc_roles="it=administrator")
    sign_in(TestClient(create_app(other), follow_redirects=False), Person("ivy"))
    refused = noted(shop, ivy)[-1]
    assert (refused.action, refused.outcome) == ("session.sign-in", Outcome.REFUSED)


def test_an_account_of_the_provider_has_no_bearer_tokens(browser, shop):
    sign_in(browser, Person("zoe"))
    is_problem(browser.post("/api/v1/tokens"), 403, "API client")
    zoe = user_named(shop, "zoe")
    with shop.transactions() as transaction:
        # As one made before the account's password was the provider's.
        token, _ = issue_token(transaction, replace(zoe, password_hash="x"), shop.now())
    bearer = {"Authorization": f"Bearer {token}"}
    assert browser.get("/api/v1/cases", headers=bearer).status_code == 401


def test_the_question_holds_state_nonce_and_the_challenge_of_pkce(browser):
    query = parse_qs(urlsplit(leave(browser)).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert min(len(query[name][0]) for name in ("state", "nonce", "code_challenge")) >= 32
    assert leave(browser) != leave(browser)


def test_without_a_role_nobody_gets_in(browser, shop):
    answer = sign_in(browser, Person("eve"))
    assert answer.status_code == 403
    assert "no role in Vexascope" in answer.text
    assert user_named(shop, "eve") is None
    assert browser.get("/account").status_code == 303


def test_a_name_that_is_taken_here_opens_no_account_of_that_name(browser, shop):
    sign_in(browser, Person("bob"))
    local, external = user_named(shop, "reader"), user_named(shop, "reader@127.0.0.1")
    assert local.role is Role.HAEMATOLOGIST
    assert external.role is Role.ADMINISTRATOR
    assert ">reader@127.0.0.1<" in browser.get("/account").text


def test_a_deactivated_account_stays_out(browser, shop):
    sign_in(browser, Person("tom"))
    with shop.transactions() as transaction:
        [user] = [user for user in transaction.users.all() if user.full_name == "Tom"]
        accounts.set_active(transaction, user.id, is_active=False, local=shop.local_sign_in)
    assert browser.get("/account").status_code == 303
    assert sign_in(browser, Person("tom")).status_code == 403


def test_roles_and_sites_are_those_of_the_last_sign_in(shop):
    other = changed(shop, oidc_roles="staff=auditor", oidc_sites_claim="sites")
    browser = TestClient(create_app(other), follow_redirects=False)
    sign_in(browser, Person("ann"))
    user = user_named(shop, "ann")
    assert (user.role, user.site_ids) == (Role.AUDITOR, frozenset())


def changed(container, **values):
    return replace(container, settings=container.settings.model_copy(update=values))


@pytest.mark.parametrize(
    "change",
    [
        {"state": "another"},
        {"state": ""},
        {"iss": "https://evil.example"},
        {"code": "another"},
        {"code": None, "error": "access_denied"},
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_used_up(browser, change):
    back = urlsplit(Person("ann").visit(leave(browser), BACK))
    right = {name: values[0] for name, values in parse_qs(back.query).items()}
    wrong = {name: value for name, value in {**right, **change}.items() if value is not None}
    answer = browser.get(f"{back.path}?{urlencode(wrong)}")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert browser.get(f"{back.path}?{urlencode(right)}").status_code == 401
    assert browser.get("/account").status_code == 303


def test_an_answer_to_another_browser_is_refused(browser, app):
    back = Person("ann").visit(leave(browser), BACK)
    stranger = TestClient(app, follow_redirects=False)
    leave(stranger)
    assert stranger.get(back.removeprefix(SERVER)).status_code == 401


def test_a_signature_needs_a_new_proof_of_the_same_person(browser, shop):
    ann = Person("ann")
    sign_in(browser, ann)
    session = only_session(shop, "ann")
    assert ann.asked == 1
    answer = sign_in(browser, ann, "/sign-in/provider/again?next=/preferences")
    assert answer.headers["location"] == "/preferences"
    assert ann.asked == 2, "the provider did not ask again"
    now = shop.now()
    with shop.transactions() as transaction:
        assert not transaction.sessions.use_confirmation(session.id, now + timedelta(minutes=1))
        assert transaction.sessions.use_confirmation(session.id, now - timedelta(minutes=5))
        assert not transaction.sessions.use_confirmation(session.id, now - timedelta(minutes=5))
    answer = sign_in(browser, Person("bob"), "/sign-in/provider/again?next=/preferences")
    assert answer.status_code == 403
    assert only_session(shop, "ann").confirmed_at is None


def test_a_proof_opens_one_signature(browser, shop):
    zoe = Person("zoe")
    sign_in(browser, zoe)
    new = {**NEW, "accession_number": "OF-ZOE"}
    case = f"/cases/{browser.post('/api/v1/cases', json=new).json()['id']}"
    again = f"/sign-in/provider/again?next={case}/sign"
    form = {"seen_sequence": 0, "seen_digest": "x"}

    def asked():
        return browser.post(f"{case}/sign", data=form).status_code

    assert asked() == 401
    assert sign_in(browser, zoe, again).headers["location"] == f"{case}/sign"
    # The proof is taken; there is nothing to sign yet.
    assert asked() == 409
    assert asked() == 401


def test_an_account_of_the_provider_gets_no_password_here(browser, shop):
    ann = Person("ann")
    sign_in(browser, ann)
    sign_in(browser, ann, "/sign-in/provider/again")
    new = "a sentence of her own"
    form = {"old": "", "password": new, "repeated": new}
    assert browser.post("/account/password", data=form).status_code == 409
    assert browser.post("/account/second-factor", data={"act": "on"}).status_code == 409
    user = user_named(shop, "ann")
    assert not user.has_password


def only_session(shop, name):
    with shop.transactions() as transaction:
        user = transaction.users.by_name(name)
        return transaction.sessions.of_user(user.id)[0]


def test_signing_out_offers_to_sign_out_at_the_provider(browser, provider):
    sign_in(browser, Person("ann"))
    answer = browser.post("/sign-out")
    assert answer.headers["location"] == "/sign-in?provider=true"
    page = browser.get(answer.headers["location"]).text
    assert 'href="/sign-out/provider"' in page
    target = browser.get("/sign-out/provider").headers["location"]
    assert target.startswith(f"{provider.issuer}/session/end?")
    assert parse_qs(urlsplit(target).query)["post_logout_redirect_uri"] == [f"{SERVER}/sign-in"]


def test_without_local_sign_in_only_the_break_glass_account_has_a_password(shop):
    other = changed(shop, local_sign_in=False, break_glass_account="admin")
    browser = TestClient(create_app(other), follow_redirects=False)
    page = browser.get("/sign-in").text
    assert "<details" in page
    form = {"password": ADMIN_PASSWORD}
    assert browser.post("/sign-in", data={**form, "name": "reader"}).status_code == 401
    assert browser.get("/api/v1/cases", auth=("reader", ADMIN_PASSWORD)).status_code == 401
    assert browser.post("/sign-in", data={**form, "name": "admin"}).status_code == 303


def test_what_a_password_opened_before_is_closed_with_local_sign_in(shop):
    """Without a provider that answers: only the settings count."""
    before = TestClient(create_app(shop), follow_redirects=False)
    before.post("/sign-in", data={"name": "reader", "password": ADMIN_PASSWORD})
    token = before.post("/api/v1/tokens").json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert before.get("/api/v1/cases", headers=bearer).status_code == 200
    other = changed(shop, local_sign_in=False)
    after = TestClient(create_app(other), cookies=before.cookies, follow_redirects=False)
    is_problem(after.get("/api/v1/cases", headers=bearer), 401, "provider")
    assert after.get("/account", headers={"accept": "text/html"}).status_code == 303


def test_who_came_from_the_provider_stays_also_where_the_account_has_a_password(shop):
    """As the first administrator's has, whose password the settings may set."""
    other = changed(shop, local_sign_in=False)
    browser = TestClient(create_app(other), follow_redirects=False)
    sign_in(browser, Person("joe"))
    with shop.transactions() as transaction:
        joe, reader = (transaction.users.by_name(name) for name in ("joe", "reader"))
        transaction.users.set_password_hash(joe.id, reader.password_hash)
    assert browser.get("/account", headers={"accept": "text/html"}).status_code == 200


def test_an_access_token_names_a_client_and_its_scopes(shop, provider):
    client = shop.identity_provider.client(provider.access_token("cases:read cases:write"))
    assert client.client_id == MACHINE[0]
    assert client.scopes == {"cases:read", "cases:write"}


def test_a_system_with_a_token_may_do_what_token_and_client_both_allow(app, shop, provider):
    system = TestClient(app)

    def asked(method, scope="cases:read cases:write"):
        bearer = {"Authorization": f"Bearer {provider.access_token(scope)}"}
        return system.request(method, "/api/v1/cases", json=NEW, headers=bearer).status_code

    assert asked("GET") == 401
    scopes = frozenset({Scope.CASES_READ, Scope.CASES_WRITE})
    new = NewClient("analyser", scopes, frozenset({DEFAULT_SITE_ID}), subject=MACHINE[0])
    with shop.transactions() as transaction:
        create_client(transaction, new, None, shop.now())
    assert asked("POST", "cases:read") == 403
    assert asked("POST") in {201, 409}
    assert asked("GET", "cases:read") == 200


def test_a_token_for_another_audience_or_with_another_signature_is_refused(provider):
    token = provider.access_token()
    registration = Registration(provider.issuer, "vexascope", SECRET, "openid", "https://other")
    with pytest.raises(NotSignedIn, match="audience"):
        OpenIdProvider(registration).client(token)
    registration = replace(registration, audience=AUDIENCE)
    head, body, signature = token.split(".")
    for wrong in (f"{head}.{body}.{signature[::-1]}", f"{head}.{body}.", "x", "", "a.b.c"):
        with pytest.raises(NotSignedIn):
            OpenIdProvider(registration).client(wrong)
    with pytest.raises(NotSignedIn, match="no audience"):
        OpenIdProvider(replace(registration, audience=None)).client(token)


def test_an_expired_token_is_refused(provider, monkeypatch):
    token = provider.access_token()
    registration = Registration(provider.issuer, "vexascope", SECRET, "openid", AUDIENCE)
    openid = OpenIdProvider(registration)
    openid.client(token)
    # It lives for a minute, and clocks may differ by another.
    later = time.time() + 125
    monkeypatch.setattr("time.time", lambda: later)
    with pytest.raises(NotSignedIn):
        openid.client(token)


def test_a_provider_that_does_not_answer_is_told_as_such():
    registration = Registration("http://127.0.0.1:9", "vexascope", None, "openid", None)
    with pytest.raises(ProviderUnavailable):
        OpenIdProvider(registration).sign_out_url("/")


@pytest.mark.parametrize(
    "values",
    [
        {"local_sign_in": False},
        {"oidc_issuer": "https://provider.example"},
        {"oidc_issuer": "https://provider.example", "oidc_roles": "x=king"},
        {"oidc_issuer": "https://provider.example", "oidc_roles": "x=system"},
        {"oidc_issuer": "https://provider.example", "oidc_roles": "haematologist"},
    ],
)
def test_settings_by_which_nobody_could_sign_in_are_refused(tmp_path, small_bundle, values):
    with (
        pytest.raises(SettingsRefused, match="VEXASCOPE_"),
        running(make_settings(tmp_path, bundle=small_bundle, **values)),
    ):
        pass
