"""`kill -9` of a real server during upload and classification loses and doubles nothing."""

import threading
import time
from collections import Counter

import httpx
import pytest
import sqlalchemy as sa

from app.db.engine import make_engine
from tests.images import cell_jpeg
from tests.server import Server

CELLS, BATCH = 500, 25
WAIT_S = 180


@pytest.fixture
def server(tmp_path, database_url, small_bundle):
    server = Server(
        tmp_path, VEXASCOPE_DATABASE_URL=database_url, VEXASCOPE_BUNDLE=str(small_bundle)
    )
    server.start()
    yield server
    server.stop()


def test_a_killed_server_loses_nothing_it_accepted(server, database_url):
    client = server.client()
    new = {"accession_number": "A-1", "patient_identifier": "P-1"}
    case = client.post("/api/v1/cases", json=new).json()["id"]
    accepted = []
    killer = threading.Timer(0, server.kill)
    for start in range(0, CELLS, BATCH):
        files = [
            ("files", (f"{seed}.jpg", cell_jpeg(seed))) for seed in range(start, start + BATCH)
        ]
        if start == CELLS // 2:
            # In the middle of this upload, with classification under way.
            killer = threading.Timer(0.05, server.kill)
            killer.start()
        try:
            response = client.post(f"/api/v1/cases/{case}/cells", files=files)
        except httpx.HTTPError:
            break
        assert response.status_code == 202
        accepted += [cell["id"] for cell in response.json()["cells"]]
    killer.join()
    assert CELLS // 2 <= len(accepted) < CELLS
    server.start()
    deadline = time.monotonic() + WAIT_S
    while client.get(f"/api/v1/cases/{case}").json()["progress"]["pending_count"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    cells = client.get(f"/api/v1/cases/{case}/cells").json()["items"]
    assert set(accepted) <= {cell["id"] for cell in cells}
    # The upload that was cut off is there whole or not at all.
    assert len(cells) % BATCH == 0
    assert {cell["state"] for cell in cells} == {"classified"}
    _each_cell_has_each_label_once(database_url, len(cells))


def _each_cell_has_each_label_once(database_url, cell_count):
    engine = make_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT cell_id, label FROM findings")).all()
    engine.dispose()
    assert len(rows) == cell_count * 5
    assert set(Counter(rows).values()) == {1}


def test_a_server_that_is_told_to_stop_finishes_and_leaves(server):
    client = server.client()
    assert client.get("/api/v1/cases").status_code == 200
    assert server.stop() == 0
    server.start()
