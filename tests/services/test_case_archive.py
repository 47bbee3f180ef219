"""A case goes out of one instance and into another: the databases are of different kinds."""

import hashlib
import io
import json
import shutil
import time
import zipfile
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
import pytest
from uuid_utils.compat import uuid7

from app.bootstrap import Container, build
from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.case import Case, ClinicalContext, NewCase, Sex
from app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn
from app.domain.review import Act, Reading, ReviewRule
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import NO_PASSWORD, User
from app.imaging.archive import ArchiveLimits
from app.services import archive_reading, classified
from app.services.archive_reading import read_archive, store_images
from app.services.case_archive import records_of, write_archive
from app.services.case_import import ImportChoices, import_case
from app.services.discussing import comment
from app.services.erasing import erase_patient
from app.services.identity import check_password
from app.services.intake import IncomingFile, blob_name, take_in
from app.services.reading import read_case
from app.services.registering import register
from app.services.report_content import read_version, to_content
from app.services.reporting import report_on
from app.services.reviewing import Reader, finish, relabel
from app.services.second_reading import give_to_second_reader, settle
from app.services.signing import amend, sign
from app.services.undoing import undo
from tests.conftest import _with_database, make_settings
from tests.factories import NOW, make_findings
from tests.images import cell_jpeg
from tests.interchange.hl7_messages import make_placed

LATER = NOW + timedelta(hours=1)
RULE = ReviewRule()
CONTEXT = ClinicalContext(age_years=70, sex=Sex.MALE, mcv_fl=104.5, question="VEXAS ? « é »")


@dataclass(frozen=True)
class Room:
    container: Container
    case: Case
    ann: User
    bob: User

    def do(self, what, user, *args):
        with self.container.transactions() as transaction:
            return what(transaction, self.reader(user), *args)

    def reader(self, user):
        return Reader(user, self.case, self.container.bundle, RULE)

    def cells(self):
        with self.container.transactions() as transaction:
            return transaction.cells.of_case(self.case.id)

    def archive(self, user=None):
        records = self.do(records_of, user or self.ann)
        file = io.BytesIO()
        write_archive(records, "cell\n", self.container.blobs, file, LATER)
        return file


@pytest.fixture
def elsewhere(container, request, tmp_path_factory):
    """Another instance, on the other kind of database."""
    folder = tmp_path_factory.mktemp("elsewhere")
    bundle = request.getfixturevalue("small_bundle")
    if container.engine.dialect.name == "postgresql":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), folder / "vexascope.db")
        yield from opened(make_settings(folder, bundle=bundle))
        return
    template = request.getfixturevalue("migrated_postgresql")
    server = request.getfixturevalue("postgresql_server")
    name = f"elsewhere_{time.monotonic_ns()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        url = _with_database(server, name)
        yield from opened(make_settings(folder, database_url=url, bundle=bundle))
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def opened(settings):
    made = build(settings)
    made.remember_bundle()
    yield made
    made.close()


def person(name):
    return User(uuid7(), name, Role.HAEMATOLOGIST, "x", full_name=f"Dr {name.title()}")


