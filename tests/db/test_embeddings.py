"""One contract for both databases."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.bundle_switch import CaseBundle
from app.domain.site import DEFAULT_SITE_ID
from app.ports import CellEmbedding
from tests.db.test_repositories import add_cells, open_case
from tests.factories import NOW


def vectors(number, seed=0):
    return np.random.default_rng(seed).normal(size=(number, 64)).astype(np.float16)


def embedded(cells, digest, seed=0):
    return [
        CellEmbedding(cell.id, digest, vector)
        for cell, vector in zip(cells, vectors(len(cells), seed), strict=True)
    ]


@pytest.fixture
def digest(container):
    return container.bundle.manifest.digest


def test_they_come_back_bit_by_bit_in_the_order_of_the_case(container, digest):
    with container.transactions() as transaction:
        case = open_case(transaction)
        _, cells = add_cells(transaction, case, 3)
        transaction.embeddings.add(embedded(cells, digest)[::-1])
        transaction.embeddings.add([])
    with container.transactions() as transaction:
        found = transaction.embeddings.of_case(case.id, digest)
    assert [item.cell_id for item in found] == [cell.id for cell in cells]
    assert {item.bundle_digest for item in found} == {digest}
    assert all(item.vector.dtype == np.float16 for item in found)
    assert np.array_equal(np.stack([item.vector for item in found]), vectors(3))


def test_what_is_there_stays_as_it_is(container, digest):
    with container.transactions() as transaction:
        case = open_case(transaction)
        _, cells = add_cells(transaction, case, 2)
        transaction.embeddings.add(embedded(cells[:1], digest))
    with container.transactions() as transaction:
        transaction.embeddings.add(embedded(cells, digest, seed=1))
        found = transaction.embeddings.of_case(case.id, digest)
    assert np.array_equal(found[0].vector, vectors(1)[0])
    assert np.array_equal(found[1].vector, vectors(2, seed=1)[1])


def test_the_latest_of_other_cases_come_newest_first(container, digest):
    with container.transactions() as transaction:
        first, second, third = (open_case(transaction, f"A-{n}") for n in range(3))
        cells = {case.id: add_cells(transaction, case, 2)[1] for case in (first, second, third)}
        for case in (third, first, second):
            transaction.embeddings.add(embedded(cells[case.id], digest))
    with container.transactions() as transaction:
        found = transaction.embeddings.latest_elsewhere(second.id, digest, 3, {DEFAULT_SITE_ID})
    wanted = [*reversed(cells[third.id]), cells[first.id][1]]
    assert [item.cell_id for item in found] == [cell.id for cell in wanted]


def test_another_bundle_has_others(container, digest):
    other = "e" * 64
    with container.transactions() as transaction:
        case = open_case(transaction)
        _, cells = add_cells(transaction, case, 1)
        transaction.embeddings.add(embedded(cells, digest))
        elsewhere = open_case(transaction, "A-2")
        assert not transaction.embeddings.of_case(case.id, other)
        assert not transaction.embeddings.latest_elsewhere(
            elsewhere.id, other, 9, {DEFAULT_SITE_ID}
        )
        assert transaction.embeddings.latest_elsewhere(elsewhere.id, digest, 9, {DEFAULT_SITE_ID})


def test_a_case_that_stands_on_another_bundle_is_not_among_them(container, digest):
    shadow, active = "e" * 64, container.bundle
    manifest = replace(active.manifest, version="0.0.9", digest=shadow)
    texts = {"manifest.json": "{}", "screening.json": "{}"}
    with container.transactions() as transaction:
        transaction.bundles.remember(replace(active, manifest=manifest), texts, NOW)
        own, stands, silent = (open_case(transaction, f"A-{n}") for n in range(3))
        for case in (stands, silent):
            cells = add_cells(transaction, case, 1)[1]
            transaction.embeddings.add([*embedded(cells, digest), *embedded(cells, shadow)])
        transaction.case_bundles.put(stands.id, CaseBundle(digest, NOW))
        found = transaction.embeddings.latest_elsewhere(own.id, digest, 9, {DEFAULT_SITE_ID})
        assert [transaction.cells.get(it.cell_id).case_id for it in found] == [stands.id]
        assert not transaction.embeddings.latest_elsewhere(own.id, shadow, 9, {DEFAULT_SITE_ID})
