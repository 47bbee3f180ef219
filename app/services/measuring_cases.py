"""What a case adds to the statistics, once its last cell is read and once it is signed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import numpy as np

from app.domain.abnormality import Abnormality
from app.domain.case import Upload
from app.domain.finding import Exclusion, ReadCell, read_cell
from app.domain.override import OverrideScope, compare
from app.domain.review import CellReview, Decision, Reading, ReviewRule, in_force
from app.domain.statistics import CaseMeasures, CaseOverrides, MeanSeries, ShareSeries
from app.ports import Bundle, CellEmbedding, Transaction
from app.services.classified import classified
from app.services.reading import CaseAsRead, bundle_of, read_case

_SCOPES = {Reading.FIRST: OverrideScope.FIRST, Reading.SECOND: OverrideScope.SECOND}


def measure_case(transaction: Transaction, case_id: UUID, bundle: Bundle) -> None:
    """Write what a case adds, if all its cells are read and no other bundle has read it before.

    A case stays under the bundle that read it first: read again by another, months later, it
    says nothing of the week in which it came.
    """
    digest = bundle.manifest.digest
    progress = transaction.cells.progress(case_id, digest)
    if not progress.done or not progress.cell_count:
        return
    if transaction.statistics.measured_by(case_id) not in {None, digest}:
        return
    read = classified(transaction, case_id, bundle.manifest, progress).read
    uploads = transaction.cases.uploads_of(case_id)
    embeddings = transaction.embeddings.of_case(case_id, digest)
    transaction.statistics.put_measures(measures_of(case_id, digest, read, uploads, embeddings))


def measures_of(
    case_id: UUID,
    digest: str,
    read: Sequence[ReadCell],
    uploads: Sequence[Upload],
    embeddings: Sequence[CellEmbedding],
) -> CaseMeasures:
    """Count a case's cells as the classifier reads them; no reader's decision is in it."""
    good = [item for item in read if item.cell.quality.acceptable]
    return CaseMeasures(
        case_id=case_id,
        bundle_digest=digest,
        received_at=min(upload.created_at for upload in uploads),
        counts=_counts(read, uploads),
        means=_means(read, good),
        vector=_mean_vector(embeddings, {item.cell.id for item in good}),
    )


def _counts(
    read: Sequence[ReadCell], uploads: Sequence[Upload]
) -> Mapping[ShareSeries, tuple[int, int]]:
    counted = [item for item in read if item.exclusion is None]
    unfamiliar = sum(item.exclusion is Exclusion.UNFAMILIAR for item in read)
    poor = sum(not item.cell.quality.acceptable for item in read)
    refused = sum(len(upload.refused) for upload in uploads)
    sent = sum(upload.accepted_count + len(upload.duplicates) for upload in uploads) + refused
    return {
        **{
            ShareSeries(label.value): (
                sum(label in item.abnormalities for item in counted),
                len(counted),
            )
            for label in Abnormality
        },
        ShareSeries.UNFAMILIAR: (unfamiliar, unfamiliar + len(counted)),
        ShareSeries.POOR_QUALITY: (poor, len(read)),
        ShareSeries.REFUSED: (refused, sent),
    }


def _means(read: Sequence[ReadCell], good: Sequence[ReadCell]) -> Mapping[MeanSeries, float]:
    """Of the quality of all pictures; of novelty where the picture is good and shows a PMN."""
    values: dict[MeanSeries, list[float]] = defaultdict(list)
    for series in MeanSeries:
        values[series] = [
            item.cell.quality.measures[series.value]
            for item in read
            if series.value in item.cell.quality.measures
        ]
    values[MeanSeries.NOVELTY] = [
        item.findings.novelty
        for item in good
        if item.findings
        and item.findings.novelty is not None
        and item.exclusion is not Exclusion.NOT_PMN
    ]
    return {series: float(np.mean(found)) for series, found in values.items() if found}


def _mean_vector(
    embeddings: Iterable[CellEmbedding], cell_ids: set[UUID]
) -> tuple[float, ...] | None:
    vectors = [item.vector for item in embeddings if item.cell_id in cell_ids]
    if not vectors:
        return None
    return tuple(np.mean(np.stack(vectors).astype(np.float64), axis=0).tolist())


def note_overrides(transaction: Transaction, as_read: CaseAsRead, signed_at: datetime) -> None:
    """Write what was decided otherwise than the classifier on a case that is signed now.

    At the signature and not before: nothing of an open reading may be told, and whoever is still
    deciding has not overridden anything.
    """
    case_id = as_read.case.id
    transaction.statistics.put_overrides(case_id, overrides_of(transaction, as_read), signed_at)


def overrides_of(transaction: Transaction, as_read: CaseAsRead) -> list[CaseOverrides]:
    """Each reader's own decisions, and what the report holds, against what each saw."""
    seen = _Seen(transaction, as_read)
    found = []
    for reading, scope in _SCOPES.items():
        by_reader: dict[UUID, list[CellReview]] = defaultdict(list)
        for event in in_force(as_read.reviews, reading).values():
            by_reader[event.reader_id].append(event)
        for reader_id, events in by_reader.items():
            found += seen.compared(scope, reader_id, events)
    return [*found, *seen.compared(OverrideScope.SIGNED, None, as_read.events.values())]


class _Seen:
    """The cells of a case as each bundle reads them: a decision is held against what was seen."""

    def __init__(self, transaction: Transaction, as_read: CaseAsRead) -> None:
        self._transaction = transaction
        self._as_read = as_read
        self._cells: dict[str, dict[UUID, ReadCell]] = {
            as_read.bundle.manifest.digest: {item.cell.id: item for item in as_read.read}
        }

    def compared(
        self, scope: OverrideScope, reader_id: UUID | None, events: Iterable[CellReview]
    ) -> list[CaseOverrides]:
        """One for each bundle whose findings were seen."""
        pairs: dict[str, list[tuple[ReadCell, Decision]]] = defaultdict(list)
        for event in events:
            cell = self._under(event.bundle_digest).get(event.cell_id)
            if cell is not None and event.decision is not None:
                pairs[event.bundle_digest].append((cell, event.decision))
        return [
            CaseOverrides(scope, reader_id, digest, compare(found))
            for digest, found in pairs.items()
        ]

    def _under(self, digest: str) -> dict[UUID, ReadCell]:
        if digest not in self._cells:
            manifest = self._transaction.bundles.get(digest).manifest
            cells = [item.cell for item in self._as_read.read]
            findings = self._transaction.cells.findings([cell.id for cell in cells], digest)
            self._cells[digest] = {
                cell.id: read_cell(cell, findings.get(cell.id), manifest) for cell in cells
            }
        return self._cells[digest]


def fill_in(transaction: Transaction, case_id: UUID, active: Bundle, rule: ReviewRule) -> None:
    """Write all that a case adds that came before there were statistics, or from elsewhere.

    While an amendment is open nothing of its reading is told: its signature writes what it adds.
    """
    bundle = bundle_of(transaction, case_id, active)
    measure_case(transaction, case_id, bundle)
    versions = transaction.versions.of_case(case_id)
    if versions and transaction.versions.amendment(case_id) is None:
        as_read = read_case(transaction, transaction.cases.get(case_id), active, rule)
        note_overrides(transaction, as_read, versions[-1].signature.at)
