"""The review of a case over the API, as far as who asks may see it."""

from app.domain.abnormality import Abnormality
from app.domain.review import Act
from app.services.reviewing import relabel
from tests.services.reading_room import LATER, open_room
from tests.web.api.test_cases import is_problem

VACUOLE = Abnormality.VACUOLE


def test_events_and_what_holds(idle_client, open_container):
    room = open_room(open_container, shown=[{VACUOLE}])
    with open_container.transactions() as transaction:
        reader = room.reader(room.ann)
        relabel(transaction, reader, room.ids(3, 1), Act.EXCLUDE, None, LATER)
        relabel(transaction, reader, room.ids(3), Act.CALL, VACUOLE, LATER)
    path = f"/api/v1/cases/{room.case.id}/reviews"
    found = idle_client.get(path).json()
    acts = [(event["sequence"], event["act"], event["label"]) for event in found["events"]]
    assert acts == [(1, "exclude", None), (2, "exclude", None), (3, "call", "vacuole")]
    assert {event["reader"] for event in found["events"]} == {"Dr Ann"}
    assert len({event["action_id"] for event in found["events"]}) == 2
    held = [(item["cell_id"], item["exclusion"]) for item in found["decisions"]]
    assert held == [(str(room.cells[0].id), "by_reader"), (str(room.cells[2].id), None)]
    assert found["decisions"][1]["abnormalities"] == ["vacuole"]
    first = idle_client.get(path, params={"limit": 2})
    rest = idle_client.get(first.links["next"]["url"]).json()
    assert first.json()["events"] + rest["events"] == found["events"]
    assert rest["next_cursor"] is None
    is_problem(idle_client.get(path, params={"cursor": "WyJ4Il0"}), 422, "cursor")
