"""A case from another instance: stored at once, under its own keys."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.bundle_switch import CaseBundle
from app.domain.case import Case, NewCase, Patient
from app.domain.case_records import CaseRecords, PersonRecord
from app.domain.errors import Conflict, NotFound
from app.domain.message import message
from app.domain.review import ReviewRule
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import IMPORTED, User
from app.ports import Bundle, Transaction
from app.services.case_check import refuse
from app.services.erasing import refuse_erased
from app.services.measuring_cases import fill_in
from app.services.worklist import refresh

_LONGEST_NAME, _LONGEST_ACCOUNT = 200, 150


@dataclass(frozen=True)
class ImportChoices:
    """What the person who imports says where the archive fits badly.

    Parameters
    ----------
    accession_number, patient_identifier
        In place of those in the archive.
    same_patient
        That the patient who has this identifier here is the one of the archive.
    site_id
        The laboratory that it belongs to here.
    """

    accession_number: str | None = None
    patient_identifier: str | None = None
    same_patient: bool = False
    site_id: UUID = DEFAULT_SITE_ID


def import_case(
    transaction: Transaction,
    records: CaseRecords,
    choices: ImportChoices,
    active: Bundle,
    rule: ReviewRule,
    now: datetime,
) -> Case:
    """Store a checked case under its own keys; its readers become accounts without a password.

    Raises
    ------
    Conflict
        If the case is here already, its accession number is taken, or its patient's identifier is
        known here and nobody said that it is the same patient.
    """
    if transaction.archives.is_here(records):
        raise Conflict(message("This case is here already. Nothing was imported."))
    refuse_erased(transaction, {cell.pixel_sha256 for cell in records.cells})
    _refuse_another_rule(transaction, records)
    number = choices.accession_number or records.case.accession_number
    if transaction.cases.find(number, [choices.site_id]):
        raise Conflict(
            message(
                "A case with this accession number exists already. Give the imported case "
                "another one."
            )
        )
    patient = _patient(transaction, records.case.patient, choices)
    # Checked as a new one is.
    NewCase(number, patient.identifier, patient.name, records.case.context, records.case.origin)
    case = replace(records.case, accession_number=number, patient=patient, site_id=choices.site_id)
    keys = _accounts(transaction, records.people, case.site_id, now)
    transaction.archives.write(_renamed(replace(records, case=case), keys), now)
    transaction.audit.note("case.import", case_id=case.id, after={"site": str(case.site_id)})
    if digest := transaction.cells.latest_bundle(case.id):
        transaction.case_bundles.put(case.id, CaseBundle(digest, now))
    refresh(transaction, case.id, active, rule)
    fill_in(transaction, case.id, active, rule)
    return transaction.cases.get(case.id)


def _refuse_another_rule(transaction: Transaction, records: CaseRecords) -> None:
    """A digest that is known here must stand for the same rule: it gave the signed scores."""
    known = transaction.archives.bundles([bundle.digest for bundle in records.bundles])
    by_digest = {bundle.digest: bundle for bundle in records.bundles}
    if any(by_digest[bundle.digest].rule != bundle.rule for bundle in known):
        raise refuse(message("a bundle in it is not the one that is known here by its digest"))


def _patient(transaction: Transaction, given: Patient, choices: ImportChoices) -> Patient:
    identifier = choices.patient_identifier or given.identifier
    known = transaction.archives.patients(identifier, [choices.site_id])
    if not known:
        return Patient(_free_patient_key(transaction, given.id), identifier, given.name)
    found = known[0]
    if found.id != given.id and not choices.same_patient:
        raise Conflict(
            message(
                "A patient with this identifier is known here. Say that it is the same patient, "
                "or give the imported one another identifier."
            )
        )
    if given.name and found.name and given.name != found.name:
        raise Conflict(
            message(
                "The patient with this identifier is stored under another name. "
                "Give the imported patient another identifier."
            )
        )
    return found


def _free_patient_key(transaction: Transaction, key: UUID) -> UUID:
    """The patient's own key, so that the next case from there finds it; unless it is taken."""
    try:
        transaction.cases.patient(key)
    except NotFound:
        return key
    return uuid7()


def _accounts(
    transaction: Transaction, people: tuple[PersonRecord, ...], site_id: UUID, now: datetime
) -> Mapping[UUID, UUID]:
    """The key of each person's account here.

    An archive never speaks for an account of somebody here, not even one that is closed: anyone
    could have written it. Only accounts that another archive made are taken again.
    """
    keys = {}
    for person in people:
        known = transaction.users.get(person.id)
        if known is not None and known.password_hash == IMPORTED:
            keys[person.id] = known.id
            continue
        keys[person.id] = uuid7() if known else person.id
        account = User(
            id=keys[person.id],
            name=_free_name(transaction, person.name),
            role=Role.HAEMATOLOGIST,
            password_hash=IMPORTED,
            full_name=person.printed_name[:_LONGEST_NAME],
            site_ids=frozenset({site_id}),
        )
        transaction.users.add(account, now)
    return keys


def _free_name(transaction: Transaction, name: str) -> str:
    """The name with a mark: an account of the same name here may be somebody else."""
    kept = name.partition(" (imported")[0][:_LONGEST_ACCOUNT]
    number = 1
    while True:
        tried = f"{kept} (imported)" if number == 1 else f"{kept} (imported {number})"
        if transaction.users.by_name(tried) is None:
            return tried
        number += 1


def _renamed(records: CaseRecords, keys: Mapping[UUID, UUID]) -> CaseRecords:
    """The records with the keys that their people have here."""
    return replace(
        records,
        reviews=tuple(replace(item, reader_id=keys[item.reader_id]) for item in records.reviews),
        readings=tuple(
            replace(item, reader_id=keys[item.reader_id], assigned_by=keys[item.assigned_by])
            for item in records.readings
        ),
        comments=tuple(replace(item, author_id=keys[item.author_id]) for item in records.comments),
        interpretations=tuple(
            replace(item, author_id=keys[item.author_id]) for item in records.interpretations
        ),
        amendments=tuple(
            replace(item, opened_by=keys[item.opened_by]) for item in records.amendments
        ),
        versions=tuple(
            replace(
                item, signature=replace(item.signature, signer_id=keys[item.signature.signer_id])
            )
            for item in records.versions
        ),
    )