@pytest.fixture
def room(container):
    """Four cells, two readers who differ, comments, and an unsigned report."""
    files = [IncomingFile(f"cell-{seed}.jpg", io.BytesIO(cell_jpeg(seed))) for seed in range(4)]
    delivery = take_in(files, container.limits, container.blobs, container.threads)
    digest = container.bundle.manifest.digest
    people = [person("ann"), person("bob")]
    with container.transactions() as transaction:
        for user in people:
            transaction.users.add(user, NOW)
        case = transaction.cases.add(NewCase("A-1", "P-1", "Ann Example", CONTEXT), NOW)
        register(transaction, case.id, delivery, digest, NOW)
        cells = transaction.cells.of_case(case.id)
        findings = [
            make_findings(cell, [Abnormality.VACUOLE], digest=digest, pmn=0.991) for cell in cells
        ]
        transaction.cells.add_findings(findings[:3], NOW)
        transaction.cells.add_failure(cells[3].id, digest, "The image is damaged.", NOW)
        transaction.orders.put(case.id, make_placed())
    room = Room(container, case, *people)
    room.do(give_to_second_reader, room.ann, room.bob, NOW)
    ids = [cell.id for cell in cells]
    room.do(relabel, room.ann, ids, Act.CONFIRM, None, NOW)
    room.do(relabel, room.ann, ids[:1], Act.EXCLUDE, None, NOW)
    room.do(relabel, room.ann, ids[1:2], Act.NORMAL, None, NOW)
    room.do(undo, room.ann, NOW)
    room.do(relabel, room.bob, ids, Act.CONFIRM, None, NOW)
    room.do(comment, room.bob, ids[0], "A smudge?", NOW)
    with container.transactions() as transaction:
        transaction.discussion.add_interpretation(case.id, "First thoughts", room.ann, NOW)
        transaction.discussion.add_interpretation(case.id, "Nothing of note", room.ann, LATER)
    return room


def finished(room):
    for user in (room.ann, room.bob):
        room.do(finish, user, LATER)
    return room


def signed(room):
    finished(room)
    room.do(settle, room.ann, room.cells()[0].id, Reading.FIRST, LATER)
    for reason in (None, "A cell was misread"):
        if reason:
            room.do(amend, room.ann, reason, LATER)
        with room.container.transactions() as transaction:
            sequence = transaction.reviews.last_sequence(room.case.id)
        room.do(sign, room.ann, sequence, LATER)
    return room


AS_IT_IS = ImportChoices()


def take(container, file, choices=AS_IT_IS):
    records = read_archive(file)
    store_images(file, records, container.blobs, container.limits.image)
    with container.transactions() as transaction:
        return import_case(transaction, records, choices, container.bundle, RULE, LATER)


def known(container, case_id):
    """What pages and answers are made of."""
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        as_read = read_case(transaction, case, container.bundle, RULE)
        report = report_on(transaction, case, container.bundle, RULE, LATER)
        versions = transaction.versions.of_case(case_id)
        for version in versions:
            read_version(version)
        return {
            "report": json.loads(to_content(report)),
            "read": list(as_read.read),
            "failures": dict(as_read.failures),
            "reviews": list(as_read.reviews),
            "readings": dict(as_read.readings),
            "agreement": as_read.agreement,
            "unsettled": as_read.unsettled,
            "comments": list(transaction.discussion.comments(case_id)),
            "versions": versions,
            "line": transaction.worklist.get(case_id),
            "order": transaction.orders.of_case(case_id),
        }


def test_what_arrives_is_what_left(room, elsewhere):
    signed(room)
    case = take(elsewhere, room.archive())
    before, after = known(room.container, room.case.id), known(elsewhere, case.id)
    assert before["report"].keys() == after["report"].keys()
    for name, value in before.items():
        assert after[name] == value, name
    assert len(after["versions"]) == 2
    for cell in room.cells():
        name = blob_name(cell.pixel_sha256)
        assert elsewhere.blobs.get(name) == room.container.blobs.get(name)


def test_an_archive_of_before_orders_were_kept_is_taken(room, elsewhere):
    content = members(signed(room).archive())
    case = json.loads(content["case.json"])
    del case["records"]["order"]
    content["case.json"] = json.dumps(case).encode()
    taken = take(elsewhere, packed(content))
    assert known(elsewhere, taken.id)["order"] is None


def test_it_can_go_on_from_there(room, elsewhere):
    signed(room)
    take(elsewhere, room.archive())
    there = Room(elsewhere, room.case, person("cleo"), person("dan"))
    with elsewhere.transactions() as transaction:
        transaction.users.add(there.ann, NOW)
    there.do(amend, there.ann, "Seen again", LATER)
    there.do(relabel, there.ann, [there.cells()[1].id], Act.EXCLUDE, None, LATER)
    again = there.archive()
    with pytest.raises(Conflict, match="here already"):
        take(room.container, again)


