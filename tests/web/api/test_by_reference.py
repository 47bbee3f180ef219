"""Images that are taken in from the import area by their names."""

import os
from dataclasses import replace
from uuid import UUID

import obstore
import pytest
from fastapi.testclient import TestClient
from obstore.store import from_url

from app.domain.errors import SettingsRefused
from app.domain.site import DEFAULT_SITE_ID
from app.storage.import_area import open_areas
from app.web.app import create_app
from tests.images import cell_png, zipped
from tests.web.api.test_cases import NEW, is_problem

MIB = 1024 * 1024


@pytest.fixture(params=["file", "s3"])
def area(request, tmp_path):
    """A URL, and a function that lays an object down there."""
    if request.param == "file":
        root = tmp_path / "area"
        root.mkdir()

        def lay(name, content):
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

        return root.as_uri(), lay
    url = f"{request.getfixturevalue('s3_url')}-{tmp_path.name}"
    store = from_url(url)
    return url, lambda name, content: obstore.put(store, name, content)


def opened(container, url, auth):
    container = replace(container, import_areas=open_areas(url))
    client = TestClient(create_app(container))
    client.auth = auth
    case_id = client.post("/api/v1/cases", json=NEW).json()["id"]
    return client, f"/api/v1/cases/{case_id}/cells"


def test_objects_are_taken_in_and_each_refusal_is_told(idle_client, open_container, area):
    url, lay = area
    lay("run 7/cell-1.png", cell_png(1))
    lay("run 7/cells.zip", zipped({"b.png": cell_png(2), "c.png": cell_png(3)}))
    lay("run 7/text.png", b"this is no picture")
    lay("large.png", bytes(21 * MIB))
    client, cells = opened(open_container, url, idle_client.auth)
    names = ["run 7/cell-1.png", "run 7/cells.zip", "run 7/text.png", "absent.png", "large.png"]
    sent = client.post(f"{cells}/by-reference", json={"objects": [*names, names[0]]})
    assert sent.status_code == 202, sent.text
    body = sent.json()
    assert body["accepted_count"] == 3
    assert [item["file"] for item in body["cells"]] == [
        "cell-1.png",
        "cells.zip/b.png",
        "cells.zip/c.png",
    ]
    refused = {item["file"]: item["reason"] for item in body["refused"]}
    assert refused == {
        "absent.png": "not_found",
        "large.png": "too_many_bytes",
        "text.png": "not_an_image",
    }
    assert client.get(sent.headers["location"]).json() == body
    again = client.post(f"{cells}/by-reference", json={"objects": [names[0]]})
    assert again.json()["duplicates"] == ["cell-1.png"]


def test_no_name_leads_out_of_the_area(idle_client, open_container, tmp_path):
    root = tmp_path / "area"
    (root / "below").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(cell_png(1))
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "inside.png").symlink_to(root / "below" / "real.png")
    (root / "below" / "real.png").write_bytes(cell_png(2))
    os.mkfifo(root / "pipe.png")
    client, cells = opened(open_container, root.as_uri(), idle_client.auth)
    names = [
        "../secret.png",
        "below/../../secret.png",
        str(tmp_path / "secret.png"),
        "link.png",
        "pipe.png",
        "below",
        "./below/real.png",
        "below//real.png",
        "%2e%2e/secret.png",
    ]
    sent = client.post(f"{cells}/by-reference", json={"objects": names})
    body = is_problem(sent, 422, "None of the 9 objects")
    assert {item["reason"] for item in body["refused"]} == {"not_found"}
    assert client.get(cells).json()["items"] == []
    inside = client.post(f"{cells}/by-reference", json={"objects": ["inside.png"]})
    assert inside.json()["accepted_count"] == 1
    is_problem(client.post(f"{cells}/by-reference", json={"objects": ["a\\b"]}), 422)
    is_problem(client.post(f"{cells}/by-reference", json={"objects": []}), 422)


def test_all_together_may_be_no_larger_than_a_delivery(idle_client, open_container, tmp_path):
    (tmp_path / "a.png").write_bytes(cell_png(1))
    (tmp_path / "b.png").write_bytes(cell_png(2))
    limits = replace(open_container.limits, max_bytes=(tmp_path / "a.png").stat().st_size + 10)
    small = replace(open_container, limits=limits)
    client, cells = opened(small, tmp_path.as_uri(), idle_client.auth)
    sent = client.post(f"{cells}/by-reference", json={"objects": ["a.png", "b.png"]})
    is_problem(sent, 413, "fewer")
    assert client.get(cells).json()["items"] == []


def test_without_an_area_there_is_nothing_to_name(idle_client):
    case_id = idle_client.post("/api/v1/cases", json=NEW).json()["id"]
    path = f"/api/v1/cases/{case_id}/cells/by-reference"
    is_problem(idle_client.post(path, json={"objects": ["a.png"]}), 422, "import area")
    with pytest.raises(SettingsRefused, match="VEXASCOPE_IMPORT_URL"):
        open_areas("https://example.org/area")


def test_each_site_may_have_an_area_of_its_own(idle_client, open_container, tmp_path):
    for site_id in (DEFAULT_SITE_ID, UUID(int=2)):
        (tmp_path / str(site_id)).mkdir()
        (tmp_path / str(site_id) / f"{site_id.int}.png").write_bytes(cell_png(site_id.int))
    url = f"{tmp_path.as_uri()}/{{site}}"
    client, cells = opened(open_container, url, idle_client.auth)
    names = ["1.png", "2.png", f"../{UUID(int=2)}/2.png"]
    sent = client.post(f"{cells}/by-reference", json={"objects": names}).json()
    assert [item["file"] for item in sent["cells"]] == ["1.png"]
    assert [item["file"] for item in sent["refused"]] == names[1:]
