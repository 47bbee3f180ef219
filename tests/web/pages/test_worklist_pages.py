"""The worklist over HTTP: search by POST, filters kept, and no identifier in an address."""

import re

import pytest
from pwdlib import PasswordHash

from app.domain.access import Role
from app.domain.case import NewCase
from app.domain.user import User
from tests.factories import NOW


@pytest.fixture
def cases(open_container):
    with open_container.transactions() as transaction:
        return [
            transaction.cases.add(NewCase(f"ACC-{index:03}", f"MRN-{index % 10}"), NOW)
            for index in range(120)
        ]


def accessions(response):
    assert response.status_code == 200, response.text
    return re.findall(r"ACC-\d{3}(?=</a>)", response.text)


def link(response, words):
    [path] = re.findall(rf'href="([^"]*)"[^>]*>\s*{words}\s*<', response.text)
    return path.replace("&amp;", "&")


def test_pages_follow_one_another_and_lead_back(idle_client, cases):
    seen, pages = [], [idle_client.get("/cases")]
    while 'rel="next"' in pages[-1].text:
        pages.append(idle_client.get(link(pages[-1], "Next page")))
    for page in pages:
        seen.extend(accessions(page))
    assert seen == [case.accession_number for case in reversed(cases)]
    assert [len(accessions(page)) for page in pages] == [50, 50, 20]
    back = idle_client.get(link(pages[-1], "Previous page"))
    assert accessions(back) == accessions(pages[1])
    assert accessions(idle_client.get(link(back, "First page"))) == accessions(pages[0])


@pytest.mark.parametrize("sort", ["accession", "patient"])
def test_no_address_of_a_list_sorted_by_identifiers_holds_one(idle_client, cases, sort):
    first = idle_client.get(f"/cases?sort={sort}&order=asc")
    path = link(first, "Next page")
    assert "MRN" not in path
    assert "ACC" not in path
    second = idle_client.get(path)
    assert len(set(accessions(first) + accessions(second))) == 100


def test_a_search_goes_by_post_and_its_text_into_no_address(idle_client, cases):
    answer = idle_client.post(
        "/cases/search", data={"text_sought": " mrn-7 ", "sort": "accession", "order": "asc"}
    )
    assert len(answer.history) == 1
    assert "mrn" not in str(answer.url).lower()
    assert accessions(answer) == [f"ACC-{index:03}" for index in range(7, 120, 10)]
    assert 'value="mrn-7"' in answer.text
    # The same search again is the same address: it can be loaded anew, and gone back to.
    again = idle_client.post(
        "/cases/search", data={"text_sought": "mrn-7", "sort": "accession", "order": "asc"}
    )
    assert again.url == answer.url


def test_nothing_found_offers_to_clear_the_filter(idle_client, cases):
    answer = idle_client.post("/cases/search", data={"text_sought": "nobody", "order": "asc"})
    assert "No case matches." in answer.text
    assert link(answer, "Clear the filter") == "/cases?order=asc"


def test_a_filter_is_kept_renamed_and_removed(idle_client, cases):
    found = idle_client.post("/cases/search", data={"text_sought": "mrn-7", "state": "empty"})
    query = found.url.query.decode()
    kept = idle_client.post("/cases/filters", data={"name": " Mine ", "query": query})
    assert accessions(kept) == accessions(found)
    chip = link(kept, "Mine")
    assert accessions(idle_client.get(chip)) == accessions(found)
    taken = idle_client.post("/cases/filters", data={"name": "Mine", "query": ""})
    assert taken.status_code == 409
    [key] = set(re.findall(r"/cases/filters/([0-9a-f-]{36})/rename", kept.text))
    renamed = idle_client.post(f"/cases/filters/{key}/rename", data={"name": "Ours", "query": ""})
    assert link(renamed, "Ours") == chip
    removed = idle_client.post(f"/cases/filters/{key}/remove", data={"query": query})
    assert "Ours" not in removed.text
    assert accessions(removed) == accessions(found)


def test_what_somebody_else_searched_for_is_not_shown(open_container, idle_client, cases):
    found = idle_client.post("/cases/search", data={"text_sought": "mrn-7"})
    with open_container.transactions() as transaction:
        transaction.users.add(
            User(cases[0].id, "bob", Role.HAEMATOLOGIST, PasswordHash.recommended().hash("b")), NOW
        )
    idle_client.auth = ("bob", "b")
    answer = idle_client.get(str(found.url))
    assert answer.status_code == 404
    assert "mrn-7" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/cases?state=lost",
        "/cases?after=nothing",
        "/cases?sort=score&after=WyJhIiwgIngiXQ==",
        "/cases?search=018f0000-0000-7000-8000-000000000000",
    ],
)
def test_a_wrong_address_is_told_on_a_page(idle_client, path):
    answer = idle_client.get(path)
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"].startswith("text/html")


def test_a_control_character_is_refused(idle_client):
    answer = idle_client.post("/cases/search", data={"text_sought": "a\0b"})
    assert answer.status_code == 422
    assert "control character" in answer.text


def test_the_first_case_is_invited(idle_client):
    assert "There are no cases yet." in idle_client.get("/cases").text
