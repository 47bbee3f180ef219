"""The end of a session as a person meets it: warned before, and nothing typed is lost."""

import pytest
from playwright.sync_api import expect

from app.bootstrap import running
from tests.accounts import ADMIN_PASSWORD
from tests.conftest import make_settings
from tests.web.test_browser import CHROMIUM, browser, server  # noqa: F401 - fixtures

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: pages are UNTESTED"),
]


@pytest.fixture
def page(browser, server):  # noqa: F811
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.clock.install()
    sign_in(page)
    page.goto("/cases/new")
    page.get_by_label("Known cytopenia").fill("anaemia since spring")
    yield page
    context.close()


def sign_in(page, name="reader"):
    if "/sign-in" not in page.url:
        page.goto("/sign-in")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def end_sessions(server, small_bundle):  # noqa: F811
    """As an administrator does, while the page is open."""
    folder = server.environment["VEXASCOPE_DATA_DIR"]
    settings = make_settings(folder, bundle=small_bundle)
    with running(settings) as container, container.transactions() as transaction:
        user = transaction.users.by_name("reader")
        assert transaction.sessions.end_all(user.id)


def test_an_idle_page_warns_and_goes_on_when_told(page):
    dialog = page.locator("#session-end")
    page.clock.fast_forward("26:00")
    expect(dialog).to_be_hidden()
    page.clock.fast_forward("01:45")
    expect(dialog).to_be_visible()
    with page.expect_request("**/session/alive"):
        dialog.get_by_role("button", name="Stay signed in").click()
    expect(dialog).to_be_hidden()
    page.clock.fast_forward("26:00")
    expect(dialog).to_be_hidden()


def test_signing_in_again_beside_the_page_keeps_what_was_typed(page, server, small_bundle):  # noqa: F811
    end_sessions(server, small_bundle)
    page.clock.fast_forward("30:01")
    dialog = page.locator("#session-end")
    expect(dialog.get_by_text("You have been signed out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in again").click()
    sign_in(opened.value)
    expect(opened.value.get_by_text("go on where you were")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Known cytopenia")).to_have_value("anaemia since spring")


def test_somebody_else_who_signs_in_does_not_get_the_page(page, server, small_bundle):  # noqa: F811
    end_sessions(server, small_bundle)
    page.clock.fast_forward("30:01")
    with page.context.expect_page() as opened:
        page.locator("#session-end").get_by_role("link", name="Sign in again").click()
    with page.expect_event("load"):
        sign_in(opened.value, "admin")
    expect(page.get_by_label("Known cytopenia")).to_have_value("")
