"""What a person chooses, and what the pages do with it."""

import re

import pytest

from app.domain.access import Role
from app.ports import AuditFilter
from app.services.identity import create_user
from app.web.language import Language, speaking
from app.web.pages.rendering import chrome, render
from tests.conftest import ADMIN_PASSWORD
from tests.web.pages.examples import pages

NARROW = "\N{NARROW NO-BREAK SPACE}"
FRENCH = {"Accept-Language": "fr-FR,fr;q=0.9,en;q=0.5"}
CHOSEN = {"full_name": "Dr A. Martin", "language": "fr", "theme": "dark"}


@pytest.fixture
def browser(idle_client):
    """Somebody signed in by the form, without what a system sends."""
    idle_client.auth = None
    idle_client.post("/sign-in", data={"name": "reader", "password": ADMIN_PASSWORD})
    return idle_client


def stored(container):
    with container.transactions() as transaction:
        return transaction.users.by_name("reader")


def test_pages_speak_what_the_browser_prefers_until_a_person_chooses(browser):
    assert '<html lang="fr"' in browser.get("/cases", headers=FRENCH).text
    assert '<html lang="en"' in browser.get("/cases").text
    browser.post("/preferences", data={"language": "en", "theme": "system"})
    assert '<html lang="en"' in browser.get("/cases", headers=FRENCH).text
    browser.post("/preferences", data={"language": "", "theme": "system"})
    assert '<html lang="fr"' in browser.get("/cases", headers=FRENCH).text


def test_french_pages_write_numbers_as_french_does():
    with speaking(Language.FRENCH):
        html = render("report.html", pages()["report.html"][0], chrome("Titre", None)).body.decode()
    assert f"33,3{NARROW}%" in html
    assert "33.3" not in html
    assert "Recherche de mutation d\N{RIGHT SINGLE QUOTATION MARK}UBA1 recommandée" in html


def test_preferences_are_kept_and_shown(browser, open_container):
    page = browser.post("/preferences", data=CHOSEN).text
    assert "Enregistré." in page
    assert 'data-theme="dark"' in page
    assert '<meta name="color-scheme" content="dark">' in re.sub(r"\s+", " ", page)
    user = stored(open_container)
    assert (user.printed_name, user.language, user.theme) == ("Dr A. Martin", "fr", "dark")


def test_another_printed_name_is_noted_with_the_one_before(browser, open_container):
    for name in ("Dr A. Martin", "Dr A. Martin", "Dr B. Petit"):
        browser.post("/preferences", data={**CHOSEN, "full_name": name})
    with open_container.transactions() as transaction:
        chosen = AuditFilter(action="account.preferences")
        found = [entry.event for entry in transaction.audit.all(chosen)]
    assert [(event.before, event.after) for event in found] == [
        ({"full_name": None}, {"full_name": "Dr A. Martin"}),
        (None, None),
        ({"full_name": "Dr A. Martin"}, {"full_name": "Dr B. Petit"}),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"language": "de"}, {"theme": "pink"}, {"full_name": "A" * 201}, {"full_name": "A\x07B"}],
)
def test_what_cannot_be_chosen_is_refused_and_nothing_is_stored(browser, open_container, wrong):
    before = stored(open_container)
    answer = browser.post("/preferences", data={**CHOSEN, **wrong})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert stored(open_container) == before


def test_the_switch_works_before_and_after_signing_in(idle_client, open_container):
    idle_client.auth = None
    came_from = {"Referer": "http://testserver/sign-in?next=/cases/1"}
    answer = idle_client.post("/language", data={"language": "fr"}, headers=came_from)
    assert answer.url.path == "/sign-in"
    assert answer.url.query == b"next=/cases/1"
    assert "Se connecter" in answer.text
    idle_client.post("/sign-in", data={"name": "reader", "password": ADMIN_PASSWORD})
    assert '<html lang="fr"' in idle_client.get("/cases").text
    assert stored(open_container).language is None
    idle_client.post("/language", data={"language": "en"})
    assert stored(open_container).language == "en"


def test_the_switch_leads_nowhere_else_and_takes_no_other_site(browser):
    away = {"Referer": "http://elsewhere.example/x"}
    answer = browser.post(
        "/language", data={"language": "fr"}, headers=away, follow_redirects=False
    )
    assert answer.headers["location"] == "/cases"
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/language", data={"language": "en"}, headers=foreign).status_code == 403
    assert browser.post("/language", data={"language": "de"}).status_code == 422


def test_the_tour_is_shown_until_it_is_dismissed(browser):
    assert 'id="tour"' in browser.get("/cases").text
    browser.post("/preferences/tour")
    assert 'id="tour"' not in browser.get("/cases").text
    browser.post("/sign-out")
    browser.post("/sign-in", data={"name": "reader", "password": ADMIN_PASSWORD})
    assert 'id="tour"' not in browser.get("/cases").text
    browser.post("/preferences", data={**CHOSEN, "tour": "again"})
    assert 'id="tour"' in browser.get("/cases").text


def test_one_persons_choice_is_not_anothers(browser, open_container):
    with open_container.transactions() as transaction:
        now = open_container.now()
        password = create_user(transaction, "second", Role.HAEMATOLOGIST, None, now)
    browser.post("/preferences", data=CHOSEN)
    browser.post("/sign-out")
    browser.post("/sign-in", data={"name": "second", "password": password})
    page = browser.get("/cases").text
    assert '<html lang="en"' in page
    assert 'data-theme="system"' in page


def test_answers_to_systems_change_with_the_language_in_their_details_alone(idle_client):
    address = "/api/v1/cases/00000000-0000-4000-8000-000000000000"
    english, french = (idle_client.get(address, headers=h).json() for h in ({}, FRENCH))
    assert french["detail"].startswith("Il n")
    assert {**french, "detail": "", "request_id": ""} == {**english, "detail": "", "request_id": ""}


def test_a_failure_is_told_in_the_readers_language(browser):
    page = browser.get("/cases/00000000-0000-4000-8000-000000000000", headers=FRENCH)
    assert page.status_code == 404
    assert "<h1>Introuvable</h1>" in page.text
