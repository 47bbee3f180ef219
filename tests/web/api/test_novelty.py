"""What a bundle that measures novelty adds to the answers."""

import pytest

from tests.bundles import write_bundle
from tests.images import cell_png
from tests.web.api.test_cases import NEW
from tests.web.api.test_cells import send


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory):
    """The very small bundle, which finds any picture of a bright ground unfamiliar."""
    return write_bundle(tmp_path_factory.mktemp("novel"), novelty_threshold=0.3)


def test_an_unfamiliar_cell_is_stored_with_its_novelty_and_not_counted(client):
    case = client.post("/api/v1/cases", json=NEW).json()["id"]
    [sent] = send(client, case, ("a.png", cell_png(1)), wait=60).json()["cells"]
    assert sent["state"] == "classified"
    assert 0.3 <= sent["novelty"] <= 1
    assert sent["novelty_threshold"] == 0.3
    assert (sent["counted"], sent["exclusion"]) == (False, "unfamiliar")
    assert client.get(f"/api/v1/cells/{sent['id']}").json() == sent
    report = client.get(f"/api/v1/cases/{case}/report").json()
    assert report["pmn_count"] == 0
    assert {"reason": "unfamiliar", "count": 1} in report["exclusions"]


def test_the_cell_page_and_the_gallery_show_it(client):
    case = client.post("/api/v1/cases", json=NEW).json()["id"]
    [sent] = send(client, case, ("a.png", cell_png(1)), wait=60).json()["cells"]
    page = client.get(f"/cases/{case}/cells/{sent['id']}").text
    assert "Novelty: unlike the learnt neutrophils" in " ".join(page.split())
    # It waits for a reader first.
    assert 'id="group-low_confidence"' in client.get(f"/cases/{case}/gallery").text
    client.post(f"/cases/{case}/gallery/acts", json={"cells": [sent["id"]], "act": "confirm"})
    gallery = " ".join(client.get(f"/cases/{case}/gallery").text.split())
    assert 'id="group-unfamiliar"' in gallery
    assert "of a novelty of 0.30 or more; not counted" in gallery
