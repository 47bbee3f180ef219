"""People signing in, being asked for a second factor, and signing out, as a browser does it."""

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from fastapi.testclient import TestClient
from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.services import passwords, second_factor
from app.web.app import create_app
from tests.accounts import ADMIN_PASSWORD, add_account
from tests.conftest import make_settings
from tests.web.api.test_cases import is_problem

HTML = {"accept": "text/html"}


@pytest.fixture
def shop(steady_client):
    """The server of the module: its container."""
    return steady_client.app.state.container


@pytest.fixture
def ann(shop):
    """Another person for each test, under a name of her own."""
    with shop.transactions() as transaction:
        return add_account(transaction, f"ann-{uuid7()}", Role.HAEMATOLOGIST, shop.now())


@pytest.fixture
def browser(steady_client, ann):
    """Nobody is signed in yet; `name` is whose browser it is."""
    browser = TestClient(steady_client.app, headers=HTML)
    browser.name = ann.name
    return browser


def other(browser):
    """Another browser at the same server."""
    made = TestClient(browser.app, headers=HTML)
    made.name = browser.name
    return made


def sign_in(browser, **changes):
    form = {"name": browser.name, "password": ADMIN_PASSWORD, **changes}
    return browser.post("/sign-in", data=form, follow_redirects=False)


def changed(container, **values):
    """The same adapters under other settings."""
    return replace(container, settings=container.settings.model_copy(update=values))


def is_signed_in(browser):
    return browser.get("/account", follow_redirects=False).status_code == 200


def test_the_cookie_is_of_this_host_alone_and_new_with_each_sign_in(browser):
    first = sign_in(browser).headers["set-cookie"]
    assert "httponly" in first.lower()
    assert "samesite=lax" in first.lower()
    earlier = browser.cookies["vexascope_session"]
    sign_in(browser)
    assert is_signed_in(browser)
    browser.cookies.set("vexascope_session", earlier, domain="testserver.local", path="/")
    assert not is_signed_in(browser)


def test_over_https_the_cookie_has_the_prefix_and_the_answers_say_so(shop, ann):
    app = create_app(changed(shop, secure_cookies=True))
    with TestClient(app, base_url="https://lab.example") as client:
        client.name = ann.name
        answer = sign_in(client)
        cookies = answer.headers.get_list("set-cookie")
        assert {cookie.partition("=")[0] for cookie in cookies} == {
            "__Host-vexascope_session",
            "__Host-vexascope_device",
        }
        assert all("secure" in cookie.lower() and "path=/" in cookie.lower() for cookie in cookies)
        assert answer.headers["strict-transport-security"] == "max-age=63072000"


def test_idle_is_a_person_who_does_nothing_while_the_page_asks_on(browser, shop, ann):
    sign_in(browser)
    seen = []
    for headers in (
        {"hx-request": "true"},
        {"accept": "application/json"},
        {"sec-fetch-mode": "cors"},
        {"sec-fetch-mode": "no-cors"},
        {},
        {"sec-fetch-mode": "navigate"},
    ):
        _age(shop, ann, timedelta(minutes=10))
        assert browser.get("/account", headers=headers).status_code == 200
        seen.append(_idle(shop, ann) < timedelta(minutes=1))
    assert seen == [False, False, False, False, True, True]
    _age(shop, ann, timedelta(minutes=29))
    assert browser.post("/session/alive").status_code == 204
    _age(shop, ann, timedelta(minutes=29))
    assert is_signed_in(browser)
    _age(shop, ann, timedelta(minutes=30))
    assert browser.post("/session/alive", follow_redirects=False).status_code == 303
    assert not is_signed_in(browser)


def _age(container, user, by):
    with container.transactions() as transaction:
        for session in transaction.sessions.of_user(user.id):
            transaction.sessions.touch(session.id, container.now() - by)


def _idle(container, user):
    with container.transactions() as transaction:
        [session] = transaction.sessions.of_user(user.id)
    return container.now() - session.seen_at


def test_sessions_are_listed_and_ended(browser):
    sign_in(browser)
    second = other(browser)
    sign_in(second)
    page = second.get("/account").text
    assert page.count("/end") == 2
    path = re.search(r"/account/sessions/[0-9a-f-]{36}/end", page)[0]
    second.post(path)
    assert not is_signed_in(browser)
    assert is_signed_in(second)
    sign_in(browser)
    second.post("/account/sessions/end")
    assert not is_signed_in(browser)
    assert not is_signed_in(second)


