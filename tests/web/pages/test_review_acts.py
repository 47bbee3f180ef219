"""The review room over HTTP, on both databases: decisions, undoing, others' changes, blinding."""

import re
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.review import Reading
from app.domain.user import User
from app.services.reviewing import Reader
from app.services.second_reading import give_to_second_reader
from app.services.signing import sign
from tests.conftest import ADMIN_PASSWORD
from tests.images import cell_jpeg
from tests.web.api.test_cases import NEW

CELLS = 12


@pytest.fixture
def case(client):
    made = client.post("/api/v1/cases", json=NEW).json()
    files = [("files", (f"{seed}.jpg", cell_jpeg(seed))) for seed in range(CELLS)]
    read = client.post(f"/api/v1/cases/{made['id']}/cells?wait=60", files=files)
    assert read.status_code == 200, read.text
    return made["id"]


def cells_of(client, case):
    return [item["id"] for item in client.get(f"/api/v1/cases/{case}/cells").json()["items"]]


def add_user(container, name, full_name):
    with container.transactions() as transaction:
        same = transaction.users.by_name("reader").password_hash
        user = User(uuid7(), name, Role.HAEMATOLOGIST, same, full_name)
        transaction.users.add(user, container.now())
    return user


def other_client(client, name):
    other = TestClient(client.app, raise_server_exceptions=False)
    other.auth = (name, ADMIN_PASSWORD)
    return other


def act(client, case, cells, kind, label=None, after=0, **more):
    sent = {"cells": cells, "act": kind, "label": label, "after": after, **more}
    headers = {"Accept": "application/json"}
    return client.post(f"/cases/{case}/gallery/acts", json=sent, headers=headers)


def undo(client, case, after=0, **more):
    return client.post(f"/cases/{case}/gallery/undo", json={"after": after, **more})


def changes(client, case, after=0):
    return client.get(f"/cases/{case}/gallery/changes?after={after}").json()


def state(answer, cell):
    return next(item for item in answer["cells"] if item["id"] == cell)


def label_numbers(answer, key):
    return next(item for item in answer["numbers"]["labels"] if item["key"] == key)


def test_a_call_changes_the_cell_and_the_numbers(client, case):
    cell = cells_of(client, case)[0]
    act(client, case, [cell], "normal")
    before = changes(client, case)
    answer = act(client, case, [cell], "call", "nuclear_spike", before["sequence"]).json()
    assert state(answer, cell)["calls"] == ["nuclear_spike"]
    assert state(answer, cell)["initials"] == "R"
    assert [item["id"] for item in answer["cells"]] == [cell]
    was, now = (label_numbers(item, "nuclear_spike") for item in (before, answer))
    assert int(now["count"].split("/")[0]) == int(was["count"].split("/")[0]) + 1
    assert now["classifier_count"] == was["classifier_count"]


def test_the_numbers_are_those_of_the_report(client, case):
    cells = cells_of(client, case)
    act(client, case, cells[:5], "call", "vacuole")
    answer = act(client, case, cells[5:7], "exclude").json()
    report = client.get(f"/api/v1/cases/{case}/report").json()
    line = next(item for item in report["abnormalities"] if item["label"] == "vacuole")
    shown = label_numbers(answer, "vacuole")
    assert shown["count"] == f"{line['count']}/{line['total']}"
    assert answer["numbers"]["pmn"] == str(report["pmn_count"])


def test_undo_takes_a_whole_action_back(client, case):
    cells = cells_of(client, case)[:4]
    before = changes(client, case)["numbers"]
    done = act(client, case, cells, "exclude").json()
    assert all(state(done, cell)["excluded"] for cell in cells)
    answer = undo(client, case, done["sequence"]).json()
    assert {item["id"] for item in answer["cells"]} == set(cells)
    assert not any(item["initials"] for item in answer["cells"])
    assert answer["numbers"]["labels"] == before["labels"]
    assert "nothing of yours" in undo(client, case).json()["said"]


def test_what_is_sent_twice_is_stored_once(client, case):
    cell, number = cells_of(client, case)[0], str(uuid7())
    first = act(client, case, [cell], "call", "vacuole", action=number).json()
    again = act(client, case, [cell], "call", "vacuole", action=number).json()
    assert again["sequence"] == first["sequence"]
    taken_back = str(uuid7())
    act(client, case, [cell], "exclude")
    undo(client, case, action=taken_back)
    answer = undo(client, case, action=taken_back).json()
    assert state(answer, cell)["calls"][-1:] == state(first, cell)["calls"][-1:]
    assert not state(answer, cell)["excluded"]


