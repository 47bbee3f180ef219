"""A patient as one file: all that is stored of them, and of nobody else."""

import io
import json
import zipfile

import pytest

from app.domain.abnormality import Abnormality
from app.domain.case import NewCase
from app.domain.order import PlacedOrder
from app.services.intake import blob_name
from app.services.opening import open_case
from app.services.patient_export import cases_to_export, write_patient
from tests.images import cell_png
from tests.services.reading_room import open_room


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_orders_and_every_case_are_in_it(container):
    room, now = open_room(container, shown=[{Abnormality.VACUOLE}]), container.now()
    for cell in room.cells:
        container.blobs.put(blob_name(cell.pixel_sha256), cell_png(cell.ordinal))
    order = PlacedOrder("PLACER-7", "FILLER-7", None, {"assigner": "Ward 3"}, now)
    with container.transactions() as transaction:
        transaction.orders.put(room.case.id, order)
        patient = room.case.patient
        open_case(transaction, NewCase("ACC-2", patient.identifier), now)
        open_case(transaction, NewCase("ACC-3", "SOMEBODY-ELSE"), now)
        cases = cases_to_export(transaction, patient.id)
        file = io.BytesIO()
        write_patient(transaction, cases, container.bundle, container.blobs, file, now)
    with zipfile.ZipFile(file) as archive:
        told = json.loads(archive.read("patient.json"))
        with zipfile.ZipFile(io.BytesIO(archive.read("cases/1.zip"))) as inner:
            records = json.loads(inner.read("case.json"))
        assert {"cases/1.zip", "cases/2.zip", "audit.jsonl"} <= set(archive.namelist())
    assert "PLACER-7" in json.dumps(records)
    assert [case["accession_number"] for case in told["cases"]] == ["A-1", "ACC-2"]
    assert "SOMEBODY-ELSE" not in json.dumps(told)
