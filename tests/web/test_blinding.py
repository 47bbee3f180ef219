"""Neither of two readers learns of the other's reading before both have finished.

Every address of the application that can be looked at is looked at, so what is added later is held
to it too. What a reader gets must be the same to the last byte, whatever the other does meanwhile.
"""

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from uuid import UUID

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from pypdf import PdfReader
from uuid_utils.compat import uuid7

from app.bootstrap import Container
from app.domain.abnormality import Abnormality
from app.domain.access import MATRIX, Permission, Role
from app.domain.review import Act, Reading
from app.domain.user import User
from app.services.discussing import comment
from app.services.identity import issue_token
from app.services.reading import read_case
from app.services.reviewing import Reader, finish, relabel, reopen
from app.services.second_reading import give_to_second_reader
from app.services.signing import amend, sign
from app.web.access import RULES, Anyone
from tests.images import cell_jpeg
from tests.web.api.test_cases import NEW

MARK = "Xylophon"
ANN_NAME, BOB_NAME = "Dr Annabella Quist", "Dr Bob"
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
OPEN_PREFIXES = ("/health", "/sign-in", "/sign-out", "/demonstration", "/static")
# Values of parameters in paths and queries, beside the keys of the case.
FIXED = {
    "label": Abnormality.VACUOLE.value,
    "number": "1",
    "version": "1",
    "from": "1",
    "before": "1",
    "earlier": "1",
    "size": "160",
    "subject": "normal",
    "part": "vacuole",
    "name": "smear",
}
QUERIES = {"version", "from", "before", "earlier"}
LEAST_ADDRESSES = 20
# Whole reports are listed here, also those of the scenes before this one: asked about one case.
SEARCHES = {"/fhir/DiagnosticReport": "_id"}
# Keys of what a person keeps alone.
OF_A_PERSON = {"search_id", "filter_id"}


@dataclass(frozen=True)
class Scene:
    """Two cases of one patient; Ann has signed the first and opened it again, Bob reads second."""

    client: TestClient
    container: Container
    ann: User
    bob: User
    case_id: UUID
    other_id: UUID
    tokens: dict[UUID, str]
    mark: str
    """In everything that is written here: the server keeps the cases of earlier tests."""

    def reader(self, transaction, user):
        case = transaction.cases.get(self.case_id)
        return Reader(user, case, self.container.bundle, self.container.review_rule)

    def do(self, what, user, *args, **values):
        with self.container.transactions() as transaction:
            return what(transaction, self.reader(transaction, user), *args, **values)

    def cells(self):
        with self.container.transactions() as transaction:
            return [cell.id for cell in transaction.cells.of_case(self.case_id)]

    def look(self, user, path):
        headers = {"Authorization": f"Bearer {self.tokens[user.id]}"}
        return self.client.get(path, headers=headers, auth=None, follow_redirects=False)

    def look_everywhere(self, user):
        """The body behind every address, without what numbers the request."""
        found = {}
        for case_id in (self.case_id, self.other_id):
            for path in addresses(self, case_id):
                answer = self.look(user, path)
                assert answer.status_code not in {401, 500}, path
                number = answer.headers["x-request-id"].encode()
                found[path] = answer.content.replace(number, b"")
        assert len(found) > LEAST_ADDRESSES
        return found


def addresses(scene, case_id):
    """Every address with a GET, its parameters filled in."""
    with scene.container.transactions() as transaction:
        cell = transaction.cells.of_case(case_id)[0]
        patient_id = transaction.cases.get(case_id).patient.id
    keys = {
        **FIXED,
        "case_id": case_id,
        "cell_id": cell.id,
        "upload_id": cell.upload_id,
        "patient_id": patient_id,
        "digest": scene.container.bundle.manifest.digest,
    }
    for context in iter_route_contexts(scene.client.app.routes):
        route = context.route
        if not isinstance(route, APIRoute) or "GET" not in route.methods:
            continue
        if context.path.startswith(OPEN_PREFIXES):
            continue
        if not _is_readers(context.path):
            continue
        unknown = set(re.findall(r"{(\w+)", context.path)) - keys.keys()
        if unknown - OF_A_PERSON:
            raise AssertionError(f"{context.path}: teach this walk the values of {unknown}")
        if unknown:
            continue
        path = re.sub(r"{(\w+)(:\w+)?}", lambda match: str(keys[match[1]]), context.path)
        if path in SEARCHES:
            path = f"{path}?{SEARCHES[path]}={case_id}"
        yield path
        for field in route.dependant.query_params:
            if field.alias in QUERIES:
                yield f"{path}?{field.alias}={FIXED[field.alias]}"


def _is_readers(path):
    """Whether a reader may look there: not what is an administrator's, or open to everybody."""
    needs = RULES["GET", path].needs
    if needs is Anyone.OPEN:
        return False
    return not isinstance(needs, Permission) or needs in MATRIX[Role.HAEMATOLOGIST]


