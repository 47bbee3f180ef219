"""A second reader in a real browser: given, blinded, finished, and settled at the keyboard."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import expect
from uuid_utils.compat import uuid7

from app.bootstrap import running
from app.domain.access import Role
from app.domain.review import Act, ReviewRule
from app.domain.user import User
from app.services.reviewing import Reader, finish, relabel
from tests.conftest import make_settings
from tests.factories import NOW
from tests.images import cell_jpeg
from tests.web.test_browser import (
    CHROMIUM,
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


def add_case(server, number):
    with server.client() as client:
        new = {"accession_number": number, "patient_identifier": f"MRN-{number}"}
        case_id = client.post("/api/v1/cases", json=new).raise_for_status().json()["id"]
        files = [("files", (f"cell-{seed}.jpg", cell_jpeg(seed))) for seed in range(3)]
        client.post(f"/api/v1/cases/{case_id}/cells?wait=60", files=files).raise_for_status()
    return UUID(case_id)


def read_all(container, case_id, user, *left_out):
    """A whole reading; some cells, by number, are left out."""
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        reader = Reader(user, case, container.bundle, ReviewRule())
        cells = [cell.id for cell in transaction.cells.of_case(case.id)]
        relabel(transaction, reader, cells, Act.NORMAL, None, NOW)
        if left_out:
            chosen = [cells[number - 1] for number in left_out]
            relabel(transaction, reader, chosen, Act.EXCLUDE, None, NOW)
        finish(transaction, reader, NOW)


def test_from_giving_a_second_reading_to_settling_it(page, server):
    number = f"READERS-{page.viewport_size['width']}"
    case_id = add_case(server, number)
    folder = Path(server.environment["VEXASCOPE_DATA_DIR"])
    bundle = Path(server.environment["VEXASCOPE_BUNDLE"])
    bob = User(uuid7(), f"bob-{number}", Role.HAEMATOLOGIST, "x", full_name=f"Dr Bob {number}")
    with running(make_settings(folder, bundle=bundle)) as container:
        with container.transactions() as transaction:
            transaction.users.add(bob, NOW)
            admin = transaction.users.by_name("reader")
        sign_in(page)
        page.goto(f"/cases/{case_id}/readers")
        page.get_by_label("Give the second reading to").select_option(label=bob.full_name)
        page.get_by_role("button", name="Give", exact=True).click()
        expect(page.locator(".readings tbody tr").nth(1)).to_contain_text(bob.full_name)
        expect(page.get_by_role("button", name="Take the second reading back")).to_be_visible()
        no_sideways_scroll(page)
        read_all(container, case_id, admin)
        read_all(container, case_id, bob, 1, 3)
    page.reload()
    page.wait_for_load_state("load")
    no_sideways_scroll(page)
    expect(page.get_by_role("status")).to_contain_text("differ on 2 cells. 2 are to be settled.")
    cards = page.locator(".differing > li")
    cards.first.locator("a").focus()
    # The first digit of a French keyboard, which types & there.
    page.evaluate(
        "document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {key: '&', code: 'Digit1', bubbles: true}))"
    )
    expect(page.get_by_role("status")).to_contain_text("1 is to be settled.")
    expect(cards.first).to_contain_text("Settled by reader")
    expect(cards.first).to_contain_text("Counted: without abnormality")
    # The focus has gone on to the next that is not settled.
    expect(cards.nth(1).locator("a")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(cards.first.locator("a")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("2")
    expect(page.get_by_role("status")).to_contain_text("All are settled.")
    expect(cards.nth(1)).to_contain_text("Not counted: Left out by the reader")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cell 3")).to_be_visible()
