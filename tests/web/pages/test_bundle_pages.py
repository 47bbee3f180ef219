"""The administration of bundles, comparisons and control slides, through the pages."""

import re
import time
from html import unescape

import pytest

from app.jobs.background import give_up_set_job
from app.services.controlling import begin_control
from tests.accounts import ADMIN, READER
from tests.bundles import write_bundle
from tests.images import cell_png
from tests.web.api.test_cases import NEW
from tests.web.test_metrics import samples

BUNDLES, CONTROLS = "/administration/bundles", "/administration/controls"
COMPARISONS = "/administration/comparisons"
WAIT_S = 60


@pytest.fixture(scope="module")
def lab(steady_client):
    """An administrator, a case that is read, and the digests of two bundles."""
    client = steady_client
    container = client.app.state.container
    folder = container.settings.data_dir / "bundles" / "second"
    write_bundle(folder, manifest={"version": "0.0.2"}, bias=-2)
    (folder / "CARD.md").write_text("# Trained on <nothing>")
    [second] = [
        item.bundle.manifest.digest
        for item in container.shelf.installed()
        if item.folder == folder and item.bundle
    ]
    case_id = client.post("/api/v1/cases", json=NEW).json()["id"]
    files = [("files", (f"{seed}.png", cell_png(seed))) for seed in range(5)]
    sent = client.post(f"/api/v1/cases/{case_id}/cells", params={"wait": 60}, files=files)
    assert sent.status_code == 200
    return client, container.default_digest, second


def words(response, status=200):
    assert response.status_code == status, response.text[:400]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def get(lab, path, status=200):
    return words(lab[0].get(path, auth=ADMIN), status)


def post(lab, path, status=303, **form):
    data = {name.replace("_", "-") if "digest" in name or "reason" in name else name: value
            for name, value in form.items()}  # fmt: skip
    response = lab[0].post(path, data=data, auth=ADMIN, follow_redirects=False)
    assert response.status_code == status, response.text[:600]
    return response


def until(lab, path, sentence):
    """The page, once it says so."""
    deadline = time.monotonic() + WAIT_S
    while sentence not in (said := get(lab, path)):
        assert time.monotonic() < deadline, said
        time.sleep(0.1)
    return said


def test_what_is_installed_is_listed_with_its_card(lab):
    said = get(lab, BUNDLES)
    assert "● Active" in said
    assert lab[2] in said
    assert "Trained on <nothing>" in get(lab, f"{BUNDLES}/{lab[2]}/card")
    get(lab, f"{BUNDLES}/{lab[1]}/card", status=404)


def test_two_bundles_are_compared_on_chosen_cases(lab):
    _, first, second = lab
    number = NEW["accession_number"]
    path = post(lab, COMPARISONS, first=first, second=second, cases=f"{number}\n").headers[
        "location"
    ]
    said = until(lab, path, "Agreement by label")
    assert "Counted as PMN 5" in said
    assert number in said
    assert "says nothing of which one is right" in said
    assert "Done" in get(lab, COMPARISONS)
    refused = post(lab, COMPARISONS, status=422, first=first, second=first, cases=number)
    assert "two different bundles" in words(refused, 422)
    unknown = post(lab, COMPARISONS, status=422, first=first, second=second, cases="no such")
    assert "of no case that you see" in words(unknown, 422)


def test_control_slides_are_read_as_soon_as_they_are_frozen(lab):
    post(lab, CONTROLS, name="Slides", cases=NEW["accession_number"])
    assert "nothing to compare with yet" in until(lab, CONTROLS, "Baseline of this bundle")
    assert "read once, " in get(lab, BUNDLES)
    run_path = re.search(r'action="(/administration/controls/[^"]+/run)"', lab[0].get(
        CONTROLS, auth=ADMIN).text)[1]  # fmt: skip
    post(lab, run_path)
    said = until(lab, CONTROLS, "every probability is the same")
    assert "Counts stand" in said
    assert "stand, " in get(lab, BUNDLES)
    assert "name exists already" in words(
        post(lab, CONTROLS, status=422, name="Slides", cases=NEW["accession_number"]), 422
    )
    post(lab, run_path.replace("/run", "/retire"))
    assert "no control slides yet" in get(lab, CONTROLS)


def test_a_bundle_is_put_in_shadow_then_activated_and_back(lab):
    client, first, second = lab
    form = {"shadow_digest": second, "shadow_reason": "To see"}
    post(lab, f"{BUNDLES}/shadow", **form)
    assert "◐ In shadow" in get(lab, BUNDLES)
    assert "has read no cell yet" in get(lab, f"{BUNDLES}/shadow")
    assert "in shadow already" in words(post(lab, f"{BUNDLES}/shadow", status=409, **form), 409)
    case = client.post("/api/v1/cases", json={**NEW, "accession_number": "A-77"}).json()["id"]
    files = [("files", ("a.png", cell_png(77)))]
    client.post(f"/api/v1/cases/{case}/cells", params={"wait": 60}, files=files)
    until(lab, f"{BUNDLES}/shadow", "Agreement by label")
    # A reader sees nothing of it.
    report = client.get(f"/api/v1/cases/{case}/report").json()
    assert report["bundle"]["digest"] == first
    assert client.get(f"{BUNDLES}/shadow", auth=READER).status_code == 403

    empty = post(lab, f"{BUNDLES}/activate", status=422, activate_digest=second)
    assert "The text is empty" in words(empty, 422)
    post(lab, f"{BUNDLES}/activate", activate_digest=second, activate_reason="It is better")
    assert client.get("/api/v1/bundle").json()["digest"] == second
    said = get(lab, BUNDLES)
    assert "No bundle in shadow any more" in said
    assert "It is better" in said
    post(lab, f"{BUNDLES}/activate", activate_digest=first, activate_reason="It was not")
    assert client.get("/api/v1/bundle").json()["digest"] == first


def test_an_alarm_of_the_control_slides_is_told_to_who_signs(lab):
    client, _, _ = lab
    container = client.app.state.container
    post(lab, CONTROLS, name="Alarming", cases=NEW["accession_number"])
    until(lab, CONTROLS, "Baseline of this bundle")
    case_id = client.post("/api/v1/cases", json={**NEW, "accession_number": "A-78"}).json()["id"]
    quiet = words(client.get("/cases", auth=READER))
    assert "Control slides:" not in quiet
    with container.transactions() as transaction:
        [fixed] = [item for item in transaction.controls.sets() if item.is_daily]
        run = begin_control(
            transaction, fixed.id, container.default_digest, "x", container.now(), queued=False
        )
    give_up_set_job(container, run.id)
    for path in ("/cases", f"/cases/{case_id}/sign"):
        said = words(client.get(path, auth=READER))
        assert "Control slides: Not every cell could be read." in said
    assert samples(client.get("/metrics", auth=ADMIN).text)[
        "vexascope_control_sets", ("state", "unread")
    ] == 1  # fmt: skip
    retire = re.search(r'action="(/administration/controls/[^"]+/retire)"', client.get(
        CONTROLS, auth=ADMIN).text)[1]  # fmt: skip
    post(lab, retire)
