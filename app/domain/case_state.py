"""How far a case is: from its first image to its signature."""

from enum import StrEnum

from app.domain.case import Progress


class CaseState(StrEnum):
    """The states of a case, in the order in which it passes through them."""

    EMPTY = "empty"
    UPLOADING = "uploading"
    CLASSIFYING = "classifying"
    TO_REVIEW = "to_review"
    REVIEWED = "reviewed"
    SIGNED = "signed"
    AMENDED = "amended"
    CANCELLED = "cancelled"

    @property
    def wording(self) -> str:
        """The state in words."""
        return _STATE_TITLES[self]

    @property
    def rank(self) -> int:
        """0, 1, ... in the order of the work."""
        return list(CaseState).index(self)


_STATE_TITLES = {
    CaseState.EMPTY: "No images yet",
    CaseState.UPLOADING: "Uploading",
    CaseState.CLASSIFYING: "Classifying",
    CaseState.TO_REVIEW: "To review",
    CaseState.REVIEWED: "Reviewed",
    CaseState.SIGNED: "Signed",
    CaseState.AMENDED: "Amended",
    CaseState.CANCELLED: "Cancelled",
}


def case_state(
    progress: Progress,
    *,
    is_uploading: bool = False,
    reading_finished: bool = False,
    signed_versions: int = 0,
    is_reopened: bool = False,
    is_cancelled: bool = False,
) -> CaseState:
    """Tell the state of a case.

    A signed case is signed until it is opened again for an amendment: from then on it goes the
    same way as before. Images that arrive after a finished reading bring a case back too. A
    cancelled one goes no way at all, until it is ordered again.

    Parameters
    ----------
    reading_finished
        Whether every reading is finished, and nothing but the signature is missing.
    signed_versions
        Signed versions of the report: from the second on they are amendments.
    is_reopened
        Whether an amendment is open.
    is_cancelled
        Whether whoever ordered has taken the order back; nobody can once it is signed.
    """
    if is_cancelled:
        return CaseState.CANCELLED
    if signed_versions and not is_reopened:
        return CaseState.SIGNED if signed_versions == 1 else CaseState.AMENDED
    if is_uploading:
        return CaseState.UPLOADING
    if not progress.cell_count:
        return CaseState.EMPTY
    if not progress.done:
        return CaseState.CLASSIFYING
    return CaseState.REVIEWED if reading_finished else CaseState.TO_REVIEW