@pytest.fixture
def scene(steady_client, monkeypatch):
    container = steady_client.app.state.container
    people = [
        User(uuid7(), name, Role.HAEMATOLOGIST, "x", full_name=full_name)
        for name, full_name in ((f"annabella-{uuid7()}", ANN_NAME), (f"bob-{uuid7()}", BOB_NAME))
    ]
    with container.transactions() as transaction:
        for user in people:
            transaction.users.add(user, NOW)
        now = container.now()
        tokens = {user.id: issue_token(transaction, user, now)[0] for user in people}
    patient = f"P-{uuid7()}"
    cases = [open_case(steady_client, patient) for _ in range(2)]
    # From here on nothing differs for the time alone.
    monkeypatch.setattr(Container, "now", lambda self: NOW)
    scene = Scene(steady_client, container, *people, *cases, tokens, f"{MARK}{token_hex(3)}")
    look_at_all(scene, scene.ann)
    interpret_case(scene, scene.ann)
    with container.transactions() as transaction:
        sequence = transaction.reviews.last_sequence(scene.case_id)
    scene.do(sign, scene.ann, sequence, NOW)
    scene.do(amend, scene.ann, f"{scene.mark} of the amendment", NOW)
    scene.do(reopen, scene.ann)
    scene.do(give_to_second_reader, scene.ann, scene.bob, NOW)
    return scene


def open_case(client, patient):
    new = {**NEW, "accession_number": f"A-{uuid7()}", "patient_identifier": patient}
    case_id = client.post("/api/v1/cases", json={**new, "patient_name": None}).json()["id"]
    files = [("files", (f"cell-{seed}.jpg", cell_jpeg(seed))) for seed in range(6)]
    answer = client.post(f"/api/v1/cases/{case_id}/cells?wait=60", files=files)
    assert answer.status_code == 200
    return UUID(case_id)


def look_at_all(scene, user):
    scene.do(relabel, user, scene.cells(), Act.CONFIRM, None, NOW)


def read_and_write(scene, user):
    """Decisions that change every number, and words of every kind."""
    cells = scene.cells()
    scene.do(relabel, user, cells, Act.CALL, Abnormality.VACUOLE, NOW)
    scene.do(relabel, user, cells[:1], Act.CALL, Abnormality.NUCLEAR_SPIKE, NOW)
    scene.do(relabel, user, cells[1:3], Act.EXCLUDE, None, NOW)
    for cell_id in (None, cells[0]):
        scene.do(comment, user, cell_id, f"{scene.mark} of {user.name}", NOW)


def interpret_case(scene, user):
    with scene.container.transactions() as transaction:
        transaction.discussion.add_interpretation(
            scene.case_id, f"{scene.mark} under the numbers", user, NOW
        )


def text_of(content):
    if content.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return content.decode(errors="replace")


def report(scene, user):
    return scene.look(user, f"/api/v1/cases/{scene.case_id}/report").json()


def test_the_second_reader_learns_nothing_of_the_first(scene):
    before = scene.look_everywhere(scene.bob)
    first = report(scene, scene.ann)
    read_and_write(scene, scene.ann)
    interpret_case(scene, scene.ann)
    assert report(scene, scene.ann) != first
    after = scene.look_everywhere(scene.bob)
    assert [path for path in before if before[path] != after[path]] == []
    for path in after:
        if str(scene.case_id) in path and "version=" in path:
            assert scene.look(scene.bob, path).status_code == 403, path
    for path, content in after.items():
        text = text_of(content)
        assert scene.mark not in text, path
        # The worklist says whose case it is.
        if str(scene.case_id) in path:
            assert ANN_NAME not in text, path
            assert scene.ann.name not in text, path


def test_the_second_reader_learns_nothing_from_the_end_of_the_own_reading(scene):
    read_and_write(scene, scene.ann)
    interpret_case(scene, scene.ann)
    look_at_all(scene, scene.bob)
    scene.do(finish, scene.bob, NOW)
    for path, content in scene.look_everywhere(scene.bob).items():
        assert scene.mark not in text_of(content), path


def test_the_first_reader_learns_nothing_of_the_second(scene):
    before = scene.look_everywhere(scene.ann)
    read_and_write(scene, scene.bob)
    after = scene.look_everywhere(scene.ann)
    differing = {path for path in before if before[path] != after[path]}
    assert differing == {f"/cases/{scene.case_id}/readers"}
    # It says that the reading has begun, and can be given to nobody else.
    [page] = [text_of(after[path]) for path in differing]
    assert "has begun" in page
    for path, content in after.items():
        assert f"{scene.mark} of {scene.bob.name}" not in text_of(content), path


def test_once_both_have_finished_each_sees_the_other(scene):
    read_and_write(scene, scene.ann)
    look_at_all(scene, scene.bob)
    for user in (scene.ann, scene.bob):
        scene.do(finish, user, NOW)
    for user in (scene.ann, scene.bob):
        page = scene.look(user, f"/cases/{scene.case_id}/readers").text
        assert ANN_NAME in page
        assert BOB_NAME in page
        assert "The readers differ on" in page
    with scene.container.transactions() as transaction:
        reader = scene.reader(transaction, scene.bob)
        as_read = read_case(transaction, reader.case, reader.active, reader.rule, scene.bob.id)
    assert as_read.agreement is not None
    assert Reading.SECOND in as_read.readings
