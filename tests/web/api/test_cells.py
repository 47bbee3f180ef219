import io
import time

import pytest
from PIL import Image

from tests.images import cell_jpeg, cell_png, frame_jpeg
from tests.web.api.test_cases import NEW


@pytest.fixture
def case(client):
    return client.post("/api/v1/cases", json=NEW).json()["id"]


def send(client, case, *files, wait=0):
    parts = [("files", (name, content)) for name, content in files]
    return client.post(f"/api/v1/cases/{case}/cells", params={"wait": wait}, files=parts)


def test_cells_are_accepted_with_a_location_to_follow(client, case):
    sent = send(client, case, ("a.png", cell_png(1)), ("b.jpg", cell_jpeg(2)))
    assert sent.status_code == 202
    location = sent.headers["location"]
    deadline = time.monotonic() + 60
    while (body := client.get(location).json())["status"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert body["accepted_count"] == 2
    assert [cell["file"] for cell in body["cells"]] == ["a.png", "b.jpg"]
    assert {cell["state"] for cell in body["cells"]} == {"classified"}


def test_waiting_answers_with_the_findings(client, case):
    sent = send(client, case, ("a.png", cell_png(1)), ("frame.jpg", frame_jpeg(2)), wait=60)
    assert sent.status_code == 200
    for cell in sent.json()["cells"]:
        assert set(cell["probabilities"]) == {
            "pseudo_pelger",
            "nuclear_spike",
            "vacuole",
            "hypogranularity",
        }
        assert 0 <= cell["pmn_probability"] <= 1
    tight, framed = sent.json()["cells"]
    assert (tight["framing"], framed["framing"]) == ("tight", "framed")
    assert (framed["width_px"], framed["height_px"]) == (360, 363)
    assert framed["crop"]["right"] - framed["crop"]["left"] < 260


def test_a_refused_file_is_reported_and_the_others_go_on(client, case):
    sent = send(client, case, ("a.png", cell_png()), ("b.jpg", b"text"), wait=60)
    assert sent.status_code == 200
    body = sent.json()
    assert body["accepted_count"] == 1
    assert [(item["file"], item["reason"]) for item in body["refused"]] == [
        ("b.jpg", "not_an_image")
    ]


def test_the_same_image_twice_is_one_cell(client, case):
    first = send(client, case, ("a.png", cell_png(1)), ("b.png", cell_png(1)), wait=60).json()
    second = send(client, case, ("c.png", cell_png(1)), wait=60).json()
    assert (first["accepted_count"], first["duplicates"]) == (1, ["b.png"])
    assert (second["accepted_count"], second["duplicates"]) == (0, ["c.png"])
    assert len(client.get(f"/api/v1/cases/{case}/cells").json()["items"]) == 1


def test_the_image_comes_back_without_its_metadata(client, case):
    rgb = Image.open(io.BytesIO(cell_png(1)))
    exif = Image.Exif()
    exif[0x010E] = "Ann Example"
    exif[0x0112] = 6
    stream = io.BytesIO()
    rgb.save(stream, "JPEG", exif=exif, quality=95)
    assert b"Ann Example" in stream.getvalue()
    [cell] = send(client, case, ("a.jpg", stream.getvalue()), wait=60).json()["cells"]
    image = client.get(f"/api/v1/cells/{cell['id']}/image")
    assert image.headers["content-type"] == "image/png"
    assert b"Ann Example" not in image.content
    assert Image.open(io.BytesIO(image.content)).size == (rgb.height, rgb.width)


def test_the_report_of_few_cells_says_so(client, case):
    send(client, case, *[(f"{i}.png", cell_png(i)) for i in range(3)], wait=60)
    report = client.get(f"/api/v1/cases/{case}/report").json()
    assert report["complete"]
    assert report["score"] is None
    assert report["recommendation"] == "Too few cells to say"
    assert [line["label"] for line in report["abnormalities"]] == [
        "pseudo_pelger",
        "nuclear_spike",
        "vacuole",
        "hypogranularity",
    ]
    for line in report["abnormalities"]:
        assert line["total"] == report["pmn_count"]
    excluded = sum(item["count"] for item in report["exclusions"])
    assert report["pmn_count"] + excluded == 3
    assert "research use only" in report["notice"]


def test_while_cells_wait_there_is_no_advice(idle_client):
    case = idle_client.post("/api/v1/cases", json=NEW).json()["id"]
    sent = send(idle_client, case, ("a.png", cell_png()), wait=0.2)
    assert sent.status_code == 202
    assert sent.json()["status"] == "classifying"
    report = idle_client.get(f"/api/v1/cases/{case}/report").json()
    assert not report["complete"]
    assert report["score"] is report["recommendation"] is None
