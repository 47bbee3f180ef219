"""The pages of API clients, as an administrator uses them."""

import re

import pytest
from uuid_utils.compat import uuid7

from app.domain.access import Scope
from app.domain.site import Site
from app.services.clients import NewClient, create_client
from tests.accounts import ADMIN, READER

PATH = "/administration/clients"
FORM = {"name": "lis", "days": "30", "subject": "", "scopes": ["cases:read", "cells:write"]}
SITES = {"site_ids": ["00000000-0000-0000-0000-000000000001"]}


@pytest.fixture
def admin(steady_client):
    steady_client.auth = ADMIN
    return steady_client


def key_in(answer) -> str:
    return re.search(r"vxk_[0-9a-f]{12}_[0-9a-f]{64}", answer.text)[0]


def opens(client, key) -> int:
    """The status of a question of the system's."""
    kept, client.auth = client.auth, None
    try:
        return client.get("/api/v1/cases", headers={"Authorization": f"Bearer {key}"}).status_code
    finally:
        client.auth = kept


def test_of_a_client_of_other_sites_only_access_is_ended(admin):
    shop = admin.app.state.container
    with shop.transactions() as transaction:
        there = Site(uuid7(), f"There {uuid7()}", shop.now())
        transaction.sites.add(there)
        new = NewClient(f"theirs {uuid7()}", frozenset({Scope.CASES_READ}), frozenset({there.id}))
        client, _ = create_client(transaction, new, None, shop.now())
    assert str(there.id) not in admin.get(PATH).text
    page = admin.get(f"{PATH}/{client.id}").text
    assert "/rotate" not in page
    assert "/revoke" in page
    admin.post(f"{PATH}/{client.id}/switch", data={"on": "no"})
    assert "/switch" not in admin.get(f"{PATH}/{client.id}").text


def test_a_client_s_life_on_its_page(admin):
    made = admin.post(PATH, data={**FORM, **SITES})
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    first = key_in(made)
    assert opens(admin, first) == 200
    listed = admin.get(PATH)
    assert "lis" in listed.text
    page = PATH + re.search(r'href="/administration/clients(/[0-9a-f-]{36})"', listed.text)[1]
    assert first.rpartition("_")[2] not in admin.get(page).text

    second = key_in(admin.post(f"{page}/rotate", data={"days": "9", "overlap_hours": "1"}))
    assert (opens(admin, first), opens(admin, second)) == (200, 200)
    admin.post(f"{page}/revoke", data={"prefix": first.rpartition("_")[0]})
    assert (opens(admin, first), opens(admin, second)) == (401, 200)
    admin.post(f"{page}/switch", data={"on": "no"})
    assert opens(admin, second) == 401
    admin.post(f"{page}/switch", data={"on": "yes"})
    assert opens(admin, second) == 200
    admin.post(page, data={**FORM, **SITES, "scopes": ["cells:write"]})
    assert opens(admin, second) == 403


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"name": "a\x07b"}, 422, "visible characters"),
        ({"name": "a:b"}, 422, "colon"),
        ({"scopes": []}, 422, "at least one scope"),
        ({"scopes": ["all:everything"]}, 422, "at least one scope"),
        ({"days": "many"}, 422, "whole numbers"),
        ({"days": "99999"}, 422, "lasts 1 to"),
        ({"site_ids": []}, 422, "sites"),
        ({"site_ids": ["x"]}, 422, "sites"),
        ({"name": "admin"}, 409, "exists already"),
    ],
)
def test_what_is_wrong_stands_on_the_form(admin, change, status, word):
    answer = admin.post(PATH, data={**FORM, **SITES, "name": "other", **change})
    assert (answer.status_code, word in answer.text) == (status, True)
    assert "vxk_" not in answer.text.replace("vxk_%", "")


def test_only_administrators_come_here(admin):
    admin.auth = READER
    assert admin.get(PATH).status_code == 403
    assert admin.post(PATH, data={**FORM, **SITES, "name": "mine"}).status_code == 403
