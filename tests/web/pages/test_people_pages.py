"""An administrator makes, changes and helps accounts; nobody is left without an administrator."""

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from fastapi.testclient import TestClient
from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.audit import ActorKind, Outcome
from app.domain.errors import Conflict
from app.domain.sign_in import LocalSignIn
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import AT_PROVIDER, User
from app.ports import AuditFilter
from app.services import accounts, second_factor, sites
from app.web.app import create_app
from tests.accounts import ADMIN, ADMIN_PASSWORD, add_account
from tests.factories import NOW
from tests.meeting import at_once, meeting

PASSWORD = "a sentence of their own"


@pytest.fixture
def shop(steady_client):
    return steady_client.app.state.container


@pytest.fixture
def admin(steady_client):
    client = TestClient(steady_client.app, headers={"accept": "text/html"})
    client.auth = ADMIN
    return client


@pytest.fixture
def ann(shop):
    with shop.transactions() as transaction:
        return add_account(transaction, f"ann-{uuid7()}", Role.HAEMATOLOGIST, shop.now())


def signed_in(admin, name, password=ADMIN_PASSWORD):
    browser = TestClient(admin.app, headers={"accept": "text/html"})
    browser.post("/sign-in", data={"name": name, "password": password})
    return browser


def is_in(browser):
    return browser.get("/account", follow_redirects=False).status_code == 200


def link_in(page):
    return re.search(r'value="http://testserver(/choose-password/[^"]+)"', page)[1]


def noted(shop, user, action):
    with shop.transactions() as transaction:
        found = transaction.audit.all(AuditFilter(action=action))
        return [entry.event for entry in found if _is_done(entry.event, user)]


def _is_done(event, user):
    return event.subject == f"user:{user.id}" and event.outcome is Outcome.DONE


def test_a_new_account_gets_a_link_and_chooses_its_password(admin, shop):
    name = f"new-{uuid7()}"
    form = {"name": name, "full_name": "Dr New", "role": "technician", "site": DEFAULT_SITE_ID}
    page = admin.post("/administration/users", data=form).text
    link = link_in(page)
    assert name in admin.get("/administration/users").text
    stranger = TestClient(admin.app)
    stranger.post(link, data={"password": PASSWORD, "repeated": PASSWORD})
    assert is_in(signed_in(admin, name, PASSWORD))
    with shop.transactions() as transaction:
        user = transaction.users.by_name(name)
    assert (user.role, user.full_name) == (Role.TECHNICIAN, "Dr New")
    [event] = noted(shop, user, "account.create")
    assert event.actor.name == "admin"
    assert event.after["role"] == "technician"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": "a:b"}, 422),
        ({"name": "reader"}, 409),
        ({"role": "system"}, 422),
        ({"role": "king"}, 422),
        ({"site": []}, 422),
        ({"site": str(uuid7())}, 422),
    ],
)
def test_what_cannot_be_is_said_on_the_form(admin, changes, status):
    form = {"name": f"x-{uuid7()}", "role": "auditor", "site": str(DEFAULT_SITE_ID), **changes}
    answer = admin.post("/administration/users", data=form)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


def test_another_role_ends_the_sessions_and_is_noted(admin, shop, ann):
    browser = signed_in(admin, ann.name)
    bearer = {"Authorization": f"Bearer {browser.post('/api/v1/tokens').json()['token']}"}
    form = {"role": "auditor", "site": str(DEFAULT_SITE_ID)}
    assert "Saved" in admin.post(f"/administration/users/{ann.id}", data=form).text
    assert not is_in(browser)
    assert TestClient(admin.app).get("/api/v1/bundle", headers=bearer).status_code == 401
    [event] = noted(shop, ann, "account.change")
    assert (event.before["role"], event.after["role"]) == ("haematologist", "auditor")


def test_a_deactivated_account_is_out_at_once_and_back_later(admin, ann):
    path = f"/administration/users/{ann.id}"
    browser = signed_in(admin, ann.name)
    token = browser.post("/api/v1/tokens").json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    admin.post(f"{path}/deactivate")
    assert not is_in(browser)
    stranger = TestClient(admin.app)
    assert stranger.get("/api/v1/cases", headers=bearer).status_code == 401
    assert stranger.get("/api/v1/cases", auth=(ann.name, ADMIN_PASSWORD)).status_code == 401
    assert admin.post(f"{path}/reset-password").status_code == 409
    admin.post(f"{path}/reactivate")
    assert is_in(signed_in(admin, ann.name))