def test_signing_out_ends_the_session_itself(browser):
    sign_in(browser)
    kept = browser.cookies["vexascope_session"]
    browser.post("/sign-out")
    browser.cookies.set("vexascope_session", kept, domain="testserver.local", path="/")
    assert not is_signed_in(browser)


def test_a_new_password_ends_every_other_session(browser):
    sign_in(browser)
    second = other(browser)
    sign_in(second)
    form = {"old": "wrong", "password": "a quite new sentence", "repeated": "a quite new sentence"}
    assert second.post("/account/password", data=form).status_code == 401
    form["old"] = ADMIN_PASSWORD
    assert second.post("/account/password", data={**form, "repeated": "x"}).status_code == 422
    short = {**form, "password": "too short", "repeated": "too short"}
    assert "at least 15" in second.post("/account/password", data=short).text
    assert "is changed" in second.post("/account/password", data=form).text
    assert is_signed_in(second)
    assert not is_signed_in(browser)
    assert sign_in(browser).status_code == 401
    assert sign_in(browser, password=form["password"]).status_code == 303


def test_a_change_from_another_sites_page_is_refused_whatever_it_is(browser):
    sign_in(browser)
    evil = {"sec-fetch-site": "cross-site"}
    for path in ("/account/sessions/end", "/session/alive", "/sign-out", "/api/v1/tokens"):
        assert browser.post(path, headers=evil).status_code == 403, path
    evil = {"origin": "https://evil.example"}
    assert browser.post("/account/sessions/end", headers=evil).status_code == 403
    assert is_signed_in(browser)


def test_credentials_that_a_browser_keeps_serve_no_other_sites_page(browser):
    system = other(browser)
    system.auth = (browser.name, ADMIN_PASSWORD)
    for evil in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        is_problem(
            system.post("/api/v1/tokens", headers={**evil, "accept": "application/json"}),
            403,
            "another site",
        )
    assert system.post("/api/v1/tokens").status_code == 201


@pytest.fixture
def totp(shop, ann):
    with shop.transactions() as transaction:
        factor = second_factor.begin(transaction, ann, shop.sealer)
        totp = pyotp.TOTP(shop.sealer.unseal(factor.secret))
        earlier = shop.now() - timedelta(seconds=30)
        second_factor.confirm(transaction, ann, totp.at(earlier), shop.sealer, shop.now())
    return totp


