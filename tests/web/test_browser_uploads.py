"""Uploads in a real browser: many files, a connection that breaks, a page that is left."""

import random
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.accounts import ADMIN_PASSWORD
from tests.images import cell_jpeg, zipped
from tests.web.test_browser import (
    CHROMIUM,
    browser,
    intercept,
    no_sideways_scroll,
    open_case,
    server,
    sign_in,
)

__all__ = ["browser", "server"]

WAIT_MS = 60_000
MIB = 1024 * 1024

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: pages are UNTESTED"),
]


@pytest.fixture
def page(browser, server):
    """A page at the desk; unlike the other tests' its console may tell of broken connections."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    intercept(page)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    context.close()
    assert failures == []


def large_archive(folder: Path, name: str) -> Path:
    """Three images among 17 MiB that hardly shrink, so that it is sent in four pieces."""
    path = folder / name
    noise = random.Random(7).randbytes(17 * MIB)
    members = {f"{seed}.jpg": cell_jpeg(seed) for seed in (900, 901, 902)} | {"noise.txt": noise}
    path.write_bytes(zipped(members, zipfile.ZIP_STORED))
    return path


def rows(page, state):
    return page.locator(f'#upload-files > [data-state="{state}"]')


def recorded_pieces(page):
    """The offsets of the pieces that the page sends from now on."""
    offsets: list[int] = []

    def note(request):
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    return offsets


@pytest.mark.slow
def test_two_hundred_files_at_once(page, tmp_path):
    sign_in(page)
    open_case(page, "MANY")
    files = []
    for seed in range(199):
        files.append(tmp_path / f"cell-{seed}.jpg")
        files[-1].write_bytes(cell_jpeg(seed))
    files.append(tmp_path / "letter.jpg")
    files[-1].write_bytes(b"Dear colleague")
    page.locator("#choose-files").set_input_files(files)
    expect(page.locator("#upload-files > li")).to_have_count(200)
    expect(page.locator("#upload-summary")).to_contain_text("of 200 to go")
    expect(rows(page, "accepted")).to_have_count(199, timeout=WAIT_MS)
    expect(rows(page, "refused")).to_contain_text("letter.jpg")
    expect(page.locator("#upload-summary")).to_have_text(
        "200 files, 199 images accepted, 1 file refused"
    )
    bar = page.locator("#upload-bar")
    assert bar.evaluate("bar => bar.value === bar.max")
    expect(page.locator("#progress")).to_contain_text("Classified: 199 cells", timeout=WAIT_MS)
    expect(page.locator("#deliveries")).to_contain_text("199 images accepted, 1 file refused")
    no_sideways_scroll(page)
    page.reload()
    page.locator("#refused summary").click()
    expect(page.locator("#refused")).to_contain_text("letter.jpg")
    expect(page.locator("#refused")).to_contain_text("not an image")


def test_a_broken_connection_goes_on_where_it_stopped(page, tmp_path):
    sign_in(page)
    open_case(page, "BROKEN")
    archive = large_archive(tmp_path, "broken.zip")
    offsets = recorded_pieces(page)
    cut = []

    def break_off(route):
        if route.request.headers.get("upload-offset") == "0" or cut:
            route.continue_()
            return
        cut.append(route.request)
        page.context.set_offline(True)
        route.abort("connectionreset")

    page.route(
        "**/uploads/tus/*",
        lambda route: break_off(route) if route.request.method == "PATCH" else route.continue_(),
    )
    page.locator("#choose-files").set_input_files(archive)
    expect(rows(page, "paused")).to_have_count(1)
    expect(page.locator("#upload-summary")).to_contain_text("1 without connection")
    page.context.set_offline(False)
    expect(rows(page, "accepted")).to_contain_text("3 images accepted", timeout=WAIT_MS)
    assert len(cut) == 1
    assert offsets.count(0) == 1
    assert offsets.count(5 * MIB) == 2
    assert max(offsets) == 15 * MIB
    expect(rows(page, "accepted")).to_contain_text("broken.zip/noise.txt")


def test_a_page_that_was_left_goes_on_when_the_file_is_chosen_again(page, tmp_path):
    sign_in(page)
    open_case(page, "LEFT-ALONE")
    address = page.url
    archive = large_archive(tmp_path, "Ann Example.zip")
    page.route(
        "**/uploads/tus/*",
        lambda route: (
            route.abort("connectionreset")
            if route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0"
            else route.continue_()
        ),
    )
    page.locator("#choose-files").set_input_files(archive)
    expect(rows(page, "paused")).to_have_count(1)
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "vexascope-upload:" in kept
    assert "Ann" not in kept
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/cases")
    page.unroute("**/uploads/tus/*")
    page.goto(address)
    expect(page.locator("#unfinished")).to_contain_text("Ann Example.zip")
    expect(page.locator("#unfinished")).to_contain_text(re.compile(r"5\.0 of 17\.\d\sMiB"))
    offsets = recorded_pieces(page)
    page.locator("#choose-files").set_input_files(archive)
    expect(rows(page, "accepted")).to_contain_text("3 images accepted", timeout=WAIT_MS)
    assert offsets == [5 * MIB, 10 * MIB, 15 * MIB]
    expect(page.locator("#unfinished")).to_have_count(0)
    assert page.evaluate("Object.keys(localStorage).join()").count("vexascope-upload:") == 0


def test_a_pasted_picture_is_sent(page):
    sign_in(page)
    open_case(page, "PASTED")
    page.evaluate(
        """async (bytes) => {
            const file = new File([new Uint8Array(bytes)], "image.jpg", { type: "image/jpeg" });
            const data = new DataTransfer();
            data.items.add(file);
            const init = { clipboardData: data, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new ClipboardEvent("paste", init));
        }""",
        list(cell_jpeg(950)),
    )
    expect(rows(page, "accepted")).to_contain_text("pasted-", timeout=WAIT_MS)
    expect(page.locator("#progress")).to_contain_text("Classified: 1 cell")


def test_files_that_are_chosen_before_the_script_is_there_are_sent(page, tmp_path):
    sign_in(page)
    open_case(page, "QUICK")
    file = tmp_path / "quick.jpg"
    file.write_bytes(cell_jpeg(960))
    # Else what is held may be asked for by the page before it is loaded again.
    page.wait_for_load_state("load")
    held = []

    def hold(route):
        held.append(route)

    page.route("**/upload-list.js", hold)
    with page.expect_request("**/upload-list.js"):
        page.reload(wait_until="commit")
    page.locator("#choose-files").set_input_files(file)
    expect(page.locator("#upload-files > li")).to_have_count(0)
    while not held:
        page.wait_for_timeout(50)
    held[0].continue_()
    expect(rows(page, "accepted")).to_contain_text("quick.jpg", timeout=WAIT_MS)


def test_a_sign_in_that_ends_keeps_the_page_and_what_was_typed_on_it(page, tmp_path):
    sign_in(page)
    open_case(page, "ENDED")
    file = tmp_path / "ended.jpg"
    file.write_bytes(cell_jpeg(970))
    page.locator("#comment-text").fill("Seen beside the smear")
    page.context.clear_cookies()
    page.locator("#choose-files").set_input_files(file)
    expect(rows(page, "failed")).to_contain_text("Sign in again in another window")
    with page.context.expect_page() as opened:
        page.locator("#session-end").get_by_role("link", name="Sign in again").click()
    again = opened.value
    again.get_by_label("Name", exact=True).fill("reader")
    again.get_by_label("Password").fill(ADMIN_PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    expect(rows(page, "accepted")).to_contain_text("ended.jpg")
    expect(page.locator("#comment-text")).to_have_value("Seen beside the smear")


def test_what_is_too_large_is_told_and_kept(page, tmp_path):
    sign_in(page)
    open_case(page, "LARGE")
    large = tmp_path / "large.png"
    large.write_bytes(bytes(20 * MIB + 1))
    page.locator("#choose-files").set_input_files(large)
    expect(rows(page, "refused")).to_contain_text("larger than 20 MiB")
    page.reload()
    page.locator("#refused summary").click()
    expect(page.locator("#refused")).to_contain_text("larger than 20 MiB")
