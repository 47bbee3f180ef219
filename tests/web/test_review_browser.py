"""The review room in a real browser: by keyboard alone, in bulk, by two readers at once."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect
from uuid_utils.compat import uuid7

from tests.conftest import ADMIN_PASSWORD
from tests.images import cell_jpeg
from tests.web.test_browser import (
    CHROMIUM,
    WAIT_MS,
    browser,
    intercept,
    no_sideways_scroll,
    page,
    server,
)

__all__ = ["browser", "page", "server"]

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: pages are UNTESTED"),
]

CELLS = 9


def account(server, name, full_name):
    """Another reader; the password."""
    command = [sys.executable, "-c", "from app.cli import main; main()", "user", "create", name]
    command += ["--role", "haematologist", "--full-name", full_name]
    done = subprocess.run(
        command, env=server.environment, capture_output=True, text=True, check=True
    )
    return done.stdout.rsplit(": ", 1)[1].strip()


@pytest.fixture
def window(browser, server):
    """Opens further windows, each with a session of its own."""
    contexts = []

    def open_window():
        context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        return page

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def case(server):
    """A case of a few cells, all classified."""
    name = f"ROOM-{uuid7()}"
    with server.client() as client:
        new = {"accession_number": name, "patient_identifier": "P-1"}
        made = client.post("/api/v1/cases", json=new).json()["id"]
        files = [("files", (f"{seed}.jpg", cell_jpeg(seed))) for seed in range(CELLS)]
        client.post(f"/api/v1/cases/{made}/cells?wait=60", files=files).raise_for_status()
    return f"/cases/{made}"


def sign_in(page, name, password):
    page.goto("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/cases$"))


def open_room(page, case, name="reader", password=ADMIN_PASSWORD):
    intercept(page)
    sign_in(page, name, password)
    page.goto(f"{case}/gallery?order=number")
    page.wait_for_load_state("networkidle")
    page.locator("li.card a.cell").first.focus()


def focused(page):
    return page.evaluate("document.activeElement.closest('li.card').dataset.cell")


def shown(page, cell):
    """What the cell's first card shows."""
    return set(page.locator(f"[data-cell='{cell}']").first.get_attribute("data-calls").split())


def number(page, name):
    return page.locator(f"[data-number='{name}']").first


def settled(page):
    """Everything that was decided is stored."""
    expect(page.locator("[data-pending]")).to_have_count(0)


def count(page, index):
    return int(number(page, f"labels.{index}.count").text_content().split("/")[0])


def start_normal(page):
    """The first cell without any abnormality; its id."""
    cell = focused(page)
    page.keyboard.press("n")
    # Where the key was lost it is told here, and not by what a test expects later.
    expect(page.locator(f"[data-cell='{cell}'] .card-by").first).not_to_be_empty()
    settled(page)
    assert shown(page, cell) == set()
    return cell


def test_a_cell_is_read_by_keyboard_alone_and_the_numbers_follow(page, case):
    open_room(page, case)
    no_sideways_scroll(page)
    cell = start_normal(page)
    before = count(page, 1)
    page.keyboard.press("2")
    assert "nuclear_spike" in shown(page, cell)
    expect(number(page, "labels.1.count")).to_have_text(re.compile(rf"^{before + 1}/"))
    page.keyboard.press("2")
    expect(number(page, "labels.1.count")).to_have_text(re.compile(rf"^{before}/"))
    page.keyboard.press("u")
    expect(number(page, "labels.1.count")).to_have_text(re.compile(rf"^{before + 1}/"))
    assert shown(page, cell) == {"nuclear_spike"}
    pmn = int(number(page, "pmn").text_content())
    page.keyboard.press("x")
    expect(number(page, "pmn")).to_have_text(str(pmn - 1))
    page.keyboard.press("x")
    expect(number(page, "pmn")).to_have_text(str(pmn))
    page.keyboard.press("c")
    assert focused(page) != cell
    settled(page)
    page.reload()
    assert shown(page, cell) == {"nuclear_spike"}
    no_sideways_scroll(page)