def test_two_readers_see_each_other_and_lose_nothing(client, case, open_container):
    add_user(open_container, "b", "Bea Blanc")
    other, cell = other_client(client, "b"), cells_of(client, case)[0]
    start = act(client, case, [cell], "normal").json()["sequence"]
    act(client, case, [cell], "call", "vacuole", start)
    answer = act(other, case, [cell], "call", "nuclear_spike", start).json()
    assert state(answer, cell)["calls"] == ["nuclear_spike", "vacuole"]
    assert answer["others"] == ["reader: 1 cell changed"]
    seen = changes(client, case, start + 1)
    assert seen["others"] == ["Bea Blanc: 1 cell changed"]
    assert state(seen, cell)["calls"] == ["nuclear_spike", "vacuole"]
    assert state(seen, cell)["initials"] == "BB"


def test_a_page_decides_nothing_under_another_users_name(client, case, open_container):
    other_user = add_user(open_container, "b", "Bea Blanc")
    cell = cells_of(client, case)[0]
    mismatch = {"user": str(other_user.id)}
    json = {"headers": {"Accept": "application/json"}}
    poll = client.get(f"/cases/{case}/gallery/changes?user={other_user.id}", **json)
    sent = client.post(f"/cases/{case}/gallery/undo", json=mismatch, **json)
    for refused in (act(client, case, [cell], "exclude", **mismatch), sent, poll):
        assert refused.status_code == 409
        assert refused.json()["code"] == "another-user"
        assert "Somebody else is signed in" in refused.json()["detail"]
    assert changes(client, case)["sequence"] == 0
    assert act(other_client(client, "b"), case, [cell], "exclude", **mismatch).status_code == 200


def test_what_another_reader_changed_unseen_is_not_confirmed(client, case, open_container):
    add_user(open_container, "b", "Bea Blanc")
    other, cells = other_client(client, "b"), cells_of(client, case)[:3]
    seen = act(client, case, cells, "normal").json()["sequence"]
    theirs = act(other, case, cells[:1], "call", "vacuole", seen).json()
    # It waited behind another decision of the same page, whose answer told of the change.
    answer = act(client, case, cells, "confirm", after=theirs["sequence"], seen=seen).json()
    assert "1 cell was changed by another reader meanwhile" in answer["said"]
    assert {item["id"] for item in answer["cells"]} == set(cells[1:])
    whole = changes(client, case)
    assert state(whole, cells[0])["reader"] == "Bea Blanc"
    assert state(whole, cells[0])["calls"] == ["vacuole"]
    # Once seen, it is confirmed; and every other act says itself what shall hold.
    act(client, case, cells[:1], "confirm", after=whole["sequence"])
    assert state(changes(client, case), cells[0])["reader"] == "reader"
    act(other, case, cells[:1], "call", "nuclear_spike", whole["sequence"] + 1)
    answer = act(client, case, cells[:1], "call", "pseudo_pelger", seen).json()
    assert state(answer, cells[0])["calls"] == ["pseudo_pelger", "nuclear_spike", "vacuole"]


def test_the_blinded_second_reader_sees_nothing_of_the_first(client, case, open_container):
    second, cell = add_user(open_container, "b", "Bea Blanc"), cells_of(client, case)[0]
    first_page = changes(client, case)
    act(client, case, [cell], "call", "vacuole")
    with open_container.transactions() as transaction:
        admin = transaction.users.by_name("reader")
        reader = Reader(
            admin,
            transaction.cases.get(UUID(case)),
            open_container.bundle,
            open_container.review_rule,
        )
        give_to_second_reader(transaction, reader, second, open_container.now())
    client.post(f"/cases/{case}/comments", data={"text": "Secret of the first", "cell_id": cell})
    other = other_client(client, "b")
    hidden = changes(other, case)
    assert hidden["cells"] == []
    assert hidden["others"] == []
    assert hidden["reading"] == Reading.SECOND.value
    assert hidden["sequence"] == 0
    assert hidden["numbers"]["labels"] == first_page["numbers"]["labels"]
    for path in (f"/cases/{case}", f"/cases/{case}/gallery", f"/cases/{case}/cells/{cell}"):
        page = other.get(path)
        assert page.status_code == 200
        assert "Secret of the first" not in page.text
        assert "Nuclear spikes: yes" not in page.text
    mine = act(other, case, [cell], "call", "pseudo_pelger").json()
    # One event of the own hand, whatever the first reader has done.
    assert mine["sequence"] == 1
    assert [item["id"] for item in changes(other, case, 0)["cells"]] == [cell]
    assert changes(other, case, 1)["cells"] == []
    assert state(mine, cell)["reader"] == "Bea Blanc"
    # And the first reader sees nothing of the second's.
    assert "Bea" not in str(changes(client, case, 1))
    assert "Bea" not in client.get(f"/cases/{case}/cells/{cell}").text


