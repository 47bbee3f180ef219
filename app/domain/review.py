"""The review: what readers decide on single cells, beside the findings and never over them.

Every decision is an event that is appended. What holds for a cell is its latest event in a
reading; undoing appends an event that brings back what held before.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.finding import CellFindings, Exclusion, ReadCell


class Reading(StrEnum):
    """One pass of a reader over a case.

    The first is shared by whoever opens the case. The second is one other reader's, blinded to
    the first. What they disagree on is settled in the third.
    """

    FIRST = "first"
    SECOND = "second"
    SETTLED = "settled"


class Act(StrEnum):
    """What a reader can do with a cell."""

    CALL = "call"
    """It shows the abnormality."""
    UNCALL = "uncall"
    """It does not show the abnormality."""
    NORMAL = "normal"
    """A PMN without any abnormality."""
    EXCLUDE = "exclude"
    """Not to be counted."""
    INCLUDE = "include"
    """To be counted, with what was called on it."""
    CONFIRM = "confirm"
    """Looked at: it is as it stands."""
    UNDO = "undo"
    """Takes an earlier action back."""


LABELLED_ACTS = frozenset({Act.CALL, Act.UNCALL})


@dataclass(frozen=True)
class Decision:
    """What a reader holds a cell for: left out, or counted with its abnormalities."""

    exclusion: Exclusion | None
    abnormalities: frozenset[Abnormality]


@dataclass(frozen=True)
class CellReview:
    """One event on one cell.

    Parameters
    ----------
    sequence
        1, 2, ... within the case, in the order in which they were stored.
    label
        With `Act.CALL` and `Act.UNCALL`: which abnormality.
    decision
        What holds from now on; None: what the classifier says, nobody has looked.
    action_id
        Shared by the events of one action on many cells: they are undone together.
    undoes
        The action that this event takes back.
    bundle_digest
        Of the findings that the reader saw.
    """

    id: UUID
    case_id: UUID
    sequence: int
    cell_id: UUID
    reading: Reading
    reader_id: UUID
    reader_name: str
    at: datetime
    act: Act
    label: Abnormality | None
    decision: Decision | None
    action_id: UUID
    undoes: UUID | None
    bundle_digest: str


class SecondReading(StrEnum):
    """Which cases a second reader must read before they are signed."""

    NEVER = "never"
    RECOMMENDED = "recommended"
    """Those with which UBA1 testing would be recommended."""
    ALWAYS = "always"


@dataclass(frozen=True)
class ReviewRule:
    """How a laboratory reviews.

    Parameters
    ----------
    margin_log_odds
        A probability is of low confidence while its log-odds lie closer than this to those of its
        threshold. Log-odds, because 0.02 apart says much near 0 and little near 0.5.
    """

    margin_log_odds: float = 1.0
    second_reading: SecondReading = SecondReading.NEVER


def decide(act: Act, label: Abnormality | None, cell: ReadCell) -> Decision:
    """What holds after an act, on a cell as it stands now.

    Calling an abnormality on a cell that is left out counts it: who sees a vacuole in a
    neutrophil has seen a neutrophil.

    Raises
    ------
    ValueError
        If the act needs a label and has none, or is `Act.UNDO`, which needs the past.
    """
    match act:
        case Act.CALL if label is not None:
            return Decision(None, cell.abnormalities | {label})
        case Act.UNCALL if label is not None:
            return Decision(cell.exclusion, cell.abnormalities - {label})
        case Act.NORMAL:
            return Decision(None, frozenset())
        case Act.INCLUDE:
            return Decision(None, cell.abnormalities)
        case Act.EXCLUDE:
            return Decision(cell.exclusion or Exclusion.BY_READER, cell.abnormalities)
        case Act.CONFIRM:
            return Decision(cell.exclusion, cell.abnormalities)
        case _:
            raise ValueError(f"{act} of {label} is no decision")


def latest(reviews: Iterable[CellReview], reading: Reading) -> dict[UUID, CellReview]:
    """The last event of each cell in a reading, those that leave nothing decided included."""
    ordered = sorted(reviews, key=lambda item: item.sequence)
    return {item.cell_id: item for item in ordered if item.reading is reading}


def in_force(reviews: Sequence[CellReview], *readings: Reading) -> dict[UUID, CellReview]:
    """The event that holds for each decided cell; one of a later reading before an earlier's."""
    found: dict[UUID, CellReview] = {}
    for reading in readings:
        events = latest(reviews, reading).items()
        found.update({cell_id: event for cell_id, event in events if event.decision is not None})
    return found


