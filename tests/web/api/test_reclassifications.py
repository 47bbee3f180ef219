"""A case is classified by another bundle, by REST and on the page."""

import re

from app.domain.access import Role
from tests.accounts import ADMIN, ADMIN_PASSWORD, add_account
from tests.bundles import write_bundle
from tests.images import cell_png
from tests.web.api.test_cases import NEW, is_problem


def case_and_bundle(client):
    """A case that the first bundle has read, and the digest of a second one."""
    container = client.app.state.container
    folder = container.settings.data_dir / "bundles" / "second"
    write_bundle(folder, manifest={"version": "0.0.2"}, bias=-2)
    [second] = [
        item.bundle.manifest.digest
        for item in container.shelf.installed()
        if item.folder == folder and item.bundle
    ]
    case_id = client.post("/api/v1/cases", json=NEW).json()["id"]
    files = [("files", ("a.png", cell_png(1)))]
    sent = client.post(f"/api/v1/cases/{case_id}/cells", params={"wait": 60}, files=files)
    assert sent.status_code == 200
    return case_id, second


def test_by_rest_and_on_the_page(steady_client):
    client = steady_client
    case_id, second = case_and_bundle(client)
    first = client.get("/api/v1/bundle").json()["digest"]
    path = f"/api/v1/cases/{case_id}/reclassifications"
    wanted = {"bundle": second, "reason": "Measured better."}
    with client.app.state.container.transactions() as transaction:
        now = client.app.state.container.now()
        add_account(transaction, "tech", Role.TECHNICIAN, now)
    for others in (ADMIN, ("tech", ADMIN_PASSWORD)):
        is_problem(client.post(path, json=wanted, auth=others), 403)
    is_problem(client.post(path, json={**wanted, "bundle": "0" * 64}), 409, "not installed")
    is_problem(client.post(path, json={**wanted, "reason": " "}), 422)
    made = client.post(path, json=wanted)
    assert made.status_code == 201
    assert (made.json()["from_bundle"], made.json()["to_bundle"]) == (first, second)
    assert client.get(made.headers["location"]).json()["items"] == [made.json()]

    form = client.get(f"/cases/{case_id}/reclassify")
    assert form.status_code == 200
    assert "Measured better." in form.text
    assert re.search(rf'<option value="{first}"', form.text)
    nothing = client.post(f"/cases/{case_id}/reclassify", data={"bundle": first, "reason": ""})
    assert nothing.status_code == 422
    assert "The text is empty" in nothing.text
    back = client.post(
        f"/cases/{case_id}/reclassify",
        data={"bundle": first, "reason": "It was better."},
        follow_redirects=False,
    )
    assert back.headers["location"] == f"/cases/{case_id}/report"
    report = client.get(f"/api/v1/cases/{case_id}/report").json()
    assert report["bundle"]["digest"] == first
    assert f"/cases/{case_id}/reclassify" in client.get(f"/cases/{case_id}/report").text
    assert (
        f"/cases/{case_id}/reclassify"
        not in client.get(f"/cases/{case_id}/report", auth=ADMIN).text
    )
