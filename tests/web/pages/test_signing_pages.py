"""Signing, amending, comparing and writing the interpretation, through the pages."""

import re
from dataclasses import replace
from html import unescape

import pytest
from pwdlib import PasswordHash
from sqlalchemy import text

from app.domain.abnormality import Abnormality
from app.domain.review import Act
from app.domain.signing import MOST_VERSIONS
from app.services.reviewing import finish, relabel
from app.services.second_reading import give_to_second_reader
from tests.interchange.hl7_messages import make_placed
from tests.services.reading_room import LATER, open_room

PASSWORD = "a long enough passphrase"
HASH = PasswordHash.recommended().hash(PASSWORD)
ANN, BOB = ("ann", PASSWORD), ("bob", PASSWORD)
VACUOLE = Abnormality.VACUOLE


@pytest.fixture
def room(idle_client, open_container):
    """Six cells, of which the first shows vacuoles; Ann and Bob may sign in."""
    return open_to_people(open_room(open_container, shown=[{VACUOLE}]))


def open_to_people(room):
    with room.container.transactions() as transaction:
        for user in (room.ann, room.bob):
            transaction.users.set_password_hash(user.id, HASH)
    return room


def words(response, status=200):
    assert response.status_code == status, response.text[:400]
    body = re.sub(r"<[^>]+>", " ", response.text)
    return " ".join(unescape(body).split())


def field(response, name):
    return re.search(rf'name="{name}"\s+value="([^"]*)"', response.text)[1]


def at(room, path=""):
    return f"/cases/{room.case.id}{path}"


def sign_form(client, room, auth=ANN, **changes):
    form = client.get(at(room, "/sign"), auth=auth)
    names = ("seen_sequence", "seen_digest")
    return {**{name: field(form, name) for name in names}, "password": PASSWORD, **changes}


def signed(client, room, auth=ANN, **changes):
    data = sign_form(client, room, auth, **changes)
    return client.post(at(room, "/sign"), data=data, auth=auth, follow_redirects=False)


def act(room, user, ordinals, kind, label=None):
    with room.container.transactions() as transaction:
        relabel(transaction, room.reader(user), room.ids(*ordinals), kind, label, LATER)


def amended(client, room, reason, auth=BOB):
    response = client.post(
        at(room, "/amend"), data={"reason": reason}, auth=auth, follow_redirects=False
    )
    assert response.headers["location"] == at(room, "/report")


def test_it_says_what_is_missing_and_where_to_mend_it(idle_client, open_container):
    room = open_to_people(open_room(open_container, unsure={2: 0.6, 3: 0.4}))
    page = idle_client.get(at(room, "/sign"), auth=ANN)
    assert "2 cells of low confidence are not reviewed." in words(page)
    assert f'href="{at(room)}/gallery"' in page.text
    assert 'type="password"' not in page.text
    data = {"seen_sequence": 0, "seen_digest": "none", "password": PASSWORD}
    refused = idle_client.post(at(room, "/sign"), data=data, auth=ANN)
    assert "cannot be signed yet" in words(refused, 409)


def test_a_cancelled_case_says_so_and_offers_nothing_that_would_be_refused(idle_client, room):
    offers = [at(room, path) for path in ("/sign", "/report/interpretation", "/reclassify")]
    report = idle_client.get(at(room, "/report"), auth=ANN).text
    assert all(offer in report for offer in offers)
    assert "/upload.js" in idle_client.get(at(room), auth=ANN).text
    with room.container.transactions() as transaction:
        placed = replace(make_placed(), cancelled_at=LATER)
        transaction.orders.put(room.case.id, placed)
    for page in ("", "/gallery", "/readers", "/report", "/sign"):
        assert "has cancelled the order" in words(idle_client.get(at(room, page), auth=ANN)), page
    report = idle_client.get(at(room, "/report"), auth=ANN).text
    assert "Cancelled: not signed" in report
    assert not any(offer in report for offer in offers)
    assert 'data-closed="yes"' in idle_client.get(at(room, "/gallery"), auth=ANN).text
    assert "/upload.js" not in idle_client.get(at(room), auth=ANN).text
    readers = idle_client.get(at(room, "/readers"), auth=ANN).text
    assert not re.findall(r'action="[^"]*/readers/', readers)
    again = idle_client.get(at(room, "/reclassify"), auth=ANN)
    assert "has cancelled the order" in words(again, 409)


def test_a_wrong_password_signs_nothing(idle_client, room):
    response = signed(idle_client, room, password="guessed")
    assert "The password is wrong. Nothing was signed." in words(response, 401)
    assert response.headers["www-authenticate"].startswith("Form")
    assert "Draft: not signed" in words(idle_client.get(at(room, "/report"), auth=ANN))


def test_after_a_wrong_password_nothing_is_signed_that_changed_meanwhile(idle_client, room):
    data = sign_form(idle_client, room, password="guessed")
    act(room, room.bob, [1], Act.NORMAL)
    form = idle_client.post(at(room, "/sign"), data=data, auth=ANN)
    assert form.status_code == 401
    again = {name: field(form, name) for name in ("seen_sequence", "seen_digest")}
    data = {**again, "password": PASSWORD}
    response = idle_client.post(at(room, "/sign"), data=data, auth=ANN)
    assert "Cells were changed since you opened this page" in words(response, 409)