def test_a_range_is_relabelled_at_once_and_taken_back_at_once(page, case):
    open_room(page, case)
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    chosen = set(
        page.locator("[data-selected]").evaluate_all("all => all.map(x => x.dataset.cell)")
    )
    assert len(chosen) >= 2
    expect(page.locator("#bulk")).to_be_visible()
    expect(page.locator("#bulk-count")).to_have_text(f"Selected: {len(chosen)}")
    page.keyboard.press("x")
    settled(page)
    for cell in chosen:
        card = page.locator(f"[data-cell='{cell}']").first
        expect(card.locator(".card-excluded")).not_to_be_empty()
        expect(card.locator(".card-by")).to_have_text("R")
    page.keyboard.press("u")
    for cell in chosen:
        card = page.locator(f"[data-cell='{cell}']").first
        expect(card.locator(".card-by")).to_be_empty()
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_be_hidden()
    # With the pointer: a click with Shift selects up to there.
    cards = page.locator("li.card a.cell")
    cards.nth(0).focus()
    cards.nth(2).click(modifiers=["Shift"])
    assert page.locator("[data-selected]").count() >= 3
    no_sideways_scroll(page)


def test_a_cell_is_sorted_anew_only_when_asked(page, case):
    open_room(page, case)
    cell = start_normal(page)
    page.keyboard.press("3")
    settled(page)
    group = page.locator(f"[data-cell='{cell}']").first.evaluate("x => x.closest('section').id")
    page.keyboard.press("g")
    expect(page.locator(f"#group-vacuole [data-cell='{cell}']")).to_have_count(1)
    assert focused(page) == cell
    assert group != "group-vacuole"


def test_single_keys_can_be_switched_off(page, case):
    open_room(page, case)
    cell = start_normal(page)
    page.keyboard.press("?")
    page.locator("#number-keys").uncheck()
    page.locator("#keys button").click()
    page.locator(f"[data-cell='{cell}'] a.cell").first.focus()
    page.keyboard.press("2")
    assert shown(page, cell) == set()
    # The toggles of the cell that has the keyboard are stops of the Tab key.
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    settled(page)
    assert shown(page, cell) == {"pseudo_pelger"}


def test_the_larger_view_at_the_keyboard(page, case):
    open_room(page, case)
    cell = start_normal(page)
    page.keyboard.press("z")
    view = page.locator("#viewer")
    expect(view.locator(".view-image")).to_be_visible()
    expect(view.locator(".scale-bar")).to_contain_text("px")
    page.keyboard.press("4")
    expect(view.locator("button[value='hypogranularity']")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(view.locator(".view-verdict")).to_contain_text("Hypogranularity")
    expect(view.locator(".history")).to_contain_text("Hypogranularity: yes")
    page.keyboard.press("z")
    assert view.evaluate("x => x.style.getPropertyValue('--zoom')") == "2"
    page.keyboard.press("r")
    assert view.evaluate("x => x.style.getPropertyValue('--zoom')") == "1"
    page.keyboard.press("h")
    expect(view.locator("img.heat")).to_have_attribute("src", re.compile("heat/pseudo_pelger.png"))
    expect(view.locator("img.heat")).to_have_js_property("complete", value=True)
    view.get_by_label("Comment on this cell").fill("n1 x: typed, not pressed")
    view.get_by_role("button", name="Add the comment").click()
    expect(view.locator(".comments")).to_contain_text("typed, not pressed")
    view.get_by_role("button", name="Show similar cells").click()
    expect(view.locator(".similar-place")).not_to_be_empty()
    no_sideways_scroll(page)
    page.keyboard.press("Escape")
    assert focused(page) == cell
    assert shown(page, cell) == {"hypogranularity"}


def press_azerty(page, key, code):
    """A key of a French keyboard, where a digit is typed with Shift."""
    page.evaluate(
        "([key, code]) => document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {key, code, bubbles: true, cancelable: true}))",
        [key, code],
    )


def test_digits_go_by_their_place_on_a_french_keyboard(case, window):
    page = window()
    open_room(page, case)
    cell = start_normal(page)
    press_azerty(page, "&", "Digit1")
    press_azerty(page, "'", "Digit4")
    settled(page)
    assert shown(page, cell) == {"pseudo_pelger", "hypogranularity"}
    # Held down, a key decides once.
    page.keyboard.down("3")
    page.keyboard.down("3")
    page.keyboard.up("3")
    settled(page)
    assert "vacuole" in shown(page, cell)
    first = page.evaluate("document.activeElement.closest('section').id")
    page.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: ']', "
        "code: 'Minus', ctrlKey: true, altKey: true, modifierAltGraph: true, bubbles: true}))"
    )
    assert page.evaluate("document.activeElement.closest('section').id") != first