def finish(client, case):
    return client.post(f"/cases/{case}/readers/finish", follow_redirects=False)


def confirm_all(client, case):
    act(client, case, cells_of(client, case), "confirm")


def test_a_reading_is_finished_only_when_nothing_is_left(client, case):
    cells = cells_of(client, case)
    left = changes(client, case)["numbers"]["left_count"]
    assert finish(client, case).status_code == (409 if left else 303)
    confirm_all(client, case)
    assert changes(client, case)["numbers"]["left_count"] == 0
    assert finish(client, case).headers["location"] == f"/cases/{case}/readers"
    page = client.get(f"/cases/{case}/gallery").text
    assert "The review is finished." in page
    assert act(client, case, cells[:1], "exclude").status_code == 200


def test_a_signed_case_refuses_and_says_why(client, case, open_container):
    confirm_all(client, case)
    with open_container.transactions() as transaction:
        reader = Reader(
            transaction.users.by_name("reader"),
            transaction.cases.get(UUID(case)),
            open_container.bundle,
            open_container.review_rule,
        )
        last = transaction.reviews.last_sequence(UUID(case))
        sign(transaction, reader, last, open_container.now())
    refused = act(client, case, cells_of(client, case)[:1], "exclude")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert "signed" in refused.json()["detail"]
    page = client.get(f"/cases/{case}/gallery").text
    assert 'data-closed="yes"' in page
    assert "The case is signed." in client.get(f"/cases/{case}").text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"cells": [], "act": "confirm"}, 422),
        ({"cells": [str(uuid7())], "act": "confirm"}, 404),
        ({"cells": [str(uuid7())], "act": "call"}, 422),
        ({"cells": [str(uuid7())], "act": "undo"}, 422),
        ({"cells": ["x"], "act": "confirm"}, 422),
    ],
)
def test_what_makes_no_sense_is_refused_in_json(client, case, sent, status):
    refused = client.post(
        f"/cases/{case}/gallery/acts", json=sent, headers={"Accept": "application/json"}
    )
    assert refused.status_code == status
    assert refused.json()["status"] == status


def test_another_sites_page_decides_nothing(client, case):
    client.auth = None
    client.post("/sign-in", data={"name": "reader", "password": ADMIN_PASSWORD})
    cell = uuid7()
    refused = client.post(
        f"/cases/{case}/gallery/acts",
        json={"cells": [str(cell)], "act": "confirm"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert refused.status_code == 403


def test_the_groups_hold_every_cell_and_are_sorted_anew(client, case):
    cells = cells_of(client, case)
    act(client, case, cells[:1], "exclude")
    for order in ("look", "probability", "number"):
        html = client.get(
            f"/cases/{case}/gallery?order={order}", headers={"HX-Request": "true"}
        ).text
        assert "<html" not in html
        assert set(re.findall(r'data-cell="([^"]+)"', html)) == set(cells)
    numbers = [int(n) for n in re.findall(r"</span>(\d+)</b>", html)]
    groups = re.split(r'id="group-', html)[1:]
    assert len(numbers) >= len(cells)
    for group in groups:
        found = [int(n) for n in re.findall(r"</span>(\d+)</b>", group)]
        assert found == sorted(found)
    assert client.get(f"/cases/{case}/gallery?order=chance").status_code == 422


def test_comments_on_a_case_and_a_cell_are_kept_apart(client, case):
    cell = cells_of(client, case)[0]
    client.post(f"/cases/{case}/comments", data={"text": "About <b>all</b>"})
    html = client.post(
        f"/cases/{case}/comments",
        data={"text": "About one", "cell_id": cell},
        headers={"HX-Request": "true"},
    ).text
    assert "About one" in html
    assert "About &lt;b&gt;all" not in html
    assert "About &lt;b&gt;all&lt;/b&gt;" in client.get(f"/cases/{case}").text
    assert "About one" not in client.get(f"/cases/{case}").text
    assert client.post(f"/cases/{case}/comments", data={"text": "  "}).status_code == 422


def test_the_history_of_a_cell_says_who_did_what(client, case):
    cell = cells_of(client, case)[0]
    act(client, case, [cell], "call", "vacuole")
    undo(client, case)
    html = client.get(f"/cases/{case}/cells/{cell}").text
    assert "Vacuoles: yes" in html
    assert "took back" in html


@pytest.mark.parametrize("subject", ["pseudo_pelger", "nuclear_spike", "normal"])
def test_reference_pictures_are_drawn(steady_client, subject):
    picture = steady_client.get(f"/reference/{subject}.png?number=1")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content[:4] == b"\x89PNG"
    assert steady_client.get(f"/reference/{subject}.png?number=9").status_code == 404
    assert steady_client.get("/reference/other.png").status_code == 404
