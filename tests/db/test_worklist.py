"""The worklist on both databases: complete in every order and direction, and from indexes."""

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event
from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.case import NewCase
from app.domain.case_state import CaseState
from app.domain.errors import Conflict, NotFound
from app.domain.screening import Recommendation
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import User
from app.domain.worklist import (
    SavedFilter,
    WorklistFilter,
    WorklistOrder,
    WorklistPosition,
    WorklistSort,
    folded,
)
from app.services.worklist import page_of_worklist
from tests.factories import NOW

EVERY_ORDER = [
    WorklistOrder(sort, descending) for sort in WorklistSort for descending in (True, False)
]
VALUES = {
    WorklistSort.OPENED: lambda item: item.opened_at,
    WorklistSort.ACCESSION: lambda item: folded(item.accession_number),
    WorklistSort.PATIENT: lambda item: folded(item.patient_identifier),
    WorklistSort.STATE: lambda item: item.state.rank,
    WorklistSort.PMN_COUNT: lambda item: item.pmn_count,
    WorklistSort.SCORE: lambda item: item.score,
    WorklistSort.READER: lambda item: item.reader_name,
}


def add_user(transaction, name):
    user = User(uuid7(), name, Role.HAEMATOLOGIST, "hash")
    transaction.users.add(user, NOW)
    return user


def add_lines(transaction, number=23):
    """Lines that share values, and some that have none."""
    reader = add_user(transaction, "ann")
    made = []
    for index in range(number):
        at = NOW + timedelta(hours=index // 3)
        case = transaction.cases.add(NewCase(f"a-{index % 7}{index}", f"P-{index % 4}"), at)
        read = index % 3 != 0
        entry = replace(
            transaction.worklist.get(case.id),
            state=CaseState.TO_REVIEW if read else CaseState.CLASSIFYING,
            cell_count=index,
            pmn_count=100 + index % 2 if read else None,
            abnormality_counts=dict.fromkeys(Abnormality, index) if read else None,
            score=(index % 5) / 10 if read and index % 4 else None,
            cut_off=0.4 if read and index % 4 else None,
            recommendation=Recommendation.TEST_UBA1 if read and index % 5 == 4 else None,
            reader_id=reader.id if index % 6 == 5 else None,
            reader_name=reader.name if index % 6 == 5 else None,
        )
        transaction.worklist.put(entry)
        made.append(entry)
    return made, reader


def in_order(entries, order):
    """As the list must be: equal values by case, what has no value last."""
    value = VALUES[order.sort]
    valued = [item for item in entries if value(item) is not None]
    rest = [item for item in entries if value(item) is None]
    valued.sort(key=lambda item: (value(item), item.case_id), reverse=order.descending)
    rest.sort(key=lambda item: item.case_id, reverse=order.descending)
    return valued + rest


def walk(transaction, order, *, backwards=False, limit=4):
    """Every page from the first to the last, or from the last back to the first."""
    pages, place = [], None
    while True:
        page = page_of_worklist(transaction, WorklistFilter(), order, place, limit)
        pages.append(page)
        if page.next is None:
            break
        place = page.next
    if not backwards:
        return list(itertools.chain.from_iterable(page.entries for page in pages))
    entries = list(pages[-1].entries)
    while page.previous is not None:
        page = page_of_worklist(transaction, WorklistFilter(), order, page.previous, limit)
        entries = [*page.entries, *entries]
    return entries


@pytest.fixture
def lines(container):
    with container.transactions() as transaction:
        return add_lines(transaction)


@pytest.mark.parametrize("backwards", [False, True])
def test_pages_hold_every_line_once_in_order(container, lines, backwards):
    made, _ = lines
    for order in EVERY_ORDER:
        with container.transactions() as transaction:
            found = walk(transaction, order, backwards=backwards)
        assert [item.case_id for item in found] == [
            item.case_id for item in in_order(made, order)
        ], order


def test_a_line_comes_back_as_it_went_in(container, lines):
    made, _ = lines
    with container.transactions() as transaction:
        for entry in made:
            assert transaction.worklist.get(entry.case_id) == entry
        with pytest.raises(NotFound):
            transaction.worklist.get(uuid7())


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        (WorklistFilter(states=frozenset({CaseState.CLASSIFYING})), lambda i: i % 3 == 0),
        (
            WorklistFilter(states=frozenset({CaseState.CLASSIFYING, CaseState.SIGNED})),
            lambda i: i % 3 == 0,
        ),
        (
            WorklistFilter(recommendation=Recommendation.TEST_UBA1),
            lambda i: i % 5 == 4 and i % 3 != 0,
        ),
        # 20 of 100 is 20 %, 19 of 101 less.
        (
            WorklistFilter(finding=Abnormality.VACUOLE, least_percent=10.0),
            lambda i: i % 3 != 0 and i * 100 >= 10 * (100 + i % 2),
        ),
        (WorklistFilter(finding=Abnormality.VACUOLE), lambda i: i % 3 != 0 and i > 0),
        (WorklistFilter(opened_to=date(2026, 3, 1)), lambda i: True),
        (WorklistFilter(opened_from=date(2026, 3, 2)), lambda i: False),
        (WorklistFilter(text="A-01"), lambda i: f"a-{i % 7}{i}".startswith("a-01")),
        (WorklistFilter(text=" p-3 "), lambda i: i % 4 == 3),
        (WorklistFilter(text="%"), lambda i: False),
        (WorklistFilter(text="P_3"), lambda i: False),
        (WorklistFilter(unread=True), lambda i: i % 6 != 5),
    ],
)
def test_a_filter_keeps_what_it_says(container, lines, chosen, wanted):
    made, _ = lines
    expected = {entry.case_id for index, entry in enumerate(made) if wanted(index)}
    for order in EVERY_ORDER:
        with container.transactions() as transaction:
            page = page_of_worklist(transaction, chosen, order, None, 100)
        assert {entry.case_id for entry in page.entries} == expected
        by_state = expected
        if not chosen.states:
            assert sum(page.counts.values()) == len(by_state)


