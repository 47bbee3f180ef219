import pytest

from app.domain.case import Progress
from app.domain.case_state import CaseState, case_state

NOTHING, WAITING, DONE = Progress(0, 0, 0), Progress(9, 3, 1), Progress(9, 8, 1)


@pytest.mark.parametrize(
    ("progress", "given", "state"),
    [
        (NOTHING, {}, CaseState.EMPTY),
        (NOTHING, {"is_uploading": True}, CaseState.UPLOADING),
        (WAITING, {"is_uploading": True}, CaseState.UPLOADING),
        (WAITING, {}, CaseState.CLASSIFYING),
        (DONE, {}, CaseState.TO_REVIEW),
        (DONE, {"reading_finished": True}, CaseState.REVIEWED),
        # More images came after the reading: it has to go on.
        (WAITING, {"reading_finished": True}, CaseState.CLASSIFYING),
        (DONE, {"reading_finished": True, "signed_versions": 1}, CaseState.SIGNED),
        (WAITING, {"is_uploading": True, "signed_versions": 1}, CaseState.SIGNED),
        (DONE, {"signed_versions": 2}, CaseState.AMENDED),
        (DONE, {"signed_versions": 5}, CaseState.AMENDED),
        # Opened again: the next version has to be read and signed.
        (DONE, {"signed_versions": 1, "is_reopened": True}, CaseState.TO_REVIEW),
    ],
)
def test_the_state_of_a_case(progress, given, state):
    assert case_state(progress, **given) is state


def test_states_rank_in_the_order_of_the_work():
    assert [state.rank for state in CaseState] == list(range(len(CaseState)))
    assert CaseState.TO_REVIEW.rank < CaseState.SIGNED.rank
