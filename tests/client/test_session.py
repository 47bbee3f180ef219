"""The typed client against a real server."""

import json
import zipfile
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from uuid_utils.compat import uuid7

from app.client import (
    ClinicalContext,
    Conflict,
    Failed,
    NotAllowed,
    NotFound,
    NotSignedIn,
    NotUnderstood,
    NotValid,
    Problem,
    Redirected,
    Retries,
    TimedOut,
    TooLarge,
    TooManyRequests,
    Unreachable,
    Vexascope,
    VexascopeClientError,
)
from app.client.sending import MIB
from tests.client.conftest import QUICK, administrator
from tests.client.relay import BreakingRelay
from tests.conftest import free_port
from tests.factories import NOW
from tests.images import cell_jpeg, zipped

pytestmark = pytest.mark.xdist_group("client")


@pytest.fixture
def folder(tmp_path):
    """Seven cells in folders and a ZIP, what is no cell, and what is no image."""
    inner = tmp_path / "smear" / "one"
    inner.mkdir(parents=True)
    (tmp_path / "smear" / "1.JPG").write_bytes(cell_jpeg(1))
    (inner / "1.jpg").write_bytes(cell_jpeg(2))
    (inner / "2.jpg").write_bytes(cell_jpeg(3))
    (tmp_path / "smear" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "smear" / "notes.txt").write_bytes(b"not sent")
    (tmp_path / "smear" / "._1.jpg").write_bytes(b"not sent")
    archive = {f"{seed}.jpg": cell_jpeg(seed) for seed in range(4, 8)} | {"letter.jpg": b"Dear"}
    (tmp_path / "smear" / "cells.zip").write_bytes(zipped(archive))
    return tmp_path / "smear"


def test_from_opening_a_case_to_its_report(lab, folder, number):
    case = lab.open_case(number, "P-1", context=ClinicalContext(age_years=71, mcv_fl=108))
    told = []
    sent = lab.send(case.id, [folder], progress=told.append)
    assert sent.accepted_count == 7
    assert {(item.file, item.reason) for item in sent.refused} == {
        (str(folder / "broken.png"), "not_an_image"),
        (f"{folder / 'cells.zip'}/letter.jpg", "not_an_image"),
    }
    assert [told[0].sent_files, told[-1].sent_files, told[-1].all_files] == [0, 5, 5]
    assert told[-1].sent_bytes == told[-1].all_bytes > 0
    done = lab.wait(case.id, 60)
    assert (done.progress.cell_count, done.progress.pending_count) == (7, 0)
    report = lab.report(case.id)
    assert "Research use only" in report.notice or "research use" in report.notice.lower()
    assert report.complete
    assert {line.label for line in report.abnormalities} >= {"vacuole", "nuclear_spike"}
    assert report.content["rule"]["name"]
    assert len(lab.cells(case.id)) == 7
    assert lab.report_pdf(case.id, language="fr").startswith(b"%PDF-")
    assert lab.versions(case.id) == []


def test_events_tell_how_far_a_case_is_until_it_is_done(lab, folder, number):
    case = lab.open_case(number, "P-1")
    lab.send(case.id, [folder])
    seen = list(lab.events(case.id))
    assert [event.name for event in seen][-1] == "done"
    assert seen[-1].data["cell_count"] == 7
    assert seen[-1].data["pending_count"] == 0
    assert list(lab.events(case.id, after=seen[-1].id)) == []


def test_what_happened_since_is_asked_for(lab, folder, number):
    place = lab.happenings(since=datetime.now(UTC) + timedelta(days=1)).next_cursor
    case = lab.open_case(number, "P-1")
    lab.send(case.id, [folder / "1.JPG"])
    lab.wait(case.id)
    found = lab.happenings(place, wait_s=10)
    [item] = [item for item in found.items if item.case_id == case.id]
    assert (item.type, item.version) == ("classified", None)
    assert lab.happenings(found.next_cursor).items == ()


def test_sending_again_doubles_nothing(lab, folder, number):
    case = lab.open_case(number, "P-1")
    lab.send(case.id, [folder])
    again = lab.send(case.id, [folder])
    assert again.accepted_count == 0
    assert len(again.duplicates) == 7
    assert lab.case(case.id).progress.cell_count == 7


def test_an_answer_that_is_lost_twice_is_asked_for_again(server, key, lab, folder, number):
    case = lab.open_case(number, "P-1")
    relay = BreakingRelay(server.port, breaks=2)
    with Vexascope(relay.url, key, retries=QUICK) as shaky:
        sent = shaky.send(case.id, [folder])
    relay.close()
    assert relay.lost == 2
    # Under the same Idempotency-Key the third answer is the first one.
    assert (sent.accepted_count, sent.duplicates) == (7, [])
    assert lab.case(case.id).progress.cell_count == 7


