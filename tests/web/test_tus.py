"""Resumable uploads over HTTP, on both databases."""

import os
import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.case_state import CaseState
from app.domain.signing import Meaning, Signature, SignedVersion
from app.domain.user import User
from app.services.uploading import let_go
from app.web.app import create_app
from app.web.arrivals import sweep, take_in_complete
from tests import tus
from tests.images import cell_jpeg, cell_png, zipped
from tests.interchange.hl7_messages import make_placed
from tests.web.conftest import CREDENTIALS

WAIT_S = 60
PASSWORD = "another correct horse battery"


@pytest.fixture
def case(idle_client):
    return open_case(idle_client, "A-1")


def open_case(client, number):
    new = {"accession_number": number, "patient_identifier": f"P-{number}"}
    return client.post("/api/v1/cases", json=new).json()["id"]


def part_id(path):
    return path.rpartition("/")[2]


def delivered(client, upload):
    """The delivery, once it is taken in."""
    deadline = time.monotonic() + WAIT_S
    while (answer := client.get(f"/api/v1/uploads/{upload}")).status_code == 404:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer.json()


def stored(container, path):
    return container.settings.data_dir / "uploads" / part_id(path)


def test_tells_what_it_can(idle_client, case):
    answer = idle_client.options(f"/cases/{case}/uploads/tus")
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,expiration,termination"
    assert answer.headers["Tus-Max-Size"] == str(256 * 1024 * 1024)


def test_a_file_in_pieces_becomes_a_cell_and_the_file_is_gone(idle_client, case, open_container):
    content = cell_png()
    path = tus.begin(idle_client, case, "C:\\patients\\a.png", len(content))
    assert tus.offset(idle_client, path) == 0
    answer = tus.append(idle_client, path, 0, content[:1000])
    assert answer.status_code == 204
    assert answer.headers["Upload-Offset"] == "1000"
    answer = tus.head(idle_client, path)
    assert answer.headers["Upload-Offset"] == "1000"
    assert answer.headers["Upload-Length"] == str(len(content))
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Upload-Expires" in answer.headers
    assert stored(open_container, path).read_bytes() == content[:1000]
    assert tus.append(idle_client, path, 1000, content[1000:]).status_code == 204
    upload = delivered(idle_client, part_id(path))
    assert [cell["file"] for cell in upload["cells"]] == ["a.png"]
    with open_container.transactions() as transaction:
        assert transaction.parts.all_of(UUID(case)) == []
        recorded = transaction.cases.uploads_of(UUID(case))
    assert [(item.file_name, item.size_bytes) for item in recorded] == [("a.png", len(content))]
    # The client asks again where the last answer was lost.
    assert tus.offset(idle_client, path) == len(content)
    deadline = time.monotonic() + WAIT_S
    while stored(open_container, path).exists():
        assert time.monotonic() < deadline


def test_a_piece_at_another_offset_changes_nothing(idle_client, case, open_container):
    path = tus.begin(idle_client, case, "a.png", 100)
    assert tus.append(idle_client, path, 0, b"a" * 40).status_code == 204
    for wrong in (0, 39, 41, 100):
        assert tus.append(idle_client, path, wrong, b"b" * 10).status_code == 409
    assert tus.offset(idle_client, path) == 40
    assert stored(open_container, path).read_bytes() == b"a" * 40


def test_goes_on_after_a_process_that_wrote_more_than_it_noted(idle_client, case, open_container):
    content = cell_png()
    path = tus.begin(idle_client, case, "a.png", len(content))
    tus.append(idle_client, path, 0, content[:500])
    with stored(open_container, path).open("ab") as file:
        file.write(b"what a killed process had of the next piece")
    assert tus.offset(idle_client, path) == 500
    assert tus.append(idle_client, path, 500, content[500:]).status_code == 204
    assert delivered(idle_client, part_id(path))["accepted_count"] == 1


def test_no_more_is_kept_than_was_announced(idle_client, case, open_container):
    path = tus.begin(idle_client, case, "a.png", 10)
    answer = tus.append(idle_client, path, 0, b"a" * 11)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert stored(open_container, path).stat().st_size <= 10