def test_the_readers_own_cases(container, lines):
    made, reader = lines
    chosen = WorklistFilter(reader_id=reader.id)
    with container.transactions() as transaction:
        page = page_of_worklist(transaction, chosen, WorklistOrder(), None, 100)
        assert transaction.worklist.readers({DEFAULT_SITE_ID}) == {reader.id: "ann"}
        assert transaction.worklist.readers({uuid7()}) == {}
    assert {entry.reader_id for entry in page.entries} == {reader.id}
    assert len(page.entries) == sum(entry.reader_id is not None for entry in made)


def test_counts_look_at_all_of_the_filter_but_its_states(container, lines):
    chosen = WorklistFilter(text="p-3", states=frozenset({CaseState.SIGNED}))
    with container.transactions() as transaction:
        counts = transaction.worklist.counts(chosen)
    assert counts[CaseState.CLASSIFYING] == 2
    assert counts[CaseState.TO_REVIEW] == 3
    assert counts[CaseState.SIGNED] == 0


def test_a_name_of_the_patient_is_found_beside_its_case(container):
    with container.transactions() as transaction:
        named = transaction.cases.add(NewCase("A-1", "P-1", "Ann Example"), NOW)
        bare = transaction.cases.add(NewCase("A-2", "P-2"), NOW)
    with container.transactions() as transaction:
        found = transaction.worklist.patient_names([named.id, bare.id])
    assert found == {named.id: "Ann Example"}


def choices(reader_id):
    states = frozenset({CaseState.TO_REVIEW})
    yield WorklistFilter()
    yield WorklistFilter(states=states)
    yield WorklistFilter(states=states | {CaseState.CLASSIFYING})
    yield WorklistFilter(recommendation=Recommendation.TEST_UBA1)
    yield WorklistFilter(reader_id=reader_id)
    yield WorklistFilter(opened_from=date(2026, 1, 1), opened_to=date(2026, 12, 31))
    yield WorklistFilter(finding=Abnormality.VACUOLE, least_percent=10)
    yield WorklistFilter(text="a-1")
    yield WorklistFilter(
        states=states, recommendation=Recommendation.TEST_UBA1, reader_id=reader_id, text="a"
    )