def test_a_case_whose_answer_is_lost_is_opened_once(server, key, lab, number):
    relay = BreakingRelay(server.port, breaks=1)
    with Vexascope(relay.url, key, retries=QUICK) as shaky:
        case = shaky.open_case(number, "P-1")
    relay.close()
    assert relay.lost == 1
    assert lab.find_case(number) == case


def test_a_case_is_found_by_its_accession_number(lab, number):
    assert lab.find_case(number) is None
    case = lab.open_case(number, "P-1")
    assert lab.find_case(number) == case
    assert lab.find_case(number[:-1]) is None
    assert lab.find_case(number.upper()) is None


def test_what_the_server_refuses_is_told_apart(server, lab, number, folder):
    case = lab.open_case(number, "P-1")
    with pytest.raises(Conflict, match="accession number") as taken:
        lab.open_case(number, "P-2")
    assert taken.value.request_id
    with pytest.raises(NotFound):
        lab.report("0190a000-0000-7000-8000-000000000000")
    with pytest.raises(NotFound):
        lab.report(case.id, version=3)
    with pytest.raises(NotValid) as wrong:
        lab.open_case("", "P-1")
    assert "accession_number" in wrong.value.fields
    with pytest.raises(FileNotFoundError), Vexascope(server.url, "x") as other:
        other.send(case.id, [folder / "absent"])
    with pytest.raises(NotSignedIn), Vexascope(server.url, "vxk_no") as other:
        other.case(case.id)


def test_a_missing_scope_is_named(server, number):
    with administrator(server) as admin:
        new = {"name": number[:50], "scopes": ["cells:write"]}
        made = admin.post("/api/v1/clients", json=new).json()
    with Vexascope(server.url, made["key"]) as sender, pytest.raises(NotAllowed, match="cases:wri"):
        sender.open_case(number, "P-1")


def test_a_server_that_is_away_is_asked_as_often_as_was_said(number):
    with (
        Vexascope(f"http://127.0.0.1:{free_port()}", "k", retries=QUICK) as lab,
        pytest.raises(Unreachable, match="does not answer"),
    ):
        lab.open_case(number, "P-1")


def answering(*statuses):
    """A transport that answers with each status in turn, and the keys that it was asked with."""
    keys, rest = [], list(statuses)

    def answer(request):
        keys.append(request.headers.get("idempotency-key"))
        status = rest.pop(0)
        problem = {"title": "T", "detail": "D"}
        problem["code"] = "idempotency-key-in-use" if status == 409 else ""
        kind = {"content-type": "application/problem+json", "retry-after": "0"}
        return httpx.Response(status, headers=kind, content=json.dumps(problem))

    return httpx.MockTransport(answer), keys


@pytest.mark.parametrize(
    ("status", "error"), [(429, TooManyRequests), (503, Failed), (409, Conflict)]
)
def test_what_passes_is_waited_for_under_one_key(status, error):
    transport, keys = answering(status, status, 404)
    with (
        Vexascope("http://lab", "k", retries=QUICK, transport=transport) as lab,
        pytest.raises(NotFound),
    ):
        lab.open_case("A", "P")
    assert len(keys) == 3
    assert len(set(keys)) == 1
    transport, keys = answering(status, status)
    with (
        Vexascope("http://lab", "k", retries=Retries(2, 0), transport=transport) as lab,
        pytest.raises(error),
    ):
        lab.open_case("A", "P")


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422, 500])
def test_what_will_not_pass_is_not_asked_again(status):
    transport, keys = answering(status, 200)
    with (
        Vexascope("http://lab", "k", retries=QUICK, transport=transport) as lab,
        pytest.raises(Exception, match="T: D"),
    ):
        lab.open_case("A", "P")
    assert len(keys) == 1


def test_waiting_ends(number):
    case = {"id": str(uuid7()), "patient_id": str(uuid7()), "patient_identifier": "P"}
    case |= {"accession_number": number, "patient_name": None, "created_at": NOW.isoformat()}
    case["progress"] = dict.fromkeys(
        ("cell_count", "classified_count", "failed_count", "pending_count"), 3
    )
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=case))
    with (
        Vexascope("http://lab", "k", transport=transport) as lab,
        pytest.raises(TimedOut, match="3 cells still wait"),
    ):
        lab.wait(case["id"], 0.5)


def replying(status, kind, content, **headers):
    """A connection to something else than this server."""
    headers = {"content-type": kind, **headers}
    return httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, content=content))