def test_passwords_are_guessed_no_more_often_than_at_sign_in(idle_client, room):
    data = sign_form(idle_client, room, password="guessed")
    for _ in range(10):
        assert idle_client.post(at(room, "/sign"), data=data, auth=ANN).status_code == 401
    data["password"] = PASSWORD
    response = idle_client.post(at(room, "/sign"), data=data, auth=ANN)
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0


def test_a_signature_leads_to_the_version_with_all_that_it_must_show(idle_client, room):
    response = signed(idle_client, room)
    assert response.status_code == 303
    assert response.headers["location"] == at(room, "/report/versions/1")
    shown = words(idle_client.get(response.headers["location"], auth=BOB))
    assert "Signed. Version 1 of 1" in shown
    assert "Dr Ann" in shown
    assert "Reviewed the cells and approves this report" in shown
    with room.container.transactions() as transaction:
        assert transaction.versions.get(room.case.id, 1).sha256 in shown
    # The version that holds is also where another one is begun.
    current = words(idle_client.get(at(room, "/report"), auth=BOB))
    assert current.replace(" Have it classified by another bundle", "") == shown


def test_nobody_signs_another_report_than_the_one_on_the_screen(idle_client, room):
    data = sign_form(idle_client, room)
    words_of = {"text": "Compatible with VEXAS.", "seen": ""}
    idle_client.post(at(room, "/report/interpretation"), data=words_of, auth=BOB)
    response = idle_client.post(at(room, "/sign"), data=data, auth=ANN)
    assert "The report has changed since you opened this page" in words(response, 409)
    assert "Compatible with VEXAS." in words(response, 409)
    data = sign_form(idle_client, room)
    act(room, room.bob, [1], Act.NORMAL)
    response = idle_client.post(at(room, "/sign"), data=data, auth=ANN)
    assert "Cells were changed since you opened this page" in words(response, 409)


def test_an_amendment_leaves_the_version_before_as_it_was(idle_client, room):
    signed(idle_client, room)
    before = words(idle_client.get(at(room, "/report/versions/1"), auth=ANN))
    empty = idle_client.post(at(room, "/amend"), data={"reason": "  "}, auth=BOB)
    assert "The text is empty" in words(empty, 422)
    amended(idle_client, room, "Cell 1 is an artefact")
    shown = words(idle_client.get(at(room, "/report"), auth=ANN))
    assert "Draft of an amendment: not signed" in shown
    assert "opened by Dr Bob. Reason: Cell 1 is an artefact" in shown
    act(room, room.bob, [1], Act.EXCLUDE)
    draft = words(idle_client.get(at(room, "/report/differences?from=1"), auth=BOB))
    assert "Vacuoles Left out by the reader" in draft
    assert signed(idle_client, room, BOB).headers["location"].endswith("/versions/2")
    after = words(idle_client.get(at(room, "/report/versions/2"), auth=ANN))
    assert "Amended the report and approves this version" in after
    assert "Reason of the amendment: Cell 1 is an artefact" in after
    assert "5 PMN counted of 6" in after
    first = words(idle_client.get(at(room, "/report/versions/1"), auth=ANN))
    assert "Replaced. Version 1 of 2" in first
    assert "6 PMN counted of 6" in first
    assert before.count("1 of 6, 16.7") == first.count("1 of 6, 16.7")


def test_differences_show_numbers_and_cells_before_and_after(idle_client, room):
    signed(idle_client, room)
    amended(idle_client, room, "Second look")
    act(room, room.bob, [2], Act.CALL, VACUOLE)
    signed(idle_client, room, BOB)
    shown = words(idle_client.get(at(room, "/report/differences?from=1&to=2"), auth=ANN))
    assert re.search(r"Vacuoles ≠ changed 1 of 6, 16\.7.* 2 of 6, 33\.3", shown)
    assert re.search(r"PMN counted 6 6", shown)
    assert re.search(r"2 Normal Vacuoles", shown)
    versions = words(idle_client.get(at(room, "/report/versions"), auth=ANN))
    assert versions.index("Version 2 of 2") < versions.index("Version 1 of 2")
    assert "Reason of the amendment: Second look" in versions


@pytest.mark.parametrize(
    ("column", "value"),
    [("content", "{}"), ("printed_name", "Dr Eve"), ("account_name", "eve"), ("reason", "None")],
)
def test_a_changed_record_is_not_shown(idle_client, room, column, value):
    signed(idle_client, room)
    with room.container.engine.begin() as connection:
        connection.execute(text(f"UPDATE report_versions SET {column} = :value"), {"value": value})
    for path in ("/report", "/report/versions/1"):
        assert idle_client.get(at(room, path), auth=ANN).status_code == 500
    api = idle_client.get(f"/api/v1/cases/{room.case.id}/findings.csv", auth=ANN)
    assert api.status_code == 500
    assert "Restore the database" in words(idle_client.get(at(room, "/report/versions"), auth=ANN))