def test_a_reset_ends_the_password_and_the_second_factor(admin, shop, ann):
    path = f"/administration/users/{ann.id}"
    assert admin.post(f"{path}/reset-second-factor").status_code == 409
    with shop.transactions() as transaction:
        factor = second_factor.begin(transaction, ann, shop.sealer)
        transaction.second_factors.confirm(ann.id, shop.now())
    assert factor.secret
    link = link_in(admin.post(f"{path}/reset-second-factor").text)
    assert not is_in(signed_in(admin, ann.name))
    short = {"password": "kruimel9", "repeated": "kruimel9"}
    stranger = TestClient(admin.app)
    assert stranger.post(link, data=short).status_code == 422
    stranger.post(link, data={"password": PASSWORD, "repeated": PASSWORD})
    assert is_in(signed_in(admin, ann.name, PASSWORD))
    [event] = noted(shop, ann, "account.reset-second-factor")
    assert event.actor.name == "admin"


def test_who_opens_a_link_has_no_name_in_the_audit_and_the_person_is_told(admin, shop, ann):
    link = link_in(admin.post(f"/administration/users/{ann.id}/reset-password").text)
    stranger = TestClient(admin.app)
    stranger.post(link, data={"password": PASSWORD, "repeated": PASSWORD})
    [event] = noted(shop, ann, "account.password")
    assert (event.actor.kind, event.actor.account_id) == (ActorKind.STRANGER, None)
    assert event.after == {"by": "link"}
    form = {"name": ann.name, "password": PASSWORD}
    first, second = (
        TestClient(admin.app, follow_redirects=False).post("/sign-in", data=form) for _ in range(2)
    )
    assert first.headers["location"] == "/account"
    assert second.headers["location"] != "/account"
    page = signed_in(admin, ann.name, PASSWORD).get("/account").text
    assert "Your password was reset by admin, " in page
    assert "second factor was reset" not in page
    assert "was reset by" not in admin.get("/account").text


def test_nobody_changes_their_own_role(admin, shop):
    with shop.transactions() as transaction:
        me = add_account(transaction, f"me-{uuid7()}", Role.ADMINISTRATOR, shop.now())
    mine = signed_in(admin, me.name)
    path = f"/administration/users/{me.id}"
    form = {"role": "haematologist", "site": str(DEFAULT_SITE_ID)}
    answer = mine.post(path, data=form)
    assert (answer.status_code, "their own role" in answer.text) == (409, True)
    assert admin.post(path, data=form).status_code == 200


def test_sessions_of_others_are_ended(admin, ann):
    browser = signed_in(admin, ann.name)
    page = admin.get(f"/administration/users/{ann.id}").text
    assert "Signed in in 1 browser" in page
    admin.post(f"/administration/users/{ann.id}/end-sessions")
    assert not is_in(browser)


def test_the_last_administrator_stays_one(container):
    with container.transactions() as transaction:
        root = add_account(transaction, "root", Role.ADMINISTRATOR, NOW)
        other = add_account(transaction, "other", Role.ADMINISTRATOR, NOW)
        accounts.set_active(transaction, other.id, is_active=False, local=container.local_sign_in)
    with TestClient(create_app(container)) as client:
        client.auth = ("root", ADMIN_PASSWORD)
        path = f"/administration/users/{root.id}"
        form = {"role": "auditor", "site": str(DEFAULT_SITE_ID)}
        assert client.post(path, data=form).status_code == 409
        assert client.post(f"{path}/deactivate").status_code == 409
        assert client.post(f"{path}/reset-password").status_code == 409
        client.post(f"/administration/users/{other.id}/reactivate")
        assert client.post(f"{path}/deactivate").status_code == 200


