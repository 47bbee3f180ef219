"""How far a case is from its signature, and whether it needs a second reader."""

from app.domain.finding import tally
from app.domain.review import Reading, SecondReading
from app.domain.screening import Recommendation, advise, score_value
from app.domain.signing import ReviewState, missing
from app.services.reading import CaseAsRead


def review_state(as_read: CaseAsRead) -> ReviewState:
    """What a signature of the case depends on."""
    return ReviewState(
        first=as_read.readings.get(Reading.FIRST),
        second=as_read.readings.get(Reading.SECOND),
        unreviewed_count=len(as_read.unreviewed),
        second_required=second_required(as_read),
        unsettled_count=len(as_read.unsettled),
    )


def second_required(as_read: CaseAsRead) -> bool:
    """Whether the laboratory's rule asks for a second reader.

    Where it asks for recommended cases: those that the classifier or the reader recommends.
    """
    match as_read.rule.second_reading:
        case SecondReading.ALWAYS:
            return True
        case SecondReading.RECOMMENDED:
            return Recommendation.TEST_UBA1 in _recommendations(as_read)
        case _:
            return False


def _recommendations(as_read: CaseAsRead) -> set[Recommendation]:
    if not as_read.progress.done:
        return set()
    readings = (as_read.cells, as_read.read)
    rule = as_read.bundle.rule
    return {advise(score_value(tally(cells), rule), rule.cut_off) for cells in readings}


def wants_second(as_read: CaseAsRead) -> bool:
    """Whether a second reading is to be given away, or is given and not finished."""
    second = as_read.readings.get(Reading.SECOND)
    return second_required(as_read) if second is None else second.finished_at is None


def is_finished(as_read: CaseAsRead) -> bool:
    """Whether every reading that there must be is finished, and nothing keeps a signature back."""
    first = as_read.readings.get(Reading.FIRST)
    is_read = first is not None and first.finished_at is not None
    return is_read and not missing(as_read.progress, review_state(as_read))
