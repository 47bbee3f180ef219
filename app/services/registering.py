"""From pixels that are stored to cells of a case, and the jobs that will read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.case import Upload
from app.domain.cell import Cell
from app.ports import Transaction
from app.services import worklist
from app.services.erasing import refuse_erased
from app.services.intake import Delivery
from app.services.reviewing import refuse_closed
from app.services.standing import bundle_for_arrivals, enqueue


@dataclass(frozen=True)
class Arrival:
    """A delivery under its key, and the one file that it came in, if it was one."""

    id: UUID
    delivery: Delivery
    file_name: str | None = None
    size_bytes: int | None = None


def register(
    transaction: Transaction, case_id: UUID, delivery: Delivery, digest: str, now: datetime
) -> Upload:
    """Write a delivery's rows and its jobs; an image that the case has already adds no cell.

    `digest` names the active bundle. Cells that only another one has read are read again, so that
    a report never mixes two; a case for which a person chose a bundle stays on that.

    Raises
    ------
    Conflict
        If the case is signed.
    """
    transaction.cases.lock(case_id)
    refuse_closed(transaction, case_id)
    return register_each(transaction, case_id, [Arrival(uuid7(), delivery)], digest, now)[0]


def register_each(
    transaction: Transaction,
    case_id: UUID,
    arrivals: Iterable[Arrival],
    digest: str,
    now: datetime,
) -> list[Upload]:
    """Write several deliveries, which share jobs; else as `register` does."""
    transaction.cases.lock(case_id)
    seen = transaction.cells.known_pixels(case_id)
    uploads: list[Upload] = []
    waiting: list[UUID] = []
    for arrival in arrivals:
        cells, duplicates = _new_cells(arrival, case_id, seen)
        refuse_erased(transaction, {cell.pixel_sha256 for cell in cells})
        upload = Upload(
            id=arrival.id,
            case_id=case_id,
            created_at=now,
            accepted_count=len(cells),
            duplicates=tuple(duplicates),
            refused=arrival.delivery.refused,
            file_name=arrival.file_name,
            size_bytes=arrival.size_bytes,
        )
        transaction.cases.add_upload(upload)
        _note(transaction, upload)
        transaction.cells.add(cells)
        uploads.append(upload)
        waiting.extend(cell.id for cell in cells)
    if waiting:
        digest, others = bundle_for_arrivals(transaction, case_id, digest, now)
        enqueue(transaction, case_id, [*waiting, *others])
        worklist.note_arrivals(transaction, case_id, digest)
    return uploads


def _note(transaction: Transaction, upload: Upload) -> None:
    after = {
        "accepted": upload.accepted_count,
        "duplicates": len(upload.duplicates),
        "refused": len(upload.refused),
    }
    subject = f"upload:{upload.id}"
    transaction.audit.note("upload.take", case_id=upload.case_id, subject=subject, after=after)


def _new_cells(arrival: Arrival, case_id: UUID, seen: set[str]) -> tuple[list[Cell], list[str]]:
    """Cells of the images that are new to the case, whose pixels are then in `seen` too."""
    cells: list[Cell] = []
    duplicates: list[str] = []
    for item in arrival.delivery.examined:
        if item.pixel_sha256 in seen:
            duplicates.append(item.file_name)
            continue
        seen.add(item.pixel_sha256)
        cells.append(
            Cell(
                id=uuid7(),
                case_id=case_id,
                upload_id=arrival.id,
                ordinal=len(seen),
                **vars(item),
            )
        )
    return cells, duplicates
