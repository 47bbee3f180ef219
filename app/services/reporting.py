"""Reporting: everything that was read of a case, brought into one `Report`."""

from datetime import datetime
from uuid import UUID

from app.domain.case import Case, Progress
from app.domain.finding import ReadCell, read_cell, tally
from app.domain.report import Report, compile_report
from app.ports import Bundle, Transaction


def bundle_of(transaction: Transaction, case_id: UUID, active: Bundle) -> Bundle:
    """The bundle that a case is reported with: never a mixture of two.

    The active one, unless the case was read by an earlier one only.
    """
    digest = active.manifest.digest
    progress = transaction.cells.progress(case_id, digest)
    if progress.classified_count + progress.failed_count:
        return active
    latest = transaction.cells.latest_bundle(case_id)
    if latest is None or transaction.cells.progress(case_id, latest).pending_count:
        return active
    return transaction.bundles.get(latest)


def read_cells(transaction: Transaction, case_id: UUID, bundle: Bundle) -> list[ReadCell]:
    """The case's cells that were read or failed, by ordinal; waiting ones are left out."""
    return _as_it_stands(transaction, case_id, bundle)[0]


def report_on(transaction: Transaction, case: Case, active: Bundle, now: datetime) -> Report:
    """Compile the report of a case as it stands now."""
    bundle = bundle_of(transaction, case.id, active)
    cells, progress = _as_it_stands(transaction, case.id, bundle)
    return compile_report(
        case=case,
        tally=tally(cells),
        bundle=bundle.manifest,
        rule=bundle.rule,
        progress=progress,
        created_at=now,
    )


def _as_it_stands(
    transaction: Transaction, case_id: UUID, bundle: Bundle
) -> tuple[list[ReadCell], Progress]:
    """The cells that were read or failed, and how far that is, from the same rows.

    Statements of one transaction may see what others commit in between. So the cells are read
    once, and failures before findings: what lands in between still waits, and is never missing.
    """
    digest = bundle.manifest.digest
    cells = transaction.cells.of_case(case_id)
    failures = transaction.cells.failures(case_id, digest)
    findings = transaction.cells.findings([cell.id for cell in cells], digest)
    settled = [
        read_cell(cell, findings.get(cell.id), bundle.manifest)
        for cell in cells
        if cell.id in findings or cell.id in failures
    ]
    found = sum(cell.findings is not None for cell in settled)
    return settled, Progress(len(cells), found, len(settled) - found)