def test_a_piece_is_at_most_eight_mebibytes(idle_client, case):
    path = tus.begin(idle_client, case, "a.zip", 20 * 1024 * 1024)
    assert tus.append(idle_client, path, 0, bytes(8 * 1024 * 1024 + 1)).status_code == 413
    assert tus.offset(idle_client, path) == 0
    assert tus.append(idle_client, path, 0, bytes(8 * 1024 * 1024)).status_code == 204
    assert tus.offset(idle_client, path) == 8 * 1024 * 1024


@pytest.mark.parametrize(("name", "mib"), [("large.png", 20), ("large.ZIP", 256)])
def test_what_is_too_large_is_refused_and_found_again(idle_client, case, open_container, name, mib):
    assert tus.create(idle_client, case, name, mib * 1024 * 1024).status_code == 201
    answer = tus.create(idle_client, case, name, mib * 1024 * 1024 + 1)
    assert answer.status_code == 413
    assert f"{mib} MiB" in answer.json()["detail"]
    with open_container.transactions() as transaction:
        uploads = transaction.cases.uploads_of(UUID(case))
    assert [(item.accepted_count, item.refused[0].reason) for item in uploads] == [
        (0, "too_many_bytes")
    ]


def test_nobody_else_reaches_an_upload_in_the_making(idle_client, case, open_container):
    path = tus.begin(idle_client, case, "a.png", 100)
    tus.append(idle_client, path, 0, b"a" * 40)
    other_case = path.replace(case, open_case(idle_client, "A-2"))
    with open_container.transactions() as transaction:
        stored_as = PasswordHash.recommended().hash(PASSWORD)
        other = User(uuid7(), "other", Role.ADMINISTRATOR, stored_as)
        transaction.users.add(other, open_container.now())
    for address, account in ((other_case, idle_client.auth), (path, ("other", PASSWORD))):
        client = TestClient(idle_client.app, raise_server_exceptions=False)
        client.auth = account
        assert tus.head(client, address).status_code == 404
        assert tus.append(client, address, 40, b"b" * 60).status_code == 404
        assert client.delete(address, headers=tus.VERSION).status_code == 404
    assert tus.offset(idle_client, path) == 40


def test_a_stranger_and_another_site_are_refused(idle_client, case):
    path = tus.begin(idle_client, case, "a.png", 100)
    idle_client.auth = None
    assert tus.create(idle_client, case, "a.png", 100).status_code == 401
    assert tus.head(idle_client, path).status_code == 401
    assert tus.append(idle_client, path, 0, b"a").status_code == 401
    form = {"name": CREDENTIALS[0], "password": CREDENTIALS[1]}
    idle_client.post("/sign-in", data=form)
    assert tus.append(idle_client, path, 0, b"a").status_code == 204
    foreign = {**tus.VERSION, "Sec-Fetch-Site": "cross-site"}
    assert idle_client.delete(path, headers=foreign).status_code == 403
    assert tus.offset(idle_client, path) == 1


def test_an_upload_may_be_given_up(idle_client, case, open_container):
    path = tus.begin(idle_client, case, "a.png", 100)
    assert idle_client.delete(path, headers=tus.VERSION).status_code == 204
    assert tus.head(idle_client, path).status_code == 404
    assert not stored(open_container, path).exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "10"}, 412),
        ({"Tus-Resumable": "0.2.2", "Upload-Length": "10"}, 412),
        (tus.VERSION, 422),
        ({**tus.VERSION, "Upload-Length": "-1"}, 422),
        ({**tus.VERSION, "Upload-Length": "ten"}, 422),
        ({**tus.VERSION, "Upload-Length": "9" * 30}, 422),
        ({**tus.VERSION, "Upload-Length": "10", "Upload-Metadata": "filename !!"}, 422),
        ({**tus.VERSION, "Upload-Length": "10", "Upload-Metadata": "filename /w=="}, 422),
    ],
)
def test_what_is_not_the_protocol_is_refused(idle_client, case, headers, status):
    assert idle_client.post(f"/cases/{case}/uploads/tus", headers=headers).status_code == status


def test_an_unknown_case_takes_no_upload(idle_client, case):
    assert tus.create(idle_client, part_id(f"/{case[:-4]}0000"), "a.png", 10).status_code == 404


