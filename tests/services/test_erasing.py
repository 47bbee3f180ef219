"""Erasing: nothing that leads to a person stays in any row or file; counts and the audit do."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db.tables import Row
from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.audit import ChainCheck
from app.domain.case import ClinicalContext, NewCase, RefusedFile
from app.domain.control import ControlState
from app.domain.erasure import ErasureCause, RetentionRule
from app.domain.errors import Conflict, Gone, InvalidInput, NotFound
from app.domain.outbox import DeliveryState
from app.domain.site import DEFAULT_SITE_ID
from app.jobs import maintenance
from app.jobs.maintenance import DAILY, Chore, Traces, retain
from app.jobs.worker import classify_job, give_up_job
from app.services.controlling import control_standings
from app.services.discussing import comment, interpret
from app.services.erasing import SETTLES, erase_overdue, erase_patient, remove_images
from app.services.freezing import freeze_cases
from app.services.intake import Delivery, IncomingFile, blob_name, take_in
from app.services.opening import open_case
from app.services.registering import register
from app.services.signing import sign
from app.services.thumbnails import thumbnail
from tests.accounts import add_account
from tests.db.test_outbox import make_destination, publish
from tests.factories import NOW
from tests.images import cell_png
from tests.services.reading_room import open_room

SECRETS = ("MRN-77", "Mary Secret", "ACC-77", "mary.png", "fell ill in May", "See Mary")


def stored(container):
    """Every value of every table, as text."""
    with container.engine.connect() as connection:
        return [
            (table.name, " ".join(str(value) for value in row))
            for table in Row.metadata.sorted_tables
            for row in connection.execute(text(f'SELECT * FROM "{table.name}"'))
        ]


def names_in(container):
    return sorted(
        {
            (table, secret)
            for table, row in stored(container)
            for secret in SECRETS
            if secret.lower() in row.lower()
        }
    )


@pytest.fixture
def case(container):
    """A case of a named patient with one image of its own and one that another case has too."""
    with container.transactions() as transaction:
        context = ClinicalContext(question="fell ill in May")
        new = NewCase("ACC-77", "MRN-77", "Mary Secret", context)
        case = open_case(transaction, new, container.now())
        other = open_case(transaction, NewCase("ACC-78", "MRN-78"), container.now())
    send(container, case, ("mary.png", 1), ("mary.png.png", 2))
    send(container, other, ("x.png", 2))
    return case


def send(container, case, *files):
    incoming = [IncomingFile(name, io.BytesIO(cell_png(seed))) for name, seed in files]
    delivery = take_in(incoming, container.limits, container.blobs, container.threads)
    with container.transactions() as transaction:
        digest = container.bundle.manifest.digest
        register(transaction, case.id, delivery, digest, container.now())


def pixels_of(container, case):
    with container.transactions() as transaction:
        return [cell.pixel_sha256 for cell in transaction.cells.of_case(case.id)]


def erase(container, case, reason="asked for by the person"):
    with container.transactions() as transaction:
        return erase_patient(transaction, case.patient.id, reason, container.now())


def is_stored(container, pixels):
    return container.blobs.exists(blob_name(pixels))


def test_nothing_that_leads_to_the_person_stays_in_any_table(container, case):
    with container.transactions() as transaction:
        person = add_account(transaction, "ann", Role.HAEMATOLOGIST, container.now())
        transaction.filters.search_for(person.id, "mrn-77", container.now())
        transaction.filters.search_for(person.id, "elsewhere", container.now())
    before = names_in(container)
    assert {"ACC-77", "MRN-77", "Mary Secret", "mary.png"} <= {secret for _, secret in before}
    erase(container, case)
    assert names_in(container) == []
    kept = stored(container)
    assert [table for table, row in kept if "MRN-78" in row] == ["patients", "worklist"]
    searches = [row for table, row in kept if table == "worklist_searches"]
    assert sum("elsewhere" in row for row in searches) == 1
    assert not any("mrn-77" in row for row in searches)


def test_the_signed_text_and_every_remark_go_and_the_digests_stay(container):
    room = open_room(container, shown=[{Abnormality.VACUOLE}])
    with container.transactions() as transaction:
        comment(transaction, room.reader(room.ann), None, "See Mary", container.now())
        last = transaction.reviews.last_sequence(room.case.id)
        version = sign(transaction, room.reader(room.ann), last, container.now())
    erasure = erase(container, room.case)
    assert erasure.cases[0].versions == {"1": version.sha256}
    assert erasure.cases[0].counts["pmn"] == 6
    assert erasure.cases[0].counts["vacuole"] == 1
    assert not [row for _, row in stored(container) if room.case.accession_number in row]
    assert not [row for _, row in stored(container) if "See Mary" in row]


def test_images_are_removed_unless_another_patient_has_the_same(container, case):
    own, shared = pixels_of(container, case)
    erasure = erase(container, case)
    assert (erasure.image_count, erasure.shared_count) == (1, 1)
    assert erasure.removed_at is None
    assert remove_images(container.transactions, container.blobs, container.now()) == 0
    later = container.now() + SETTLES
    assert remove_images(container.transactions, container.blobs, later) == 1
    assert not is_stored(container, own)
    assert is_stored(container, shared)
    with container.transactions() as transaction:
        proof = transaction.erasures.get(erasure.id, [DEFAULT_SITE_ID])
    assert proof.removed_at == later


def test_cuts_of_the_images_are_removed_with_them(container, case):
    with container.transactions() as transaction:
        cells = transaction.cells.of_case(case.id)
    for cell in cells:
        thumbnail(cell, 160, container.blobs)
    own, shared = (f"thumbs/{cell.pixel_sha256[:2]}" for cell in cells)
    assert list(container.blobs.names(own))
    erase(container, case)
    remove_images(container.transactions, container.blobs, container.now() + SETTLES)
    digests = {name.rpartition("/")[2][:64] for name in container.blobs.names(own)}
    assert cells[0].pixel_sha256 not in digests
    assert list(container.blobs.names(shared))


def test_cells_of_an_erased_case_that_waited_keep_nobody_waiting(container, case):
    with container.transactions() as transaction:
        waiting = [cell.id for cell in transaction.cells.of_case(case.id)]
    erase(container, case)
    classify_job(container, case.id, waiting)
    give_up_job(container, case.id, waiting)
    with container.transactions() as transaction:
        progress = transaction.cells.progress(case.id, container.bundle.manifest.digest)
    assert progress.classified_count == 0


def test_what_a_refused_delivery_stored_again_is_removed_again(container, case):
    own, _ = pixels_of(container, case)
    erase(container, case)
    now = container.now() + SETTLES
    remove_images(container.transactions, container.blobs, now)
    with container.transactions() as transaction:
        new = open_case(transaction, NewCase("ACC-79", "MRN-79"), container.now())
    with pytest.raises(Conflict):
        send(container, new, ("again.png", 1))
    assert is_stored(container, own)
    remove_images(container.transactions, container.blobs, now + timedelta(hours=1))
    assert not is_stored(container, own)


def test_an_image_that_is_being_erased_is_not_taken_in(container, case):
    erase(container, case)
    with container.transactions() as transaction:
        new = open_case(transaction, NewCase("ACC-79", "MRN-79"), container.now())
    with pytest.raises(Conflict, match="just been erased"):
        send(container, new, ("again.png", 1))
    later = container.now() + SETTLES
    remove_images(container.transactions, container.blobs, later)
    remove_images(container.transactions, container.blobs, later + timedelta(hours=2))
    send(container, new, ("again.png", 1))
    assert is_stored(container, pixels_of(container, new)[0])


def test_an_erased_case_says_so_and_is_erased_once(container, case):
    erase(container, case)
    with container.transactions() as transaction:
        with pytest.raises(Gone, match="was erased"):
            transaction.cases.get(case.id)
        assert transaction.cases.find("ACC-77", [DEFAULT_SITE_ID]) is None
        with pytest.raises(NotFound):
            erase_patient(transaction, case.patient.id, "again", container.now())
        open_case(transaction, NewCase("ACC-77", "MRN-77"), container.now())


def test_a_fixed_set_loses_its_cells_and_control_slides_alarm(container, case):
    now = container.now()
    with container.transactions() as transaction:
        fixed = freeze_cases(transaction, "once", ["ACC-77"], "ann", now, is_daily=False)
        freeze_cases(transaction, "daily", ["ACC-77"], "ann", now, is_daily=True)
    erase(container, case)
    assert names_in(container) == []
    with container.transactions() as transaction:
        assert transaction.controls.get_set(fixed.id).retired_at is not None
        [standing] = control_standings(transaction, now)
    assert (standing.fixed.name, standing.state) == ("daily", ControlState.INCOMPLETE)


def test_nothing_is_written_to_a_case_that_was_erased_meanwhile(container):
    room = open_room(container, shown=[{Abnormality.VACUOLE}])
    reader = room.reader(room.ann)
    delivery = Delivery((), (RefusedFile("late-mary.png", "unreadable", "Send another."),))
    erase(container, room.case)
    now = container.now()
    writes = (
        lambda transaction: register(transaction, room.case.id, delivery, "d", now),
        lambda transaction: comment(transaction, reader, None, "See Mary", now),
        lambda transaction: interpret(transaction, reader, "See Mary", None, now, is_blinded=False),
        lambda transaction: sign(transaction, reader, 0, now),
    )
    for write in writes:
        with pytest.raises(Gone), container.transactions() as transaction:
            write(transaction)
    kept = " ".join(row for _, row in stored(container))
    assert "Mary" not in kept
    assert room.case.accession_number not in kept


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_files_of_sqlite_forget_what_was_erased(container, case):
    file = Path(container.engine.url.database)

    def bytes_of_files():
        return b"".join(item.read_bytes() for item in file.parent.glob(f"{file.name}*"))

    traces = Traces(container)
    traces.clear()
    assert b"MRN-77" in bytes_of_files()
    erase(container, case)
    assert b"MRN-77" in bytes_of_files()
    traces.clear()
    left = bytes_of_files()
    assert [secret for secret in SECRETS if secret.encode() in left] == []
    assert b"MRN-78" in left


def test_a_chore_that_fails_keeps_no_other_from_its_turn(container):
    done = []
    broken = Chore("broken", DAILY, lambda: 1 / 0)
    whole = Chore("whole", DAILY, lambda: done.append(1))
    start = container.now()
    for hours in (0, 1, 24):
        for chore in (broken, whole):
            chore.take_turn(start + timedelta(hours=hours))
    assert (broken.done_at, len(done)) == (None, 2)


def test_a_case_that_is_opened_while_its_patient_is_erased_goes_too(container, case):
    with ThreadPoolExecutor(1) as thread:
        with container.transactions() as transaction:
            opened = open_case(transaction, NewCase("ACC-80", "MRN-77"), container.now())
            erasing = thread.submit(erase, container, case)
            with pytest.raises(TimeoutError):
                erasing.result(timeout=0.5)
        erasure = erasing.result(timeout=60)
    assert {item.case_id for item in erasure.cases} == {case.id, opened.id}


def test_a_case_that_was_signed_since_it_was_found_overdue_stays(container):
    room = open_room(container, shown=[{Abnormality.VACUOLE}])
    rule, now = RetentionRule(timedelta(days=10), timedelta(days=1)), container.now()
    with container.transactions() as transaction:
        found = transaction.erasures.overdue(rule, now + timedelta(days=2), 9)
        assert [case.id for case in found] == [room.case.id]
        sign(transaction, room.reader(room.ann), 0, now + timedelta(days=2))
    with pytest.raises(Conflict), container.transactions() as transaction:
        erase_overdue(transaction, found[0], rule, now + timedelta(days=2))
    with container.transactions() as transaction:
        transaction.cases.get(room.case.id)


def test_what_was_searched_for_goes_whatever_it_names(container, case):
    sought = ("mary secret", "Secret", "acc-77", "MRN-77 or MRN-99", "another")
    with container.transactions() as transaction:
        person = add_account(transaction, "ann", Role.ADMINISTRATOR, container.now())
        for text_sought in sought:
            transaction.filters.search_for(person.id, text_sought, container.now())
    erase(container, case)
    kept = [row for table, row in stored(container) if table == "worklist_searches"]
    assert [item for item in sought if any(item in row for row in kept)] == ["another"]


def test_a_reason_is_needed_that_does_not_name_the_patient(container, case):
    for reason in ("", "  ", "x" * 501, "mrn-77 asked", "letter of Mrs secret", "ACC-77, twice"):
        with pytest.raises(InvalidInput):
            erase(container, case, reason)
    erase(container, case, "secretary asked, MRN-770")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_particles_of_a_name_are_nobodys(container):
    """Another person's search stays, and an ordinary sentence is a reason."""
    sought = ("Desmond", "Lambert", "Claudel", "de la Cruz", "Fontaine")
    with container.transactions() as transaction:
        case = open_case(transaction, NewCase("B-1", "P-1", "Jean de La Fontaine"), NOW)
        person = add_account(transaction, "ann", Role.HAEMATOLOGIST, NOW)
        keys = [transaction.filters.search_for(person.id, text, NOW) for text in sought]
    erase(container, case, "Retrait du consentement, lettre de mai")
    with container.transactions() as transaction:
        kept = [transaction.filters.text(person.id, key) for key in keys]
    assert kept[:-1] == list(sought[:-1])
    assert kept[-1].startswith("erased")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_messages_that_an_erasure_keeps_back_are_forgotten_in_their_time(container):
    with container.transactions() as transaction:
        destination = make_destination(transaction)
        case = open_case(transaction, NewCase("B-1", "P-1"), NOW)
        publish(transaction, case)
    erase(container, case)
    with container.transactions() as transaction:
        [skipped] = transaction.destinations.deliveries(destination.id, DeliveryState, None, 9)
    assert skipped.settled_at is not None