def test_readers_from_elsewhere_are_kept_by_name_and_cannot_sign_in(room, elsewhere):
    finished(room)
    other_ann = person("ann")
    with elsewhere.transactions() as transaction:
        transaction.users.add(other_ann, NOW)
    take(elsewhere, room.archive())
    with elsewhere.transactions() as transaction:
        names = {user.name: user for user in transaction.users.all()}
        assert set(names) == {"ann", "ann (imported)", "bob (imported)"}
        assert names["ann (imported)"].id == room.ann.id
        assert not names["ann (imported)"].can_sign_in
        with pytest.raises(NotSignedIn):
            check_password(transaction, "ann (imported)", "!")


def test_an_archive_does_not_speak_for_who_can_sign_in_here(room, elsewhere):
    """Whoever writes an archive can put any key into it."""
    finished(room)
    with elsewhere.transactions() as transaction:
        transaction.users.add(room.ann, NOW)
    take(elsewhere, room.archive())
    with elsewhere.transactions() as transaction:
        readers = {item.reader_id for item in transaction.reviews.of_case(room.case.id)}
    assert room.ann.id not in readers
    assert room.bob.id in readers


def test_an_archive_does_not_speak_for_who_was_here_once(room, elsewhere):
    finished(room)
    with elsewhere.transactions() as transaction:
        transaction.users.add(replace(room.ann, is_active=False), NOW)
        transaction.users.add(replace(room.bob, password_hash=NO_PASSWORD), NOW)
    take(elsewhere, room.archive())
    with elsewhere.transactions() as transaction:
        readers = {item.reader_id for item in transaction.reviews.of_case(room.case.id)}
    assert readers
    assert not readers & {room.ann.id, room.bob.id}


def test_what_was_signed_elsewhere_by_who_can_sign_in_here_is_whole(room, elsewhere):
    """The signer has another key here than the one in the signed text."""
    signed(room)
    with elsewhere.transactions() as transaction:
        transaction.users.add(room.ann, NOW)
    take(elsewhere, room.archive())
    versions = known(elsewhere, room.case.id)["versions"]
    assert room.ann.id not in {version.signature.signer_id for version in versions}
    assert {read_version(version).signature.signer for version in versions} == {"Dr Ann (ann)"}


def test_a_taken_number_is_refused_unless_another_is_given(room, elsewhere):
    finished(room)
    with elsewhere.transactions() as transaction:
        transaction.cases.add(NewCase("A-1", "P-9"), NOW)
    with pytest.raises(Conflict, match="accession number"):
        take(elsewhere, room.archive())
    case = take(elsewhere, room.archive(), ImportChoices("A-2"))
    assert case.accession_number == "A-2"


def test_a_known_identifier_may_be_another_patient(room, elsewhere):
    finished(room)
    with elsewhere.transactions() as transaction:
        here = transaction.cases.add(NewCase("B-1", "P-1"), NOW).patient
    with pytest.raises(Conflict, match="same patient"):
        take(elsewhere, room.archive())
    with elsewhere.transactions() as transaction:
        assert transaction.users.all() == []
        with pytest.raises(NotFound):
            transaction.cases.get(room.case.id)
    case = take(elsewhere, room.archive(), ImportChoices(patient_identifier="P-1 of the other"))
    assert case.patient.id != here.id


def test_the_same_patient_can_be_said(room, elsewhere):
    finished(room)
    with elsewhere.transactions() as transaction:
        here = transaction.cases.add(NewCase("B-1", "P-1"), NOW).patient
    case = take(elsewhere, room.archive(), ImportChoices(same_patient=True))
    assert case.patient.id == here.id


