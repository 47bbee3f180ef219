"""A case from another instance: its archive is checked to the last byte, then stored at once."""

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID

from pydantic import ValidationError
from uuid_utils.compat import uuid7

from app.domain.case import Case, NewCase, Patient
from app.domain.case_records import CaseRecords, PersonRecord
from app.domain.cell import Cell
from app.domain.errors import Conflict, ImageRefused, InvalidInput, NotFound
from app.domain.message import message
from app.domain.review import ReviewRule
from app.domain.user import NO_PASSWORD, Role, User
from app.imaging.archive import ArchiveLimits, open_archive
from app.imaging.decode import ImageLimits, decode, encode_png, pixel_sha256
from app.ports import BlobStore, Bundle, Transaction
from app.services.case_archive import (
    ARCHIVE_FORMAT,
    CASE_FILE,
    FINDINGS_FILE,
    MANIFEST_FILE,
    README_FILE,
    RECORDS,
    image_name,
)
from app.services.case_check import check_records, refuse
from app.services.intake import blob_name
from app.services.worklist import refresh

MIB = 1024**2
LIMITS = ArchiveLimits(max_entries=100_000, max_total_bytes=8 * 1024**3, max_member_bytes=512 * MIB)
_LONGEST_NAME, _LONGEST_ACCOUNT = 200, 150
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_DAMAGE = (OSError, ValueError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile)


@dataclass(frozen=True)
class ImportChoices:
    """What the person who imports says where the archive fits badly.

    Parameters
    ----------
    accession_number, patient_identifier
        In place of those in the archive.
    same_patient
        That the patient who has this identifier here is the one of the archive.
    """

    accession_number: str | None = None
    patient_identifier: str | None = None
    same_patient: bool = False


def read_archive(file: BinaryIO) -> CaseRecords:
    """Check an archive but for its pictures.

    Raises
    ------
    InvalidInput
        With what is wrong: not an archive of a case, of another format, damaged, contradictory.
    TooLarge
        If it holds too much.
    """
    with _opened(file) as archive:
        _check_digests(archive)
        records = _records(_member(archive, CASE_FILE))
        check_records(records)
        expected = {CASE_FILE, FINDINGS_FILE, README_FILE, MANIFEST_FILE}
        expected |= set(map(image_name, records.cells))
        if set(archive.namelist()) != expected:
            raise refuse(message("it lacks pictures, or holds others"))
    return records


def store_images(
    file: BinaryIO, records: CaseRecords, blobs: BlobStore, limits: ImageLimits
) -> None:
    """Store the pictures of a checked archive; they lie under the digest of their pixels.

    Raises
    ------
    InvalidInput
        If one is not the picture that its cell names.
    """
    with _opened(file) as archive:
        for cell in records.cells:
            content = _upright(_member(archive, image_name(cell)), cell, limits)
            blobs.put(blob_name(cell.pixel_sha256), content)


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
    _refuse_another_rule(transaction, records)
    number = choices.accession_number or records.case.accession_number
    if transaction.cases.find(number):
        raise Conflict(
            message(
                "A case with this accession number exists already. Give the imported case "
                "another one."
            )
        )
    patient = _patient(transaction, records.case.patient, choices)
    # Checked as a new one is.
    NewCase(number, patient.identifier, patient.name, records.case.context, records.case.origin)
    case = replace(records.case, accession_number=number, patient=patient)
    keys = _accounts(transaction, records.people, now)
    transaction.archives.write(_renamed(replace(records, case=case), keys), now)
    refresh(transaction, case.id, active, rule)
    return transaction.cases.get(case.id)


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    file.seek(0)
    try:
        return open_archive("ZIP", file, LIMITS)
    except ImageRefused as error:
        raise refuse(message("it is not a ZIP archive, or damaged")) from error


