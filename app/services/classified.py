"""What a classifier says of a case's cells: read once, and kept while it cannot change."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from app.domain.bundle import BundleManifest
from app.domain.case import Progress
from app.domain.cell import Cell
from app.domain.finding import ReadCell, read_cell
from app.domain.review import ReviewRule, wants_review
from app.ports import Transaction

# Of all kept cases together; 500 cells take about 2 MB.
MOST_CELLS = 16_000

_Key = tuple[UUID, str, Progress]


@dataclass(frozen=True)
class Classified:
    """The cells of a case under one bundle.

    Parameters
    ----------
    read
        Cells that the classifier has read or failed on, as it says, by ordinal.
    waiting
        Cells that it has not read yet.
    failures
        Why a cell could not be classified.
    """

    read: Sequence[ReadCell]
    waiting: Sequence[Cell]
    failures: Mapping[UUID, str]
    _wanting: dict[ReviewRule, frozenset[UUID]] = field(default_factory=dict)

    def wanting(self, manifest: BundleManifest, rule: ReviewRule) -> frozenset[UUID]:
        """Cells that a reader must look at under a rule; computed once for each."""
        if rule not in self._wanting:
            self._wanting[rule] = wanting(self.read, manifest, rule)
        return self._wanting[rule]

    @property
    def progress(self) -> Progress:
        """How far it is, counted from the same cells."""
        found = sum(item.findings is not None for item in self.read)
        return Progress(len(self.read) + len(self.waiting), found, len(self.read) - found)


def wanting(
    read: Sequence[ReadCell], manifest: BundleManifest, rule: ReviewRule
) -> frozenset[UUID]:
    """Cells, as the classifier read them, that a reader must look at."""
    return frozenset(item.cell.id for item in read if wants_review(item, manifest, rule))


class _Kept:
    """The cases that were looked at last; at least one, else as many as have `MOST_CELLS`.

    Cells, findings and failures are only ever added. So the three counts of a case that is done
    tell whether anything was. That holds for what is committed alone: a case that a transaction
    has written and not stored may come again with other findings.
    """

    def __init__(self) -> None:
        self._items: OrderedDict[_Key, Classified] = OrderedDict()
        self._lock = Lock()

    def get(self, key: _Key) -> Classified | None:
        with self._lock:
            found = self._items.get(key)
            if found is not None:
                self._items.move_to_end(key)
            return found

    def keep(self, key: _Key, classified: Classified) -> None:
        with self._lock:
            self._items[key] = classified
            self._items.move_to_end(key)
            while self._cell_count() > MOST_CELLS and len(self._items) > 1:
                self._items.popitem(last=False)

    def _cell_count(self) -> int:
        return sum(len(item.read) for item in self._items.values())


_kept = _Kept()


def classified(
    transaction: Transaction, case_id: UUID, manifest: BundleManifest, progress: Progress
) -> Classified:
    """Read a case's cells with their findings.

    Parameters
    ----------
    progress
        How far this bundle is with the case, just asked for: a case that is done, and was read
        before, is not read again.
    """
    known = _kept.get((case_id, manifest.digest, progress)) if progress.done else None
    if known is not None:
        return known
    found = _read(transaction, case_id, manifest)
    if found.progress.done:
        key = (case_id, manifest.digest, found.progress)
        transaction.on_commit(lambda: _kept.keep(key, found))
    return found


def _read(transaction: Transaction, case_id: UUID, manifest: BundleManifest) -> Classified:
    """Statements of one transaction may see what others commit in between.

    So the cells are read once, and failures before findings: what lands in between still waits,
    and is never missing.
    """
    cells = transaction.cells.of_case(case_id)
    failures = transaction.cells.failures(case_id, manifest.digest)
    findings = transaction.cells.findings([cell.id for cell in cells], manifest.digest)
    settled = [
        read_cell(cell, findings.get(cell.id), manifest)
        for cell in cells
        if cell.id in findings or cell.id in failures
    ]
    waiting = [cell for cell in cells if cell.id not in findings and cell.id not in failures]
    return Classified(settled, waiting, failures)
