"""Everything that a careless or hostile sender may send; the server stays healthy."""

import io
import zipfile
from itertools import count

import numpy as np
import pytest
from PIL import Image

from tests.images import cell_jpeg, cell_png, encoded, png_header, zipped
from tests.web.api.test_cases import NEW, is_problem
from tests.web.api.test_cells import send

_numbers = count()


@pytest.fixture
def client(steady_client):
    return steady_client


@pytest.fixture
def case(client):
    new = {**NEW, "accession_number": f"BAD-{next(_numbers)}"}
    return client.post("/api/v1/cases", json=new).json()["id"]


def deep_png():
    return encoded(np.zeros((64, 64), np.uint16))


def tiff_pages():
    pages = [Image.open(io.BytesIO(cell_png(seed))) for seed in (1, 2)]
    stream = io.BytesIO()
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])
    return stream.getvalue()


def cmyk_jpeg():
    stream = io.BytesIO()
    Image.open(io.BytesIO(cell_png())).convert("CMYK").save(stream, "JPEG")
    return stream.getvalue()


BAD_FILES = {
    "empty": ("a.jpg", lambda: b"", "empty_file"),
    "text": ("a.jpg", lambda: b"this is no picture", "not_an_image"),
    "truncated": ("a.jpg", lambda: cell_jpeg()[:2000], "truncated"),
    "huge header": ("a.png", lambda: png_header(50_000, 50_000), "too_many_pixels"),
    "strip": ("a.png", lambda: png_header(16, 200_000), "odd_shape"),
    "two pages": ("a.tif", tiff_pages, "several_images"),
    "cmyk": ("a.jpg", cmyk_jpeg, "colour_mode"),
    "16 bit": ("a.png", deep_png, "colour_mode"),
    "traversal": ("a.zip", lambda: zipped({"../../x.png": cell_png()}), "unsafe_path"),
    "nested": ("a.zip", lambda: zipped({"b.zip": zipped({"c.png": cell_png()})}), "nested_archive"),
    "damaged zip": ("a.zip", lambda: zipped({"c.png": cell_png()})[:-30], "damaged_archive"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_refused_and_leaves_nothing(client, case, kind):
    name, make, reason = BAD_FILES[kind]
    body = is_problem(send(client, case, (name, make())), 422)
    assert [item["reason"] for item in body["refused"]] == [reason]
    assert body["refused"][0]["file"].startswith(name)
    assert client.get(f"/api/v1/cases/{case}/cells").json()["items"] == []
    assert client.get("/health/ready").status_code == 200


def test_a_bomb_is_refused(client, case):
    bomb = zipped({f"{i}.bmp": b"BM" + bytes(60_000_000) for i in range(3)})
    response = send(client, case, ("bomb.zip", bomb))
    assert response.status_code in {413, 422}
    assert response.headers["content-type"] == "application/problem+json"
    assert client.get(f"/api/v1/cases/{case}/cells").json()["items"] == []


def test_an_archive_of_too_many_members_is_refused(client, case):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for index in range(10_001):
            archive.writestr(f"{index}.png", b"")
    response = send(client, case, ("many.zip", stream.getvalue()))
    is_problem(response, 413, "10,000" if "10,000" in response.text else "10000")


def test_too_many_files_are_refused(client, case):
    parts = [("files", (f"{index}.png", b"")) for index in range(10_001)]
    response = client.post(f"/api/v1/cases/{case}/cells", files=parts)
    is_problem(response, 413, "10000")


def test_a_body_over_the_limit_is_refused(client, case):
    response = client.post(
        f"/api/v1/cases/{case}/cells", files={"files": ("a.png", bytes(300_000_000))}
    )
    is_problem(response, 413)
    assert client.get("/health/ready").status_code == 200


def test_no_files_at_all(client, case):
    is_problem(client.post(f"/api/v1/cases/{case}/cells"), 422, "files")
    is_problem(client.post(f"/api/v1/cases/{case}/cells", files={"other": b"x"}), 422, "files")
    is_problem(client.post(f"/api/v1/cases/{case}/cells", data={"files": "text"}), 422, "files")


def test_an_unknown_case_takes_no_images(client):
    unknown = "0190a000-0000-7000-8000-000000000000"
    is_problem(send(client, unknown, ("a.png", cell_png())), 404, unknown)


def test_names_that_are_not_utf_8_are_taken_as_they_can_be_read(client, case):
    boundary = "frontier"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="'.encode()
        + b"caf\xe9.png"
        + b'"\r\nContent-Type: image/png\r\n\r\n'
    )
    body = head + cell_png() + f"\r\n--{boundary}--\r\n".encode()
    response = client.post(
        f"/api/v1/cases/{case}/cells",
        params={"wait": 60},
        content=body,
        headers={"content-type": f"multipart/form-data; boundary={boundary}"},
    )
    assert response.status_code == 200
    assert response.json()["cells"][0]["file"] in {"café.png", "caf\ufffd.png"}


@pytest.mark.parametrize("wait", ["-1", "1000", "soon"])
def test_a_wait_out_of_range_is_refused(client, case, wait):
    response = send(client, case, ("a.png", cell_png()), wait=wait)
    is_problem(response, 422, "wait")