@pytest.mark.parametrize("has_its_key", [True, False])
def test_a_case_is_not_given_to_a_patient_who_was_erased_meanwhile(
    room, elsewhere, monkeypatch, has_its_key
):
    """Between the look for the patient and the first row that is written."""
    finished(room)
    key = room.case.patient.id if has_its_key else uuid7()
    with elsewhere.transactions() as transaction:
        monkeypatch.setattr("app.db.cases.uuid7", lambda: key)
        here = transaction.cases.add(NewCase("B-1", "P-1"), NOW).patient
        monkeypatch.undo()
    records = read_archive(room.archive())
    store_images(room.archive(), records, elsewhere.blobs, elsewhere.limits.image)
    with pytest.raises(Conflict, match="erased"), elsewhere.transactions() as transaction:
        look = transaction.archives.patients

        def look_and_erase(*wanted):
            found = look(*wanted)
            with elsewhere.transactions() as other:
                erase_patient(other, here.id, "asked", LATER)
            return found

        monkeypatch.setattr(transaction.archives, "patients", look_and_erase)
        choices = ImportChoices(same_patient=True)
        import_case(transaction, records, choices, elsewhere.bundle, RULE, LATER)
    again = take(elsewhere, room.archive())
    assert again.patient.id != here.id
    assert again.patient.identifier == "P-1"


def test_nobody_exports_while_a_reader_is_blinded(room):
    with pytest.raises(Forbidden):
        room.archive(room.bob)
    with pytest.raises(Conflict, match="second reading"):
        room.archive(room.ann)


def test_a_lost_picture_is_said_and_nothing_is_written(room, monkeypatch):
    finished(room)
    cell = room.cells()[1]
    path = room.container.settings.data_dir / "images" / blob_name(cell.pixel_sha256)
    path.unlink()
    with pytest.raises(NotFound):
        room.archive()