def test_the_blinded_second_reader_sees_no_version_and_signs_nothing(idle_client, room):
    act(room, room.ann, [1], Act.EXCLUDE)
    signed(idle_client, room)
    amended(idle_client, room, "For a second pair of eyes", ANN)
    with room.container.transactions() as transaction:
        give_to_second_reader(transaction, room.reader(room.ann), room.bob, LATER)
    texts = {"text": "Marker of the first reader", "seen": ""}
    idle_client.post(at(room, "/report/interpretation"), data=texts, auth=ANN)
    report = words(idle_client.get(at(room, "/report"), auth=BOB))
    for hidden in ("Marker", "second pair of eyes", "Left out by the reader 1", "≠"):
        assert hidden not in report
    assert "this is your own reading" in report
    assert "6 PMN counted of 6" in report
    api = f"/api/v1/cases/{room.case.id}"
    for path in (
        at(room, "/sign"),
        at(room, "/amend"),
        at(room, "/report/versions"),
        at(room, "/report/versions/1"),
        at(room, "/report/differences?from=1"),
        f"{api}/versions",
        f"{api}/report?version=1",
        f"{api}/report.pdf?version=1",
        f"{api}/findings.csv?version=1",
        f"{api}/findings.json?version=1",
    ):
        response = idle_client.get(path, auth=BOB)
        assert response.status_code == 403, path
        assert "Marker" not in response.text
    data = {"seen_sequence": 1, "seen_digest": "none", "password": PASSWORD}
    assert idle_client.post(at(room, "/sign"), data=data, auth=BOB).status_code == 403
    written = idle_client.post(at(room, "/report/interpretation"), data=texts, auth=BOB)
    assert written.status_code == 403


def test_both_readings_must_be_finished_before_the_first_reader_signs(idle_client, room):
    act(room, room.ann, [1], Act.CONFIRM)
    with room.container.transactions() as transaction:
        give_to_second_reader(transaction, room.reader(room.ann), room.bob, LATER)
    page = words(idle_client.get(at(room, "/sign"), auth=ANN))
    assert "The first reading is not finished. Readers of the case" in page
    act(room, room.bob, [1], Act.CONFIRM)
    with room.container.transactions() as transaction:
        finish(transaction, room.reader(room.ann), LATER)
        finish(transaction, room.reader(room.bob), LATER)
    assert signed(idle_client, room).status_code == 303


def test_what_was_typed_is_shown_beside_what_somebody_else_wrote(idle_client, room):
    path = at(room, "/report/interpretation")
    kept = idle_client.post(
        path, data={"text": "Mine\r\nlonger", "seen": ""}, auth=ANN, follow_redirects=False
    )
    assert kept.headers["location"] == at(room, "/report#interpretation")
    page = idle_client.get(at(room, "/report"), auth=ANN)
    assert "Mine longer Dr Ann," in words(page)
    late = idle_client.post(path, data={"text": "His", "seen": ""}, auth=BOB)
    assert "The interpretation has been changed since you opened it." in words(late, 409)
    assert "Mine longer Dr Ann" in words(late, 409)
    assert ">His</textarea>" in late.text
    again = {"text": "His", "seen": field(late, "seen")}
    assert idle_client.post(path, data=again, auth=BOB, follow_redirects=False).status_code == 303
    long = idle_client.post(path, data={"text": "x" * 4001, "seen": again["seen"]}, auth=BOB)
    assert long.status_code == 422 or "changed" in words(long, 409)
    assert f">{'x' * 4001}</textarea>" in long.text
    signed(idle_client, room)
    closed = idle_client.post(path, data={"text": "Late", "seen": ""}, auth=ANN)
    assert "The case is signed." in words(closed, 409)


def test_the_report_tells_the_readers_numbers_from_the_classifiers(idle_client, room):
    assert "No reader has looked at a cell" in words(idle_client.get(at(room, "/report"), auth=ANN))
    act(room, room.ann, [1], Act.NORMAL)
    act(room, room.ann, [2], Act.CONFIRM)
    shown = words(idle_client.get(at(room, "/report"), auth=ANN))
    assert "2 of 6 cells were looked at by a reader." in shown
    assert "1 is held for something else than by the classifier." in shown
    assert "Dr Ann (2 cells)" in shown
    assert re.search(r"Vacuoles 0 of 6, 0\.0.* ≠ changed 1 of 6, 16\.7", shown)
    assert "Where a reader has looked at a cell" in shown


@pytest.mark.parametrize("path", ["/report/versions/2", "/report/differences?from=1&to=7"])
def test_a_version_that_is_not_there_is_not_found(idle_client, room, path):
    signed(idle_client, room)
    assert idle_client.get(at(room, path), auth=ANN).status_code == 404
    for number in (0, MOST_VERSIONS + 1):
        wrong = idle_client.get(at(room, f"/report/versions/{number}"), auth=ANN)
        assert wrong.status_code == 422
