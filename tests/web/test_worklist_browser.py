"""The worklist in a real browser: at the keyboard, and kept up to date."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.test_browser import (
    CHROMIUM,
    WAIT_MS,
    browser,
    no_sideways_scroll,
    page,
    server,
    sign_in,
)

__all__ = ["browser", "page", "server"]

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: pages are UNTESTED"),
]


def add_cases(server, *numbers):
    with server.client() as client:
        for number in numbers:
            new = {"accession_number": number, "patient_identifier": f"MRN-{number}"}
            client.post("/api/v1/cases", json=new).raise_for_status()


def open_list(page):
    """Signed in, with the page's module at work: keys before that do nothing."""
    sign_in(page)
    page.wait_for_load_state("load")


def names(page, *parts):
    return [f"{part}-{page.viewport_size['width']}" for part in parts]


def focused(page):
    return page.evaluate("document.activeElement.textContent.trim()")


def test_cases_are_found_and_opened_at_the_keyboard(page, server):
    first, second = names(page, "KEYS-A", "KEYS-B")
    add_cases(server, first, second)
    open_list(page)
    page.keyboard.press("/")
    page.keyboard.type("mrn-keys-")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/cases\?search=[0-9a-f-]{36}$"))
    assert "mrn" not in page.url
    expect(page.get_by_role("searchbox")).to_have_value("mrn-keys-")
    no_sideways_scroll(page)
    page.keyboard.press("j")
    assert focused(page) == second
    page.keyboard.press("ArrowDown")
    assert focused(page) == first
    page.keyboard.press("k")
    assert focused(page) == second
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(second)
    # The way back shows the same search.
    page.go_back()
    expect(page.locator("#worklist")).to_contain_text(first)
    expect(page.get_by_role("searchbox")).to_have_value("mrn-keys-")


def test_letters_can_be_turned_off(page, server):
    if page.viewport_size["width"] < 600:
        pytest.skip("a phone has no keys: the switch is not shown")
    add_cases(server, *names(page, "LETTERS"))
    open_list(page)
    page.get_by_role("checkbox").uncheck()
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.closest('#worklist, #filter')") is None


def test_what_changes_elsewhere_is_shown_without_moving_anything(page, server):
    [number, other] = names(page, "LIVE-A", "LIVE-B")
    add_cases(server, number)
    open_list(page)
    link = page.get_by_role("link", name=number, exact=True)
    link.focus()
    top = link.bounding_box()["y"]
    total = page.locator("#tabs a").first.locator(".figure")
    before = int(total.inner_text().replace(",", ""))
    add_cases(server, other)
    expect(total).to_have_text(str(before + 1), timeout=WAIT_MS)
    expect(page.get_by_role("link", name="The list has changed: show it")).to_be_visible()
    assert focused(page) == number
    assert link.bounding_box()["y"] == top
    expect(page.locator("#worklist")).not_to_contain_text(other)
    page.get_by_role("link", name="The list has changed: show it").click()
    expect(page.locator("#worklist")).to_contain_text(other)


def test_a_lost_connection_is_told_and_ends(page, server):
    add_cases(server, *names(page, "AWAY"))
    open_list(page)
    hint = page.get_by_text("No connection: the list may be out of date")
    expect(hint).to_be_hidden()
    page.context.set_offline(True)
    expect(hint).to_be_visible(timeout=WAIT_MS)
    page.context.set_offline(False)
    expect(hint).to_be_hidden(timeout=WAIT_MS)
