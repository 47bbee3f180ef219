"""What every page of the administration has alike: a way back, ledgers for a phone, questions."""

import re
from uuid import uuid4

import pytest

from app.domain.access import Role
from app.domain.user import User
from app.web.pages.done import just_done
from app.web.pages.rendering import TEMPLATES, chrome, render
from tests.web.pages.examples import pages

PAGES = pages()
WHOLE = sorted(name for name in PAGES if 'extends "base.html"' in (TEMPLATES / name).read_text())
# Where an administrator can go without a case; the index itself leads back by the bar.
ROOMS = [
    name
    for name in WHOLE
    if re.match(
        r"administration_|audit|bundle|client|compariso|controls|data|erase|history|hl7|statistics"
        r"|timeline|webhook",
        name,
    )
]
ACTS = re.compile(r'action="[^"]*/(deactivate|revoke|remove|retire|skip)"')


def html(name, page, user=None):
    return render(name, page, chrome("Title", user)).body.decode()


@pytest.mark.parametrize("name", ROOMS)
def test_a_page_of_the_administration_leads_back_to_it(name):
    for page in PAGES[name]:
        assert '<nav class="trail"' in html(name, page)


@pytest.mark.parametrize("name", WHOLE)
def test_each_cell_of_a_ledger_names_its_column(name):
    # On a telephone there is no head: a cell without its name is a number without a meaning.
    for page in PAGES[name]:
        for table in re.findall(r'<table class="ledger.*?</table>', html(name, page), re.DOTALL):
            names = re.findall(r"<td\b[^>]*", table)
            assert all(re.search(r'data-name="[^"]+"', cell) for cell in names)


@pytest.mark.parametrize("name", WHOLE)
def test_what_ends_something_asks_first(name):
    for page in PAGES[name]:
        for form in re.findall(r"<form\b[^>]*>", html(name, page)):
            assert not ACTS.search(form) or "popover" in form


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.TECHNICIAN])
def test_new_cases_are_offered_to_who_may_open_them(role):
    page = html(
        "administration.html", PAGES["administration.html"][0], User(uuid4(), "ann", role, None)
    )
    assert ('href="/cases/new"' in page) == (role is Role.TECHNICIAN)


def test_what_was_done_is_said_and_nothing_that_an_address_makes_up():
    assert just_done("erased") == "The patient is erased. The proof of it is the first below."
    assert just_done("<b>anything</b>") is None
    said = html("data.html", PAGES["data.html"][-1])
    assert re.search(r'class="done"\s+role="status">The patient is erased', said)