def test_the_code_is_asked_for_after_the_password(browser, totp):
    answer = sign_in(browser, next="/preferences")
    assert answer.headers["location"] == "/sign-in/code?next=/preferences"
    assert not is_signed_in(browser)
    form = {"code": "000000", "next": "/preferences"}
    assert browser.post("/sign-in/code", data=form).status_code == 401
    form["code"] = totp.now()
    answer = browser.post("/sign-in/code", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/preferences"
    assert is_signed_in(browser)
    second = other(browser)
    sign_in(second)
    assert second.post("/sign-in/code", data=form).status_code == 401


def test_a_code_without_a_password_leads_nowhere(browser, totp):
    answer = browser.post("/sign-in/code", data={"code": totp.now()})
    assert answer.status_code == 401
    assert not is_signed_in(browser)


def test_the_password_gives_no_new_tries_at_codes(browser, totp):
    for _ in range(10):
        sign_in(browser)
        assert browser.post("/sign-in/code", data={"code": "000000"}).status_code == 401
    sign_in(browser)
    answer = browser.post("/sign-in/code", data={"code": totp.now()})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_who_knows_the_password_cannot_keep_the_person_from_the_code(browser, totp):
    sign_in(browser)
    browser.post("/sign-in/code", data={"code": totp.now()})
    browser.post("/sign-out")
    stranger = other(browser)
    for _ in range(11):
        sign_in(stranger)
        refused = stranger.post("/sign-in/code", data={"code": "000000"})
    assert refused.status_code == 429
    sign_in(browser)
    assert browser.post("/sign-in/code", data={"code": "000000"}).status_code == 401
    # The browser's own count is no clearer for a right password.
    for _ in range(10):
        sign_in(browser)
        refused = browser.post("/sign-in/code", data={"code": "000000"})
    assert refused.status_code == 429


def test_name_and_password_alone_open_no_account_with_a_second_factor(browser, totp):
    answer = browser.get("/api/v1/cases", auth=(browser.name, ADMIN_PASSWORD))
    is_problem(answer, 401, "API client")
    is_problem(browser.get("/api/v1/cases", auth=(browser.name, ADMIN_PASSWORD)), 401, "API client")


def test_a_person_sets_a_second_factor_up_and_turns_it_off(browser):
    sign_in(browser)
    password = {"password": ADMIN_PASSWORD}
    assert browser.post("/account/second-factor", data={"act": "on"}).status_code == 401
    page = browser.post("/account/second-factor", data={"act": "on", **password}).text
    assert "<svg" in page
    secret = re.search(r'class="mono break">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    wrong = browser.post("/account/second-factor/confirm", data={"code": "000000"})
    assert wrong.status_code == 422
    code = {"code": pyotp.TOTP(secret).now()}
    codes = re.findall(
        r"<li>([a-z2-7-]{19})</li>", browser.post("/account/second-factor/confirm", data=code).text
    )
    assert len(codes) == 10
    second = other(browser)
    sign_in(second)
    second.post("/sign-in/code", data={"code": codes[0]})
    assert "9 recovery codes" in second.get("/account").text
    second.post("/account/second-factor", data={"act": "off", **password})
    third = other(browser)
    assert sign_in(third).headers["location"] == "/cases"


def test_a_link_lets_choose_a_password_once(browser, shop, ann):
    with shop.transactions() as transaction:
        token = passwords.make_link(transaction, ann, shop.now())
    path = f"/choose-password/{token}"
    assert browser.name in browser.get(path).text
    form = {"password": "quatre éléphants verts", "repeated": "quatre éléphants verts"}
    assert browser.post(path, data={**form, "repeated": "x"}).status_code == 422
    assert browser.post(path, data=form, follow_redirects=False).status_code == 303
    assert browser.post(path, data=form).status_code == 404
    assert browser.get(path).status_code == 404
    assert sign_in(browser, password=form["password"]).status_code == 303


def test_a_browser_that_signed_in_before_gets_in_while_strangers_wait(browser):
    sign_in(browser)
    stranger = other(browser)
    for _ in range(10):
        assert sign_in(stranger, password="wrong").status_code == 401
    assert sign_in(stranger).status_code == 429
    assert sign_in(browser).status_code == 303


def test_too_many_requests_wait_but_pictures_and_health_do_not(shop, ann):
    with TestClient(create_app(changed(shop, person_requests_per_minute=5))) as client:
        client.auth = (ann.name, ADMIN_PASSWORD)
        for _ in range(5):
            assert client.get("/api/v1/cases").status_code == 200
        answer = client.get("/api/v1/cases")
        is_problem(answer, 429, "Too many requests")
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert client.get("/health/live").status_code == 200
        assert client.get("/static/vexascope.css").status_code == 200
        client.auth = ("reader", ADMIN_PASSWORD)
        assert client.get("/api/v1/cases").status_code == 200


def test_pages_that_are_open_to_all_count_for_their_address(shop):
    with TestClient(create_app(changed(shop, address_requests_per_minute=3))) as client:
        for path in ("/sign-in", "/choose-password/x", "/sign-out/provider"):
            assert client.get(path).status_code in {200, 404}
        for path in ("/sign-in", "/choose-password/x", "/sign-out/provider"):
            assert client.get(path).status_code == 429
        for path in ("/health/live", "/static/vexascope.css"):
            assert client.get(path).status_code == 200


def test_a_name_chosen_by_a_stranger_does_not_lock_a_second_step(browser, totp, ann):
    stranger = other(browser)
    for _ in range(10):
        sign_in(stranger, name=f"code of {ann.id}")
    sign_in(browser)
    form = {"code": totp.now()}
    assert browser.post("/sign-in/code", data=form, follow_redirects=False).status_code == 303


def test_signing_out_everywhere_ends_bearer_tokens(browser):
    sign_in(browser)
    bearer = {"Authorization": f"Bearer {browser.post('/api/v1/tokens').json()['token']}"}
    assert browser.get("/api/v1/bundle", headers=bearer).status_code == 200
    browser.post("/account/sessions/end")
    assert browser.get("/api/v1/bundle", headers=bearer).status_code == 401


def test_the_defaults_let_a_gallery_with_five_hundred_thumbnails_pass(tmp_path):
    assert make_settings(tmp_path).person_requests_per_minute >= 5 * 500