def reviewed(cells: Iterable[ReadCell], events: Mapping[UUID, CellReview]) -> list[ReadCell]:
    """The cells as readers hold them; without a decision as the classifier does."""
    return [_reviewed(cell, events.get(cell.cell.id)) for cell in cells]


def _reviewed(cell: ReadCell, event: CellReview | None) -> ReadCell:
    if event is None or event.decision is None:
        return cell
    decision = event.decision
    return ReadCell(
        cell.cell, cell.findings, decision.exclusion, decision.abnormalities, is_reviewed=True
    )


def is_uncertain(findings: CellFindings, manifest: BundleManifest, margin_log_odds: float) -> bool:
    """Whether a probability that decides on the cell lies too near its threshold.

    The abnormalities decide only on what is taken for a PMN.
    """
    if _near(findings.pmn_probability, manifest.pmn_threshold, margin_log_odds):
        return True
    return findings.pmn_probability >= manifest.pmn_threshold and any(
        _near(findings.probabilities[label], manifest.thresholds[label], margin_log_odds)
        for label in Abnormality
    )


def wants_review(cell: ReadCell, manifest: BundleManifest, rule: ReviewRule) -> bool:
    """Whether a reader must look at the cell before the case is signed.

    Those of low confidence, those unlike what the classifier has learnt, and those that it could
    not read. `cell` is as the classifier read it. A poor picture is left out without a look.
    """
    if cell.exclusion in {Exclusion.UNFAMILIAR, Exclusion.NOT_CLASSIFIED}:
        return True
    if cell.exclusion is Exclusion.POOR_QUALITY or cell.findings is None:
        return False
    return is_uncertain(cell.findings, manifest, rule.margin_log_odds)


def certainty(findings: CellFindings, manifest: BundleManifest) -> float:
    """Distance in log-odds from the nearest threshold that decides on the cell; 0 or more."""
    distances = [_distance(findings.pmn_probability, manifest.pmn_threshold)]
    if findings.pmn_probability >= manifest.pmn_threshold:
        distances += [
            _distance(findings.probabilities[label], manifest.thresholds[label])
            for label in Abnormality
        ]
    return min(distances)


def _near(probability: float, threshold: float, margin_log_odds: float) -> bool:
    return _distance(probability, threshold) < margin_log_odds


def _distance(probability: float, threshold: float) -> float:
    return abs(_log_odds(probability) - _log_odds(threshold))


def _log_odds(probability: float) -> float:
    # A float32 sigmoid can give exactly 0 or 1.
    held = min(max(probability, 1e-7), 1 - 1e-7)
    return math.log(held / (1 - held))


def changed_by_others(
    reviews: Iterable[CellReview], reader_id: UUID, seen_sequence: int
) -> frozenset[UUID]:
    """Cells on which somebody else has acted after the last event that a reader has seen."""
    return frozenset(
        item.cell_id
        for item in reviews
        if item.sequence > seen_sequence and item.reader_id != reader_id
    )


def to_undo(reviews: Sequence[CellReview], reader_id: UUID, reading: Reading) -> UUID | None:
    """The reader's last action in a reading that is not undone yet; None where there is none."""
    own = [item for item in reviews if item.reader_id == reader_id and item.reading is reading]
    undone = {item.undoes for item in own}
    for item in sorted(own, key=lambda event: event.sequence, reverse=True):
        if item.act is not Act.UNDO and item.action_id not in undone:
            return item.action_id
    return None


def standing(reviews: Iterable[CellReview], reading: Reading) -> dict[UUID, list[CellReview]]:
    """What still stands of each cell's events in a reading, oldest first.

    An event that was taken back is gone, and so is what took it back: what held before it holds
    again, and can be taken back in its turn.
    """
    stacks: dict[UUID, list[CellReview]] = {}
    for item in sorted(reviews, key=lambda event: event.sequence):
        if item.reading is not reading:
            continue
        stack = stacks.setdefault(item.cell_id, [])
        if item.act is not Act.UNDO:
            stack.append(item)
        elif stack and stack[-1].action_id == item.undoes:
            stack.pop()
    return stacks