def members(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(content, *, sealed=True):
    """An archive of these files; with digests that fit unless told otherwise."""
    if sealed:
        lines = [
            f"{hashlib.sha256(data).hexdigest()}  {name}\n"
            for name, data in content.items()
            if name != "manifest.sha256"
        ]
        content = {**content, "manifest.sha256": "".join(lines).encode()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return file


def test_the_digests_are_those_that_sha256sum_checks(room):
    content = members(finished(room).archive())
    for line in content["manifest.sha256"].decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(content[name]).hexdigest() == digest
    assert b"DATA OF A PATIENT" in content["README.txt"]
    assert json.loads(content["case.json"])["format"] == 1


LIES = {
    "format": lambda case: case.update(format=2),
    "kind": lambda case: case.update(records=[]),
    "probability": lambda case: case["records"]["findings"][0].update(probability=1.5),
    "missing finding": lambda case: case["records"]["findings"].pop(),
    "cell": lambda case: case["records"]["reviews"][0].update(cell_id=str(uuid7())),
    "order": lambda case: case["records"]["reviews"].reverse(),
    "person": lambda case: case["records"]["people"].pop(),
    "owner": lambda case: case["records"]["comments"][0].update(case_id=str(uuid7())),
    "rule": lambda case: case["records"]["bundles"][0]["rule"].update(cut_off=0.01),
    "bundle": lambda case: case["records"]["bundles"][0]["manifest"].update(version="9"),
    "ordinal": lambda case: case["records"]["cells"][0].update(ordinal=7),
    "crop": lambda case: case["records"]["cells"][0]["location"]["crop"].update(right=10**6),
    "zero": lambda case: case["records"]["comments"][0].update(text="a\x00b"),
    "half": lambda case: case["records"]["comments"][0].update(text="\ud800"),
    "context": lambda case: case["records"]["case"]["context"].update(age_years=900),
    "number": lambda case: case["records"]["reviews"][-1].update(sequence=2**70),
    "signed text": lambda case: case["records"]["versions"][0].update(content="{}"),
    "signer": lambda case: case["records"]["versions"][0]["signature"].update(
        printed_name="Dr Else"
    ),
    "version": lambda case: case["records"]["versions"].pop(0),
    "order number": lambda case: case["records"]["order"].update(placer_number="PL\r5"),
    "segment": lambda case: case["records"]["order"]["echo"].update(placer="PL\rOBX|1"),
    "field": lambda case: case["records"]["order"]["echo"].update(service="SMEAR||F"),
    "time": lambda case: case["records"]["order"].update(received_at="2026-03-01T09:30:00"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_archive_that_lies_is_refused_and_leaves_nothing(room, elsewhere, lie):
    content = members(signed(room).archive())
    case = json.loads(content["case.json"])
    LIES[lie](case)
    content["case.json"] = json.dumps(case).encode()
    with pytest.raises(InvalidInput):
        take(elsewhere, packed(content))
    with elsewhere.transactions() as transaction:
        assert transaction.users.all() == []
        assert transaction.cases.find("A-1", [DEFAULT_SITE_ID]) is None


def changed(content, how):
    names = [name for name in content if name.startswith("images/")]
    match how:
        case "swapped pictures":
            content[names[0]], content[names[1]] = content[names[1]], content[names[0]]
        case "no picture":
            content[names[0]] = b"none"
        case "missing picture":
            del content[names[0]]
        case "another file":
            content["../../evil.sh"] = b"echo"
        case "no case":
            del content["case.json"]
        case "not json":
            content["case.json"] = b"[" * 100_000
    return packed(content)


@pytest.mark.parametrize(
    "how",
    ["swapped pictures", "no picture", "missing picture", "another file", "no case", "not json"],
)
def test_an_archive_of_other_files_is_refused(room, elsewhere, how):
    with pytest.raises(InvalidInput):
        take(elsewhere, changed(members(finished(room).archive()), how))


def test_damage_is_noticed(room):
    content = members(finished(room).archive())
    content["README.txt"] += b" "
    with pytest.raises(InvalidInput, match="digest"):
        read_archive(packed(content, sealed=False))
    for rubbish in (b"", b"PK\x03\x04 no archive", cell_jpeg(1)):
        with pytest.raises(InvalidInput):
            read_archive(io.BytesIO(rubbish))


def test_too_large_an_archive_is_refused(room, monkeypatch):
    archive = finished(room).archive()
    monkeypatch.setattr(archive_reading, "LIMITS", ArchiveLimits(max_total_bytes=1000))
    with pytest.raises(Exception, match="unpacks to more than"):
        read_archive(archive)


@pytest.mark.parametrize("name", ["case.json", "manifest.sha256"])
def test_a_text_that_is_too_large_is_refused_before_it_is_read(room, monkeypatch, name):
    content = members(finished(room).archive())
    size = len(content[name])
    content[name] += b" " * 200_000
    monkeypatch.setattr(archive_reading, "MOST_TEXT_BYTES", size + 100_000)
    monkeypatch.setattr(archive_reading, "_sha256", None)
    with pytest.raises(InvalidInput, match="too large"):
        read_archive(packed(content, sealed=False))


def test_what_was_not_stored_is_not_shown_for_what_comes_after_it(room, elsewhere, monkeypatch):
    """The same case with as many findings: the first archive fails when all of it is written."""
    content = members(finished(room).archive())
    case = json.loads(content["case.json"])
    wrong = [item for item in case["records"]["findings"] if item["label"] == "vacuole"]
    for item in wrong:
        item["probability"] = 0.001
    changed_case = {**content, "case.json": json.dumps(case).encode()}
    records = read_archive(packed(changed_case))
    here = known(room.container, room.case.id)
    # Both instances are one process here, which keeps cases by their key.
    monkeypatch.setattr(classified, "_kept", classified._Kept())
    active = elsewhere.bundle
    with pytest.raises(KeyboardInterrupt), elsewhere.transactions() as transaction:
        import_case(transaction, records, AS_IT_IS, active, RULE, LATER)
        raise KeyboardInterrupt
    take(elsewhere, packed(content))
    there = known(elsewhere, room.case.id)
    assert there["read"] == here["read"]
    assert there["line"] == here["line"]