@pytest.mark.parametrize(
    ("transport", "error", "said"),
    [
        (replying(301, "", b"", location="https://lab.example/x"), Redirected, "https://lab.exa"),
        (replying(200, "text/html", b"<h1>Sign in</h1>"), NotUnderstood, "sign in at"),
        (replying(200, "application/json", b'{"name": "P-0042"}'), NotUnderstood, "not one of"),
        (replying(200, "application/json", b"{"), NotUnderstood, "not one of"),
        (replying(400, "application/json", b'{"errors": ["a"]}'), Problem, "Bad Request"),
        (
            replying(422, "application/problem+json", b'{"errors": ["a"], "refused": ["b"]}'),
            NotValid,
            "Unprocessable",
        ),
    ],
)
def test_what_is_no_answer_of_this_server_is_said_so(transport, error, said):
    with Vexascope("http://lab", "k", retries=QUICK, transport=transport) as lab:
        for ask in (lambda: lab.open_case("A", "P"), lambda: lab.find_case("A")):
            with pytest.raises(error, match=said) as caught:
                ask()
            assert "P-0042" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("lab.example:8000", "k", "https://"),
        ("http://[::1", "k", "no address"),
        ("ftp://lab.example", "k", "no address"),
        ("https://lab.example", "vxk_é", "key"),
        ("https://lab.example", "vxk_a\nb", "key"),
        ("https://lab.example", " ", "key"),
    ],
)
def test_what_is_no_address_and_no_key_is_said_at_once(url, key, said):
    with pytest.raises(VexascopeClientError, match=said):
        Vexascope(url, key)


def test_all_cells_come_page_by_page(lab, folder, number, monkeypatch):
    case = lab.open_case(number, "P-1")
    lab.send(case.id, [folder])
    ask = lab._transport.get
    pages = []

    def few(path, params):
        pages.append(params)
        return ask(path, params={**params, "limit": 3})

    monkeypatch.setattr(lab._transport, "get", few)
    assert [cell.ordinal for cell in lab.cells(case.id)] == list(range(1, 8))
    assert len(pages) == 3


@pytest.mark.parametrize("is_told", [False, True])
def test_a_large_zip_goes_in_parts_that_change_no_name(lab, number, tmp_path, monkeypatch, is_told):
    """By what a batch holds, or as soon as the server says that it is too much."""
    archive = {f"slide {n}/{n}.jpg": cell_jpeg(n) for n in range(1, 6)} | {"letter.jpg": b"Dear"}
    path = tmp_path / "cells.zip"
    path.write_bytes(zipped(archive))
    if not is_told:
        monkeypatch.setattr("app.client.sending.MOST_BYTES", len(cell_jpeg(1)) * 5 // 2)
    case = lab.open_case(number, "P-1")
    sent, post = [], lab._transport.post

    def posting(url, *, files):
        [(_, (name, opened))] = files
        with zipfile.ZipFile(opened) as part:
            names = part.namelist()
        if is_told and len(names) > 2:
            raise TooLarge(413, "Too large", "Send less at once.")
        sent.append((name, names))
        return post(url, files=files)

    monkeypatch.setattr(lab._transport, "post", posting)
    delivered = lab.send(case.id, [path])
    assert (delivered.accepted_count, len(sent) > 1) == (5, True)
    assert {name for name, _ in sent} == {"cells.zip"}
    assert [inner for _, names in sent for inner in names] == list(archive)
    assert [item.file for item in delivered.refused] == [f"{path}/letter.jpg"]
    assert lab.send(case.id, [path]).duplicates == [
        f"{path}/{name}" for name in archive if name != "letter.jpg"
    ]


def test_what_is_too_large_alone_and_what_cannot_be_read_is_listed(lab, number, tmp_path):
    """And the rest is sent: one file of many stops nothing."""
    path = tmp_path / "cells.zip"
    path.write_bytes(zipped({"a.jpg": cell_jpeg(1), "b.jpg": cell_jpeg(2)}, zipfile.ZIP_STORED))
    content = path.read_bytes()
    at = content.index(cell_jpeg(2))
    path.write_bytes(content[: at + 50] + bytes(4) + content[at + 54 :])
    (tmp_path / "huge.jpg").write_bytes(b"x" * (3 * MIB))
    (tmp_path / "only" / "empty").mkdir(parents=True)
    (tmp_path / "only" / "empty" / "cells.zip").write_bytes(zipped({}))
    case = lab.open_case(number, "P-1")
    post = lab._transport.post

    def posting(url, *, files):
        opened = [file for _, (_, file) in files]
        zips = [zipfile.ZipFile(file) for file in opened if zipfile.is_zipfile(file)]
        size = sum(file.seek(0, 2) for file in opened)
        if size > 2 * MIB or any(len(part.namelist()) > 1 for part in zips):
            raise TooLarge(413, "Too large", "Send less at once.")
        return post(url, files=files)

    lab._transport.post = posting
    delivered = lab.send(case.id, [tmp_path])
    assert delivered.accepted_count == 1
    assert {(item.file, item.reason) for item in delivered.refused} == {
        (str(tmp_path / "huge.jpg"), "too_large"),
        (f"{path}/b.jpg", "cannot_be_read"),
        (str(tmp_path / "only" / "empty" / "cells.zip"), "empty"),
    }
