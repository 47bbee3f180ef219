"""What is loaded beside one cell: heat maps and similar cells, through the server."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from app.domain.abnormality import Abnormality
from app.domain.case import CaseOrigin
from app.web.language import Language, speaking
from app.web.pages.present_neighbours import heat_note, similar_part
from tests.bundles import write_bundle
from tests.images import cell_png, encoded, frame_jpeg
from tests.jobs.test_switching import switch
from tests.web.pages.examples import neighbours


def opened(client, number, *files):
    new = {"accession_number": number, "patient_identifier": f"P-{number}"}
    case = client.post("/api/v1/cases", json=new).json()["id"]
    parts = [("files", (f"{index}.png", content)) for index, content in enumerate(files)]
    sent = client.post(f"/api/v1/cases/{case}/cells", params={"wait": 60}, files=parts)
    assert sent.status_code == 200, sent.text
    return [f"/cases/{case}/cells/{cell['id']}" for cell in sent.json()["cells"]]


def picture(response):
    assert response.status_code == 200, response.text
    return Image.open(io.BytesIO(response.content))


def test_a_heat_map_is_a_transparent_picture_of_the_shape_of_the_crop(client):
    [path] = opened(client, "A-1", frame_jpeg(2))
    heat = picture(client.get(f"{path}/heat/vacuole.png"))
    crop = picture(client.get(f"{path}/crop.jpg?size=512"))
    assert (heat.format, heat.mode) == ("PNG", "RGBA")
    assert max(heat.size) == 512
    assert heat.width / heat.height == pytest.approx(crop.width / crop.height, rel=0.01)


def test_each_label_has_its_own(client):
    half = np.zeros((96, 96, 3), np.uint8)
    half[:, 48:, 0] = 255
    [path] = opened(client, "A-1", encoded(half))
    opacity = {
        label: np.asarray(picture(client.get(f"{path}/heat/{label.value}.png")))[..., 3]
        for label in Abnormality
    }
    vacuole = opacity.pop(Abnormality.VACUOLE)
    assert vacuole[:, :128].max() == 0
    # 8 of 20, at an opacity of 0.55.
    assert np.median(vacuole[:, 448:]) == pytest.approx(56, abs=2)
    assert max(item.max() for item in opacity.values()) == 0


def test_it_is_kept_for_good_only_under_the_bundles_name(client, open_container):
    [path] = opened(client, "A-1", cell_png(1))
    digest = open_container.bundle.manifest.digest
    named = client.get(f"{path}/heat/vacuole.png", params={"bundle": digest})
    assert "immutable" in named.headers["cache-control"]
    assert named.content == client.get(f"{path}/heat/vacuole.png").content
    unnamed = client.get(f"{path}/heat/vacuole.png")
    assert unnamed.headers["cache-control"] == "private, no-cache"


def test_another_bundle_has_no_heat_map_here(client):
    [path] = opened(client, "A-1", cell_png(1))
    gone = client.get(f"{path}/heat/vacuole.png", params={"bundle": "e" * 64})
    assert gone.status_code == 404
    assert "not installed here" in gone.text
    assert client.get(f"{path}/heat/beauty.png").status_code == 422


def test_a_case_keeps_its_heat_maps_when_another_bundle_is_activated(client, open_container):
    container = open_container
    [path] = opened(client, "A-1", cell_png(1))
    before = picture(client.get(f"{path}/heat/vacuole.png")).tobytes()
    write_bundle(
        container.settings.data_dir / "bundles" / "second", manifest={"version": "0.0.2"}, bias=9
    )
    second = container.shelf.installed()[-1].bundle.manifest.digest
    switch(container, second)
    assert picture(client.get(f"{path}/heat/vacuole.png")).tobytes() == before
    refused = client.get(f"{path}/heat/vacuole.png", params={"bundle": second})
    assert refused.status_code == 404


def test_a_network_that_was_exchanged_explains_nothing(client, open_container):
    """The bundle was read when the server began; the classifier is loaded later, or again."""
    [path] = opened(client, "A-1", cell_png(1))
    network = open_container.bundle_files.network
    content = network.read_bytes()
    open_container.classifiers._loaded.clear()
    try:
        network.write_bytes(content + b"x")
        gone = client.get(f"{path}/heat/vacuole.png")
    finally:
        network.write_bytes(content)
    assert gone.status_code == 404
    assert "not installed here" in gone.text


def test_a_cell_of_another_case_is_not_found(client):
    [first] = opened(client, "A-1", cell_png(1))
    [second] = opened(client, "A-2", cell_png(2))
    crossed = f"{first.rsplit('/', 1)[0]}/{second.rsplit('/', 1)[1]}"
    for rest in ("heat/vacuole.png", "similar"):
        assert client.get(f"{crossed}/{rest}").status_code == 404
        assert client.get(f"{first}/{rest}").status_code == 200


def test_nobody_sees_them_without_signing_in(client):
    [path] = opened(client, "A-1", cell_png(1))
    client.auth = None
    for rest in ("heat/vacuole.png", "similar"):
        assert client.get(f"{path}/{rest}", follow_redirects=False).status_code in {303, 401}


def test_similar_cells_are_linked_with_their_pictures(client):
    [there] = opened(client, "A-1", cell_png(1))
    first, second = opened(client, "A-2", cell_png(1), cell_png(2))
    html = client.get(f"{first}/similar").text
    assert f'href="{second}"' in html
    assert f'src="{there}/crop.jpg?size=160"' in html
    assert f'href="{first}"' not in html
    assert "A-1 · Cell 1" in html
    assert html.count("Same picture") == 1
    assert "Similarity 1.00" in html
    assert "Among 1 other cell of this case." in html
    assert "Among the latest 1 cell of other cases." in html
    assert client.get(second).status_code == 200


def test_a_waiting_cell_says_that_there_is_nothing_to_compare_it_by(idle_client):
    new = {"accession_number": "A-1", "patient_identifier": "P-1"}
    case = idle_client.post("/api/v1/cases", json=new).json()["id"]
    files = [("files", ("a.png", cell_png(1)))]
    sent = idle_client.post(f"/api/v1/cases/{case}/cells", files=files).json()
    [cell] = idle_client.get(f"/api/v1/uploads/{sent['id']}").json()["cells"]
    html = idle_client.get(f"/cases/{case}/cells/{cell['id']}/similar").text
    assert "nothing to compare this cell by" in html


def test_a_case_that_is_no_patients_is_told_apart():
    found = neighbours()
    assert found.elsewhere[0].case.origin is CaseOrigin.SYNTHETIC
    here, elsewhere = similar_part(found).groups
    assert elsewhere.cards[0].origin == "Synthetic"
    assert {card.origin for card in here.cards} == {None}


def test_a_similarity_is_rounded_down_unless_it_is_the_same():
    found = neighbours()
    [same] = found.elsewhere
    values = {0.99999994: "1.00", 0.9981: "0.99", 0.9: "0.90", -0.305: "\N{MINUS SIGN}0.31"}
    for value, text in values.items():
        part = similar_part(replace(found, elsewhere=(replace(same, similarity=value),)))
        assert part.groups[1].cards[0].similarity == text


def test_the_words_say_what_a_heat_map_is_in_both_languages():
    english = heat_note(has_weights=True)
    assert "not a segmentation, and not measured against experts" in english.statement
    assert "0.05, 0.1 and 0.2 log-odds" in english.scale
    with speaking(Language.FRENCH):
        french = heat_note(has_weights=True)
    assert "0,05, 0,1 et 0,2" in french.scale
    assert "pas une segmentation" in french.statement
    assert "not installed here" in heat_note(has_weights=False).missing
