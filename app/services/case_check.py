"""Whether an archived case is consistent: what contradicts itself is refused as a whole."""

import math
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.bundle import PMN, parse_manifest
from app.domain.case_records import BundleRecord, CaseRecords, FindingRecord, people_of
from app.domain.cell import Cell
from app.domain.errors import BundleRefused, InvalidInput
from app.domain.message import message
from app.domain.order import is_sendable
from app.domain.screening import parse_rule
from app.domain.signing import SignedVersion
from app.services.report_content import digest, from_content

Item = TypeVar("Item")
LABELS = frozenset({PMN, *(label.value for label in Abnormality)})


def refuse(reason: str) -> InvalidInput:
    """Why an archive is not taken; to be raised."""
    return InvalidInput(
        message(
            "The archive was refused, and nothing was imported: {reason}. Export the case again.",
            reason=reason,
        )
    )


def check_records(records: CaseRecords) -> None:
    """Raise `InvalidInput` unless every part fits the others."""
    cells = {cell.id for cell in records.cells}
    digests = {bundle.digest for bundle in records.bundles}
    for check in (_check_cells, _check_bundles, _check_people, _check_owners, _check_versions):
        check(records)
    if records.order and not is_sendable(records.order):
        raise refuse(message("its order cannot be what a message said"))
    _check_readings(records, cells, digests)
    _check_findings(records.findings, cells, digests)


def _check_cells(records: CaseRecords) -> None:
    ordinals = [cell.ordinal for cell in records.cells]
    if ordinals != list(range(1, len(ordinals) + 1)):
        raise refuse(message("its cells are not numbered 1, 2, 3 and so on"))
    _unique(records.cells, lambda cell: cell.id)
    _unique(records.cells, lambda cell: cell.pixel_sha256)
    uploads = {upload.id for upload in records.uploads}
    if any(cell.upload_id not in uploads or not _fits(cell) for cell in records.cells):
        raise refuse(message("a cell does not fit its picture or its delivery"))


def _fits(cell: Cell) -> bool:
    crop = cell.location.crop
    inside = 0 <= crop.left < crop.right <= cell.width_px
    return inside and 0 <= crop.top < crop.bottom <= cell.height_px


def _check_bundles(records: CaseRecords) -> None:
    _unique(records.bundles, lambda bundle: bundle.digest)
    for bundle in records.bundles:
        if _digest_of(bundle) != bundle.digest:
            raise refuse(message("a bundle is not the one that its digest names"))


def _digest_of(bundle: BundleRecord) -> str:
    try:
        parse_rule(bundle.rule)
        return parse_manifest(bundle.manifest).digest
    except BundleRefused as error:
        raise refuse(message("a bundle in it cannot be read")) from error


def _check_people(records: CaseRecords) -> None:
    _unique(records.people, lambda person: person.id)
    if people_of(records) - {person.id for person in records.people}:
        raise refuse(message("it names somebody of whom it does not say who that is"))
    if any(not person.printed_name.strip() for person in records.people):
        raise refuse(message("it holds a person without a name"))


def _check_owners(records: CaseRecords) -> None:
    owners = {upload.case_id for upload in records.uploads}
    owners |= {cell.case_id for cell in records.cells}
    owners |= {review.case_id for review in records.reviews}
    owners |= {comment.case_id for comment in records.comments}
    owners |= {version.case_id for version in records.versions}
    if owners - {records.case.id}:
        raise refuse(message("a part of it belongs to another case"))


def _check_readings(
    records: CaseRecords, cells: Collection[UUID], digests: Collection[str]
) -> None:
    sequences = [review.sequence for review in records.reviews]
    if sequences != sorted(set(sequences)):
        raise refuse(message("its reviews are not in order"))
    _unique(records.readings, lambda item: item.reading)
    seen = {review.bundle_digest for review in records.reviews}
    about = {review.cell_id for review in records.reviews}
    about |= {item.cell_id for item in records.comments if item.cell_id is not None}
    if seen - set(digests) or about - set(cells):
        raise refuse(message("a review or comment is about something that is not in it"))


def _check_findings(
    findings: Iterable[FindingRecord], cells: Collection[UUID], digests: Collection[str]
) -> None:
    found: dict[tuple[UUID, str], set[str]] = {}
    for item in findings:
        if item.cell_id not in cells or item.bundle_digest not in digests:
            raise refuse(message("a finding is about something that is not in it"))
        if not 0 <= item.probability <= 1 or not math.isfinite(item.novelty or 0):
            raise refuse(message("a finding is not a probability"))
        labels = found.setdefault((item.cell_id, item.bundle_digest), set())
        if item.label in labels:
            raise refuse(message("a cell has two findings of one kind"))
        labels.add(item.label)
    if any(labels != LABELS for labels in found.values()):
        raise refuse(message("a finding is missing, or of an unknown kind"))


def _check_versions(records: CaseRecords) -> None:
    numbers = [version.number for version in records.versions]
    if numbers != list(range(1, len(numbers) + 1)):
        raise refuse(message("its signed versions are not numbered 1, 2, 3 and so on"))
    for version in records.versions:
        if digest(version.content) != version.sha256:
            raise refuse(message("a signed version is not what was signed: its digest differs"))
        if not _says_the_same(version):
            raise refuse(message("a signed version and its signature contradict each other"))


def _says_the_same(version: SignedVersion) -> bool:
    """Whether the row repeats what stands in the signed text."""
    try:
        report = from_content(version.content)
    except (KeyError, TypeError, ValueError) as error:
        raise refuse(message("a signed version cannot be read")) from error
    signed, shown = report.signature, version.signature
    return (
        report.case.id == version.case_id
        and report.version == version.number
        and signed is not None
        and signed.repeats(shown)
    )


def _unique(items: Collection[Item], key: Callable[[Item], object]) -> None:
    if len({key(item) for item in items}) != len(items):
        raise refuse(message("it holds the same thing twice"))
