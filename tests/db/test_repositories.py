"""One contract for both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.case import ClinicalContext, NewCase, Progress, Sex, Upload
from app.domain.cell import QualityFlag
from app.domain.errors import Conflict, NotFound, RefusedFile
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import ApiToken, User
from tests.factories import NOW, make_cell, make_findings

CONTEXT = ClinicalContext(age_years=70, sex=Sex.MALE, mcv_fl=104.5, question="VEXAS ?")


def open_case(transaction, number="A-1", patient="P-1", **values):
    return transaction.cases.add(NewCase(number, patient, **values), NOW)


def add_cells(transaction, case, number):
    upload = Upload(uuid7(), case.id, NOW, number, ("twice.png",), (RefusedFile("a", "b", "c"),))
    transaction.cases.add_upload(upload)
    cells = [
        replace(make_cell(case_id=case.id, ordinal=index + 1), upload_id=upload.id)
        for index in range(number)
    ]
    transaction.cells.add(cells)
    return upload, cells


def test_a_case_comes_back_as_it_went_in(container):
    with container.transactions() as transaction:
        case = open_case(transaction, context=CONTEXT, patient_name="Ann Example")
    with container.transactions() as transaction:
        assert transaction.cases.get(case.id) == case
        assert transaction.cases.find("A-1", [DEFAULT_SITE_ID]) == case
        assert transaction.cases.find("a-1", [DEFAULT_SITE_ID]) is None
    assert case.context == CONTEXT
    assert case.created_at == NOW


def test_an_accession_number_is_used_once(container):
    with container.transactions() as transaction:
        open_case(transaction)
    with pytest.raises(Conflict, match="accession number"), container.transactions() as transaction:
        open_case(transaction, patient="P-2")


def test_two_cases_of_one_patient_share_the_patient(container):
    with container.transactions() as transaction:
        first = open_case(transaction)
        second = open_case(transaction, number="A-2", patient_name="Ann Example")
    assert first.patient.id == second.patient.id
    assert second.patient.name == "Ann Example"


def test_another_name_for_a_known_patient_is_a_conflict(container):
    with container.transactions() as transaction:
        open_case(transaction, patient_name="Ann Example")
    with pytest.raises(Conflict, match="another name"), container.transactions() as transaction:
        open_case(transaction, number="A-2", patient_name="Bob Example")
    with container.transactions() as transaction:
        assert transaction.cases.find("A-2", [DEFAULT_SITE_ID]) is None


def test_an_exception_leaves_nothing(container):
    with pytest.raises(RuntimeError), container.transactions() as transaction:
        open_case(transaction)
        raise RuntimeError("the request died")
    with container.transactions() as transaction:
        assert transaction.cases.find("A-1", [DEFAULT_SITE_ID]) is None


def test_pages_are_newest_first_and_complete(container):
    with container.transactions() as transaction:
        cases = [open_case(transaction, number=f"A-{index}") for index in range(7)]
    seen, before = [], None
    while True:
        with container.transactions() as transaction:
            page = transaction.cases.page(before, 3, "d")
        if not page:
            break
        seen.extend(item.case.id for item in page)
        before = seen[-1]
    assert seen == [case.id for case in reversed(cases)]


def test_what_is_not_there_is_not_found(container):
    with container.transactions() as transaction:
        for look in (
            transaction.cases.get,
            transaction.cases.upload,
            transaction.cases.patient,
            transaction.cells.get,
        ):
            with pytest.raises(NotFound):
                look(uuid7())
        with pytest.raises(NotFound):
            transaction.bundles.get("0" * 64)


def test_cells_and_uploads_come_back_as_they_went_in(container):
    with container.transactions() as transaction:
        case = open_case(transaction)
        upload, cells = add_cells(transaction, case, 3)
    flagged = make_cell(case_id=case.id, ordinal=4, flags=[QualityFlag.BLURRED])
    with container.transactions() as transaction:
        transaction.cells.add([replace(flagged, upload_id=upload.id)])
    with container.transactions() as transaction:
        found = transaction.cells.of_case(case.id)
        assert found[:3] == cells
        assert found[3].quality == flagged.quality
        assert transaction.cells.of_upload(upload.id) == found
        assert transaction.cases.upload(upload.id) == upload
        assert transaction.cells.known_pixels(case.id) == {cell.pixel_sha256 for cell in found}


def test_findings_are_never_overwritten(container):
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        _, [cell] = add_cells(transaction, open_case(transaction), 1)
        first = make_findings(cell, [Abnormality.VACUOLE], digest=digest)
        transaction.cells.add_findings([first], NOW)
    with container.transactions() as transaction:
        second = make_findings(cell, [Abnormality.NUCLEAR_SPIKE], pmn=0.1, digest=digest)
        transaction.cells.add_findings([second], NOW + timedelta(hours=1))
    with container.transactions() as transaction:
        assert transaction.cells.findings([cell.id], digest) == {cell.id: first}


def test_the_novelty_comes_back_with_the_findings(container):
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        _, cells = add_cells(transaction, open_case(transaction), 3)
        found = [
            make_findings(cell, novelty=novelty, digest=digest)
            for cell, novelty in zip(cells, (-1.25, 0.0, None), strict=True)
        ]
        transaction.cells.add_findings(found, NOW)
    with container.transactions() as transaction:
        read = transaction.cells.findings([cell.id for cell in cells], digest)
    assert read == {item.cell_id: item for item in found}


def test_progress_counts_each_cell_once(container):
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        case = open_case(transaction)
        _, cells = add_cells(transaction, case, 5)
        transaction.cells.add_findings([make_findings(cells[0], digest=digest)], NOW)
        transaction.cells.add_failure(cells[1].id, digest, "damaged", NOW)
        transaction.cells.add_failure(cells[1].id, digest, "damaged again", NOW)
    with container.transactions() as transaction:
        assert transaction.cells.progress(case.id, digest) == Progress(5, 1, 1)
        assert transaction.cells.progress(case.id, "0" * 64) == Progress(5, 0, 0)
        unread = transaction.cells.unread([cell.id for cell in cells], digest)
        assert [cell.id for cell in unread] == [cell.id for cell in cells[2:]]
        assert transaction.cells.failures(case.id, digest) == {cells[1].id: "damaged"}
        assert transaction.cells.latest_bundle(case.id) == digest
        [item] = transaction.cases.page(None, 5, digest)
        assert item.progress == Progress(5, 1, 1)


def test_more_findings_than_a_statement_takes_come_back(container):
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        _, cells = add_cells(transaction, open_case(transaction), 1200)
        transaction.cells.add_findings((make_findings(cell, digest=digest) for cell in cells), NOW)
    with container.transactions() as transaction:
        assert len(transaction.cells.findings([cell.id for cell in cells], digest)) == 1200


def test_a_bundle_is_remembered_once_and_comes_back(container):
    container.remember_bundle()
    with container.transactions() as transaction:
        assert transaction.bundles.get(container.bundle.manifest.digest) == container.bundle


def test_tokens_end(container):
    user = User(uuid7(), "ann", Role.ADMINISTRATOR, "hash")
    token = ApiToken(uuid7(), user.id, "f" * 64, NOW, NOW + timedelta(days=1))
    with container.transactions() as transaction:
        transaction.users.add(user, NOW)
        transaction.users.add_token(token)
    with container.transactions() as transaction:
        assert transaction.users.by_token("f" * 64, NOW) == user
        assert transaction.users.by_token("f" * 64, NOW + timedelta(days=2)) is None
        assert transaction.users.by_token("e" * 64, NOW) is None


def test_two_accounts_of_one_name_are_a_conflict(container):
    with container.transactions() as transaction:
        transaction.users.add(User(uuid7(), "ann", Role.ADMINISTRATOR, "hash"), NOW)
    with pytest.raises(Conflict, match="ann"), container.transactions() as transaction:
        transaction.users.add(User(uuid7(), "ann", Role.ADMINISTRATOR, "hash"), NOW)