def _check_digests(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    digests = dict(_lines(_member(archive, MANIFEST_FILE)))
    if len(names) != len(set(names)) or set(digests) != set(names) - {MANIFEST_FILE}:
        raise refuse(message("its list of files is not what it holds"))
    for name, expected in digests.items():
        if hashlib.sha256(_member(archive, name)).hexdigest() != expected:
            raise refuse(message("a file is not the one of which the digest was written down"))


def _lines(content: bytes) -> Iterator[tuple[str, str]]:
    for line in content.decode(errors="replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise refuse(message("its list of files cannot be read"))
        yield match[2], match[1]


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One file; no more is read of it than the directory promised, and that is bounded."""
    try:
        info = archive.getinfo(name)
        if info.file_size > LIMITS.max_member_bytes:
            raise refuse(message("a file in it is too large"))
        return archive.read(info)
    except KeyError as error:
        raise refuse(message("it is not the archive of a case")) from error
    except InvalidInput:
        raise
    except (*_DAMAGE, NotImplementedError, zlib.error) as error:
        raise refuse(message("a file in it is damaged")) from error


def _records(content: bytes) -> CaseRecords:
    found = _json(content)
    if found.get("product") != "vexascope" or found.get("format") != ARCHIVE_FORMAT:
        raise refuse(message("it is of another format than this version reads"))
    try:
        return RECORDS.validate_python(_plain(found.get("records")))
    except (ValidationError, TypeError, KeyError) as error:
        raise refuse(message("its content is not that of a case")) from error


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise refuse(message("its content cannot be read")) from error
    if not isinstance(found, dict):
        raise refuse(message("its content cannot be read"))
    return found


def _no_number(name: str) -> float:
    """JSON has no NaN and no infinity, and PostgreSQL does not store them in it."""
    raise ValueError(name)


def _plain(value: Any) -> Any:
    """Refuse text that a database cannot hold: half a character, or a zero."""
    if isinstance(value, str) and ("\x00" in value or not _is_unicode(value)):
        raise refuse(message("it holds text that cannot be stored"))
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _upright(content: bytes, cell: Cell, limits: ImageLimits) -> bytes:
    """The picture, encoded anew: nothing comes along but the pixels."""
    wide = replace(limits, max_bytes=LIMITS.max_member_bytes)
    try:
        rgb = decode(content, wide).rgb
    except ImageRefused as error:
        raise refuse(message("the picture of a cell cannot be read")) from error
    if pixel_sha256(rgb) != cell.pixel_sha256 or rgb.shape[:2] != (cell.height_px, cell.width_px):
        raise refuse(message("a picture is not the one that its cell names"))
    return encode_png(rgb)


def _refuse_another_rule(transaction: Transaction, records: CaseRecords) -> None:
    """A digest that is known here must stand for the same rule: it gave the signed scores."""
    known = transaction.archives.bundles([bundle.digest for bundle in records.bundles])
    by_digest = {bundle.digest: bundle for bundle in records.bundles}
    if any(by_digest[bundle.digest].rule != bundle.rule for bundle in known):
        raise refuse(message("a bundle in it is not the one that is known here by its digest"))


def _patient(transaction: Transaction, given: Patient, choices: ImportChoices) -> Patient:
    identifier = choices.patient_identifier or given.identifier
    found = transaction.archives.patient(identifier)
    if found is None:
        return Patient(_free_patient_key(transaction, given.id), identifier, given.name)
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
    transaction: Transaction, people: tuple[PersonRecord, ...], now: datetime
) -> Mapping[UUID, UUID]:
    """The key of each person's account here.

    An archive never speaks for somebody who can sign in here: anyone could have written it.
    """
    keys = {}
    for person in people:
        known = transaction.users.get(person.id)
        if known is not None and not known.can_sign_in:
            keys[person.id] = known.id
            continue
        keys[person.id] = uuid7() if known else person.id
        account = User(
            id=keys[person.id],
            name=_free_name(transaction, person.name),
            role=Role.HAEMATOLOGIST,
            password_hash=NO_PASSWORD,
            full_name=person.printed_name[:_LONGEST_NAME],
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
