"""The main job in a real browser, by a person's hands."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import ADMIN_PASSWORD
from tests.images import cell_jpeg, frame_jpeg, zipped
from tests.server import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Background services of the browser look for hosts that no test needs.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WAIT_MS = 30_000
# What is looked for comes late on a busy machine; five seconds, the default, would be a timed test.
expect.set_options(timeout=WAIT_MS)

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: pages are UNTESTED"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory, small_bundle) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("browser"), VEXASCOPE_BUNDLE=str(small_bundle))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[1440, 390])
def page(request, browser, server) -> Iterator[Page]:
    """A page at the desk and on a phone; it fails on anything that the console complains of."""
    context = browser.new_context(
        base_url=server.url, viewport={"width": request.param, "height": 900}
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    complaints: list[str] = []

    def listen(line):
        # The browser itself reports a refused sign-in as an error; the page shows it to people.
        if line.type == "error" and "status of 401" not in line.text:
            complaints.append(line.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def intercept(page):
    """Have the browser hand over its requests from now on, for the routes that a test sets later.

    Where the first route is set, the browser begins to hand over a little after it has said so.
    """
    page.route("**/asked-for-by-nobody", lambda route: route.abort())


def sign_in(page):
    page.goto("/cases")
    expect(page).to_have_url(re.compile(r"/sign-in"))
    page.get_by_label("Name").fill("reader")
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/cases$"))


def open_case(page, number):
    page.goto("/cases/new")
    page.get_by_label("Accession number").fill(number)
    page.get_by_label("Patient identifier").fill(f"P-{number}")
    page.get_by_label("Haemoglobin").fill("9.1")
    page.get_by_role("button", name=re.compile("Open|Create|Save")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(number)


def no_sideways_scroll(page):
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def files(folder: Path) -> list[Path]:
    """Seventy cells in files and an archive, one twice, and one file that is no image."""
    made = []
    for seed in range(60):
        made.append(folder / f"cell-{seed}.jpg")
        made[-1].write_bytes(cell_jpeg(seed))
    made.append(folder / "cells.zip")
    made[-1].write_bytes(zipped({f"frame-{seed}.jpg": frame_jpeg(seed) for seed in range(60, 70)}))
    made.append(folder / "again.jpg")
    made[-1].write_bytes(cell_jpeg(0))
    made.append(folder / "letter.jpg")
    made[-1].write_bytes(b"Dear colleague")
    return made


def test_from_sign_in_to_the_report(page, tmp_path):
    number = f"BROWSER-{page.viewport_size['width']}"
    sign_in(page)
    open_case(page, number)
    no_sideways_scroll(page)
    page.locator("#choose-files").set_input_files(files(tmp_path))
    expect(page.locator("#upload-files")).to_contain_text("letter.jpg")
    refused = page.locator('#upload-files > [data-state="refused"]')
    expect(refused).to_contain_text("not an image", timeout=WAIT_MS)
    expect(page.locator('#upload-files > [data-state="duplicate"]')).to_contain_text("again.jpg")
    expect(page.locator("#progress")).to_contain_text("Classified: 70 cells", timeout=WAIT_MS)
    page.get_by_role("link", name="Cells", exact=True).click()
    expect(page.locator("li.card img").first).to_be_visible()
    no_sideways_scroll(page)
    page.get_by_role("link", name="Report").first.click()
    body = page.locator("body")
    expect(body).to_contain_text("For research use only")
    expect(body).to_contain_text("Demonstration weights, not fitted on patients")
    for words in ("Pseudo-Pelger nucleus", "Nuclear spikes", "Vacuoles", "Hypogranularity"):
        expect(body).to_contain_text(words)
    no_sideways_scroll(page)


def test_the_page_may_be_left_during_the_upload_and_found_again(page, tmp_path):
    number = f"LEFT-{page.viewport_size['width']}"
    sign_in(page)
    open_case(page, number)
    address = page.url
    chosen = files(tmp_path)[:10]
    page.locator("#choose-files").set_input_files(chosen)
    expect(page.locator("#upload-summary")).to_contain_text("10")
    expect(page.locator("#progress")).to_contain_text("cell")
    page.goto("/cases")
    expect(page.locator("body")).to_contain_text(number)
    page.goto(address)
    # What had been sent is there; the rest is chosen again, and nothing is there twice.
    expect(page.locator("#progress")).to_contain_text("cell")
    page.locator("#choose-files").set_input_files(chosen)
    expect(page.locator("#upload-summary")).to_have_text(re.compile(r"^10 files, .*(?<!read)$"))
    expect(page.locator("#progress")).to_contain_text("Classified: 10 cells", timeout=WAIT_MS)


def test_a_wrong_password_is_told_on_the_page(page):
    page.goto("/sign-in")
    page.get_by_label("Name").fill("reader")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
