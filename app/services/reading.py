"""A case as it is read: by the classifier, and by the readers whom the viewer may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from uuid import UUID

from app.domain.agreement import Agreement, agreement
from app.domain.case import Case, Progress
from app.domain.cell import Cell
from app.domain.finding import ReadCell
from app.domain.review import (
    CellReview,
    Reading,
    ReviewRule,
    in_force,
    reviewed,
)
from app.domain.signing import ReadingState
from app.ports import Bundle, Transaction
from app.services.classified import classified, wanting


@dataclass(frozen=True)
class CaseAsRead:
    """Everything that is known of a case's cells at one moment.

    Parameters
    ----------
    read
        Cells that the classifier has read or failed on, as it says, by ordinal.
    waiting
        Cells that it has not read yet.
    failures
        Why a cell could not be classified.
    reviews
        All events, of every reading.
    is_blinded
        Whether the viewer is the second reader, who sees nothing of the first reading.
    known_wanting
        `wanting`, where it was computed before; None where it was not.
    """

    case: Case
    bundle: Bundle
    rule: ReviewRule
    progress: Progress
    read: Sequence[ReadCell]
    waiting: Sequence[Cell]
    failures: Mapping[UUID, str]
    reviews: Sequence[CellReview]
    readings: Mapping[Reading, ReadingState]
    is_blinded: bool
    known_wanting: frozenset[UUID] | None = None

    @property
    def both_finished(self) -> bool:
        """Whether a second reading exists, and both are finished: then each may be seen."""
        first, second = self.readings.get(Reading.FIRST), self.readings.get(Reading.SECOND)
        return bool(first and second and first.finished_at and second.finished_at)

    @cached_property
    def visible_reviews(self) -> Sequence[CellReview]:
        """The events that the viewer may see, by sequence.

        Where others are hidden, these are numbered among themselves: the gaps would tell how much
        the other reader has done.
        """
        if self.both_finished:
            return self.reviews
        shown = Reading.SECOND if self.is_blinded else Reading.FIRST
        found = [event for event in self.reviews if event.reading is shown]
        if len(found) == len(self.reviews):
            return self.reviews
        return [replace(event, sequence=number) for number, event in enumerate(found, start=1)]

    @cached_property
    def events(self) -> dict[UUID, CellReview]:
        """The event that holds for each cell, as the viewer may see it."""
        if self.is_blinded:
            return in_force(self.reviews, Reading.SECOND)
        if not self.both_finished:
            return in_force(self.reviews, Reading.FIRST)
        return {**self._seconded(), **in_force(self.reviews, Reading.FIRST, Reading.SETTLED)}

    def _seconded(self) -> dict[UUID, CellReview]:
        """What the second reader alone has looked at, and holds for what the classifier says."""
        calls = {item.cell.id: (item.exclusion, item.abnormalities) for item in self.read}
        return {
            cell_id: event
            for cell_id, event in in_force(self.reviews, Reading.SECOND).items()
            if event.decision
            and calls.get(cell_id) == (event.decision.exclusion, event.decision.abnormalities)
        }

    @cached_property
    def cells(self) -> list[ReadCell]:
        """The cells as readers hold them; in the order of `read`."""
        return reviewed(self.read, self.events)

    @cached_property
    def wanting(self) -> frozenset[UUID]:
        """Cells that a reader must look at, looked at or not."""
        if self.known_wanting is not None:
            return self.known_wanting
        return wanting(self.read, self.bundle.manifest, self.rule)

    @cached_property
    def unreviewed(self) -> frozenset[UUID]:
        """Those of them that nobody has looked at."""
        done = {item.cell.id for item in self.cells if item.is_reviewed}
        return self.wanting - done

    @cached_property
    def agreement(self) -> Agreement | None:
        """Of the two readers, once both have finished."""
        if not self.both_finished:
            return None
        first, second = (
            reviewed(self.read, in_force(self.reviews, reading))
            for reading in (Reading.FIRST, Reading.SECOND)
        )
        return agreement(first, second)

    @cached_property
    def unsettled(self) -> tuple[UUID, ...]:
        """Cells on which the readers disagree, and that nobody has settled."""
        if self.agreement is None:
            return ()
        settled = in_force(self.reviews, Reading.SETTLED)
        return tuple(item for item in self.agreement.disagreements if item not in settled)


def bundle_of(transaction: Transaction, case_id: UUID, active: Bundle) -> Bundle:
    """The bundle that a case is reported with: never a mixture of two."""
    return _bundle_and_progress(transaction, case_id, active)[0]


def _bundle_and_progress(
    transaction: Transaction, case_id: UUID, active: Bundle
) -> tuple[Bundle, Progress]:
    standing = transaction.case_bundles.get(case_id)
    if standing is not None:
        is_active = standing.digest == active.manifest.digest
        bundle = active if is_active else transaction.bundles.get(standing.digest)
        return bundle, transaction.cells.progress(case_id, standing.digest)
    # No job has written down what the case stands on; findings may have come without one.
    progress = transaction.cells.progress(case_id, active.manifest.digest)
    if progress.classified_count + progress.failed_count:
        return active, progress
    latest_digest = transaction.cells.latest_bundle(case_id)
    if latest_digest is None:
        return active, progress
    earlier = transaction.cells.progress(case_id, latest_digest)
    if earlier.pending_count:
        return active, progress
    return transaction.bundles.get(latest_digest), earlier


def read_case(
    transaction: Transaction,
    case: Case,
    active: Bundle,
    rule: ReviewRule,
    viewer_id: UUID | None = None,
) -> CaseAsRead:
    """Read a case as a viewer may see it; without a viewer as it stands for all."""
    bundle, progress = _bundle_and_progress(transaction, case.id, active)
    found = classified(transaction, case.id, bundle.manifest, progress)
    readings = transaction.reviews.readings(case.id)
    return CaseAsRead(
        case=case,
        bundle=bundle,
        rule=rule,
        progress=found.progress,
        read=found.read,
        waiting=found.waiting,
        failures=found.failures,
        reviews=transaction.reviews.of_case(case.id),
        readings=readings,
        is_blinded=is_blinded(readings, viewer_id),
    )


def is_blinded(readings: Mapping[Reading, ReadingState], viewer_id: UUID | None) -> bool:
    """Whether the viewer has the second reading, and one of the two is not finished."""
    first, second = readings.get(Reading.FIRST), readings.get(Reading.SECOND)
    if second is None or second.reader_id != viewer_id:
        return False
    return second.finished_at is None or first is None or first.finished_at is None
