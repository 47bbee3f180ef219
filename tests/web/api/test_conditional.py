"""Changes that overwrite nobody else's, and answers that are sent once."""

from app.services.signing import sign
from tests.services.reading_room import LATER, open_room
from tests.web.api.test_cases import NEW, is_problem

CASES = "/api/v1/cases"


def test_a_change_needs_to_know_what_it_changes(idle_client):
    opened = idle_client.post(
        CASES, json={**NEW, "clinical_context": {"age_years": 71, "question": "VEXAS?"}}
    )
    path, tag = opened.headers["location"], opened.headers["etag"]
    assert idle_client.get(path).headers["etag"] == tag
    change = {"clinical_context": {"mcv_fl": 108, "question": None}}
    is_problem(idle_client.patch(path, json=change), 428, "If-Match")
    stale = idle_client.patch(path, json=change, headers={"If-Match": '"0"'})
    is_problem(stale, 412, "Read it again")
    changed = idle_client.patch(path, json=change, headers={"If-Match": tag})
    assert changed.status_code == 200
    context = changed.json()["clinical_context"]
    assert (context["age_years"], context["mcv_fl"], context["question"]) == (71, 108, None)
    assert changed.headers["etag"] != tag
    assert idle_client.get(path).json() == changed.json()
    is_problem(idle_client.patch(path, json=change, headers={"If-Match": tag}), 412)
    again = idle_client.patch(path, json=change, headers={"If-Match": "*"})
    assert again.headers["etag"] == changed.headers["etag"]


def test_a_change_is_checked_as_a_new_case_is(idle_client):
    path = idle_client.post(CASES, json=NEW).headers["location"]
    headers = {"If-Match": "*"}
    for wrong in ({"haemoglobin_g_dl": 91}, {"sex": "m"}, {"shoe_size": 42}):
        answer = idle_client.patch(path, json={"clinical_context": wrong}, headers=headers)
        is_problem(answer, 422, next(iter(wrong)))
    is_problem(idle_client.patch(path, json={"accession_number": "B"}, headers=headers), 422)


def test_which_fields_were_changed_stands_in_the_audit_without_their_values(
    idle_client, open_container
):
    path = idle_client.post(CASES, json=NEW).headers["location"]
    context = {"age_years": 71, "question": "Mrs Smith?"}
    idle_client.patch(path, json={"clinical_context": context}, headers={"If-Match": "*"})
    with open_container.transactions() as transaction:
        [event] = [
            entry.event for entry in transaction.audit.all() if entry.event.action == "case.change"
        ]
    assert event.before is None
    assert event.after == {"changed": ["age_years", "question"]}


def test_a_signed_case_stays_as_it_was_signed(idle_client, open_container):
    room = open_room(open_container)
    with open_container.transactions() as transaction:
        sign(transaction, room.reader(room.ann), 0, LATER)
    change = {"clinical_context": {"age_years": 3}}
    path = f"{CASES}/{room.case.id}"
    is_problem(idle_client.patch(path, json=change, headers={"If-Match": "*"}), 409, "signed")


def test_what_is_known_is_not_sent_again(idle_client, open_container):
    room = open_room(open_container)
    path = f"{CASES}/{room.case.id}"
    for end in ("", "/report", "/cells", "/reviews", "/versions", "/uploads", "/findings.csv"):
        first = idle_client.get(path + end)
        tag = first.headers["etag"]
        assert tag.startswith("W/") == (end == "/report"), end
        known = idle_client.get(path + end, headers={"If-None-Match": f'"x", {tag}'})
        assert (known.status_code, known.content) == (304, b""), end
        assert known.headers["etag"] == tag
        assert "content-type" not in known.headers
        other = idle_client.get(path + end, headers={"If-None-Match": '"x"'})
        assert other.status_code == 200, end
    assert idle_client.get("/api/v1/cases/x", headers={"If-None-Match": "*"}).status_code == 422