def test_space_in_the_larger_view_confirms_and_goes_on(case, window):
    page = window()
    open_room(page, case)
    start_normal(page)
    page.locator("#order").focus()
    with page.expect_response(re.compile("order=probability")):
        page.locator("#order").select_option("probability")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#order")).to_be_focused()
    card = page.locator("section.group:has(li:nth-child(2)) li.card").first
    cell = card.get_attribute("data-cell")
    card.locator("a.cell").click()
    view = page.locator("#viewer")
    expect(view.locator(".view-image")).to_be_visible()
    place = view.locator("#viewer-place").text_content()
    page.keyboard.press("Space")
    assert view.locator("#viewer-place").text_content() != place
    expect(page.locator(f"[data-cell='{cell}'] .card-by").first).to_have_text("R")
    settled(page)
    view.get_by_role("button", name="Undo").click()
    expect(page.locator(f"[data-cell='{cell}'] .card-by").first).not_to_have_text("…")
    answer = '{"detail": "The case is signed."}'
    page.route("**/gallery/acts", lambda route: route.fulfill(status=409, body=answer))
    page.keyboard.press("n")
    expect(view.locator("#viewer-said")).to_contain_text("The case is signed.")
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_contain_text("The case is signed.")


def test_the_larger_view_never_shows_another_cell_than_the_keys_act_on(case, window):
    page = window()
    open_room(page, case)
    card = page.locator("section.group:has(li:nth-child(2)) li.card").first
    ordinals = [
        card.locator("b").text_content(),
        card.locator("xpath=following-sibling::li[1]//b").text_content(),
    ]
    held = []

    def hold(route):
        held.append(route)

    page.route(re.compile(r"/cells/[^/]+$"), hold)
    card.locator("a.cell").click()
    view = page.locator("#viewer")
    expect(view.locator("#viewer-body h2")).to_have_text(ordinals[0])
    page.keyboard.press("ArrowRight")
    expect(view.locator("#viewer-body h2")).to_have_text(ordinals[1])
    expect(view.locator("#viewer-body img")).to_be_visible()
    for route in reversed(held):
        route.continue_()
    expect(view.locator(".view-image")).to_be_visible()
    expect(view.locator("#viewer-body h2")).to_have_text(ordinals[1])


def test_nothing_is_decided_under_the_name_of_who_signs_in_later(case, server, window):
    name = f"later-{uuid7()}"
    password = account(server, name, "Lea Later")
    page = window()
    open_room(page, case)
    cell = start_normal(page)
    page.route("**/gallery/**", lambda route: route.fulfill(status=401, body=""))
    page.keyboard.press("1")
    expect(page.locator("#said")).to_contain_text("Sign in again")
    tab = page.context.new_page()
    sign_in(tab, name, password)
    page.unroute("**/gallery/**")
    expect(page.locator("#said")).to_contain_text("Somebody else is signed in")
    tab.goto(f"{case}/gallery")
    assert shown(tab, cell) == set()
    # Who has decided it signs in again: it was kept, and is sent.
    sign_in(tab, "reader", ADMIN_PASSWORD)
    page.reload()
    settled(page)
    expect(page.locator("#said")).not_to_contain_text("Somebody else")
    tab.goto(f"{case}/gallery")
    assert shown(tab, cell) == {"pseudo_pelger"}