def test_two_administrators_cannot_deactivate_each_other_at_one_moment(container):
    with container.transactions() as transaction:
        pair = [add_account(transaction, name, Role.ADMINISTRATOR, NOW) for name in ("ann", "bob")]
    at_once = Barrier(2)

    def deactivate(user):
        at_once.wait()
        try:
            with container.transactions() as transaction:
                accounts.set_active(transaction, user.id, is_active=False, local=LocalSignIn())
        except Conflict:
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(deactivate, pair)) == ["done", "refused"]


def test_two_who_give_sites_at_one_moment_both_have_given(container, monkeypatch):
    a, b = Site(uuid7(), "A", NOW), Site(uuid7(), "B", NOW)
    with container.transactions() as transaction:
        for site in (a, b):
            transaction.sites.add(site)
        pat = add_account(transaction, "pat", Role.HAEMATOLOGIST, NOW)
    monkeypatch.setattr(accounts, "check_giving", meeting(accounts.check_giving))

    def give(site):
        by = User(uuid7(), "by", Role.ADMINISTRATOR, "!", site_ids=frozenset({site.id}))
        with container.transactions() as transaction:
            sites = frozenset({site.id})
            accounts.change(transaction, pat.id, pat.role, sites, by=by, local=LocalSignIn())

    at_once(lambda: give(a), lambda: give(b))
    with container.transactions() as transaction:
        assert transaction.users.get(pat.id).site_ids == {DEFAULT_SITE_ID, a.id, b.id}


def test_two_administrators_cannot_take_the_role_from_each_other_at_one_moment(container):
    with container.transactions() as transaction:
        pair = [add_account(transaction, name, Role.ADMINISTRATOR, NOW) for name in ("ann", "bob")]
    start = meeting(lambda: None)

    def demote(user):
        start()
        try:
            with container.transactions() as transaction:
                role, sites = Role.AUDITOR, user.site_ids
                accounts.change(transaction, user.id, role, sites, by=None, local=LocalSignIn())
        except Conflict:
            return "refused"
        return "done"

    assert sorted(at_once(*(partial(demote, user) for user in pair))) == ["done", "refused"]


def test_two_sites_cannot_both_be_closed_as_the_last_at_one_moment(container, monkeypatch):
    other = Site(uuid7(), "Other", NOW)
    with container.transactions() as transaction:
        transaction.sites.add(other)
    keys = {DEFAULT_SITE_ID, other.id}
    by = User(uuid7(), "by", Role.ADMINISTRATOR, "!", site_ids=frozenset(keys))
    monkeypatch.setattr(sites, "replace", meeting(sites.replace))

    def close(site_id):
        try:
            with container.transactions() as transaction:
                sites.set_site_active(transaction, site_id, by, is_active=False)
        except Conflict:
            return "refused"
        return "done"

    assert sorted(at_once(*(partial(close, key) for key in keys))) == ["done", "refused"]


def test_administrators_whose_password_opens_nothing_do_not_count(container):
    local = LocalSignIn(is_open=False, break_glass="spare")
    with container.transactions() as transaction:
        root = add_account(transaction, "root", Role.ADMINISTRATOR, NOW)
        add_account(transaction, "other", Role.ADMINISTRATOR, NOW)
        with pytest.raises(Conflict, match="last administrator"):
            accounts.set_active(transaction, root.id, is_active=False, local=local)
        add_account(transaction, "spare", Role.ADMINISTRATOR, NOW)
        accounts.set_active(transaction, root.id, is_active=False, local=local)


def test_administrators_of_a_provider_that_is_not_set_do_not_count(container):
    with container.transactions() as transaction:
        root = add_account(transaction, "root", Role.ADMINISTRATOR, NOW)
        there = User(uuid7(), "there", Role.ADMINISTRATOR, AT_PROVIDER)
        transaction.users.add(there, NOW)
        assert container.local_sign_in.keeps_out(there)
        with pytest.raises(Conflict, match="last administrator"):
            accounts.set_active(
                transaction, root.id, is_active=False, local=container.local_sign_in
            )
        accounts.set_active(transaction, root.id, is_active=False, local=LocalSignIn())


