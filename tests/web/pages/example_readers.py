"""The page of a case's readers, in each of its states."""

from dataclasses import replace

from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.case import Progress
from app.domain.finding import Exclusion
from app.domain.review import (
    Act,
    CellReview,
    Decision,
    Reading,
    ReviewRule,
    SecondReading,
)
from app.domain.signing import ReadingState
from app.domain.user import User
from app.ports import Bundle
from app.services.reading import CaseAsRead
from app.services.reviewing import SIGNED
from app.web.pages.present_readers import Roster, readers_page
from tests.factories import NOW, make_rule

HOSTILE = '<script>alert("1")</script>'
ANN = User(uuid7(), "ann", Role.HAEMATOLOGIST, "x", full_name=f"Dr Ann {HOSTILE}")
BOB = User(uuid7(), "bob", Role.HAEMATOLOGIST, "x", full_name="Dr Bob")
NORMAL = Decision(None, frozenset())


def review(cell, reading, decision, user, sequence=1):
    return CellReview(
        id=uuid7(),
        case_id=cell.case_id,
        sequence=sequence,
        cell_id=cell.id,
        reading=reading,
        reader_id=user.id,
        reader_name=user.printed_name,
        at=NOW,
        act=Act.CONFIRM,
        label=None,
        decision=decision,
        action_id=uuid7(),
        undoes=None,
        bundle_digest="d" * 64,
    )


def case_as_read(cells, *, finished=(), given=(), reviews=(), blinded=False, rule=None):
    """The case of `example_cells`, read by Ann and Bob."""
    people = {Reading.FIRST: ANN, Reading.SECOND: BOB}
    readings = {
        reading: ReadingState(
            people[reading].id,
            people[reading].printed_name,
            NOW,
            NOW if reading in finished else None,
        )
        for reading in given
    }
    return CaseAsRead(
        case=cells.case,
        bundle=Bundle(cells.manifest, make_rule()),
        rule=rule or ReviewRule(),
        progress=Progress(len(cells.read), len(cells.read), 0),
        read=cells.read,
        waiting=[],
        failures=cells.failures,
        reviews=list(reviews),
        readings=readings,
        is_blinded=blinded,
    )


def differing(cells):
    """Both have looked at ten cells, differ on three of them, and have settled one."""
    both = (Reading.FIRST, Reading.SECOND)
    first, second, third = (item.cell for item in cells.read[:3])
    changes = [
        (first, Reading.FIRST, NORMAL, ANN),
        (second, Reading.FIRST, Decision(Exclusion.BY_READER, frozenset()), ANN),
        (third, Reading.SECOND, Decision(None, frozenset(Abnormality)), BOB),
        (first, Reading.SETTLED, NORMAL, ANN),
    ]
    looks = [
        (item.cell, reading, Decision(item.exclusion, item.abnormalities), user)
        for reading, user in ((Reading.FIRST, ANN), (Reading.SECOND, BOB))
        for item in cells.read[:10]
    ]
    reviews = [review(*event, sequence) for sequence, event in enumerate([*looks, *changes], 1)]
    return case_as_read(cells, finished=both, given=both, reviews=reviews)


def example_readers(cells):
    both = (Reading.FIRST, Reading.SECOND)
    open_roster = Roster([BOB], has_begun=False)
    begun = replace(open_roster, has_begun=True)
    recommended = ReviewRule(second_reading=SecondReading.RECOMMENDED)
    always = ReviewRule(second_reading=SecondReading.ALWAYS)
    waiting = replace(case_as_read(cells, rule=recommended), progress=Progress(9, 3, 0))
    scenes = [
        (case_as_read(cells), open_roster, ANN),
        (case_as_read(cells), replace(open_roster, eligible=[]), ANN),
        (waiting, open_roster, ANN),
        (case_as_read(cells, given=both, rule=recommended), open_roster, ANN),
        (case_as_read(cells, given=both, blinded=True, rule=always), begun, BOB),
        (case_as_read(cells, given=both, finished=both[:1]), begun, ANN),
        (case_as_read(cells, given=both, finished=both[1:], blinded=True), begun, BOB),
        (case_as_read(cells, given=both[:1], finished=both[:1]), open_roster, ANN),
        (differing(cells), begun, ANN),
        (differing(cells), replace(begun, closed=SIGNED), ANN),
        (replace(differing(cells), reviews=[]), begun, BOB),
    ]
    return [readers_page(as_read, roster, viewer, NOW) for as_read, roster, viewer in scenes]