def test_the_audit_tells_of_it_and_still_holds(container, case):
    erasure = erase(container, case)
    check = ChainCheck()
    with container.transactions() as transaction:
        entries = list(transaction.audit.all())
    assert all(check.add(entry) is None for entry in entries)
    assert entries[-1].event.action == "case.erase"
    assert entries[-1].event.after["erasure"] == str(erasure.id)


def test_retention_erases_what_is_over_and_nothing_else(container, case, monkeypatch):
    kept = RetentionRule(unsigned=timedelta(days=30))
    monkeypatch.setattr(type(container), "retention_rule", property(lambda _: kept))
    assert retain(container) == 0
    monkeypatch.setattr(maintenance, "CASES_AT_ONCE", 1)
    later = container.now() + timedelta(days=31)
    monkeypatch.setattr(type(container), "now", lambda _: later)
    assert retain(container) == 2
    with container.transactions() as transaction:
        proofs = transaction.erasures.all([case.site_id])
    assert {proof.cause for proof in proofs} == {ErasureCause.RETENTION}
    assert names_in(container) == []


def test_a_signed_case_is_kept_by_its_signature(container):
    room = open_room(container, shown=[{Abnormality.VACUOLE}])
    now = container.now()
    rule = RetentionRule(signed=timedelta(days=10), unsigned=timedelta(days=1))
    with container.transactions() as transaction:
        last = transaction.reviews.last_sequence(room.case.id)
        sign(transaction, room.reader(room.ann), last, now)
        opened = transaction.cases.get(room.case.id).created_at
        early, late = now + timedelta(days=9), now + timedelta(days=11)
        over = [case.id for case in transaction.erasures.overdue(rule, early, 9)]
        assert room.case.id not in over
        over = [case.id for case in transaction.erasures.overdue(rule, late, 9)]
        assert room.case.id in over
    assert rule.is_over(opened, now, late)
    assert not rule.is_over(opened, now, early)
