"""Writing, signing, amending and comparing a report in a real browser."""

import re

from playwright.sync_api import expect

from tests.conftest import ADMIN_PASSWORD
from tests.images import cell_jpeg
from tests.web.test_browser import (
    browser,
    no_sideways_scroll,
    open_case,
    page,
    pytestmark,
    server,
    sign_in,
)

__all__ = ["browser", "page", "pytestmark", "server"]


def open_read_case(page, number, folder):
    """The key of a new case whose images are read."""
    open_case(page, number)
    files = []
    for seed in range(12):
        files.append(folder / f"cell-{seed}.jpg")
        files[-1].write_bytes(cell_jpeg(seed))
    page.locator("#choose-files").set_input_files(files)
    expect(page.locator("#progress")).to_contain_text("Classified: 12 cells")
    return re.search(r"/cases/([0-9a-f-]{36})", page.url)[1]


def confirm_all(page, case):
    """As the gallery does it: every cell is looked at."""
    cells = page.request.get(f"/api/v1/cases/{case}/cells").json()["items"]
    ids = [cell["id"] for cell in cells]
    answer = page.request.post(
        f"/cases/{case}/gallery/acts", data={"cells": ids, "act": "confirm", "label": None}
    )
    assert answer.ok, answer.text()


def sign(page):
    page.get_by_role("link", name="Sign", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign")
    no_sideways_scroll(page)
    page.get_by_label("Your password").fill(ADMIN_PASSWORD)
    page.keyboard.press("Enter")


def test_a_report_is_written_signed_amended_and_compared(page, tmp_path):
    number = f"SIGN-{page.viewport_size['width']}"
    sign_in(page)
    case = open_read_case(page, number, tmp_path)
    confirm_all(page, case)
    page.goto(f"/cases/{case}/report")
    status = page.locator(".status")
    expect(status).to_contain_text("Draft: not signed")
    no_sideways_scroll(page)
    page.get_by_role("button", name="Too few cells").click()
    page.get_by_label("Interpretation, in words").press_sequentially(" As discussed.")
    page.get_by_role("button", name="Keep the interpretation").click()
    expect(page.locator("p.typed")).to_contain_text("another smear is advised. As discussed.")
    sign(page)
    expect(page).to_have_url(re.compile(r"/report/versions/1$"))
    expect(status).to_contain_text("Signed. Version 1 of 1")
    expect(page.locator(".signature")).to_contain_text("Reviewed the cells")
    no_sideways_scroll(page)
    page.get_by_role("link", name="Amend", exact=True).click()
    page.get_by_label("Reason").fill("One cell is an artefact")
    page.get_by_role("button", name="Open the amendment").click()
    expect(status).to_contain_text("Draft of an amendment")
    expect(page.locator("main")).to_contain_text("Reason: One cell is an artefact")
    first = page.request.get(f"/api/v1/cases/{case}/cells").json()["items"][0]["id"]
    page.request.post(
        f"/cases/{case}/gallery/acts", data={"cells": [first], "act": "exclude", "label": None}
    )
    page.reload()
    sign(page)
    expect(status).to_contain_text("Signed. Version 2 of 2")
    page.get_by_role("link", name="Signed versions").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Versions of")
    no_sideways_scroll(page)
    page.get_by_role("link", name="What it changed").click()
    expect(page.locator("main")).to_contain_text("Left out by the reader")
    no_sideways_scroll(page)


def test_typed_words_are_not_lost_by_leaving_unasked(page, tmp_path):
    sign_in(page)
    case = open_read_case(page, f"TYPED-{page.viewport_size['width']}", tmp_path)
    page.goto(f"/cases/{case}/report")
    page.get_by_label("Interpretation, in words").press_sequentially("Unkept")
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator(".brand").click(no_wait_after=True)
    page.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    expect(page.get_by_label("Interpretation, in words")).to_have_value("Unkept")