def test_a_file_that_is_no_image_is_a_delivery_with_its_reason(idle_client, case):
    upload = delivered(idle_client, tus.send(idle_client, case, "letter.jpg", b"Dear colleague"))
    assert upload["accepted_count"] == 0
    assert [(item["file"], item["reason"]) for item in upload["refused"]] == [
        ("letter.jpg", "not_an_image")
    ]
    empty = delivered(idle_client, tus.send(idle_client, case, "empty.png", b""))
    assert [item["reason"] for item in empty["refused"]] == ["empty_file"]
    nothing = delivered(idle_client, tus.send(idle_client, case, "nothing.zip", zipped({})))
    assert [item["reason"] for item in nothing["refused"]] == ["empty_archive"]


def test_archives_and_images_together(idle_client, case):
    members = {f"{seed}.png": cell_png(seed) for seed in range(1, 6)} | {"a.txt": b"hello"}
    archive = delivered(idle_client, tus.send(idle_client, case, "cells.zip", zipped(members)))
    assert archive["accepted_count"] == 5
    assert [item["file"] for item in archive["refused"]] == ["cells.zip/a.txt"]
    again = delivered(idle_client, tus.send(idle_client, case, "again.png", cell_png(3)))
    assert (again["accepted_count"], again["duplicates"]) == (0, ["again.png"])


def test_many_files_share_jobs_and_are_numbered_once(open_container, idle_client, case):
    uploads = [
        tus.begin(idle_client, case, f"{seed}.jpg", len(cell_jpeg(seed))) for seed in range(70)
    ]
    for seed, path in enumerate(uploads):
        assert tus.append(idle_client, path, 0, cell_jpeg(seed)).status_code == 204
    for path in uploads:
        assert delivered(idle_client, part_id(path))["accepted_count"] == 1
    with open_container.transactions() as transaction:
        cells = transaction.cells.of_case(UUID(case))
    assert [cell.ordinal for cell in cells] == list(range(1, 71))


def test_complete_files_of_a_killed_server_are_taken_in_at_the_next_start(open_container):
    with TestClient(create_app(open_container)) as client:
        client.auth = CREDENTIALS
        case = open_case(client, "A-1")
    # Without its life no thread takes in what arrives: as if it had been killed right after.
    killed = TestClient(create_app(open_container))
    killed.auth = client.auth
    upload = tus.send(killed, case, "a.png", cell_png())
    with open_container.transactions() as transaction:
        assert [part.is_complete for part in transaction.parts.complete()] == [True]
        assert transaction.parts.cases_in_progress() == {UUID(case)}
        assert transaction.cases.uploads_of(UUID(case)) == []
    with TestClient(create_app(open_container)) as client:
        client.auth = killed.auth
        assert delivered(client, upload)["accepted_count"] == 1
    with open_container.transactions() as transaction:
        assert transaction.parts.cases_in_progress() == set()
    # And of two that are at it, or of one that is told twice, none does it again.
    take_in_complete(open_container, large=False)
    with open_container.transactions() as transaction:
        assert len(transaction.cells.of_case(UUID(case))) == 1


def test_what_nobody_went_on_with_is_let_go(open_container, monkeypatch):
    killed = TestClient(create_app(open_container))
    killed.auth = CREDENTIALS
    case = open_case(killed, "A-1")
    left = tus.begin(killed, case, "left.png", 100)
    tus.append(killed, left, 0, b"a" * 40)
    orphan = stored(open_container, left).with_name("0199f000-0000-7000-8000-000000000000")
    orphan.write_bytes(b"bytes that no row knows")
    sweep(open_container)
    assert tus.offset(killed, left) == 40
    assert orphan.exists()
    long_ago = (open_container.now() - timedelta(hours=25)).timestamp()
    os.utime(orphan, (long_ago, long_ago))
    with open_container.transactions() as transaction:
        transaction.parts.set_offset(
            UUID(part_id(left)), 40, open_container.now() - timedelta(hours=25)
        )
    sweep(open_container)
    assert tus.head(killed, left).status_code == 404
    assert not stored(open_container, left).exists()
    assert not orphan.exists()


def test_a_complete_file_whose_disk_is_lost_is_told_as_refused(open_container):
    killed = TestClient(create_app(open_container))
    killed.auth = CREDENTIALS
    case = open_case(killed, "A-1")
    upload = tus.send(killed, case, "a.png", cell_png())
    stored(open_container, f"/{upload}").unlink()
    take_in_complete(open_container, large=False)
    now = open_container.now()
    with open_container.transactions() as transaction:
        # Another server may have it, and be away over a weekend.
        assert let_go(transaction, now + timedelta(days=6), lambda _: False) == []
        [gone] = let_go(transaction, now + timedelta(days=8), lambda _: False)
        assert str(gone.id) == upload
        uploads = transaction.cases.uploads_of(UUID(case))
    assert [(item.refused[0].file, item.refused[0].reason) for item in uploads] == [
        ("a.png", "lost")
    ]