def test_nobody_gives_a_site_that_they_do_not_see(container):
    there = Site(uuid7(), "There", NOW)
    with container.transactions() as transaction:
        transaction.sites.add(there)
        root = add_account(transaction, "root", Role.ADMINISTRATOR, NOW)
        ann = add_account(transaction, "ann", Role.HAEMATOLOGIST, NOW)
        bob = add_account(transaction, "bob", Role.HAEMATOLOGIST, NOW)
        transaction.sites.set_sites_of(bob.id, {there.id, DEFAULT_SITE_ID})
    both = {"site": [str(there.id), str(DEFAULT_SITE_ID)]}
    with TestClient(create_app(container), headers={"accept": "text/html"}) as client:
        client.auth = ("root", ADMIN_PASSWORD)
        people = "/administration/users"
        new = {"name": "eve", "role": "auditor", **both}
        assert client.post(people, data=new).status_code == 403
        for user, role in ((root, "administrator"), (ann, "haematologist")):
            answer = client.post(f"{people}/{user.id}", data={"role": role, **both})
            assert (answer.status_code, "does not see all" in answer.text) == (403, True)
        # The link would open the other site.
        assert client.post(f"{people}/{bob.id}/reset-password").status_code == 403
        # The role would hold there too.
        answer = client.post(f"{people}/{bob.id}", data={"role": "auditor", **both})
        assert answer.status_code == 403
        client.post("/administration/sites", data={"name": "Made"})
        with container.transactions() as transaction:
            [made] = [site.id for site in transaction.sites.all() if site.name == "Made"]
            assert transaction.users.get(root.id).site_ids == {DEFAULT_SITE_ID, made}
        mine = {"role": "haematologist", "site": [str(made), str(DEFAULT_SITE_ID)]}
        assert client.post(f"{people}/{ann.id}", data=mine).is_success


def test_of_other_sites_an_administrator_only_ends_access(container):
    there = Site(uuid7(), "There", NOW)
    with container.transactions() as transaction:
        transaction.sites.add(there)
        add_account(transaction, "root", Role.ADMINISTRATOR, NOW)
        bob = add_account(transaction, "bob", Role.TECHNICIAN, NOW)
        transaction.sites.set_sites_of(bob.id, {there.id, DEFAULT_SITE_ID})
    with TestClient(create_app(container), headers={"accept": "text/html"}) as client:
        client.auth = ("root", ADMIN_PASSWORD)
        person = f"/administration/users/{bob.id}"
        page = client.get(person).text
        assert "Also sees There" in page
        assert "reset-password" not in page
        assert re.findall(r'<option value="(\w+)"', page) == ["technician"]
        for path in ("/administration/users", person):
            assert f'value="{there.id}"' not in client.get(path).text
        # What is not offered stays as it is.
        assert client.post(person, data={"role": "technician"}).is_success
        with container.transactions() as transaction:
            assert transaction.users.get(bob.id).site_ids == {there.id}
        assert client.post(f"{person}/deactivate").is_success
        assert "reactivate" not in client.get(person).text
        assert client.post(f"{person}/reactivate").status_code == 403
        sites = "/administration/sites"
        assert "does not see it" in client.get(sites).text
        assert f"{sites}/{there.id}" not in client.get(sites).text
        for path in (f"{sites}/{there.id}", f"{sites}/{there.id}/deactivate"):
            assert client.post(path, data={"name": "Mine"}).status_code == 403


def test_sites_are_added_renamed_and_closed(admin, shop):
    def names():
        with shop.transactions() as transaction:
            return {site.name: site for site in transaction.sites.all()}

    admin.post("/administration/sites", data={"name": "North"})
    path = f"/administration/sites/{names()['North'].id}"
    assert admin.post("/administration/sites", data={"name": "North"}).status_code == 409
    assert admin.post("/administration/sites", data={"name": " "}).status_code == 422
    admin.post(path, data={"name": "South"})
    admin.post(f"{path}/deactivate")
    assert not names()["South"].is_active
    main = f"/administration/sites/{DEFAULT_SITE_ID}/deactivate"
    assert admin.post(main).status_code == 409
    admin.post(f"{path}/reactivate")
    assert names()["South"].is_active
    assert admin.post(f"/administration/sites/{uuid7()}", data={"name": "x"}).status_code == 404