def test_no_page_is_sorted_and_none_reads_the_table_without_an_index(container, lines):
    """What SQLite plans; PostgreSQL plans by what the table holds, which here is too little."""
    if container.engine.dialect.name != "sqlite":
        pytest.skip("EXPLAIN QUERY PLAN is SQLite's")
    made, reader = lines
    for order in EVERY_ORDER:
        value = VALUES[order.sort](made[1])
        places = [WorklistPosition(value, made[1].case_id, back) for back in (True, False)]
        for place, chosen in itertools.product([None, *places], choices(reader.id)):
            for plan in plans(container, chosen, order, place):
                assert "TEMP B-TREE" not in plan, (order, place, chosen)
                assert "USING INDEX ix_worklist" in plan, (order, place, chosen)


def plans(container, chosen, order, place):
    """The plan of each query of a page, as it is really sent."""
    sent = []

    @event.listens_for(container.engine, "before_cursor_execute")
    def listen(connection, cursor, statement, parameters, context, many):
        if "FROM worklist" in statement:
            sent.append((statement, parameters))

    with container.transactions() as transaction:
        transaction.worklist.page(chosen, order, place, 50)
    event.remove(container.engine, "before_cursor_execute", listen)
    assert sent
    with container.engine.connect() as connection:
        for statement, parameters in sent:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            yield "; ".join(row[-1] for row in rows)


def test_a_search_has_one_key_for_one_person(container):
    with container.transactions() as transaction:
        ann, bob = add_user(transaction, "ann"), add_user(transaction, "bob")
        first = transaction.filters.search_for(ann.id, "P-1", NOW)
        again = transaction.filters.search_for(ann.id, "P-1", NOW + timedelta(hours=1))
        other = transaction.filters.search_for(bob.id, "P-1", NOW)
    assert first == again != other
    with container.transactions() as transaction:
        assert transaction.filters.text(ann.id, first) == "P-1"
        with pytest.raises(NotFound, match="Type it again"):
            transaction.filters.text(bob.id, first)


def test_searches_are_forgotten_unless_a_filter_keeps_them(container):
    with container.transactions() as transaction:
        ann = add_user(transaction, "ann")
        kept = transaction.filters.search_for(ann.id, "P-1", NOW)
        gone = transaction.filters.search_for(ann.id, "P-2", NOW)
        late = transaction.filters.search_for(ann.id, "P-3", NOW + timedelta(days=1))
        transaction.filters.add(SavedFilter(uuid7(), ann.id, "mine", {}, kept))
    with container.transactions() as transaction:
        transaction.filters.forget_before(NOW + timedelta(hours=1))
    with container.transactions() as transaction:
        assert transaction.filters.text(ann.id, kept) == "P-1"
        assert transaction.filters.text(ann.id, late) == "P-3"
        with pytest.raises(NotFound):
            transaction.filters.text(ann.id, gone)


def test_filters_are_kept_renamed_and_removed(container):
    with container.transactions() as transaction:
        ann, bob = add_user(transaction, "ann"), add_user(transaction, "bob")
        saved = SavedFilter(uuid7(), ann.id, "b", {"state": "to_review"})
        transaction.filters.add(saved)
        transaction.filters.add(SavedFilter(uuid7(), ann.id, "a", {}))
        transaction.filters.add(SavedFilter(uuid7(), bob.id, "b", {}))
    with pytest.raises(Conflict, match="name"), container.transactions() as transaction:
        transaction.filters.rename(ann.id, saved.id, "a")
    with pytest.raises(Conflict, match="name"), container.transactions() as transaction:
        transaction.filters.add(SavedFilter(uuid7(), ann.id, "a", {}))
    with pytest.raises(NotFound), container.transactions() as transaction:
        transaction.filters.rename(bob.id, saved.id, "c")
    with container.transactions() as transaction:
        transaction.filters.remove(bob.id, saved.id)
        transaction.filters.rename(ann.id, saved.id, "z")
        assert transaction.filters.of_user(ann.id)[-1] == replace(saved, name="z")
        transaction.filters.remove(ann.id, saved.id)
        assert [item.name for item in transaction.filters.of_user(ann.id)] == ["a"]