def test_a_complete_file_waits_for_its_server_however_long_it_was_away(open_container):
    killed = TestClient(create_app(open_container))
    killed.auth = CREDENTIALS
    case = open_case(killed, "A-1")
    upload = tus.send(killed, case, "a.png", cell_png())
    long_ago = open_container.now() - timedelta(days=9)
    with open_container.transactions() as transaction:
        size_bytes = transaction.parts.complete()[0].size_bytes
        transaction.parts.set_offset(UUID(upload), size_bytes, long_ago)
    sweep(open_container)
    take_in_complete(open_container, large=False)
    with open_container.transactions() as transaction:
        assert len(transaction.cells.of_case(UUID(case))) == 1


def test_the_worklist_says_that_a_case_is_uploading_until_nothing_is_left(open_container):
    killed = TestClient(create_app(open_container))
    killed.auth = CREDENTIALS
    case = open_case(killed, "A-1")

    def state():
        with open_container.transactions() as transaction:
            return transaction.worklist.get(UUID(case)).state

    assert state() is CaseState.EMPTY
    left = tus.begin(killed, case, "left.png", 100)
    tus.send(killed, case, "letter.png", b"Dear colleague")
    assert state() is CaseState.UPLOADING
    take_in_complete(open_container, large=False)
    assert state() is CaseState.UPLOADING
    assert killed.delete(left, headers=tus.VERSION).status_code == 204
    assert state() is CaseState.EMPTY


def test_a_signed_case_takes_no_images_by_any_way(open_container):
    killed = TestClient(create_app(open_container))
    killed.auth = CREDENTIALS
    case = open_case(killed, "A-1")
    on_its_way = tus.begin(killed, case, "late.png", len(cell_png()))
    version = SignedVersion(
        uuid7(),
        UUID(case),
        1,
        Signature(_administrator(open_container), "Dr A", open_container.now(), Meaning.REVIEWED),
        "{}",
        "0" * 64,
    )
    with open_container.transactions() as transaction:
        transaction.versions.add(version)
    assert tus.create(killed, case, "new.png", 100).status_code == 409
    sent = killed.post(f"/api/v1/cases/{case}/cells", files=[("files", ("a.png", cell_png()))])
    assert sent.status_code == 409
    assert "amendment" in sent.json()["detail"]
    tus.append(killed, on_its_way, 0, cell_png())
    take_in_complete(open_container, large=False)
    with open_container.transactions() as transaction:
        assert transaction.cells.of_case(UUID(case)) == []
        [upload] = transaction.cases.uploads_of(UUID(case))
    assert [(item.file, item.reason) for item in upload.refused] == [("late.png", "signed")]


def test_a_file_that_comes_after_a_cancellation_says_why_it_is_not_in(open_container):
    killed = TestClient(create_app(open_container))
    killed.auth = CREDENTIALS
    case = open_case(killed, "A-1")
    on_its_way = tus.begin(killed, case, "late.png", len(cell_png()))
    with open_container.transactions() as transaction:
        placed = replace(make_placed(), cancelled_at=open_container.now())
        transaction.orders.put(UUID(case), placed)
    tus.append(killed, on_its_way, 0, cell_png())
    take_in_complete(open_container, large=False)
    with open_container.transactions() as transaction:
        [upload] = transaction.cases.uploads_of(UUID(case))
    assert [(item.file, item.reason) for item in upload.refused] == [("late.png", "cancelled")]


def _administrator(container):
    with container.transactions() as transaction:
        return transaction.users.by_name("reader").id


def test_no_name_of_a_file_is_logged_or_in_a_path(idle_client, case, caplog, capsys):
    path = tus.begin(idle_client, case, "Ann Example.png", 100)
    tus.append(idle_client, path, 0, b"a" * 100)
    delivered(idle_client, part_id(path))
    said = capsys.readouterr()
    assert "Ann" not in path + caplog.text + said.out + said.err
