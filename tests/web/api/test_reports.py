"""Reports by version and the findings behind them, over the API."""

import csv
import hashlib
from dataclasses import replace
from io import StringIO

from app.domain.abnormality import Abnormality
from app.domain.report import CellLine
from app.domain.review import Act
from app.services.reviewing import relabel
from app.services.signing import amend, sign
from app.web.api.findings_schema import findings_csv
from tests.services.reading_room import LATER, open_room
from tests.web.api.test_cases import is_problem
from tests.web.pages.examples import example_report

VACUOLE = Abnormality.VACUOLE


def rows_of(response):
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(response.text)))


def act(room, ordinals, kind, label=None):
    with room.container.transactions() as transaction:
        relabel(transaction, room.reader(room.ann), room.ids(*ordinals), kind, label, LATER)


def signed(room):
    with room.container.transactions() as transaction:
        last = transaction.reviews.last_sequence(room.case.id)
        return sign(transaction, room.reader(room.ann), last, LATER)


def amended(room, reason):
    with room.container.transactions() as transaction:
        amend(transaction, room.reader(room.ann), reason, LATER)


def test_each_cell_is_a_row_with_both_decisions(idle_client, open_container):
    room = open_room(open_container, shown=[{VACUOLE}, {VACUOLE}])
    act(room, [1], Act.EXCLUDE)
    act(room, [3], Act.CALL, VACUOLE)
    path = f"/api/v1/cases/{room.case.id}/findings.csv"
    response = idle_client.get(path)
    rows = rows_of(response)
    assert [row["cell_ordinal"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    first, second, third = rows[:3]
    assert (first["counted"], first["exclusion"]) == ("0", "by_reader")
    assert (first["classifier_vacuole"], first["classifier_exclusion"]) == ("1", "")
    assert (second["reader_name"], second["reader_vacuole"]) == ("", "")
    assert (second["vacuole_reported"], second["vacuole_probability"]) == ("1", "0.9")
    assert (third["reader_name"], third["reader_vacuole"]) == ("Dr Ann", "1")
    assert (third["vacuole_reported"], third["classifier_vacuole"]) == ("1", "0")
    assert {row["report_version"] for row in rows} == {""}
    disposition = response.headers["content-disposition"]
    assert disposition == f'attachment; filename="vexascope-findings-{room.case.id}-draft.csv"'
    found = idle_client.get(path.replace(".csv", ".json")).json()
    assert found["version"] is None
    assert [cell["counted"] for cell in found["cells"]] == [False, *[True] * 5]
    assert found["cells"][2]["abnormalities"] == ["vacuole"]
    assert found["cells"][2]["classifier_abnormalities"] == []


def test_no_text_of_the_table_is_a_formula():
    line = CellLine(
        cell_id=example_report(3).case.id,
        ordinal=1,
        file_name='=HYPERLINK("x")',
        pixel_sha256="0" * 64,
        exclusion=None,
        abnormalities=(),
        classifier_exclusion=None,
        classifier_abnormalities=(),
        pmn_probability=None,
        probabilities={},
        reader_name=None,
    )
    starts = ["=1", "+1", "-1", "@x", "\tx", "\rx"]
    cells = [replace(line, file_name=name, reader_name=name) for name in starts]
    text = findings_csv(replace(example_report(3), cells=(line, *cells)))
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert rows[0]["file_name"] == '\'=HYPERLINK("x")'
    assert [row["file_name"] for row in rows[1:]] == [f"'{name}" for name in starts]
    assert [row["reader_name"] for row in rows[1:]] == [f"'{name}" for name in starts]
    # It was not read: that is no 0.
    assert {row["classifier_vacuole"] for row in rows} == {""}
    assert {row["pmn_probability"] for row in rows} == {""}


def test_a_version_is_told_as_it_was_signed(idle_client, open_container):
    room = open_room(open_container, shown=[{VACUOLE}])
    version = signed(room)
    amended(room, "Second look")
    act(room, [1], Act.NORMAL)
    path = f"/api/v1/cases/{room.case.id}"
    first = idle_client.get(f"{path}/report", params={"version": 1}).json()
    assert first["version"] == 1
    assert first["signature"]["printed_name"] == "Dr Ann"
    assert first["signature"]["meaning_code"] == "reviewed"
    assert first["review"]["changed_count"] == 0
    draft = idle_client.get(f"{path}/report").json()
    assert (draft["version"], draft["signature"]) == (None, None)
    assert draft["review"]["readers"] == [{"name": "Dr Ann", "cell_count": 1}]
    assert draft["review"]["changed_count"] == 1
    assert draft["review"]["classifier_proportions"]["vacuole"]["count"] == 1
    counts = {line["label"]: line["count"] for line in draft["abnormalities"]}
    assert counts["vacuole"] == 0
    listed = idle_client.get(f"{path}/versions").json()
    assert [item["number"] for item in listed["items"]] == [1]
    assert listed["items"][0]["sha256"] == hashlib.sha256(version.content.encode()).hexdigest()
    assert listed["amendment"]["reason"] == "Second look"
    rows = rows_of(idle_client.get(f"{path}/findings.csv", params={"version": 1}))
    assert rows[0]["vacuole_reported"] == "1"
    signed(room)
    assert idle_client.get(f"{path}/report").json()["version"] == 2
    assert idle_client.get(f"{path}/versions").json()["amendment"] is None
    is_problem(idle_client.get(f"{path}/report", params={"version": 3}), 404, "no version 3")
    is_problem(idle_client.get(f"{path}/report", params={"version": 0}), 422)


def test_a_cell_says_what_its_reader_decided(idle_client, open_container):
    room = open_room(open_container, shown=[{VACUOLE}])
    act(room, [1], Act.EXCLUDE)
    items = idle_client.get(f"/api/v1/cases/{room.case.id}/cells").json()["items"]
    assert items[0]["findings"] == ["vacuole"]
    assert (items[0]["counted"], items[0]["exclusion"]) == (False, "by_reader")
    review = items[0]["review"]
    assert (review["exclusion"], review["reader"]) == ("by_reader", "Dr Ann")
    assert items[1]["review"] is None
    assert items[1]["counted"]
    assert idle_client.get(f"/api/v1/cells/{room.cells[0].id}").json() == items[0]
