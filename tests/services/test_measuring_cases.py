"""What a case adds to the statistics: its week's counts, and what readers overrode."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from uuid_utils.compat import uuid7

from app.bootstrap import migrate
from app.domain.abnormality import Abnormality
from app.domain.case import CaseOrigin
from app.domain.case_sums import CountSums
from app.domain.override import OverrideCount, OverrideScope
from app.domain.review import Act, Reading
from app.domain.site import DEFAULT_SITE_ID
from app.domain.statistics import (
    DayCount,
    MeanSeries,
    Recommended,
    ShareSeries,
    StatisticsFilter,
    Turnaround,
    monday_of,
)
from app.ports import CellEmbedding
from app.services.erasing import erase_patient
from app.services.measuring_cases import fill_in, measure_case
from app.services.reviewing import finish, relabel
from app.services.second_reading import give_to_second_reader, settle
from app.services.signing import amend, sign
from app.services.statistics import statistics
from app.services.undoing import undo
from app.services.worklist import refresh
from tests.db.test_repositories import open_case
from tests.factories import NOW
from tests.services.reading_room import LATER, open_room

VACUOLE, SPIKE = Abnormality.VACUOLE, Abnormality.NUCLEAR_SPIKE
PERIOD = StatisticsFilter(
    date(2026, 1, 1), date(2026, 12, 31), frozenset({DEFAULT_SITE_ID}), with_demonstrations=False
)


def do(room, what, user, *args):
    with room.container.transactions() as transaction:
        return what(transaction, room.reader(user), *args)


def act(room, user, ordinals, kind, label=None):
    return do(room, relabel, user, room.ids(*ordinals), kind, label, LATER)


def signed(room, user, at=LATER):
    with room.container.transactions() as transaction:
        last = transaction.reviews.last_sequence(room.case.id)
        return sign(transaction, room.reader(user), last, at)


def overrides(room, chosen=PERIOD):
    with room.container.transactions() as transaction:
        return {
            (item.scope, item.reader_name, item.subject): item.count
            for item in transaction.statistics.overrides(chosen)
        }


def measured(room):
    with room.container.transactions() as transaction:
        measure_case(transaction, room.case.id, room.container.bundle)
        return transaction.statistics.weeks(PERIOD)


def test_a_case_adds_its_counts_to_the_week_in_which_it_came(container):
    room = open_room(container, shown=[{VACUOLE}, {VACUOLE, SPIKE}], unsure={6: 0.1})
    [found] = measured(room)
    assert found.week == monday_of(NOW.date())
    assert found.site_id == DEFAULT_SITE_ID
    assert found.bundle_digest == container.bundle.manifest.digest
    assert found.shares[ShareSeries.VACUOLE] == CountSums(1, 2, 5, 4, 10, 25)
    assert found.shares[ShareSeries.NUCLEAR_SPIKE].share == 0.2
    # One refused, one duplicate and six accepted files.
    assert found.shares[ShareSeries.REFUSED] == CountSums.of([(1, 8)])
    assert found.shares[ShareSeries.POOR_QUALITY] == CountSums.of([(0, 6)])
    assert found.means[MeanSeries.SHARPNESS].mean == pytest.approx(12.5)
    assert found.means[MeanSeries.NOVELTY].mean is None


def test_a_case_stays_under_the_bundle_that_read_it_first_and_counts_once(container):
    room = open_room(container)
    measured(room)
    [found] = measured(room)
    assert found.shares[ShareSeries.VACUOLE].case_count == 1
    with container.transactions() as transaction:
        assert transaction.statistics.measured_by(room.case.id) == container.bundle.manifest.digest


def test_a_case_that_is_read_in_part_does_not_count(container):
    room = open_room(container)
    with container.transactions() as transaction:
        waiting = replace(room.cells[0], id=uuid7(), ordinal=99, pixel_sha256="f" * 64)
        transaction.cells.add([waiting])
        measure_case(transaction, room.case.id, container.bundle)
        assert transaction.statistics.measured_by(room.case.id) is None


def test_what_was_taken_back_overrides_nothing(container):
    room = open_room(container, shown=[{VACUOLE}])
    act(room, room.ann, [1], Act.UNCALL, VACUOLE)
    do(room, undo, room.ann, LATER)
    act(room, room.ann, [2], Act.CALL, VACUOLE)
    act(room, room.ann, [2], Act.CALL, SPIKE)
    act(room, room.ann, [3], Act.EXCLUDE)
    assert overrides(room) == {}, "nothing is told before the signature"
    signed(room, room.ann)
    found = overrides(room)
    for key in (OverrideScope.FIRST, "Dr Ann"), (OverrideScope.SIGNED, None):
        # Cell 1 is nobody's again; cell 3 is left out and has no call.
        assert found[*key, VACUOLE] == OverrideCount(called=0, not_called=1, added=1)
        assert found[*key, SPIKE] == OverrideCount(called=0, not_called=1, added=1)
        assert found[*key, None] == OverrideCount(called=2, not_called=0, removed=1)


def test_each_reader_answers_for_their_own_reading_and_the_report_for_what_was_settled(container):
    room = open_room(container, shown=[{VACUOLE}])
    do(room, give_to_second_reader, room.ann, room.bob, NOW)
    act(room, room.ann, [1], Act.NORMAL)
    act(room, room.bob, [1, 2], Act.CONFIRM)
    do(room, finish, room.ann, LATER)
    do(room, finish, room.bob, LATER)
    do(room, settle, room.ann, room.ids(1)[0], Reading.SECOND, LATER)
    signed(room, room.ann)
    found = overrides(room)
    assert found[OverrideScope.FIRST, "Dr Ann", VACUOLE] == OverrideCount(called=1, removed=1)
    assert found[OverrideScope.SECOND, "Dr Bob", VACUOLE] == OverrideCount(called=1, not_called=1)
    assert found[OverrideScope.SIGNED, None, VACUOLE] == OverrideCount(called=1, not_called=1)


def test_an_amendment_replaces_what_was_counted(container):
    room = open_room(container, shown=[{VACUOLE}])
    act(room, room.ann, [1], Act.UNCALL, VACUOLE)
    signed(room, room.ann)
    do(room, amend, room.ann, "Looked again", LATER)
    act(room, room.ann, [1], Act.CALL, VACUOLE)
    later = LATER + timedelta(days=40)
    signed(room, room.ann, later)
    assert overrides(room)[OverrideScope.SIGNED, None, VACUOLE] == OverrideCount(called=1)
    before = StatisticsFilter(PERIOD.first, LATER.date(), PERIOD.site_ids)
    assert overrides(room, before) == {}


def test_cases_from_before_are_filled_in_by_migrating(container):
    room = open_room(container, shown=[{VACUOLE}])
    act(room, room.ann, [1], Act.UNCALL, VACUOLE)
    signed(room, room.ann)
    with container.transactions() as transaction:
        transaction.statistics.put_overrides(room.case.id, [], LATER)
        assert list(transaction.statistics.unmeasured(None, 9)) == [room.case.id]
    migrate(container)
    assert overrides(room)[OverrideScope.SIGNED, None, VACUOLE] == OverrideCount(1, 0, 1, 0)
    with container.transactions() as transaction:
        assert not transaction.statistics.unmeasured(None, 9)
        fill_in(transaction, room.case.id, container.bundle, room.rule)
    assert len(measured(room)) == 1


def test_while_an_amendment_is_open_nothing_of_its_reading_is_filled_in(container):
    room = open_room(container, shown=[{VACUOLE}])
    act(room, room.ann, [1], Act.CONFIRM)
    signed(room, room.ann)
    do(room, amend, room.ann, "Looked again", LATER)
    before = overrides(room)
    act(room, room.ann, [1], Act.UNCALL, VACUOLE)
    with container.transactions() as transaction:
        fill_in(transaction, room.case.id, container.bundle, room.rule)
    assert overrides(room) == before


def test_a_case_that_is_erased_unsigned_is_open_until_then_and_no_longer(container):
    room = open_room(container)
    erased_at = NOW + timedelta(hours=5)
    with container.transactions() as transaction:
        refresh(transaction, room.case.id, container.bundle, room.rule)
        erase_patient(transaction, room.case.patient.id, "a test", erased_at)
        assert transaction.statistics.turnarounds(PERIOD) == [Turnaround(NOW, None, erased_at)]
        times = statistics(transaction, PERIOD, NOW + timedelta(days=90)).turnaround
    assert (times.signed, times.open, times.erased) == (0, 0, 1)


def test_a_period_counts_its_own_cases(container):
    room = open_room(container)
    with container.transactions() as transaction:
        refresh(transaction, room.case.id, container.bundle, room.rule)
        assert transaction.statistics.turnarounds(PERIOD) == [Turnaround(NOW, None)]
    act(room, room.ann, [1], Act.CONFIRM)
    signed(room, room.ann, NOW + timedelta(days=2))
    with container.transactions() as transaction:
        found = transaction.statistics
        day = NOW.date()
        assert found.days(PERIOD) == [
            DayCount(day, 1, 0),
            DayCount(day + timedelta(days=2), 0, 1),
        ]
        [times] = found.turnarounds(PERIOD)
        assert (times.received_at, times.signed_at) == (NOW, NOW + timedelta(days=2))
        assert found.recommended(PERIOD) == Recommended(insufficient=1)
        for other in (
            StatisticsFilter(day + timedelta(days=3), day + timedelta(days=9), PERIOD.site_ids),
            StatisticsFilter(PERIOD.first, PERIOD.last, frozenset()),
        ):
            assert found.days(other) == []
            assert found.turnarounds(other) == []
            assert found.recommended(other) == Recommended()
        whole = statistics(transaction, PERIOD, LATER)
    assert sum(item.opened for item in whole.days) == 1
    assert len(whole.days) == 365
    assert whole.turnaround.hours[0.5] == 48
    assert (whole.turnaround.signed, whole.turnaround.open) == (1, 0)
    assert whole.recommended_share.total == 0


def test_demonstrations_count_only_where_they_are_asked_for(container):
    with container.transactions() as transaction:
        open_case(transaction, origin=CaseOrigin.SYNTHETIC)
        assert transaction.statistics.days(PERIOD) == []
        assert transaction.statistics.demonstrations(PERIOD) == 1
        wide = StatisticsFilter(
            PERIOD.first, PERIOD.last, PERIOD.site_ids, with_demonstrations=True
        )
        assert [item.opened for item in transaction.statistics.days(wide)] == [1]


def test_of_an_erased_case_the_counts_stay_and_the_mean_embedding_goes(container):
    room = open_room(container, shown=[{VACUOLE}])
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        ones = [
            CellEmbedding(cell.id, digest, np.full(64, 0.125, np.float16)) for cell in room.cells
        ]
        transaction.embeddings.add(ones)
    [before] = measured(room)
    with container.transactions() as transaction:
        [vector] = transaction.statistics.vectors(PERIOD)
        assert vector.vector == pytest.approx(np.full(64, 0.125))
        transaction.erasures.erase_case(room.case.id, LATER)
        assert transaction.statistics.vectors(PERIOD) == []
        assert transaction.statistics.weeks(PERIOD) == [before]
