"""The PDF over the API, from an upload to a file."""

from io import BytesIO

from fastapi.testclient import TestClient
from pypdf import PdfReader

from app.domain.abnormality import Abnormality
from app.services.signing import sign
from app.web.app import create_app
from tests.accounts import add_accounts
from tests.images import cell_png
from tests.services.reading_room import LATER as SIGNED_AT
from tests.services.reading_room import open_room
from tests.web.api.test_cases import NEW, is_problem
from tests.web.conftest import CREDENTIALS

FRENCH = {"Accept-Language": "fr"}


def pdf_of(response):
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/pdf"
    return PdfReader(BytesIO(response.content))


def test_a_case_is_printed_in_the_language_of_the_request(client):
    case = client.post("/api/v1/cases", json=NEW).json()["id"]
    files = [("files", (f"{seed}.png", cell_png(seed), "image/png")) for seed in range(3)]
    sent = client.post(f"/api/v1/cases/{case}/cells", params={"wait": 60}, files=files)
    assert sent.status_code == 200
    path = f"/api/v1/cases/{case}/report.pdf"
    english, french = client.get(path), client.get(path, headers=FRENCH)
    assert "Screening report" in pdf_of(english).pages[0].extract_text()
    assert "Compte rendu de dépistage" in pdf_of(french).pages[0].extract_text()
    assert pdf_of(french).metadata.title == "Compte rendu A-1"
    assert pdf_of(french).trailer["/Root"]["/Lang"] == "fr"


def test_the_file_name_has_no_patient_in_it_and_no_cache_keeps_it(idle_client):
    case = idle_client.post("/api/v1/cases", json=NEW).json()["id"]
    response = idle_client.get(f"/api/v1/cases/{case}/report.pdf")
    assert pdf_of(response).metadata.title == "Report A-1"
    disposition = response.headers["content-disposition"]
    assert disposition == f'inline; filename="vexascope-report-{case}.pdf"'
    assert response.headers["cache-control"] == "no-store"


def test_the_report_page_links_to_it(idle_client):
    case = idle_client.post("/api/v1/cases", json=NEW).json()["id"]
    html = idle_client.get(f"/cases/{case}/report").text
    assert f'href="/api/v1/cases/{case}/report.pdf"' in html


def test_a_signed_version_stays_as_it_was_signed(container):
    room = open_room(container, shown=[{Abnormality.VACUOLE}])
    add_accounts(container)
    with container.transactions() as transaction:
        last = transaction.reviews.last_sequence(room.case.id)
        sign(transaction, room.reader(room.ann), last, SIGNED_AT)
    with TestClient(create_app(container)) as client:
        client.auth = CREDENTIALS
        path = f"/api/v1/cases/{room.case.id}/report.pdf"
        first = client.get(path, params={"version": 1})
        is_problem(client.get(path, params={"version": 2}), 404)
        is_problem(client.get(path, params={"version": 0}), 422, "version")
    assert pdf_of(first).metadata.creation_date == SIGNED_AT
    assert f"{room.case.id}-v1.pdf" in first.headers["content-disposition"]


def test_an_unknown_case_has_no_pdf(idle_client):
    unknown = "0190a000-0000-7000-8000-000000000000"
    is_problem(idle_client.get(f"/api/v1/cases/{unknown}/report.pdf"), 404)