def test_what_waits_outlives_a_reload(case, window):
    page = window()
    open_room(page, case)
    cell = start_normal(page)
    page.route("**/gallery/acts", lambda route: route.abort())
    page.keyboard.press("1")
    page.keyboard.press("3")
    expect(page.locator("#said")).to_contain_text("does not answer")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    assert shown(page, cell) == {"pseudo_pelger", "vacuole"}
    expect(page.locator("#said")).to_contain_text("does not answer")
    page.unroute("**/gallery/acts")
    expect(page.locator("#said")).to_contain_text("Everything is stored")
    page.reload()
    assert shown(page, cell) == {"pseudo_pelger", "vacuole"}


def test_what_no_server_of_ours_refuses_is_refused_all_the_same(case, window):
    page = window()
    open_room(page, case)
    cell = start_normal(page)
    page.route("**/gallery/acts", lambda route: route.fulfill(status=413, body="<html>"))
    page.keyboard.press("1")
    expect(page.locator("#said")).to_contain_text("HTTP 413")
    assert shown(page, cell) == set()
    page.unroute("**/gallery/acts")
    page.keyboard.press("2")
    settled(page)
    assert shown(page, cell) == {"nuclear_spike"}


def test_cells_are_selected_without_a_keyboard(case, window):
    page = window()
    open_room(page, case)
    page.get_by_role("button", name="Select", exact=True).click()
    cards = page.locator("section.group:has(li:nth-child(2)) li.card a.cell")
    cards.nth(0).click()
    cards.nth(1).click()
    expect(page.locator("#bulk-count")).to_contain_text("2")
    expect(page.locator("#viewer")).to_be_hidden()


def test_two_readers_of_one_cell_lose_nothing_and_see_each_other(page, case, server, window):
    name = f"second-{uuid7()}"
    password = account(server, name, "Bea Blanc")
    other = window()
    open_room(page, case)
    cell = start_normal(page)
    open_room(other, case, name, password)
    other.locator(f"[data-cell='{cell}'] a.cell").first.focus()
    page.keyboard.press("1")
    other.keyboard.press("3")
    for one in (page, other):
        settled(one)
        expect(one.locator(f"[data-cell='{cell}']").first).to_have_attribute(
            "data-calls", re.compile("pseudo_pelger.*vacuole|vacuole.*pseudo_pelger")
        )
    for index in (0, 2):
        expect(number(page, f"labels.{index}.count")).to_have_text(
            number(other, f"labels.{index}.count").text_content()
        )
    expect(page.locator("#said")).to_contain_text("Bea Blanc: 1 cell changed")
    # What somebody has changed since is not taken back; the last one to change it can.
    other.keyboard.press("4")
    settled(other)
    expect(page.locator(f"[data-cell='{cell}']").first).to_have_attribute(
        "data-calls", re.compile("hypogranularity")
    )
    page.keyboard.press("u")
    expect(page.locator("#said")).to_contain_text("1 cell was changed since, and stays as it is.")
    other.keyboard.press("u")
    for one in (page, other):
        expect(one.locator(f"[data-cell='{cell}']").first).to_have_attribute(
            "data-calls", "pseudo_pelger vacuole"
        )


def test_what_cannot_be_sent_is_kept_and_sent_again(case, window):
    page = window()
    open_room(page, case)
    cell = start_normal(page)
    page.route("**/gallery/acts", lambda route: route.fulfill(status=503, body=""))
    page.keyboard.press("1")
    expect(page.locator("#said")).to_contain_text("does not answer")
    assert shown(page, cell) == {"pseudo_pelger"}
    page.unroute("**/gallery/acts")
    settled(page)
    expect(page.locator("#said")).to_contain_text("Everything is stored")
    page.reload()
    assert shown(page, cell) == {"pseudo_pelger"}


def test_what_is_refused_is_taken_back_with_the_reason(case, window):
    page = window()
    open_room(page, case)
    cell = start_normal(page)
    answer = '{"detail": "The case is signed."}'
    page.route("**/gallery/acts", lambda route: route.fulfill(status=409, body=answer))
    page.keyboard.press("1")
    expect(page.locator("#said")).to_contain_text("The case is signed.")
    assert shown(page, cell) == set()
